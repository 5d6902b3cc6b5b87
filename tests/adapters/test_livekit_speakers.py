"""Who speaks when, from what LiveKit's package for participants says.

No LiveKit server runs here. The room is the package's own `Room`, and takes the package's own event messages
the way its native part hands them over; only what needs a server (connecting, subscribing, the room's sid) is
put in its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

import pytest
from livekit import api, rtc
from livekit.rtc._proto import room_pb2
from tests.adapters.fake_livekit import FakeLiveKit
from tests.adapters.test_livekit import KEY, SECRET, told
from tests.adapters.test_livekit_server import NOW, ROOM, settings_of
from tests.services import until
from typing_extensions import override

from alliancekit.adapters import Happening
from alliancekit.errors import StoreError
from alliancekit.testing import FakeClock
from alliancekit.testing.fake_adapter import RecordingHost
from alliancekit_livekit import LiveKitAdapter, speakers

KINDS = rtc.ParticipantKind
AUDIO, VIDEO = rtc.TrackKind.KIND_AUDIO, rtc.TrackKind.KIND_VIDEO


class Rehearsed(rtc.Room):
    """The package's room without a server."""

    made: ClassVar[list[Rehearsed]] = []
    instance: ClassVar[str] = "RM_1"
    fails: ClassVar[bool] = False
    there: ClassVar[Sequence[tuple[str, str]]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.opened: tuple[str, str, rtc.RoomOptions] | None = None
        self.left = asyncio.Event()
        self.made.append(self)

    @override
    async def connect(self, url: str, token: str, options: rtc.RoomOptions | None = None) -> None:
        if self.fails:
            raise rtc.ConnectError("Ana said no")
        assert options is not None
        self.opened = (url, token, options)
        for identity, sid in self.there:
            self.joins(identity, sid)
            self.publishes(identity, f"TR_{identity}", AUDIO)

    @property
    @override
    async def sid(self) -> str:
        return self.instance

    @override
    async def disconnect(self, *_: Any) -> None:
        self.left.set()

    # what the native part says

    def joins(self, identity: str, sid: str, **fields: Any) -> None:
        event = room_pb2.RoomEvent(room_handle=0)
        hidden = fields.pop("hidden", False)
        info = event.participant_connected.info.info
        info.MergeFrom(type(info)(identity=identity, sid=sid, name="Ana Example", metadata="", **fields))
        info.permission.hidden = hidden
        self._on_room_event(event)

    def goes(self, identity: str) -> None:
        event = room_pb2.RoomEvent(room_handle=0)
        event.participant_disconnected.participant_identity = identity
        event.participant_disconnected.disconnect_reason = rtc.DisconnectReason.CLIENT_INITIATED
        self._on_room_event(event)

    def publishes(self, identity: str, track: str, kind: int) -> None:
        event = room_pb2.RoomEvent(room_handle=0)
        event.track_published.participant_identity = identity
        event.track_published.publication.info.sid = track
        event.track_published.publication.info.kind = kind  # type: ignore[assignment]
        self._on_room_event(event)

    def speak(self, *identities: str) -> None:
        """The whole list of who speaks now."""
        event = room_pb2.RoomEvent(room_handle=0)
        event.active_speakers_changed.participant_identities.extend(identities)
        self._on_room_event(event)

    def reconnects(self) -> None:
        event = room_pb2.RoomEvent(room_handle=0)
        event.reconnecting.SetInParent()
        self._on_room_event(event)

    def breaks(self) -> None:
        event = room_pb2.RoomEvent(room_handle=0)
        event.disconnected.reason = rtc.DisconnectReason.ROOM_DELETED
        self._on_room_event(event)


@pytest.fixture
def subscribed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tracks that were asked for."""
    asked: list[str] = []
    monkeypatch.setattr(rtc, "Room", Rehearsed)
    monkeypatch.setattr(speakers, "TELL_EVERY", 0.01)
    for name, value in {"made": [], "instance": "RM_1", "fails": False, "there": [("c1", "PA_1")]}.items():
        monkeypatch.setattr(Rehearsed, name, value)
    monkeypatch.setattr(
        rtc.RemoteTrackPublication, "set_subscribed", lambda self, wanted: asked.append(self.sid)
    )
    return asked


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def said() -> list[Happening]:
    return []


@pytest.fixture
async def listening(
    subscribed: list[str], clock: FakeClock, said: list[Happening]
) -> AsyncIterator[speakers.Speakers]:
    async def tell(happenings: Sequence[Happening]) -> None:
        said.extend(happenings)

    one = speakers.Speakers("https://livekit.example", KEY, SECRET, tell=tell, clock=clock)
    yield one
    await one.close()


async def joined(listening: speakers.Speakers) -> Rehearsed:
    """The room that the listener is in."""
    listening.attend(ROOM, people=1)
    await until(lambda: any(one.opened and not one.left.is_set() for one in Rehearsed.made))
    return Rehearsed.made[-1]


def seconds_of(said: Sequence[Happening], person: str) -> float:
    return round(sum(one.seconds for one in said if one.person == person), 3)


async def test_lists_of_speakers_become_stretches_of_speech(
    listening: speakers.Speakers, clock: FakeClock, said: list[Happening]
) -> None:
    room = await joined(listening)
    room.joins("t1", "PA_2")
    room.speak("c1")
    clock.now += 2.5
    room.speak("t1", "c1")
    clock.now += 0.5
    room.speak("t1")
    clock.now += 4
    room.speak()
    clock.now += 60
    await until(lambda: seconds_of(said, "t1") >= 4.5)
    assert (seconds_of(said, "c1"), seconds_of(said, "t1")) == (3.0, 4.5)
    assert {(one.kind, one.room, one.name) for one in said} == {("spoke", "RM_1", "visit-1")}
    assert {(one.person, one.connection) for one in said} == {("c1", "PA_1"), ("t1", "PA_2")}
    assert max(one.at for one in said) == NOW + 7
    assert "Ana" not in repr(said)


async def test_a_long_speech_is_told_in_pieces_that_join(
    listening: speakers.Speakers, clock: FakeClock, said: list[Happening]
) -> None:
    room = await joined(listening)
    room.speak("c1")
    for number in range(1, 4):
        clock.now += 5
        await until(lambda number=number: len(said) >= number)
    room.speak()
    spans = [(one.at - one.seconds, one.at) for one in said]
    assert spans[0][0] == NOW
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]


async def test_machines_and_hidden_ones_are_not_heard(
    listening: speakers.Speakers, clock: FakeClock, said: list[Happening]
) -> None:
    room = await joined(listening)
    room.joins("note", "PA_8", kind=KINDS.PARTICIPANT_KIND_AGENT)
    room.joins("quiet", "PA_9", hidden=True)
    room.joins("ana@clinic.example", "PA_7")
    room.speak("note", "quiet", "ana@clinic.example")
    clock.now += 3
    room.speak()
    await until(lambda: bool(said))
    assert [(one.person, one.connection) for one in said] == [("", "PA_7")]


async def test_while_it_reconnects_nobody_is_heard(
    listening: speakers.Speakers, clock: FakeClock, said: list[Happening]
) -> None:
    room = await joined(listening)
    room.speak("c1")
    clock.now += 1
    room.reconnects()
    clock.now += 30
    await until(lambda: bool(said))
    assert seconds_of(said, "c1") == 1.0


async def test_only_microphones_are_subscribed_to_and_at_once(
    listening: speakers.Speakers, subscribed: list[str]
) -> None:
    """Without a subscription LiveKit tells of no speaker."""
    room = await joined(listening)
    await until(lambda: "TR_c1" in subscribed)
    room.joins("t1", "PA_2")
    room.publishes("t1", "TR_camera", VIDEO)
    room.publishes("t1", "TR_microphone", AUDIO)
    assert set(subscribed) == {"TR_c1", "TR_microphone"}


async def test_the_listener_is_hidden_mute_and_keeps_no_room_open(listening: speakers.Speakers) -> None:
    room = await joined(listening)
    assert room.opened is not None
    url, access, options = room.opened
    assert (url, options.auto_subscribe) == ("wss://livekit.example", False)
    claims = api.TokenVerifier(KEY, SECRET).verify(access)
    grants = claims.video
    assert grants is not None
    assert (claims.kind, grants.hidden, grants.room, grants.room_join) == ("agent", True, "visit-1", True)
    assert (grants.can_publish, grants.can_publish_data, grants.can_subscribe) == (False, False, True)
    # As LiveKit then writes it in webhooks.
    fields = {"identity": claims.identity, "kind": "AGENT", "permission": {"hidden": True}}
    assert told("participant_joined", **fields) == ()


@pytest.mark.parametrize("how", ["goes", "breaks"])
async def test_it_leaves_with_the_last_human_and_comes_back_with_the_next(
    listening: speakers.Speakers, how: str
) -> None:
    first = await joined(listening)
    first.joins("note", "PA_8", kind=KINDS.PARTICIPANT_KIND_AGENT)
    if how == "goes":
        first.goes("c1")
    else:
        first.breaks()
    await first.left.wait()
    await until(lambda: not listening._tasks)
    listening.attend(ROOM, people=0)
    assert not listening._tasks
    assert await joined(listening) is not first


async def test_one_listener_for_a_room(listening: speakers.Speakers) -> None:
    for _ in range(3):
        await joined(listening)
    assert len(Rehearsed.made) == 1


async def test_another_room_of_this_name_is_left_at_once(
    listening: speakers.Speakers, monkeypatch: pytest.MonkeyPatch, subscribed: list[str]
) -> None:
    monkeypatch.setattr(Rehearsed, "instance", "RM_2")
    listening.attend(ROOM, people=1)
    await until(lambda: bool(Rehearsed.made) and not listening._tasks)
    assert Rehearsed.made[0].left.is_set()
    assert subscribed == []


async def test_a_room_that_cannot_be_joined_is_tried_again_at_the_next_look(
    listening: speakers.Speakers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Rehearsed, "fails", True)
    listening.attend(ROOM, people=1)
    await until(lambda: bool(Rehearsed.made) and not listening._tasks)
    assert "ConnectError" in caplog.text
    assert "Ana" not in caplog.text
    monkeypatch.setattr(Rehearsed, "fails", False)
    assert (await joined(listening)).opened is not None


async def test_what_cannot_be_stored_is_told_again(subscribed: list[str], clock: FakeClock) -> None:
    told_: list[Happening] = []
    fails = [StoreError("The disk is full.")] * 3

    async def tell(happenings: Sequence[Happening]) -> None:
        if fails:
            raise fails.pop()
        told_.extend(happenings)

    listening = speakers.Speakers("ws://livekit.example", KEY, SECRET, tell=tell, clock=clock)
    room = await joined(listening)
    room.speak("c1")
    clock.now += 2
    room.speak()
    await until(lambda: bool(told_))
    assert seconds_of(told_, "c1") == 2.0
    await listening.close()


async def test_stopping_tells_the_rest_and_leaves_every_room(
    subscribed: list[str], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the look into a room to what the host is told."""
    monkeypatch.setattr(speakers, "TELL_EVERY", 60.0)
    host = RecordingHost()
    async with FakeLiveKit(KEY, SECRET).running() as server:
        adapter = LiveKitAdapter(settings_of(server.url, speakers=True), clock=clock)
        assert adapter.capabilities.talk_balance
        await adapter.start(host)
        server.open("RM_1", "visit-1")
        await adapter.snapshot(ROOM)
        assert Rehearsed.made == []
        server.join("RM_1", "c1", "PA_1", NOW - 60)
        await adapter.snapshot(ROOM)
        await until(lambda: bool(Rehearsed.made) and Rehearsed.made[0].opened is not None)
        [room] = Rehearsed.made
        room.speak("c1")
        clock.now += 4
        await adapter.stop()
    assert room.left.is_set()
    assert [(one.person, one.seconds) for one in host.happenings] == [("c1", 4.0)]
