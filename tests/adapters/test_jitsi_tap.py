"""The bridge's audio: frames of the published shape, nonsense, limits, and real speech in a real service."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.anything import VALUES
from tests.adapters.jitsi_bridge import media, speak, spoken, start
from tests.services import MakeSite, Meeting, Site, on_network
from tests.toy_platform import counts
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from alliancekit.adapters import Happening, RawRequest, Rejected, SocketClosed, Verified
from alliancekit.errors import StoreError
from alliancekit.testing import RecordingHost
from alliancekit.voice import Listener, Span
from alliancekit_jitsi import Jitsi, JitsiMeet, JitsiSettings
from alliancekit_jitsi.tap import MISREAD, Tap

TOKEN, OTHER = "tap-token-1", "tap-token-2"
POST = "event-token"
URL = "wss://feedback.example/v1/adapters/jitsi/socket"
MEETING = "5d2b0f0a-9d32-4a52-8f0a-1f8a4c1d2e3f"
CLIENT, THERAPIST = "10a52c3f", "84d90bac"


class Hearing(Listener):
    """Keeps what it is given; every packet is a stretch of speech of 20 ms."""

    made: list[Hearing]

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[tuple[float, bytes]] = []
        self.taken: list[Span] = []
        self.closed = False

    def opus(self, at: float, packet: bytes) -> None:
        self.packets.append((at, packet))
        self.taken.append((at, at + 0.02))

    def take(self) -> list[Span]:
        found, self.taken = self.taken, []
        return found

    def close(self) -> None:
        self.closed = True


class Ear:
    """Makes listeners and keeps them."""

    def __init__(self) -> None:
        self.made: list[Hearing] = []

    def __call__(self) -> Hearing:
        self.made.append(Hearing())
        return self.made[-1]


def a_tap(most: int = 10, now: Callable[[], float] = lambda: 1000.0) -> tuple[Tap, Ear]:
    ear = Ear()
    return Tap(now, most=most, listener=ear), ear


# frames ------------------------------------------------------------------------------------------------


def test_a_stream_is_heard_under_its_sender() -> None:
    tap, ear = a_tap()
    assert tap.frame(start("10a52c3f-305123557", CLIENT)) is None
    assert tap.frame(media("10a52c3f-305123557", "268460", b"\x78one")) is None
    assert tap.frame(media("10a52c3f-305123557", 269420, b"\x78two")) is None
    [stream], [heard] = tap.streams, ear.made
    assert stream.endpoint == CLIENT
    assert [packet for _, packet in heard.packets] == [b"\x78one", b"\x78two"]
    assert heard.packets[1][0] == 1000.0
    assert tap.misread == tap.refused == 0


@pytest.mark.parametrize(
    ("tag", "endpoint", "known"),
    [
        ("10a52c3f-a0", None, "10a52c3f"),
        ("10a52c3f-a0", "other", "other"),
        ("10a52c3f-a0", "no sender's id", "10a52c3f"),
        ("participant-id", None, "participant"),
        ("alone", None, "alone"),
    ],
)
def test_the_sender_is_said_or_is_the_tag_before_the_last_hyphen(
    tag: str, endpoint: str | None, known: str
) -> None:
    tap, _ = a_tap()
    tap.frame(start(tag, endpoint))
    assert [one.endpoint for one in tap.streams] == [known]


def test_packets_keep_the_distance_in_which_they_were_said() -> None:
    """They come in a burst after a second, and one comes again later."""
    now = [1000.0]
    tap, ear = a_tap(now=lambda: now[0])
    tap.frame(start("a-1"))
    tap.frame(media("a-1", "4294967000", b"\x781"))
    now[0] += 1.0
    for ticks in (4294967000 + 960, 4294967000 + 48000 - 960, 4294967000 + 960):
        tap.frame(media("a-1", str(ticks % 2**32), b"\x782"))
    times = [at - 1000.0 for at, _ in ear.made[0].packets]
    # The clock follows drift by a millisecond a second.
    assert times == pytest.approx([0.0, 0.02, 0.98, 0.02], abs=0.0015), "what comes again is as old as it was"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"event": "ping", "id": 123}, {"event": "pong", "id": 123}),
        ({"event": "ping"}, {"event": "pong"}),
        ({"event": "ping", "id": "x" * 100}, {"event": "pong"}),
        ({"event": "info", "application": "JVB"}, None),
        ({"event": "of-next-year"}, None),
        ({"event": ["start"]}, None),
    ],
)
def test_what_is_answered(said: dict[str, Any], answer: dict[str, Any] | None) -> None:
    tap, _ = a_tap()
    found = tap.frame(json.dumps(said))
    assert (None if found is None else json.loads(found)) == answer
    assert tap.misread == 0


def test_too_many_streams_and_other_sound_are_not_listened_to() -> None:
    tap, ear = a_tap(most=2)
    tap.frame(start("a-1"))
    tap.frame(start("a-1"))
    tap.frame(start("b-1", encoding="L16"))
    tap.frame(start("c-1"))
    tap.frame(start("d-1"))
    tap.frame(media("d-1", 1, b"\x78"))
    assert ([one.endpoint for one in tap.streams], tap.refused) == (["a", "c"], 2)
    assert [one.packets for one in ear.made] == [[], []]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "no JSON",
        b"\xff\xfe",
        "[]",
        "[" * 15_000,
        '{"event": "start"}',
        start("a tag with spaces"),
        start("a" * 101),
        media("a-1", "-1", b"\x78"),
        media("a-1", "1e3", b"\x78"),
        media("a-1", "9" * 21, b"\x78"),
        media("a-1", None, b"\x78"),
        media("a-1", True, b"\x78"),
        media("a-1", 1, b""),
        media("a-1", 1, b"\x78" * 7651),
        media("a-1", 1, b"\x78").replace('"eA=="', '"eA=*"'),
        media("a-1", 1, b"\x78").replace('"eA=="', "7"),
    ],
)
def test_nonsense_is_counted_and_ignored(frame: str | bytes) -> None:
    tap, ear = a_tap()
    tap.frame(start("a-1"))
    assert tap.frame(frame) is None
    assert tap.misread == 1
    assert [one.packets for one in ear.made] == [[]]
    for _ in range(MISREAD - 1):
        assert not tap.nonsense
        tap.frame(frame)
    assert tap.nonsense


@given(
    st.fixed_dictionaries(
        {"event": st.sampled_from(["start", "media", "ping", "info"]) | VALUES},
        optional={"start": VALUES, "media": VALUES, "id": VALUES},
    )
)
def test_any_frame_is_read_or_ignored(content: dict[str, Any]) -> None:
    tap, _ = a_tap()
    tap.frame(start("a-1"))
    tap.frame(json.dumps(content))
    tap.frame(json.dumps({"event": "media", "media": {"tag": "a-1", **content}}))


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_are_read_or_ignored(frame: str | bytes) -> None:
    tap, _ = a_tap()
    assert tap.frame(frame) is None


# who may dial in ---------------------------------------------------------------------------------------


def opening(query: str = f"?sessionId={MEETING}", **headers: str) -> RawRequest:
    return RawRequest(
        method="GET", url=URL + query, headers={key: (value,) for key, value in headers.items()}
    )


def an_adapter(**settings: Any) -> JitsiMeet:
    return JitsiMeet(JitsiSettings.model_validate({"tap_tokens": [TOKEN, OTHER], **settings}))


@pytest.mark.parametrize(
    "request_",
    [
        opening(authorization=f"Bearer {TOKEN}"),
        opening(authorization=OTHER),
        opening(f"?sessionId={MEETING}&token={TOKEN}"),
    ],
)
def test_a_bridge_with_a_token_may_dial_in(request_: RawRequest) -> None:
    assert an_adapter().admit(request_, 0.0).meeting == MEETING


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (opening(), "unsigned"),
        (opening(authorization="Bearer wrong"), "bad_signature"),
        (opening(f"?sessionId={MEETING}&token=wrong"), "bad_signature"),
        (opening("", authorization=TOKEN), "malformed"),
        (opening("?sessionId=", authorization=TOKEN), "malformed"),
        (opening("?sessionId=a&sessionId=b", authorization=TOKEN), "malformed"),
        (opening("?sessionId=a%20b", authorization=TOKEN), "malformed"),
    ],
)
def test_who_proves_nothing_or_names_no_meeting_may_not(request_: RawRequest, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        an_adapter().admit(request_, 0.0)
    assert refused.value.reason == reason


def test_without_a_token_there_is_no_tap() -> None:
    with pytest.raises(Rejected, match="no_secret"):
        an_adapter(tap_tokens=[]).admit(opening(authorization=f"Bearer {TOKEN}"), 0.0)


# who is told -------------------------------------------------------------------------------------------


class Bridge:
    """A socket whose other side says what it was given, then goes."""

    def __init__(self, *frames: str) -> None:
        self.frames = list(frames)
        self.answers: list[str | bytes] = []

    async def receive(self) -> str | bytes:
        if not self.frames:
            raise SocketClosed
        return self.frames.pop(0)

    async def send(self, message: str | bytes) -> None:
        self.answers.append(message)


class Failing(RecordingHost):
    """A host whose database fails as often as it is told."""

    failures = 0

    async def happened(self, adapter: str, happenings: Any) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("The database failed.")
        await super().happened(adapter, happenings)


async def attended(adapter: JitsiMeet, host: RecordingHost, *frames: str) -> Bridge:
    await adapter.start(host)
    bridge = Bridge(*frames)
    with pytest.raises(SocketClosed):
        await adapter.attend(adapter.admit(opening(authorization=TOKEN), 0.0), bridge)
    await adapter.stop()
    return bridge


def joined(identity: str, endpoint: str, at: float) -> dict[str, Any]:
    jid = f"{endpoint}-5195-4a4d-8efb-f58b49d18741@meet.clinic.example/OWhl8jSh"
    return {
        "event_name": "muc-occupant-joined",
        "room_name": "visit-1",
        "room_jid": "visit-1@conference.meet.clinic.example",
        "is_breakout": False,
        "occupant": {"id": identity, "occupant_jid": jid, "joined_at": int(at)},
    }


FRAMES = (start("10a52c3f-1", CLIENT), media("10a52c3f-1", 1, b"\x78"), '{"event": "ping", "id": 1}')


def heard(adapter: JitsiMeet, said: dict[str, Any]) -> Happening:
    [found] = adapter.parse(Verified(content=said, message="1", at=0.0))
    return found


def listening(**settings: Any) -> JitsiMeet:
    table = {"tap_tokens": [TOKEN], **settings}
    return JitsiMeet(JitsiSettings.model_validate(table), clock=lambda: 1000.0, listener=Ear())


async def test_a_sender_is_who_joined_under_their_id_in_their_room() -> None:
    adapter, host = listening(), RecordingHost()
    came = heard(adapter, joined("c1", CLIENT, 900))
    bridge = await attended(adapter, host, *FRAMES)
    [spoke] = host.happenings
    assert (spoke.kind, spoke.room, spoke.connection) == ("spoke", came.room, came.connection)
    assert (spoke.at, spoke.seconds) == (1000.02, pytest.approx(0.02))
    assert bridge.answers == ['{"event": "pong", "id": 1}']


async def test_the_signed_module_tells_the_meeting_that_the_bridge_names() -> None:
    adapter, host = listening(signing_secrets=["whsec_" + "A" * 32]), RecordingHost()
    await attended(adapter, host, *FRAMES)
    [spoke] = host.happenings
    assert (spoke.room, spoke.connection) == (MEETING, CLIENT)


async def test_an_unknown_sender_is_nobody() -> None:
    host = RecordingHost()
    await attended(listening(), host, *FRAMES)
    assert host.happenings == []


async def test_what_the_database_did_not_take_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alliancekit_jitsi.adapter.REPORT_SECONDS", 0.01)
    adapter, host = listening(), Failing()
    host.failures = 2
    heard(adapter, joined("c1", CLIENT, 900))

    class Slow(Bridge):
        async def receive(self) -> str | bytes:
            if not self.frames:
                async with asyncio.timeout(30):
                    while not host.happenings:  # noqa: ASYNC110 - the host tells nobody
                        await asyncio.sleep(0.01)
            return await super().receive()

    await adapter.start(host)
    with pytest.raises(SocketClosed):
        await adapter.attend(adapter.admit(opening(authorization=TOKEN), 0.0), Slow(*FRAMES))
    assert [one.kind for one in host.happenings] == ["spoke"], "once, and not lost"
    await adapter.stop()


async def test_who_is_no_bridge_is_shown_the_door() -> None:
    adapter = listening()
    await adapter.start(RecordingHost())
    bridge = Bridge(*["no JSON"] * (MISREAD + 5))
    await adapter.attend(adapter.admit(opening(authorization=TOKEN), 0.0), bridge)
    assert len(bridge.frames) == 5
    await adapter.stop()


# in the service ----------------------------------------------------------------------------------------


class Platform(Jitsi):
    """The plugin with tokens for Prosody and the bridge."""

    def __init__(self) -> None:
        super().__init__(JitsiSettings.model_validate({"secrets": [POST], "tap_tokens": [TOKEN]}))


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site(extra=[("jitsi", Platform())])


@pytest.fixture
async def address(site: Site) -> AsyncIterator[str]:
    async with on_network(site) as found:
        yield f"ws://{found}/v1/adapters/jitsi/socket?sessionId={MEETING}"


async def posted(site: Site, said: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {POST}"}
    reply = await site.http.post("/v1/adapters/jitsi/events/occupant/joined", json=said, headers=headers)
    assert reply.status_code == 200


async def test_a_call_over_the_bridge_becomes_its_talk_balance(
    site: Site, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client speaks longer than the therapist, at the same time; told once, when the bridge goes."""
    monkeypatch.setattr("alliancekit_jitsi.adapter.REPORT_SECONDS", 1000.0)
    site.clock.now = time.time()
    meeting: Meeting = await site.session(adapter="jitsi", room="visit-1")
    begin = site.clock()
    long = spoken("What I would like to say is that the week was hard for me, and then it got better.")
    short = spoken("I see. That sounds like quite a lot at once.", pitch=20)
    await posted(site, joined("c1", CLIENT, begin))
    await posted(site, joined("t1", THERAPIST, begin))
    async with connect(address, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as bridge:
        await bridge.send(start("10a52c3f-305123557", CLIENT))
        await bridge.send(start("84d90bac-2272476824", THERAPIST))
        await asyncio.gather(
            speak(bridge, "10a52c3f-305123557", long), speak(bridge, "84d90bac-2272476824", short, 7)
        )
        await bridge.send('{"event": "ping", "id": 9}')
        assert json.loads(await bridge.recv()) == {"event": "pong", "id": 9}
    async with asyncio.timeout(30):
        while (await counts(site, "jitsi"))["taken"] < 3:  # noqa: ASYNC110 - the host tells nobody
            await asyncio.sleep(0.05)
    site.clock.now += 90
    await posted(
        site,
        {
            **joined("c1", CLIENT, begin),
            "event_name": "muc-room-destroyed",
            "created_at": int(begin),
            "destroyed_at": int(begin + 80),
            "all_occupants": [
                joined(who, endpoint, begin)["occupant"]
                for who, endpoint in (("c1", CLIENT), ("t1", THERAPIST))
            ],
        },
    )
    await site.settle()
    found = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert found["status"] == "ended"
    episode = (await site.get(f"/v1/episodes/{meeting.episode}")).json()
    balance = episode["sessions"][0]["talk_balance"]
    assert balance["client"]["seconds"] == pytest.approx(len(long) * 0.02, rel=0.3)
    assert balance["therapist"]["seconds"] == pytest.approx(len(short) * 0.02, rel=0.3)
    assert balance["client"]["turns"] >= 1
    assert balance["overlap"] > 0


@pytest.mark.parametrize(("header", "reason"), [("", "unsigned"), ("Bearer wrong", "bad_signature")])
async def test_a_stranger_is_refused_and_counted(site: Site, address: str, header: str, reason: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(address, additional_headers={"Authorization": header} if header else {})
    assert refused.value.response.status_code == 403
    assert (await counts(site, "jitsi"))["refused"] == {reason: 1}


async def test_a_frame_that_is_too_long_ends_the_connection(address: str) -> None:
    async with connect(f"{address}&token={TOKEN}") as bridge:
        await bridge.send(" " * (JitsiMeet.max_message + 1))
        with pytest.raises(ConnectionClosed):
            await bridge.recv()
        assert bridge.close_code == 1009
