"""The whole service, reached as vendors, pages and platforms reach it, on a clock that the test moves."""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from alliancekit.config import Settings
from alliancekit.errors import AllianceKitError
from alliancekit.events import SpeechSpan
from alliancekit.hookspecs import AllianceHooks
from alliancekit.secret_refs import SigningKey
from alliancekit.server.app import create_app
from alliancekit.server.live import LiveEndpoint
from alliancekit.service import Service
from alliancekit.sessions import Gone, Present
from alliancekit.store import tenants
from alliancekit.store.tables import metadata
from alliancekit.testing.episode import Episode
from alliancekit.testing.fake_clock import FakeClock
from alliancekit.testing.stored import Written, write_episode

try:
    import httpx
except ModuleNotFoundError:
    raise AllianceKitError(
        "The HTTP client of the test kit needs the package httpx, which is not installed.",
        fix="pip install 'alliancekit[testing]'",
    ) from None

BASE_URL: Final = "http://alliancekit.test"

PLAIN: Final[dict[str, Any]] = {"disabled": ["webrtc"]}
"""Plugins of most tests: everything but the media library, which takes a second to import."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Someone:
    """A participant as the vendor got them."""

    id: str
    role: str
    token: str
    rating_url: str


@dataclass(frozen=True)
class Meeting:
    """A session as the vendor got it."""

    id: str
    episode: str
    people: tuple[Someone, ...]

    @property
    def client(self) -> Someone:
        """The client."""
        return next(one for one in self.people if one.role == "client")

    @property
    def therapist(self) -> Someone:
        """The therapist."""
        return next(one for one in self.people if one.role == "therapist")


@dataclass
class Site:
    """A running service with one tenant.

    Attributes:
        service: the service itself, for what no HTTP request shows.
        app: the ASGI application.
        http: an HTTP client of the application; no socket is opened.
        clock: the service's time.
        tenant: the tenant's id.
        key: the tenant's key.
    """

    service: Service
    app: LiveEndpoint
    http: httpx.AsyncClient
    clock: FakeClock
    tenant: str
    key: str

    # vendors -------------------------------------------------------------------------------------------

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """Post JSON as the vendor, with the tenant's key."""
        return await self.http.post(path, json=body, headers=bearer(self.key if key is None else key))

    async def get(self, path: str, *, key: str | None = None) -> httpx.Response:
        """Get as the vendor, with the tenant's key."""
        return await self.http.get(path, headers=bearer(self.key if key is None else key))

    async def another_tenant(self) -> tuple[str, str]:
        """A second tenant's id and key."""
        return await self.service.database.write(
            lambda conn: tenants.create_tenant(conn, "Another clinic", self.clock())
        )

    async def session(self, *, key: str | None = None, **fields: Any) -> Meeting:
        """A session with a client and a therapist."""
        reply = await self.post("/v1/sessions", session_body(**fields), key=key)
        assert reply.status_code == 201, reply.text
        return meeting_of(reply.json())

    # the call ------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Wait until everything that is due has been done."""
        await self.service.relay.drain()

    async def join(self, meeting: Meeting) -> None:
        """Client and therapist are in the call from now on."""
        now = self.clock()
        facts = [Present(connection=p.id, participant=p.id, at=now, joined_at=now) for p in meeting.people]
        await self.service.report(self.tenant, meeting.id, facts)
        await self.settle()

    async def wait(self, meeting: Meeting, seconds: float) -> None:
        """Time passes in the call; everybody is still there."""
        self.clock.now += seconds
        now = self.clock()
        facts = [Present(connection=p.id, participant=p.id, at=now) for p in meeting.people]
        await self.service.report(self.tenant, meeting.id, facts)
        await self.settle()

    async def leave(self, meeting: Meeting) -> None:
        """Everybody leaves, and the vendor says that the call is over."""
        now = self.clock()
        facts = [Gone(connection=p.id, participant=p.id, at=now) for p in meeting.people]
        await self.service.report(self.tenant, meeting.id, facts)
        assert (await self.post(f"/v1/sessions/{meeting.id}/end")).status_code == 200
        await self.settle()

    async def held(self, *, speech: bool = False, **fields: Any) -> Meeting:
        """A session whose call took half an hour and is over; both are being asked."""
        meeting = await self.session(**fields)
        await self.join(meeting)
        began = self.clock()
        await self.wait(meeting, 1800)
        if speech:
            spans = [
                SpeechSpan(role="client", start=began, end=began + 60),
                SpeechSpan(role="therapist", start=began + 60, end=began + 90),
            ]
            await self.service.heard(self.tenant, meeting.id, spans)
        await self.leave(meeting)
        return meeting

    # pages ---------------------------------------------------------------------------------------------

    async def current(self, token: str) -> dict[str, Any] | None:
        """What a page is told to ask."""
        reply = await self.http.get("/v1/prompts/current", headers=bearer(token))
        assert reply.status_code == 200, reply.text
        prompt: dict[str, Any] | None = reply.json()["prompt"]
        return prompt

    async def respond(
        self,
        token: str,
        prompt: str,
        answers: Mapping[str, Any],
        *,
        key: str | None = None,
        visibility: str = "therapist_now",
    ) -> httpx.Response:
        """A submission; `key` is a new one when left out."""
        return await self.http.post(
            "/v1/responses",
            json={"prompt": prompt, "visibility": visibility, "answers": answers},
            headers=bearer(token) | {"Idempotency-Key": key or str(uuid.uuid4())},
        )

    async def answer(
        self, token: str, value: int = 3, *, visibility: str = "therapist_now"
    ) -> dict[str, Any]:
        """Answer whatever is asked, every item alike; the reply."""
        prompt = await self.current(token)
        assert prompt is not None
        reply = await self.respond(token, prompt["id"], full(prompt, value), visibility=visibility)
        assert reply.status_code == 201, reply.text
        await self.settle()
        body: dict[str, Any] = reply.json()
        return body

    async def episode(self, meeting: Meeting) -> dict[str, Any]:
        """The series as the vendor gets it."""
        return await self.series(meeting.episode)

    @contextlib.asynccontextmanager
    async def signed_in(
        self, therapist: str = "t1", *, key: str | None = None
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A browser on the therapist's pages."""
        reply = await self.post("/v1/launches", {"therapist": therapist}, key=key)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as browser:
            landed = await browser.get(reply.json()["url"])
            assert landed.status_code == 303
            yield browser

    # the past ------------------------------------------------------------------------------------------

    async def write(self, episode: Episode, *, name: str = "course-1", therapist: str = "t1") -> Written:
        """Store an episode and have it reviewed by the plugins; `name` is the vendor's for it."""
        written = await self.service.database.write(
            lambda conn: write_episode(
                conn,
                self.tenant,
                self.service.instruments,
                episode,
                name=name,
                therapist=therapist,
                now=self.clock(),
            )
        )
        self.service.relay.wake()
        await self.settle()
        return written

    async def series(self, episode: str) -> dict[str, Any]:
        """An episode by its id, as the vendor gets it."""
        reply = await self.get(f"/v1/episodes/{episode}")
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body

    # the database --------------------------------------------------------------------------------------

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        return await self.service.database.read(
            lambda conn: {
                table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
            }
        )


def bearer(token: str) -> dict[str, str]:
    """The header that carries a key or a token."""
    return {"Authorization": f"Bearer {token}"}


def session_body(**fields: Any) -> dict[str, Any]:
    """The body of a session; a new one unless `external_id` says otherwise."""
    number = next(_numbers)
    return {
        "external_id": f"meeting-{number}",
        "episode": f"course-{number}",
        "style": "supportive",
        "participants": [
            {"role": "client", "external_id": "c1"},
            {"role": "therapist", "external_id": "t1"},
        ],
    } | fields


def meeting_of(created: Mapping[str, Any]) -> Meeting:
    """A session from the reply that created it."""
    people = tuple(Someone(**one) for one in created["participants"])
    return Meeting(created["id"], created["episode"], people)


def full(prompt: Mapping[str, Any], value: int = 3) -> dict[str, dict[str, int]]:
    """Answers to every item of a prompt: `value`, or the nearest that the item has."""
    answers: dict[str, dict[str, int]] = {}
    for instrument in prompt["instruments"]:
        answers[instrument["name"]] = {
            item["id"]: min(_values(item), key=lambda one: abs(one - value)) for item in instrument["items"]
        }
    return answers


def _values(item: Mapping[str, Any]) -> Sequence[int]:
    if item["kind"] == "slider":
        return range(item["minimum"], item["maximum"] + 1, item["step"])
    return [option["value"] for option in item["options"]]


@contextlib.asynccontextmanager
async def running_site(
    directory: Path,
    *,
    url: str = "",
    extra: Sequence[tuple[str, AllianceHooks | type[AllianceHooks]]] = (),
    no_plugins: bool = False,
    plugins: Mapping[str, Any] = PLAIN,
    clock: FakeClock | None = None,
    **settings: Any,
) -> AsyncIterator[Site]:
    """A started service, ended with the block.

    Args:
        directory: for its files; a SQLite file is made there unless `url` names another database.
        url: of the database.
        extra: plugins beside the configured ones, as (name, plugin).
        no_plugins: load no plugin at all.
        plugins: the table `[plugins]` of the configuration.
        clock: the service's time; begins now when left out.
        **settings: any other setting of the configuration.
    """
    key = directory / "signing.key"
    key.write_text("k" * 64, encoding="utf-8")
    time_of_test = clock or FakeClock(float(int(time.time())))
    chosen = Settings(
        data_dir=directory,
        database_url=url,
        signing_keys=(SigningKey(kid="test", file=key),),
        plugins=dict(plugins),
        **settings,
    )
    service = Service(chosen, extra=extra, no_plugins=no_plugins, clock=time_of_test)
    app = create_app(service, base_url=BASE_URL)
    inner: Any = app.framework
    async with inner.router.lifespan_context(inner):
        tenant, tenant_key = await service.database.write(
            lambda conn: tenants.create_tenant(conn, "Clinic", time_of_test())
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            yield Site(service, app, http, time_of_test, tenant, tenant_key)
