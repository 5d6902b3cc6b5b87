"""Zoom's Realtime Media Streams against a running service: fake servers speak what Zoom publishes of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr
from tests.adapters.fake_rtms import CLIENT_ID, CLIENT_SECRET, FakeRtms, audio, running
from tests.adapters.fake_vonage import until
from tests.adapters.speech import BOTH, TRUTH, frames, talk
from tests.adapters.test_zoom import signed
from tests.adapters.webhooks import SECRET
from tests.services import MakeSite, Meeting, Site

from alliancekit.events import Role
from alliancekit.store import presence
from alliancekit_zoom import Zoom, ZoomMeetings, ZoomSettings
from alliancekit_zoom.stream import Pace

UUID = "/gsqg0HKxTQ2TxSVAxE9+0w=="
NUMBER = "84712639219"
USERS: dict[Role, int] = {"client": 16778240, "therapist": 16779264}
STREAM = "eXX5stream"
QUICK = Pace(open=2.0, silence=1.0, first=0.02, most=0.1, window=5.0, attempts=3)
SILENCE = bytes(640)


@dataclass
class Call:
    """A service, and a meeting at a fake Zoom."""

    site: Site
    meeting: Meeting
    rtms: FakeRtms
    adapter: ZoomMeetings

    @property
    def streams(self) -> int:
        return sum(len(room.streams) for room in self.adapter._rooms.values())

    def person(self, role: Role) -> str:
        return getattr(self.meeting, role).id

    async def post(self, event: str, payload: dict[str, Any], **more: Any) -> int:
        now = self.site.clock()
        body = {"event": event, "event_ts": int(now * 1000), "payload": payload, **more}
        request = signed(json.dumps(body).encode(), at=now)
        headers = {name: values[0] for name, values in request.headers.items()}
        reply = await self.site.http.post("/v1/adapters/zoom/events", content=request.body, headers=headers)
        return reply.status_code

    async def joins(self, role: Role, **more: Any) -> None:
        who = {
            "user_id": str(USERS[role]),
            "user_name": "Ada Lovelace",
            "participant_uuid": f"uuid-{role}",
            "customer_key": self.person(role),
            **more,
        }
        about = {"id": NUMBER, "uuid": UUID, "participant": who}
        assert await self.post("meeting.participant_joined", {"account_id": "a", "object": about}) == 200

    async def tells(self, event: str, **more: Any) -> int:
        """`meeting.rtms_…`, with the fields of the event reference."""
        payload = {"meeting_uuid": UUID, "operator_id": "op", "rtms_stream_id": STREAM, **more}
        return await self.post(f"meeting.rtms_{event}", payload)

    async def starts(self, **more: Any) -> None:
        assert await self.tells("started", server_urls=self.rtms.url, **more) == 200

    async def spoke(self) -> dict[Role, list[tuple[float, float]]]:
        site, meeting = self.site, self.meeting
        spans = await site.service.database.read(lambda conn: presence.speech(conn, site.tenant, meeting.id))
        return {role: [(one.start, one.end) for one in spans if one.role == role] for role in BOTH}


@pytest.fixture
async def call(make_site: MakeSite) -> AsyncIterator[Call]:
    settings = ZoomSettings(
        secrets=(SecretStr(SECRET),), client_id=CLIENT_ID, client_secret=SecretStr(CLIENT_SECRET)
    )
    plugin = Zoom(settings)
    plugin.adapter._pace = QUICK
    async with running() as rtms:
        site = await make_site(extra=[("zoom", plugin)])
        meeting = await site.session(adapter="zoom", room=NUMBER)
        yield Call(site, meeting, rtms, plugin.adapter)
        await plugin.adapter.stop()
        assert not plugin.adapter._tasks


async def test_the_talk_balance_of_the_recorded_call(call: Call) -> None:
    call.rtms.play = {USERS[role]: frames(role) for role in BOTH} | {7: frames("client")}
    for role in BOTH:
        await call.joins(role)
    await call.starts()
    await until(lambda: call.rtms.began > 0)
    (shaken,) = call.rtms.media
    assert shaken["media_type"] == 1
    assert shaken["payload_encryption"] is False
    assert shaken["media_params"] == {
        "audio": {
            "content_type": 2,
            "sample_rate": 1,
            "channel": 1,
            "codec": 1,
            "data_opt": 2,
            "send_rate": 20,
        }
    }
    assert shaken["meeting_uuid"] == UUID
    async with asyncio.timeout(60):
        while len((await call.spoke())["therapist"]) < len(TRUTH["therapist"]):  # noqa: ASYNC110 - a database
            await asyncio.sleep(0.2)
    # What is being said counts as heard: to its end it is once the recording is over.
    await until(lambda: call.rtms.played)
    assert await call.tells("stopped", stop_reason=6) == 200
    await until(lambda: call.streams == 0)
    await call.adapter._hearing.tell()

    heard = await call.spoke()
    assert talk(heard) == pytest.approx(talk(TRUTH), abs=5)
    for role in BOTH:
        for span, true in zip(heard[role], TRUTH[role], strict=True):
            assert (span[0] - call.rtms.began, span[1] - call.rtms.began) == pytest.approx(true, abs=0.5)
    assert call.rtms.ready == 1
    rows = repr(await call.site.rows())
    assert "Lovelace" not in rows


async def test_the_video_sdk_calls_it_session(call: Call) -> None:
    user = {"id": str(USERS["client"]), "name": "Ada", "user_key": call.person("client")}
    about = {"id": "1", "session_id": "sid==", "session_name": NUMBER, "user": user}
    assert await call.post("session.user_joined", {"object": about}) == 200
    offer = {"session_id": "sid==", "rtms_stream_id": STREAM, "server_urls": call.rtms.url}
    assert await call.post("session.rtms_started", {"object": offer}) == 200
    await until(lambda: call.rtms.ready == 1)
    for shaken in (*call.rtms.signalling, *call.rtms.media):
        assert shaken["session_id"] == "sid=="
        assert "meeting_uuid" not in shaken


async def test_nobody_else_is_listened_to(call: Call) -> None:
    """A stream of a meeting with nobody of ours is left alone until there is somebody."""
    await call.joins("client", customer_key="a-stranger")
    await call.starts()
    await asyncio.sleep(0.2)
    assert call.rtms.signalling == []
    await call.joins("therapist")
    await until(lambda: call.rtms.ready == 1)


async def test_a_wrong_secret_is_refused_and_not_tried_again(
    call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    await call.joins("client")
    object.__setattr__(call.adapter._settings, "client_secret", SecretStr("another secret"))
    await call.starts()
    await until(lambda: "Zoom refuses its stream: status 3" in caplog.text)
    await until(lambda: call.streams == 0)
    assert len(call.rtms.signalling) == 1
    assert call.rtms.media == []
    assert "another secret" not in caplog.text


async def test_audio_that_is_refused_ends_the_stream(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    call.rtms.media_statuses = [9]
    await call.joins("client")
    await call.starts()
    await until(lambda: bool(call.rtms.media))
    await until(lambda: call.streams == 0)
    assert "status 9" in caplog.text
    assert len(call.rtms.media) == 1
    assert call.rtms.ready == 0


async def test_keep_alive_is_answered_with_its_timestamp_on_both_connections(call: Call) -> None:
    await call.joins("client")
    await call.starts()
    await until(lambda: all(len(times) >= 5 for times in call.rtms.alive.values()))
    assert call.rtms.hung_up == 0
    assert len(call.rtms.signalling) == len(call.rtms.media) == 1
    assert all(isinstance(at, int) and at > 1.7e12 for times in call.rtms.alive.values() for at in times)


async def test_a_server_that_falls_silent_counts_as_gone(call: Call) -> None:
    call.rtms.keep_alive = 0
    await call.joins("client")
    await call.starts()
    await until(lambda: call.rtms.ready == 1)
    # Nothing more is heard; the connections are closed after a second, and Zoom says so.
    await until(lambda: call.rtms.controls[0].close_code is not None)
    assert await call.tells("interrupted") == 200
    await until(lambda: call.rtms.ready == 2)
    assert len(call.rtms.signalling) == 2


@pytest.mark.parametrize("by", ["event", "state"])
async def test_the_media_connection_is_opened_again_by_itself(call: Call, by: str) -> None:
    await call.joins("client")
    await call.starts()
    await until(lambda: call.rtms.ready == 1)
    await call.rtms.interrupt_media(by=by)
    await until(lambda: call.rtms.ready == 2)
    await call.rtms.medias[-1].close()
    await until(lambda: call.rtms.ready == 3)
    assert len(call.rtms.signalling) == 1
    call.rtms.media_statuses = [16, 16]
    await call.rtms.medias[-1].close()
    await until(lambda: call.rtms.ready == 4)


async def test_a_lost_signalling_connection_waits_for_zooms_word(call: Call) -> None:
    await call.joins("client")
    await call.starts()
    await until(lambda: call.rtms.ready == 1)
    await call.rtms.controls[0].close()
    await asyncio.sleep(0.3)
    assert len(call.rtms.signalling) == 1
    call.rtms.statuses = [8]
    assert await call.tells("interrupted") == 200
    await until(lambda: call.rtms.ready == 2)
    assert len(call.rtms.signalling) == 3


async def test_another_server_takes_over(call: Call) -> None:
    await call.joins("client")
    await call.starts()
    await until(lambda: call.rtms.ready == 1)
    async with running() as other:
        call.site.clock.now += 1
        assert await call.tells("started", server_urls=other.url) == 200
        await until(lambda: other.ready == 1)
        assert call.rtms.controls[0].close_code is not None
        assert await call.tells("stopped", stop_reason=6) == 200
        await until(lambda: call.streams == 0)


async def test_a_webhook_that_is_posted_again_changes_nothing(call: Call) -> None:
    await call.joins("client")
    for _ in range(3):
        await call.starts()
    await until(lambda: call.rtms.ready == 1)
    await asyncio.sleep(0.2)
    assert len(call.rtms.signalling) == 1


async def test_a_server_that_cannot_be_reached_is_given_up(
    call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    await call.joins("client")
    assert await call.tells("started", server_urls="ws://127.0.0.1:9") == 200
    await until(lambda: "it ended too often" in caplog.text)
    await until(lambda: call.streams == 0)


@pytest.mark.parametrize(
    "address", ["ws://rtms.example.org", "https://a.example", "file:///etc", "wss://", "a b"]
)
async def test_only_addresses_with_tls_are_called(
    call: Call, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    await call.joins("client")
    assert await call.tells("started", server_urls=address) == 200
    await until(lambda: "no address that may be called" in caplog.text)


@pytest.mark.parametrize("state", [4])
async def test_a_stream_that_zoom_ends_is_over(call: Call, state: int) -> None:
    await call.joins("client")
    await call.starts()
    await until(lambda: call.rtms.ready == 1)
    await call.rtms.controls[0].send(json.dumps({"msg_type": 8, "state": state, "reason": 6}))
    await until(lambda: call.streams == 0)


async def test_the_end_of_the_meeting_is_the_end_of_listening(call: Call) -> None:
    await call.joins("client")
    await call.starts()
    await until(lambda: call.rtms.ready == 1)
    about = {"id": NUMBER, "uuid": UUID}
    assert await call.post("meeting.ended", {"object": about}) == 200
    await until(lambda: not call.adapter._rooms and len(call.adapter._tasks) == 1)
    assert call.rtms.controls[0].close_code is not None


async def test_garbage_between_the_packets_is_passed_over(call: Call) -> None:
    user = USERS["client"]
    call.rtms.before = [
        "",
        "no JSON",
        "[" * 20_000,
        "[]",
        "null",
        b"\xff\xfe",
        b"{}",
        '{"msg_type": 14}',
        '{"msg_type": 14, "content": "x"}',
        '{"msg_type": 14, "content": {"user_id": true, "data": ""}}',
        '{"msg_type": 14, "content": {"user_id": 1, "data": 2}}',
        json.dumps({"msg_type": 14, "content": {"user_id": user, "data": "%%%", "timestamp": "x"}}),
        json.dumps({"msg_type": 14, "content": {"user_id": user, "data": "AAA=", "timestamp": -1}}),
        json.dumps({"msg_type": 4711, "content": {"user_id": user}}),
        json.dumps({"msg_type": [14]}),
        audio(0, SILENCE, 1.0),
    ]
    call.rtms.play = {user: frames("client")[:120]}
    await call.joins("client")
    await call.starts()
    await until(lambda: call.rtms.began > 0)
    async with asyncio.timeout(20):
        while not (await call.spoke())["client"]:  # noqa: ASYNC110 - a database
            await asyncio.sleep(0.1)
    assert len(call.rtms.media) == 1


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"meeting_uuid": UUID},
        {"rtms_stream_id": STREAM},
        {"meeting_uuid": [], "rtms_stream_id": STREAM},
        {"meeting_uuid": UUID, "rtms_stream_id": STREAM, "server_urls": {"a": 1}},
        {"object": []},
    ],
)
async def test_an_offer_of_no_sense_does_no_harm(call: Call, payload: dict[str, Any]) -> None:
    await call.joins("client")
    assert await call.post("meeting.rtms_started", payload) == 200
    await asyncio.sleep(0.05)
    assert call.rtms.signalling == []
    await call.starts()
    await until(lambda: call.rtms.ready == 1)


async def test_stopping_tells_what_was_heard(call: Call) -> None:
    call.rtms.play = {USERS["client"]: frames("client")}
    await call.joins("client")
    await call.starts()
    await until(lambda: call.rtms.began > 0)
    await asyncio.sleep(1.0)
    async with asyncio.timeout(2):
        await call.adapter.stop()
    assert (await call.spoke())["client"]
    assert call.rtms.controls[0].close_code is not None
