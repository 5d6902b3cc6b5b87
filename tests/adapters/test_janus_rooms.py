"""One VideoRoom as happenings: any order, repetition and loss of a recorded call's events; who is who."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.fake_janus import someone

from alliancekit import happenings, sessions
from alliancekit.adapters import Happening
from alliancekit.events import Role
from alliancekit.sessions import CallPolicy, CallState
from alliancekit_janus.people import Identity
from alliancekit_janus.people import someone as who_is
from alliancekit_janus.videoroom import VideoRoom

START = 1_790_000_000.0
ROOM, INSTANCE = "visit-1", "visit-1|ses_1"
PEOPLE: dict[str, Role] = {"par_c": "client", "par_t": "therapist"}
BOTH = [someone("par_c~1"), someone("par_t~1")]

CALL: list[tuple[float, str, dict[str, Any]]] = [
    (0.0, "list", {"participants": []}),
    (3.0, "list", {"participants": BOTH[:1]}),
    (3.1, "joined", {"id": "alliancekit-1", "publishers": BOTH[:1]}),
    (9.0, "event", {"videoroom": "event", "joining": {"id": "par_t~1", "display": "Dr. Example"}}),
    (10.0, "event", {"videoroom": "event", "publishers": BOTH[1:]}),
    (15.0, "list", {"participants": BOTH}),
    (40.0, "event", {"videoroom": "talking", "id": "par_c~1"}),
    (70.0, "event", {"videoroom": "stopped-talking", "id": "par_c~1"}),
    (900.0, "list", {"participants": BOTH}),
    (1800.0, "event", {"videoroom": "event", "unpublished": "par_c~1"}),
    (1800.0, "event", {"videoroom": "event", "leaving": "par_c~1"}),
    (1803.0, "event", {"videoroom": "event", "leaving": "par_t~1"}),
    (1805.0, "list", {"participants": []}),
    (1825.0, "list", {"participants": []}),
    (1826.0, "event", {"videoroom": "destroyed"}),
]
"""A visit as Janus 1.1.2 tells it: seconds since its beginning, what is told, and how."""


def a_room(identity: Identity = "id") -> VideoRoom:
    return VideoRoom(ROOM, INSTANCE, identity=identity, talking=True, talking_seconds=2.0)


def told(call: Sequence[tuple[float, str, dict[str, Any]]]) -> list[Happening]:
    """What a room says of these events, each at its own time."""
    room = a_room()
    for at, how, data in call:
        tell(room, how, data, START + at)
    return room.take()


def tell(room: VideoRoom, how: str, data: dict[str, Any], at: float) -> None:
    match how:
        case "list":
            room.listed(data, at)
        case "joined":
            room.joined(data, at)
        case _:
            room.event(data, at)


def outcome(said: Sequence[Happening]) -> tuple[bool, frozenset[str]]:
    """Whether the call ended, and who is asked to rate it."""
    key = happenings.room_key("janus", INSTANCE)
    facts = happenings.told(said, key, lambda person, _: person if person in PEOPLE else None, list(PEOPLE))
    state = sessions.merge_all(CallState(), facts.facts)
    state = sessions.merge_all(state, happenings.missing(state, key, happenings.latest(facts.rosters)))
    later = START + 86400
    ended = sessions.status(state, later, CallPolicy(), roles=PEOPLE).status == "ended"
    return ended, frozenset(sessions.ratings_due(state, PEOPLE, later, CallPolicy()))


WHOLE = (True, frozenset(PEOPLE))


def test_the_recorded_call() -> None:
    said = told(CALL)
    assert [(one.kind, one.person) for one in said if one.kind != "roster"] == [
        ("joined", "par_c"),
        ("joined", "par_t"),
        ("spoke", "par_c"),
        ("left", "par_c"),
        ("left", "par_t"),
        ("over", ""),
    ]
    [spoke] = [one for one in said if one.kind == "spoke"]
    assert (spoke.at, spoke.seconds) == (START + 68, 30.0), "Janus is two seconds late with both"
    assert outcome(said) == WHOLE
    assert "Example" not in repr(said)


@given(st.data())
def test_losing_or_repeating_an_event_loses_and_doubles_nothing(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(CALL) - 1))
    again = data.draw(st.integers(0, 2))
    call = [*CALL[:place], *[CALL[place]] * again, *CALL[place + 1 :]]
    assert outcome(told(call)) == WHOLE


@given(st.permutations(range(len(CALL))), st.lists(st.integers(0, len(CALL) - 1), max_size=4))
def test_any_order_of_what_is_told_to_the_host_gives_the_same_call(order: list[int], more: list[int]) -> None:
    said = told(CALL)
    places = [place for place in [*order, *more] if place < len(said)]
    shuffled = [said[place] for place in [*places, *range(len(said))]]
    assert outcome(shuffled) == WHOLE


@given(st.permutations(CALL))
def test_events_in_any_order_are_told_without_failing(call: list[tuple[float, str, dict[str, Any]]]) -> None:
    said = told(call)
    happenings.check(said, START + 2000)
    ended, asked = outcome(said)
    assert asked <= PEOPLE.keys()
    assert ended or not asked


KEYS = (
    *("videoroom", "id", "participants", "publishers", "attendees", "joining", "leaving"),
    *("kicked", "unpublished", "reason", "talking"),
)
ODD = ("event", "talking", "stopped-talking", "ok", "par_c~1", "", None, True, 0, -1.5, [], [None], {})
FITTING = (BOTH, BOTH[0], [someone("par_c~1", streams=[1, {"type": "audio", "codec": "opus", "mid": 0}])])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["list", "joined", "event"]),
            st.dictionaries(st.sampled_from(KEYS), st.sampled_from([*ODD, *FITTING]), max_size=5),
        ),
        max_size=8,
    )
)
def test_any_event_is_understood_or_passed_over(events: list[tuple[str, dict[str, Any]]]) -> None:
    room = a_room()
    for number, (how, data) in enumerate(events):
        tell(room, how, data, START + number)
    happenings.check(room.take(), START + 100)


def test_audio_is_wanted_of_those_who_publish_opus() -> None:
    room = a_room()
    video = {"type": "video", "mid": "1", "codec": "vp8"}
    g722 = someone("par_x~1", streams=[{"type": "audio", "mid": "0", "codec": "g722"}])
    room.joined({"id": 1, "publishers": [{**BOTH[0], "streams": [video, *BOTH[0]["streams"]]}, g722]}, START)
    assert {(one.publisher, one.mid) for one in room.audio.values()} == {("par_c~1", "0")}
    room.event({"videoroom": "event", "unpublished": "par_c~1"}, START)
    assert room.audio == {}


def test_our_observers_and_dummies_are_nobody() -> None:
    room = a_room()
    entries = [
        someone("alliancekit-1"),
        {**someone("x"), "display": "AllianceKit"},
        someone("d", dummy=True),
        someone("me"),
    ]
    room.joined({"id": "me", "publishers": entries}, START)
    assert room.people == ()


@pytest.mark.parametrize(
    ("entry", "identity", "person"),
    [
        ({"id": "par_c~7f3a", "display": "Anna Example"}, "id", "par_c"),
        ({"id": 4711, "display": "Anna Example"}, "id", "4711"),
        ({"id": 4711, "display": "par_c~7f3a"}, "display", "par_c"),
        ({"id": 4711, "display": "Anna Example"}, "display", ""),
        ({"id": 4711, "display": "anna@clinic.example"}, "display", ""),
        ({"id": 4711}, "display", ""),
    ],
)
def test_who_somebody_is(entry: dict[str, Any], identity: Identity, person: str) -> None:
    found = who_is(entry, identity)
    assert found is not None
    assert (found.person, found.connection) == (person, str(entry["id"]))


def test_speech_ends_with_leaving_and_with_a_broken_connection() -> None:
    room = a_room()
    room.joined({"id": "me", "publishers": BOTH}, START)
    for one in ("par_c~1", "par_t~1"):
        room.event({"videoroom": "talking", "id": one}, START + 10)
    room.event({"videoroom": "event", "leaving": "par_c~1"}, START + 20)
    room.interrupted()
    room.listed({"participants": BOTH[1:]}, START + 100)
    spoke = {one.person: one.seconds for one in room.take() if one.kind == "spoke"}
    assert spoke == {"par_c": 10.0}
