"""A pytest plugin: the whole service, reached as vendors, pages and platforms reach it.

`site` is a service on SQLite, `each_site` the same on every database, `make_site` one with settings, plugins
or a database of the test's choice. All of them live on a clock that the test moves.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from alliancekit.config import Settings
from alliancekit.events import SpeechSpan
from alliancekit.hookspecs import AllianceHooks
from alliancekit.secret_refs import SigningKey
from alliancekit.server.app import create_app
from alliancekit.server.live import LiveEndpoint
from alliancekit.server.run import bind, running_on
from alliancekit.service import Service
from alliancekit.sessions import Gone, Present
from alliancekit.store import tenants
from alliancekit.store.tables import metadata

BASE_URL = "http://alliancekit.test"
PLAIN = {"disabled": ["webrtc"]}
"""Plugins of most tests: everything but the media library, which takes a second to import."""

_numbers = itertools.count(1)


class Clock:
    """Seconds since 1970; goes on only when told to."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


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
        return next(one for one in self.people if one.role == "client")

    @property
    def therapist(self) -> Someone:
        return next(one for one in self.people if one.role == "therapist")


@dataclass
class Site:
    """A running service with one tenant."""

    service: Service
    app: LiveEndpoint
    http: httpx.AsyncClient
    clock: Clock
    tenant: str
    key: str

    # vendors -------------------------------------------------------------------------------------------

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        return await self.http.post(path, json=body, headers=bearer(self.key if key is None else key))

    async def get(self, path: str, *, key: str | None = None) -> httpx.Response:
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
        reply = await self.get(f"/v1/episodes/{meeting.episode}")
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body

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
    extra: Sequence[tuple[str, AllianceHooks]] = (),
    no_plugins: bool = False,
    plugins: Mapping[str, Any] = PLAIN,
    **settings: Any,
) -> AsyncIterator[Site]:
    """A started service, ended with the block."""
    key = directory / "signing.key"
    key.write_text("k" * 64)
    clock = Clock()
    chosen = Settings(
        data_dir=directory,
        database_url=url,
        signing_keys=(SigningKey(kid="test", file=key),),
        plugins=dict(plugins),
        **settings,
    )
    service = Service(chosen, extra=extra, no_plugins=no_plugins, clock=clock)
    app = create_app(service, base_url=BASE_URL)
    inner: Any = app.framework
    async with inner.router.lifespan_context(inner):
        tenant, tenant_key = await service.database.write(
            lambda conn: tenants.create_tenant(conn, "Clinic", clock())
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            yield Site(service, app, http, clock, tenant, tenant_key)


@contextlib.asynccontextmanager
async def on_network(site: Site) -> AsyncIterator[str]:
    """The site's application behind a real server on loopback; its `host:port`."""
    sock = bind("127.0.0.1", 0)
    address = f"127.0.0.1:{sock.getsockname()[1]}"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # The service runs already: the server must not start it a second time.
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        await site.app(scope, receive, send)

    async with running_on(app, sock):
        yield address


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that another task or process brings about."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.01)


MakeSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def make_site(tmp_path: Path, migrated_file: Path) -> AsyncIterator[MakeSite]:
    """Makes sites with settings of the test's choice; they end with the test."""
    numbers = itertools.count(1)
    async with contextlib.AsyncExitStack() as stack:

        async def make(**options: Any) -> Site:
            directory = tmp_path / f"site-{next(numbers)}"
            directory.mkdir()
            shutil.copy(migrated_file, directory / "alliancekit.db")
            return await stack.enter_async_context(running_site(directory, **options))

        yield make


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    """A service on SQLite."""
    return await make_site()


@pytest.fixture
async def each_site(make_site: MakeSite, url: str) -> Site:
    """A service on every database."""
    return await make_site(url=url)
