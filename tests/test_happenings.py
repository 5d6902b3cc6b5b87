"""What platforms say as facts: the same whatever the order, and nothing of what no platform can mean."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit import sessions
from alliancekit.adapters import Happening, Rejected
from alliancekit.happenings import (
    AHEAD,
    Roster,
    check,
    connection_key,
    latest,
    missing,
    room_key,
    room_prefix,
    still_out,
    told,
)
from alliancekit.sessions import CallState, Gone, Over, Present

ROOM = room_key("toy", "inst-1")
PEOPLE = {"c1": "par_c", "t1": "par_t"}


def find(person: str, connection: str) -> str | None:
    return PEOPLE.get(person)


def happening(kind: Any = "joined", at: float = 100.0, **fields: Any) -> Happening:
    return Happening(kind=kind, room="inst-1", at=at, **fields)


def key(one: str) -> str:
    return connection_key(ROOM, one)


def test_joining_and_leaving_are_presence_under_keys_of_the_room() -> None:
    said = told(
        [
            happening(person="c1", connection="a"),
            happening("left", 200.0, person="c1", connection="a", how="dropped", joined_at=90.0),
        ],
        ROOM,
        find,
        (),
    )
    assert said.facts == (
        Present(connection=key("a"), participant="par_c", at=100.0, joined_at=100.0),
        Gone(connection=key("a"), participant="par_c", at=200.0, joined_at=90.0, how="dropped"),
    )
    assert key("a") != connection_key(room_key("toy", "inst-2"), "a")
    assert key("a") != connection_key(room_key("other", "inst-1"), "a")


def test_a_platform_without_presences_of_its_own_has_one_for_each_person() -> None:
    (fact,) = told([happening(person="c1")], ROOM, find, ()).facts
    assert fact == Present(connection=key("c1"), participant="par_c", at=100.0, joined_at=100.0)


def test_strangers_are_counted_and_nothing_else() -> None:
    said = told(
        [
            happening(person="Ana Example"),
            happening("spoke", person="bot", seconds=2.0),
            happening("roster", people=(("c1", "a"), ("recorder", "b"))),
        ],
        ROOM,
        find,
        (),
    )
    assert said.strangers == 3
    assert "Ana" not in repr(said)
    assert [fact.participant for fact in said.facts if isinstance(fact, Present)] == ["par_c"]


def test_the_end_and_what_was_heard() -> None:
    said = told(
        [happening("started"), happening("spoke", 100.0, person="t1", seconds=4.0), happening("over", 300.0)],
        ROOM,
        find,
        tuple(PEOPLE.values()),
    )
    assert said.facts == (Over(at=300.0, room=room_prefix(ROOM)),)
    sure = told([happening("over", 300.0)], ROOM, find, (), final=True)
    assert sure.facts == told([happening("cancelled", 300.0)], ROOM, find, ()).facts == (Over(at=300.0),)
    assert said.spoke == (("par_t", 96.0, 100.0),)
    assert said.sent_out == {}


@pytest.mark.parametrize("how", ["ejected", "declined"])
def test_who_is_sent_out_or_not_let_in_is_told_with_the_latest_time(how: Any) -> None:
    said = told(
        [happening("left", at, person="c1", connection="a", how=how) for at in (300.0, 200.0)], ROOM, find, ()
    )
    assert said.sent_out == {"par_c": 300.0}
    assert {fact.how for fact in said.facts if isinstance(fact, Gone)} == {"left"}


def test_a_visit_that_is_called_off_asks_nobody() -> None:
    said = told([happening("cancelled", 50.0)], ROOM, find, tuple(PEOPLE.values()))
    assert said.facts == (Over(at=50.0),)
    assert said.sent_out == {"par_c": 50.0, "par_t": 50.0}
    assert still_out(CallState(), said.sent_out) == {"par_c", "par_t"}


def test_who_came_back_after_being_sent_out_is_not_out() -> None:
    gone = Gone(connection="a", participant="par_c", at=200.0)
    state = sessions.merge(CallState(), gone)
    assert still_out(state, {"par_c": 200.0}) == {"par_c"}
    back = sessions.merge(state, Present(connection="b", participant="par_c", at=201.0))
    assert still_out(back, {"par_c": 200.0}) == frozenset()


# rosters ----------------------------------------------------------------------------------------------


def state_of(*facts: sessions.Fact) -> CallState:
    return sessions.merge_all(CallState(), facts)


HERE = Present(connection=key("a"), participant="par_c", at=100.0, joined_at=50.0)


def test_who_is_missing_once_stays_and_who_is_missing_twice_is_lost_when_last_seen() -> None:
    first: Roster = (160.0, frozenset())
    second: Roster = (220.0, frozenset())
    assert missing(state_of(HERE), ROOM, [first]) == ()
    (lost,) = missing(state_of(HERE), ROOM, [first, second])
    assert lost == Gone(connection=key("a"), participant="par_c", at=100.0, how="dropped")
    assert missing(state_of(HERE), ROOM, [first, (220.0, frozenset({key("a")}))]) == ()
    assert missing(state_of(HERE), ROOM, [(90.0, frozenset()), second]) == ()


def test_a_list_of_one_room_says_nothing_of_another_or_of_other_adapters() -> None:
    elsewhere = Present(connection=connection_key(room_key("toy", "2"), "a"), participant="par_c", at=1.0)
    ours = Present(connection="side-connection", participant="par_t", at=1.0)
    assert missing(state_of(elsewhere, ours), ROOM, [(2.0, frozenset()), (3.0, frozenset())]) == ()


def test_only_the_two_latest_lists_of_different_times_are_kept() -> None:
    lists = [(at, frozenset({str(at)})) for at in (3.0, 1.0, 2.0, 3.0)]
    assert latest(lists) == ((2.0, frozenset({"2.0"})), (3.0, frozenset({"3.0"})))


@given(st.randoms(use_true_random=False))
def test_lists_and_facts_give_the_same_in_every_order(chance: random.Random) -> None:
    said = [
        happening("joined", 10.0, person="c1", connection="a"),
        happening("joined", 12.0, person="t1", connection="b"),
        happening("roster", 60.0, people=(("c1", "a"), ("t1", "b"))),
        happening("roster", 120.0, people=(("t1", "b"),)),
        happening("roster", 180.0, people=(("t1", "b"),)),
        happening("roster", 240.0, people=(("t1", "b"),)),
        happening("left", 250.0, person="t1", connection="b"),
    ]

    def outcome(order: list[Happening]) -> object:
        state, rosters = CallState(), ()
        for one in order:
            what = told([one], ROOM, find, ())
            state = sessions.merge_all(state, what.facts)
            rosters = latest((*rosters, *what.rosters))
            state = sessions.merge_all(state, missing(state, ROOM, rosters))
        return sessions.segments(state, {"par_c": "client", "par_t": "therapist"}, 1000.0)

    expected = outcome(said)
    assert [(s.participant, s.left_at) for s in expected] == [("par_c", 60.0), ("par_t", 250.0)]  # type: ignore[attr-defined]
    shuffled = [*said, *chance.sample(said, k=3)]
    chance.shuffle(shuffled)
    assert outcome(shuffled) == expected


# nonsense ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"at": -1.0},
        {"at": float("nan")},
        {"at": float("inf")},
        {"at": 1000.0 + AHEAD + 1},
        {"at": True},
        {"at": "100"},
        {"seconds": -1.0},
        {"joined_at": float("nan")},
        {"room": ""},
        {"room": "x" * 1001},
        {"room": "\0"},
        {"name": "\ud800"},
        {"person": None},
        {"connection": 7},
        {"people": (("c1", 7),)},
    ],
)
def test_what_no_platform_can_mean_is_malformed(fields: dict[str, Any]) -> None:
    values: dict[str, Any] = {"kind": "joined", "room": "inst-1", "at": 100.0} | fields
    with pytest.raises(Rejected, match="malformed"):
        check([Happening(**values)], 1000.0)


def test_a_clock_that_is_a_little_ahead_is_taken() -> None:
    check([happening(at=1000.0 + AHEAD)], 1000.0)
