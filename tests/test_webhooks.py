"""Vendors are told: signed, thin, until they take it; a bad, slow or private address does no harm."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import Response

from alliancekit import public_addresses, webhooks
from alliancekit.server.run import bind, running_on
from alliancekit.store import webhooks as store
from alliancekit.testing.fake_clock import FakeClock
from tests.services import MakeSite, Meeting, Site

HOUR = 3600.0
SETTINGS = {"webhooks": {"allow_networks": ["127.0.0.0/8"]}}


@dataclass
class Receiver:
    """A vendor's system: answers what the test says, and keeps what came."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: asyncio.Event | None = None
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one request."""
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        request = Request(scope, receive)
        self.came.append((dict(request.headers), await request.body()))
        if self.hang is not None:
            await self.hang.wait()
        await Response(b"", self.status, self.headers)(scope, receive, send)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The bodies that came."""
        return [json.loads(body) for _, body in self.came]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    sock = bind("127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{sock.getsockname()[1]}/hooks?who=clinic"
    async with running_on(made, sock):
        yield made


@pytest.fixture
async def site(make_site: MakeSite, url: str) -> Site:
    return await make_site(url=url, **SETTINGS)


async def added(site: Site, url: str, **more: Any) -> dict[str, Any]:
    reply = await site.post("/v1/webhooks", {"url": url} | more)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def listed(site: Site) -> dict[str, Any]:
    (found,) = (await site.get("/v1/webhooks")).json()["webhooks"]
    return found


def verified(headers: dict[str, str], body: bytes, secret: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the foreign package makes of it, at the time at which it was sent."""
    import standardwebhooks.webhooks as theirs

    class Then(theirs.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return theirs.datetime.fromtimestamp(float(headers["webhook-timestamp"]), tz)

    with monkeypatch.context() as patched:
        patched.setattr(theirs, "datetime", Then)
        return Webhook(secret).verify(body, headers)


# what is told -----------------------------------------------------------------------------------------


async def test_a_rated_session_is_told_signed_and_thin(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = (await added(site, receiver.url))["secret"]
    meeting = await site.held()
    await site.answer(meeting.client.token, 0)
    kinds = [one["type"] for one in receiver.told]
    assert (kinds.count("session.ended"), kinds.count("session.rated")) == (1, 1)
    assert "signal.raised" in kinds, "every answer at the bottom of the scale is a low score"
    for headers, body in receiver.came:
        assert headers["content-type"] == "application/json"
        assert verified(headers, body, secret, monkeypatch) == json.loads(body)
        with pytest.raises(WebhookVerificationError):
            verified(headers, body + b" ", secret, monkeypatch)
        assert len(body) < 1000
    rated = receiver.told[kinds.index("session.rated")]["data"]
    assert rated["session"] == meeting.id
    assert rated["episode"] == meeting.episode
    assert (rated["role"], rated["moment"]) == ("client", "end_of_call")
    allowed = {"session", "external_id", "episode", "prompt", "role", "moment", "reason", "confidence"}
    for one in receiver.told:
        assert set(one) == {"type", "timestamp", "data"}
        assert set(one["data"]) <= allowed | {"kind", "rule"}


async def test_each_thing_is_told_once_whatever_is_repeated(site: Site, receiver: Receiver) -> None:
    await added(site, receiver.url)
    meeting = await site.held()
    await site.answer(meeting.client.token)
    await site.answer(meeting.therapist.token)
    assert (await site.post(f"/v1/sessions/{meeting.id}/end")).status_code == 200
    for handler in ("session_ended", "feedback_captured"):
        work = [one for one in await rows_of_work(site) if one[0] == handler]
        for _, payload in work:
            await site.service.pipeline.handlers()[handler](site.tenant, handler, payload)
    await site.settle()
    ids = [headers["webhook-id"] for headers, _ in receiver.came]
    assert len(ids) == len(set(ids))
    kinds = [one["type"] for one in receiver.told]
    assert (kinds.count("session.ended"), kinds.count("session.rated")) == (1, 2)


async def rows_of_work(site: Site) -> list[tuple[str, dict[str, Any]]]:
    from sqlalchemy import select

    from alliancekit.store.tables import outbox

    query = select(outbox.c.kind, outbox.c.payload)
    found = await site.service.database.read(lambda conn: conn.execute(query).all())
    return [(row.kind, json.loads(row.payload)) for row in found]


async def test_an_endpoint_hears_what_it_asked_for_and_only_of_its_tenant(
    site: Site, receiver: Receiver
) -> None:
    await added(site, receiver.url, events=["session.rated"])
    _, key = await site.another_tenant()
    reply = await site.post("/v1/webhooks", {"url": receiver.url + "&other"}, key=key)
    assert reply.status_code == 201
    meeting = await site.held()
    await site.answer(meeting.client.token)
    assert [one["type"] for one in receiver.told] == ["session.rated"]


# trouble ----------------------------------------------------------------------------------------------


async def end_one(site: Site) -> Meeting:
    meeting = await site.session()
    assert (await site.post(f"/v1/sessions/{meeting.id}/end")).status_code == 200
    await site.settle()
    return meeting


async def test_an_endpoint_that_is_down_for_a_day_gets_it_all_when_it_is_back(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = (await added(site, receiver.url, events=["session.ended"]))["secret"]
    receiver.status = 500
    await end_one(site)
    began = site.clock()
    clock: FakeClock = site.clock
    while clock() < began + 24 * HOUR:
        clock.now += 600
        await site.settle()
    before = len(receiver.came)
    assert 5 <= before <= 8, "the pauses grow"
    attempts = (await listed(site))["attempts"]
    assert {one["outcome"] for one in attempts} == {"refused"}
    assert attempts[0]["next_at"] > clock()
    receiver.status = 204
    clock.now = attempts[0]["next_at"] + 1
    await site.settle()
    assert len(receiver.came) == before + 1
    assert (await listed(site))["attempts"][0]["outcome"] == "delivered"
    ids = {headers["webhook-id"] for headers, _ in receiver.came}
    assert len(ids) == 1
    stamps = [int(headers["webhook-timestamp"]) for headers, _ in receiver.came]
    assert stamps == sorted(stamps)
    assert stamps[-1] > stamps[0]
    assert verified(*receiver.came[-1], secret, monkeypatch)
    clock.now += 72 * HOUR
    await site.settle()
    assert len(receiver.came) == before + 1


async def test_an_endpoint_that_stays_down_is_disabled_and_can_be_enabled_and_caught_up(
    site: Site, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    made = await added(site, receiver.url, events=["session.ended"])
    receiver.status = 500
    await end_one(site)
    for _ in webhooks.PAUSES:
        next_at = (await listed(site))["attempts"][0]["next_at"]
        site.clock.now = next_at + 1
        await site.settle()
    found = await listed(site)
    assert len(receiver.came) == len(webhooks.PAUSES) + 1
    assert "days" in found["disabled_reason"]
    assert "clinic" not in caplog.text, "an address may hold a secret"
    await end_one(site)
    assert len(receiver.came) == len(webhooks.PAUSES) + 1
    receiver.status = 200
    assert (await site.post(f"/v1/webhooks/{made['id']}/replay", {"since": 0})).status_code == 409
    assert (await site.post(f"/v1/webhooks/{made['id']}/enable")).status_code == 200
    reply = await site.post(f"/v1/webhooks/{made['id']}/replay", {"since": 0})
    assert reply.json() == {"queued": 1}, "while it was disabled nothing was written for it"
    await site.settle()
    assert (await listed(site))["attempts"][0]["outcome"] == "delivered"


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "least"),
    [
        (302, {"Location": "https://elsewhere.example/"}, "redirected", 5),
        (429, {"Retry-After": "900"}, "busy", 900),
        (503, {"Retry-After": "Wed, 01 Jan 2070 00:00:00 GMT"}, "busy", 24 * HOUR),
        (503, {"Retry-After": "soon"}, "busy", 5),
        (404, {}, "refused", 5),
    ],
)
async def test_what_is_not_2xx_is_tried_again_when_the_endpoint_says(
    site: Site, receiver: Receiver, status: int, headers: dict[str, str], outcome: str, least: float
) -> None:
    await added(site, receiver.url, events=["session.ended"])
    receiver.status, receiver.headers = status, headers
    await end_one(site)
    (attempt,) = (await listed(site))["attempts"]
    assert (attempt["outcome"], attempt["status"]) == (outcome, status)
    assert least <= attempt["next_at"] - attempt["at"] <= max(least, 5 * 1.2)
    assert len(receiver.came) == 1


async def test_410_ends_it(site: Site, receiver: Receiver) -> None:
    await added(site, receiver.url, events=["session.ended"])
    receiver.status = 410
    await end_one(site)
    found = await listed(site)
    assert "410" in found["disabled_reason"]
    assert found["attempts"][0]["next_at"] is None
    site.clock.now += 80 * HOUR
    await end_one(site)
    assert len(receiver.came) == 1


async def test_an_endpoint_that_hangs_holds_nothing_up(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "SECONDS", 0.3)
    await added(site, receiver.url, events=["session.ended"])
    receiver.hang = asyncio.Event()
    meeting = await site.held()
    await site.answer(meeting.client.token)
    assert (await listed(site))["attempts"][0]["outcome"] == "too_slow"
    receiver.hang.set()


async def test_nobody_listens(site: Site) -> None:
    with contextlib.closing(bind("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    await added(site, f"http://127.0.0.1:{port}/", events=["session.ended"])
    await end_one(site)
    (attempt,) = (await listed(site))["attempts"]
    assert (attempt["outcome"], attempt["status"]) == ("unreachable", None)


# addresses --------------------------------------------------------------------------------------------

PRIVATE = [
    "https://127.0.0.1/",
    "https://localhost:8443/hooks",
    "https://[::1]/",
    "https://10.0.0.7/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://0.0.0.0/",
    "https://100.64.0.1/",
    "https://224.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://017700000001/",
]
NONSENSE = [
    "ftp://example.com/",
    "https://",
    "https:///hooks",
    "//example.com",
    "https://user:pass@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com/#part",
    "https://example.com:99999/",
    "https://exa mple.com/",
    "https://example.com/\nX: y",
    "javascript:alert(1)",
    "https://" + "a" * 3000,
]


@pytest.mark.parametrize("url", PRIVATE + NONSENSE)
async def test_an_address_that_may_not_be_called_is_refused_and_nothing_is_stored(
    make_site: MakeSite, url: str
) -> None:
    site = await make_site()
    reply = await site.post("/v1/webhooks", {"url": url})
    assert reply.status_code == 422, reply.text
    assert (await site.get("/v1/webhooks")).json() == {"webhooks": []}


async def test_a_name_that_turns_private_later_is_not_called(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await added(site, "https://hooks.example/", events=["session.ended"])

    def resolving(address: str) -> Callable[..., Any]:
        async def addresses(host: str, port: int) -> list[Any]:
            return [public_addresses.ipaddress.ip_address(address)]

        return addresses

    monkeypatch.setattr(public_addresses, "_addresses", resolving("10.1.2.3"))
    await end_one(site)
    (attempt,) = (await listed(site))["attempts"]
    assert attempt["outcome"] == "forbidden"
    monkeypatch.setattr(public_addresses, "_addresses", resolving("8.8.8.8"))
    with pytest.raises(public_addresses.AddressRefusedError, match="encrypted"):
        await public_addresses.target("http://hooks.example/", ())
    where = await public_addresses.target("https://hooks.example:8443/a?b=c", ())
    assert where == public_addresses.Target(
        url="https://8.8.8.8:8443/a?b=c", host="hooks.example:8443", sni="hooks.example"
    )


# administration ---------------------------------------------------------------------------------------


async def test_secrets_change_without_a_gap(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await added(site, receiver.url, events=["session.ended"])
    new = (await site.post(f"/v1/webhooks/{made['id']}/secret")).json()["secret"]
    assert new != made["secret"]
    await end_one(site)
    for secret in (made["secret"], new):
        assert verified(*receiver.came[-1], secret, monkeypatch)
    third = (await site.post(f"/v1/webhooks/{made['id']}/secret")).json()["secret"]
    await end_one(site)
    assert verified(*receiver.came[-1], third, monkeypatch)
    with pytest.raises(WebhookVerificationError):
        verified(*receiver.came[-1], made["secret"], monkeypatch)


async def test_another_tenants_webhooks_do_not_exist(site: Site, receiver: Receiver) -> None:
    made = await added(site, receiver.url)
    _, key = await site.another_tenant()
    path = f"/v1/webhooks/{made['id']}"
    assert (await site.http.delete(path, headers={"Authorization": f"Bearer {key}"})).status_code == 404
    for what in ("secret", "enable"):
        assert (await site.post(f"{path}/{what}", key=key)).status_code == 404
    assert (await site.post(f"{path}/replay", {"since": 0}, key=key)).status_code == 404
    assert (await site.get("/v1/webhooks", key=key)).json() == {"webhooks": []}
    assert (await site.post(f"{path}/enable", key="ak_wrong")).status_code == 401
    assert (await listed(site))["id"] == made["id"]


async def test_the_secret_is_shown_once_and_a_removed_endpoint_hears_nothing(
    site: Site, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = await added(site, receiver.url, events=["session.ended"])
        await end_one(site)
    assert made["secret"] not in (await site.get("/v1/webhooks")).text
    assert made["secret"] not in caplog.text
    reply = await site.http.delete(
        f"/v1/webhooks/{made['id']}", headers={"Authorization": f"Bearer {site.key}"}
    )
    assert reply.status_code == 204
    await end_one(site)
    assert len(receiver.came) == 1


async def test_one_message_is_sent_again_with_its_id(site: Site, receiver: Receiver) -> None:
    made = await added(site, receiver.url, events=["session.ended"])
    await end_one(site)
    await end_one(site)
    message = receiver.came[0][0]["webhook-id"]
    reply = await site.post(f"/v1/webhooks/{made['id']}/replay", {"message": message})
    assert reply.json() == {"queued": 1}
    await site.settle()
    assert [headers["webhook-id"] for headers, _ in receiver.came].count(message) == 2
    assert receiver.came[0][1] == receiver.came[2][1]


async def test_an_erased_episode_leaves_no_message(site: Site, receiver: Receiver) -> None:
    await added(site, receiver.url)
    receiver.status = 500
    meeting = await end_one(site)
    reply = await site.http.delete(
        f"/v1/episodes/{meeting.episode}", headers={"Authorization": f"Bearer {site.key}"}
    )
    assert reply.status_code == 200, reply.text
    rows = await site.rows()
    assert (rows["webhook_message"], rows["webhook_attempt"]) == ([], [])
    came = len(receiver.came)
    site.clock.now += 80 * HOUR
    await site.settle()
    assert len(receiver.came) == came


def test_every_kind_can_be_asked_for() -> None:
    from alliancekit.server.webhooks import KINDS

    assert set(KINDS) == set(store.Kind.__args__)
