"""The Audio Connector against a running service: a fake Vonage dials its socket and plays the call."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.adapters.fake_vonage import APPLICATION, FakeVonage, pem, running, until
from tests.adapters.speech import BOTH, TRUTH, frames, talk
from tests.adapters.test_vonage import signed
from tests.adapters.webhooks import SECRET
from tests.services import MakeSite, Meeting, Site, on_network
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from alliancekit.events import Role
from alliancekit.server.run import bind
from alliancekit.store import presence
from alliancekit_vonage import Vonage, VonageSettings, VonageVideo
from alliancekit_vonage.tap import Tap

ROOM = "2_MX4xMzExMjU3MX5-MTQ3MDI1NzY3OTkxOH45QXRr"
SILENCE = bytes(640)


@dataclass
class Call:
    """A service that listens to a call at a fake Vonage."""

    site: Site
    meeting: Meeting
    vonage: FakeVonage
    adapter: VonageVideo
    address: str

    @property
    def tap(self) -> Tap:
        tap = self.adapter._tap
        assert tap is not None
        return tap

    def person(self, role: Role) -> str:
        return getattr(self.meeting, role).id

    async def post(self, event: str, **more: Any) -> httpx.Response:
        now = self.site.clock()
        body = {"sessionId": ROOM, "projectId": "1", "event": event, "timestamp": int(now * 1000), **more}
        request = signed(json.dumps(body).encode(), at=now)
        headers = {"Authorization": request.header("authorization")}
        return await self.site.http.post("/v1/adapters/vonage/events", content=request.body, headers=headers)

    async def joins(self, who: str, data: str) -> None:
        there = {"id": f"c-{who}", "createdAt": int(self.site.clock() * 1000), "data": data}
        assert (await self.post("connectionCreated", connection=there)).status_code == 200

    async def publishes(
        self, who: str, data: str, event: str = "streamCreated", video: str = "camera"
    ) -> None:
        there = {"id": f"c-{who}", "createdAt": int(self.site.clock() * 1000), "data": data}
        stream = {"id": f"s-{who}-{video}", "connection": there, "name": "Ada", "videoType": video}
        assert (await self.post(event, stream=stream)).status_code == 200

    async def spoke(self) -> dict[Role, list[tuple[float, float]]]:
        site, meeting = self.site, self.meeting
        spans = await site.service.database.read(lambda conn: presence.speech(conn, site.tenant, meeting.id))
        return {role: [(one.start, one.end) for one in spans if one.role == role] for role in BOTH}

    async def heard(self, role: Role, times: int) -> None:
        """Wait until somebody spoke so many times."""
        async with asyncio.timeout(60):
            while len((await self.spoke())[role]) < times:  # noqa: ASYNC110 - a database
                await asyncio.sleep(0.1)


@pytest.fixture
async def call(make_site: MakeSite) -> AsyncIterator[Call]:
    sock = bind("127.0.0.1", 0)
    here = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with running() as vonage, contextlib.AsyncExitStack() as stack:
        plugin = Vonage(
            VonageSettings(
                secrets=(SecretStr(SECRET),),
                application_id=APPLICATION,
                private_key=SecretStr(pem()),
                listen=True,
                public_url=here,
                api=vonage.url,
            )
        )
        site = await make_site(extra=[("vonage", plugin)])
        await stack.enter_async_context(on_network(site, sock))
        meeting = await site.session(adapter="vonage", room=ROOM)
        assert plugin.adapter.capabilities.media == "websocket"
        yield Call(site, meeting, vonage, plugin.adapter, here)
        await plugin.adapter.stop()


@pytest.fixture
def quick(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The same, with short waits between attempts."""
    monkeypatch.setattr(call.tap, "_again", (0.01, 0.02))
    return call


async def test_the_talk_balance_of_the_recorded_call(call: Call) -> None:
    for role in BOTH:
        call.vonage.frames[f"s-{role}-camera"] = frames(role)
        await call.joins(role, call.person(role))
    await call.joins("visitor", "somebody-else")
    await call.publishes("visitor", "somebody-else")
    for role in BOTH:
        await call.publishes(role, call.person(role))
        await call.publishes(role, call.person(role))
        await call.publishes(role, call.person(role), video="screen")
    await until(lambda: len(call.vonage.playing) == 2)
    assert [body["websocket"]["streams"] for body in call.vonage.asked] == [
        ["s-client-camera"],
        ["s-therapist-camera"],
    ]
    assert {body["sessionId"] for body in call.vonage.asked} == {ROOM}
    await call.heard("therapist", len(TRUTH["therapist"]))
    # What is being said counts as heard: to its end it is once the recording is over.
    await until(lambda: len(call.vonage.played) == 2)
    for role in BOTH:
        await call.publishes(role, call.person(role), event="streamDestroyed")
    await until(lambda: len(call.tap) == 0)
    assert sorted(call.vonage.ended) == [(ROOM, "connector-1"), (ROOM, "connector-2")]

    heard = await call.spoke()
    assert talk(heard) == pytest.approx(talk(TRUTH), abs=5)
    for role in BOTH:
        began = call.vonage.began[f"s-{role}-camera"]
        for span, true in zip(heard[role], TRUTH[role], strict=True):
            assert (span[0] - began, span[1] - began) == pytest.approx(true, abs=0.5)


async def test_a_ticket_opens_one_socket_once(call: Call) -> None:
    await call.joins("client", call.person("client"))
    await call.publishes("client", call.person("client"))
    await until(lambda: len(call.vonage.playing) == 1)
    (uri,) = call.vonage.tickets
    assert uri.startswith(call.address.replace("http", "ws") + "/v1/adapters/vonage/socket?ticket=")
    for wrong in (uri, uri[:-1], uri.partition("?")[0], f"{uri}&ticket=x", f"{uri.partition('=')[0]}="):
        with pytest.raises(InvalidStatus) as caught:
            await connect(wrong)
        assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    ("event", "more"),
    [
        (
            "connectionDestroyed",
            {"connection": {"id": "c-client", "data": ""}, "reason": "clientDisconnected"},
        ),
        ("sessionDestroyed", {}),
    ],
)
async def test_the_end_of_a_connection_or_of_the_session_is_the_end_of_listening(
    call: Call, event: str, more: dict[str, Any]
) -> None:
    await call.joins("client", call.person("client"))
    await call.publishes("client", call.person("client"))
    await until(lambda: len(call.vonage.playing) == 1)
    assert (await call.post(event, **more)).status_code == 200
    await until(lambda: len(call.tap) == 0)
    assert call.vonage.ended == [(ROOM, "connector-1")]
    await call.publishes("client", call.person("client"), event="streamDestroyed")


async def test_a_broken_socket_is_opened_again_but_not_for_ever(
    quick: Call, caplog: pytest.LogCaptureFixture
) -> None:
    quick.vonage.break_after = [1, 2, 3]
    quick.vonage.frames["s-client-camera"] = [SILENCE] * 5
    await quick.joins("client", quick.person("client"))
    await quick.publishes("client", quick.person("client"))
    await until(lambda: len(quick.vonage.asked) == 3 and len(quick.tap) == 0)
    assert len(set(quick.vonage.tickets)) == 3
    assert "ended too often" in caplog.text
    assert len(quick.vonage.ended) == 3


async def test_what_vonage_may_do_later_is_asked_again_and_what_it_never_does_is_not(
    quick: Call, caplog: pytest.LogCaptureFixture
) -> None:
    quick.vonage.statuses = [503, 429]
    await quick.joins("client", quick.person("client"))
    await quick.publishes("client", quick.person("client"))
    await until(lambda: len(quick.vonage.playing) == 1)
    quick.vonage.statuses = [409]
    await quick.joins("therapist", quick.person("therapist"))
    await quick.publishes("therapist", quick.person("therapist"))
    await until(lambda: "status 409" in caplog.text)
    await until(lambda: len(quick.tap) == 1)
    assert len(quick.vonage.asked) == 1


@pytest.mark.parametrize(
    "hello",
    [
        "",
        "no JSON",
        "[]",
        '{"event": "websocket:connected"}',
        '{"event": "websocket:connected", "content-type": "audio/l16;rate=8000"}',
        SILENCE,
        "[" * 10_000,
    ],
)
async def test_a_socket_that_begins_otherwise_is_closed(
    quick: Call, hello: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    quick.vonage.hello = hello
    await quick.joins("client", quick.person("client"))
    await quick.publishes("client", quick.person("client"))
    await until(lambda: len(quick.vonage.asked) == 3 and len(quick.tap) == 0)
    assert "something else than audio/l16;rate=16000" in caplog.text
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_muting_and_garbage_between_the_frames_are_passed_over(call: Call) -> None:
    muted = '{"event": "websocket:media:update", "active": false}'
    said = [item for frame in frames("client")[:100] for item in (muted, b"", b"\1", frame)]
    call.vonage.frames["s-client-camera"] = said
    await call.joins("client", call.person("client"))
    await call.publishes("client", call.person("client"))
    await until(lambda: len(call.vonage.playing) == 1)
    await call.heard("client", 1)


async def test_stopping_ends_everything_and_tells_what_was_heard(call: Call) -> None:
    call.vonage.frames["s-client-camera"] = frames("client")
    await call.joins("client", call.person("client"))
    await call.publishes("client", call.person("client"))
    await until(lambda: len(call.vonage.playing) == 1)
    await asyncio.sleep(1.0)
    async with asyncio.timeout(2):
        await call.adapter.stop()
    assert call.vonage.ended == [(ROOM, "connector-1")]
    assert (await call.spoke())["client"]
    assert len(call.tap) == 0


async def test_nobody_is_listened_to_before_their_session_is_known(call: Call) -> None:
    await call.site.session(adapter="vonage", room="another room")
    there = {"id": "c-1", "createdAt": 1, "data": call.person("client")}
    one = {"id": "s-1", "connection": there, "videoType": "camera"}
    body = {"sessionId": "nobody's room", "event": "streamCreated", "stream": one}
    request = signed(json.dumps(body).encode(), at=call.site.clock())
    headers = {"Authorization": request.header("authorization")}
    reply = await call.site.http.post("/v1/adapters/vonage/events", content=request.body, headers=headers)
    assert reply.status_code == 200
    await asyncio.sleep(0.2)
    assert len(call.tap) == 0
    assert call.vonage.asked == []
