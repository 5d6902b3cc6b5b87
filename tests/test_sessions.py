"""The session state machine: one test a rule, and a property test over every disorder of a whole call."""

from __future__ import annotations

import doctest
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit import sessions
from alliancekit.events import Role
from alliancekit.sessions import (
    ALL_LEFT,
    LAST_DROPPED,
    NO_NEWS,
    CallPolicy,
    CallState,
    Fact,
    Gone,
    Over,
    Present,
    explicit_end,
    later_end,
    merge,
    merge_all,
    met_at,
    next_check,
    ratings_due,
    seconds_together,
    segments,
    status,
)

POLICY = CallPolicy()
ROLES: dict[str, Role] = {"par_c": "client", "par_t": "therapist", "par_o": "observer"}


def joined(connection: str, participant: str, at: float) -> Present:
    return Present(connection=connection, participant=participant, at=at, joined_at=at)


def left(connection: str, participant: str, start: float, at: float) -> Gone:
    return Gone(connection=connection, participant=participant, at=at, joined_at=start)


def dropped(connection: str, participant: str, start: float, at: float) -> Gone:
    return replace(left(connection, participant, start, at), how="dropped")


def state_of(*facts: Fact) -> CallState:
    return merge_all(CallState(), facts)


def pieces(state: CallState, now: float) -> list[tuple[str, float, float, str]]:
    return [(s.participant, s.joined_at, s.left_at, s.how) for s in segments(state, ROLES, now)]


CALL: tuple[Fact, ...] = (
    joined("c1", "par_c", 0),
    joined("t1", "par_t", 5),
    dropped("c1", "par_c", 0, 300),
    joined("c2", "par_c", 310),
    left("c2", "par_c", 310, 1500),
    left("t1", "par_t", 5, 1505),
    Over(
        at=1506,
        roster=(
            dropped("c1", "par_c", 0, 300),
            left("c2", "par_c", 310, 1500),
            left("t1", "par_t", 5, 1505),
        ),
    ),
)
CALL_PIECES = [("par_c", 0, 300, "dropped"), ("par_t", 5, 1505, "left"), ("par_c", 310, 1500, "left")]


def test_the_module_example_runs() -> None:
    assert doctest.testmod(sessions).attempted > 0
    assert doctest.testmod(sessions).failed == 0


# merge ---------------------------------------------------------------------------------------------


def test_earliest_join_and_latest_news_are_kept() -> None:
    state = state_of(
        Present(connection="c1", participant="par_c", at=50),
        Present(connection="c1", participant="par_c", at=90, joined_at=20),
        Present(connection="c1", participant="par_c", at=70, joined_at=21),
    )
    assert state.connections["c1"].joined_at == 20
    assert state.connections["c1"].seen_at == 90


def test_a_lost_join_is_learned_from_the_departure() -> None:
    assert pieces(state_of(left("c1", "par_c", 10, 90)), 100) == [("par_c", 10, 90, "left")]


def test_a_drop_that_healed_on_the_same_connection_is_no_departure() -> None:
    state = state_of(
        dropped("c1", "par_c", 0, 100), Present(connection="c1", participant="par_c", at=103, joined_at=0)
    )
    assert status(state, 500, POLICY).status == "in_call"
    assert pieces(state, 500) == [("par_c", 0, 500, "ended")]


def test_left_wins_over_dropped_at_the_same_time() -> None:
    both = [dropped("c1", "par_c", 0, 9), left("c1", "par_c", 0, 9)]
    assert pieces(state_of(*both), 20) == [("par_c", 0, 9, "left")]
    assert pieces(state_of(*reversed(both)), 20) == [("par_c", 0, 9, "left")]


def test_merging_leaves_the_state_before_untouched() -> None:
    before = state_of(CALL[0])
    merge(before, CALL[1])
    assert before == state_of(CALL[0])


NUMBERS = st.integers(0, 20).map(float)
DEPARTURES = st.builds(
    Gone,
    connection=st.sampled_from(["a", "b"]),
    participant=st.sampled_from(["par_c", "par_t"]),
    at=NUMBERS,
    joined_at=st.none() | NUMBERS,
    how=st.sampled_from(["left", "dropped"]),
)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    DEPARTURES,
    st.builds(
        Present,
        connection=st.sampled_from(["a", "b"]),
        participant=st.sampled_from(["par_c", "par_t"]),
        at=NUMBERS,
        joined_at=st.none() | NUMBERS,
    ),
    st.builds(
        Over,
        at=NUMBERS,
        roster=st.lists(DEPARTURES, max_size=3).map(tuple),
        room=st.sampled_from(["", "a", "b"]),
    ),
)


@given(st.lists(FACTS, max_size=8), st.randoms(use_true_random=False), st.integers(1, 3))
def test_any_facts_in_any_order_any_number_of_times_give_one_state(
    facts: list[Fact], random: object, times: int
) -> None:
    shuffled = facts * times
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge_all(CallState(), shuffled) == merge_all(CallState(), facts)


# segments ------------------------------------------------------------------------------------------


def test_overlapping_and_touching_connections_are_one_presence() -> None:
    state = state_of(
        left("phone", "par_c", 0, 60), left("laptop", "par_c", 50, 100), left("back", "par_c", 100, 120)
    )
    assert pieces(state, 200) == [("par_c", 0, 120, "left")]


def test_a_short_connection_inside_a_longer_one_does_not_shorten_it() -> None:
    state = state_of(left("laptop", "par_c", 0, 100), dropped("phone", "par_c", 20, 40))
    assert pieces(state, 200) == [("par_c", 0, 100, "left")]


def test_a_return_after_a_drop_makes_two_presences_but_no_end() -> None:
    state = state_of(*CALL[:4])
    assert pieces(state, 400) == [
        ("par_c", 0, 300, "dropped"),
        ("par_t", 5, 400, "ended"),
        ("par_c", 310, 400, "ended"),
    ]
    assert status(state, 400, POLICY).status == "in_call"


def test_nothing_after_an_explicit_end_counts() -> None:
    state = state_of(
        joined("c1", "par_c", 0),
        joined("t1", "par_t", 0),
        Over(at=600),
        left("c1", "par_c", 0, 4000),
        joined("c2", "par_c", 700),
    )
    assert pieces(state, 5000) == [("par_c", 0, 600, "ended"), ("par_t", 0, 600, "ended")]


def test_people_without_a_role_are_left_out() -> None:
    assert pieces(state_of(left("x", "par_unknown", 0, 60)), 100) == []


# status --------------------------------------------------------------------------------------------


def test_nobody_yet_is_waiting_for_ever() -> None:
    assert status(CallState(), 1e12, POLICY).status == "waiting"
    assert next_check(CallState(), 0, POLICY) is None


def test_an_explicit_end_is_certain_and_final() -> None:
    state = state_of(joined("c1", "par_c", 0), Over(at=100), Over(at=180), joined("c2", "par_c", 190))
    verdict = status(state, 191, POLICY)
    assert (verdict.status, verdict.ended_at, verdict.reason, verdict.confidence) == (
        "ended",
        100,
        "explicit",
        1.0,
    )
    assert next_check(state, 191, POLICY) is None


def test_everybody_gone_is_an_end_only_after_the_grace() -> None:
    state = state_of(*CALL[:6])
    assert status(state, 1524.9, POLICY).status == "paused"
    assert next_check(state, 1524.9, POLICY) == 1525
    verdict = status(state, 1525, POLICY)
    assert (verdict.status, verdict.ended_at, verdict.reason) == ("ended", 1505, "everybody_left")


def test_leaving_on_purpose_is_surer_than_being_dropped() -> None:
    on_purpose = state_of(*CALL[:6])
    lost = state_of(*CALL[:5], dropped("t1", "par_t", 5, 1505))
    assert status(on_purpose, 2000, POLICY).confidence == ALL_LEFT
    assert status(lost, 2000, POLICY).confidence == LAST_DROPPED
    assert NO_NEWS < LAST_DROPPED < ALL_LEFT < 1


def test_somebody_who_returns_after_an_inferred_end_revises_it() -> None:
    state = state_of(*CALL[:6])
    assert status(state, 1600, POLICY).status == "ended"
    assert status(merge(state, joined("t2", "par_t", 1600)), 1600, POLICY).status == "in_call"


def test_silence_ends_a_call_with_least_confidence() -> None:
    state = state_of(*CALL[:2], Present(connection="t1", participant="par_t", at=900))
    due = 900 + POLICY.timeout
    assert next_check(state, 1000, POLICY) == due
    assert status(state, due - 1, POLICY).status == "in_call"
    verdict = status(state, due, POLICY)
    assert (verdict.status, verdict.ended_at, verdict.reason, verdict.confidence) == (
        "ended",
        900,
        "timed_out",
        NO_NEWS,
    )


def test_an_observer_alone_does_not_keep_a_call_going() -> None:
    state = state_of(*CALL[:6], joined("o1", "par_o", 10))
    assert status(state, 2000, POLICY, roles=ROLES).reason == "everybody_left"
    assert status(state, 2000, POLICY).status == "in_call"


def test_a_client_who_tries_the_link_early_does_not_end_the_session() -> None:
    state = state_of(left("c0", "par_c", -900, -890))
    assert status(state, 0, POLICY, roles=ROLES).status == "waiting"
    assert status(state, -890 + POLICY.timeout, POLICY, roles=ROLES).status == "waiting"
    assert status(state, -890 + POLICY.unmet, POLICY, roles=ROLES).reason == "timed_out"
    assert status(state, 0, POLICY).reason == "everybody_left"


def test_who_came_one_after_the_other_never_met() -> None:
    state = state_of(left("c1", "par_c", 0, 300), left("t1", "par_t", 301, 600))
    assert met_at(state, ROLES) is None
    assert status(state, 2000, POLICY, roles=ROLES).status == "waiting"
    later = merge_all(state, [left("c2", "par_c", 500, 1500)])
    assert met_at(later, ROLES) == 500
    assert status(later, 2000, POLICY, roles=ROLES).ended_at == 1500


# a platform's word ----------------------------------------------------------------------------------


def closed(room: str, at: float) -> Over:
    return Over(at=at, room=room)


def test_a_room_that_is_closed_before_they_met_ends_nothing() -> None:
    early = [left("A-c", "par_c", 0, 60), closed("A-", 80)]
    assert status(state_of(*early), 100, POLICY, roles=ROLES).status == "waiting"
    whole = [*early, left("B-c", "par_c", 900, 3600), left("B-t", "par_t", 905, 3605), closed("B-", 3620)]
    verdict = status(state_of(*whole), 4000, POLICY, roles=ROLES)
    assert (verdict.reason, verdict.ended_at, verdict.confidence) == ("explicit", 3620, 1.0)
    assert ratings_due(state_of(*whole), ROLES, 4000, POLICY) == ("par_c", "par_t")


def test_an_early_room_that_is_closed_late_does_not_end_the_call_in_the_next() -> None:
    news = [
        joined("A-c", "par_c", 0),
        joined("B-c", "par_c", 100),
        joined("B-t", "par_t", 105),
        closed("A-", 300),
    ]
    assert status(state_of(*news), 400, POLICY, roles=ROLES).status == "in_call"
    assert explicit_end(state_of(*news), ROLES) is None
    assert explicit_end(state_of(*news), None) == 300


def test_who_was_not_seen_to_leave_a_closed_room_is_gone() -> None:
    state = state_of(joined("A-c", "par_c", 0), closed("A-", 80), left("B-t", "par_t", 500, 900))
    assert met_at(state, ROLES) is None
    assert status(state, 2000, POLICY, roles=ROLES).status == "waiting"
    assert pieces(state, 2000) == [("par_c", 0, 80, "dropped"), ("par_t", 500, 900, "left")]


def test_a_permanent_room_is_closed_again_and_again() -> None:
    news = [left("A-c", "par_c", 0, 60), closed("A-", 80), left("A-x", "par_c", 900, 990), closed("A-", 1000)]
    assert status(state_of(*news), 1100, POLICY, roles=ROLES).status == "waiting"
    met = [*news, left("A-y", "par_c", 2000, 3000), left("A-t", "par_t", 2000, 3000), closed("A-", 3010)]
    assert status(state_of(*met), 3100, POLICY, roles=ROLES).ended_at == 3010


def test_the_vendors_word_is_final_whoever_was_there() -> None:
    for news in ([], [left("A-c", "par_c", 0, 60)], [joined("A-c", "par_c", 0)]):
        assert status(state_of(*news, Over(at=70)), 100, POLICY, roles=ROLES).ended_at == 70
    both = [joined("A-c", "par_c", 0), joined("A-t", "par_t", 0), closed("A-", 90), Over(at=70)]
    assert explicit_end(state_of(*both), ROLES) == 70


EARLY: tuple[Fact, ...] = (
    joined("A-c", "par_c", -900),
    left("A-c", "par_c", -900, -800),
    closed("A-", -780),
    joined("B-t", "par_t", -300),
    left("B-t", "par_t", -300, -200),
    closed("B-", -180),
)
"""The client tries the link, and so does the therapist; each time the platform says that the call is over."""

ROOM_CALL: tuple[Fact, ...] = (
    *(replace(fact, connection=f"C-{fact.connection}") for fact in CALL if not isinstance(fact, Over)),
    closed("C-", 1506),
)


@given(st.permutations([*EARLY, *ROOM_CALL]), st.lists(st.sampled_from([*EARLY, *ROOM_CALL]), max_size=5))
def test_early_visits_change_nothing_in_whatever_order_everything_comes(
    facts: Sequence[Fact], again: Sequence[Fact]
) -> None:
    """At no time is the session over before they met, and in the end it is over when it was."""
    state = CallState()
    for fact in [*facts, *again]:
        state = merge(state, fact)
        verdict = status(state, 1600, POLICY, roles=ROLES)
        if met_at(state, ROLES) is None:
            assert verdict.ended_at is None
    assert state == merge_all(CallState(), [*EARLY, *ROOM_CALL])
    verdict = status(state, 1600, POLICY, roles=ROLES)
    assert (verdict.reason, verdict.ended_at) == ("explicit", 1506)
    assert ratings_due(state, ROLES, 1600, POLICY) == ("par_c", "par_t")
    early = [("par_c", -900, -800, "left"), ("par_t", -300, -200, "left")]
    assert pieces(state, 1506) == [*early, *CALL_PIECES]


@given(st.permutations([*EARLY, *ROOM_CALL]), st.sampled_from([*EARLY, *ROOM_CALL]))
def test_any_one_loss_still_ends_and_asks_the_same(facts: Sequence[Fact], lost: Fact) -> None:
    state = merge_all(CallState(), [fact for fact in facts if fact is not lost])
    now = 1600.0
    while (due := next_check(state, now, POLICY, roles=ROLES)) is not None:
        now = max(now, due)
    assert status(state, now, POLICY, roles=ROLES).status == "ended"
    assert ratings_due(state, ROLES, now, POLICY) == ("par_c", "par_t")


@given(st.lists(FACTS, max_size=6), NUMBERS)
def test_a_verdict_changes_by_time_exactly_when_announced(facts: list[Fact], now: float) -> None:
    policy = CallPolicy(grace=3, timeout=7)
    state = merge_all(CallState(), facts)
    for roles in (None, ROLES):
        verdict, due = (f(state, now, policy, roles=roles) for f in (status, next_check))
        if due is None:
            assert status(state, now + 1e6, policy, roles=roles) == verdict
        else:
            assert status(state, (now + due) / 2, policy, roles=roles) == verdict
            assert status(state, due, policy, roles=roles) != verdict


@pytest.mark.parametrize("name", ["grace", "timeout", "unmet", "minimum_together"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_policy_numbers_are_checked(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        CallPolicy(**{name: value})


# ratings -------------------------------------------------------------------------------------------


def test_time_together_leaves_out_time_alone_and_observers() -> None:
    state = state_of(*CALL, left("o1", "par_o", 0, 1506))
    assert seconds_together(state, ROLES, 1506) == (300 - 5) + (1500 - 310)


def test_two_clients_together_with_the_therapist_count_once() -> None:
    couple: dict[str, Role] = {"par_a": "client", "par_b": "client", "par_t": "therapist"}
    state = state_of(left("a", "par_a", 0, 100), left("b", "par_b", 50, 200), left("t", "par_t", 20, 180))
    assert seconds_together(state, couple, 300) == 160
    assert ratings_due(state, couple, 300, POLICY) == ("par_a", "par_b", "par_t")


def test_nobody_is_asked_before_the_end() -> None:
    assert ratings_due(state_of(*CALL[:6]), ROLES, 1520, POLICY) == ()


def test_observers_and_people_who_never_came_are_not_asked() -> None:
    roles: dict[str, Role] = {**ROLES, "par_absent": "client"}
    assert ratings_due(state_of(*CALL, left("o1", "par_o", 0, 1506)), roles, 1506, POLICY) == (
        "par_c",
        "par_t",
    )


def test_nobody_is_asked_twice() -> None:
    assert ratings_due(state_of(*CALL), ROLES, 1506, POLICY, already=["par_c"]) == ("par_t",)


def test_a_call_too_short_together_is_not_rated() -> None:
    short = [left("c1", "par_c", 0, 59), left("t1", "par_t", 0, 900), Over(at=900)]
    assert ratings_due(state_of(*short), ROLES, 900, POLICY) == ()
    assert len(ratings_due(state_of(*short), ROLES, 900, CallPolicy(minimum_together=59))) == 2


# a whole call --------------------------------------------------------------------------------------


@st.composite
def disordered(draw: st.DrawFn) -> Sequence[Fact]:
    """The recorded call with at most one event lost, any repeated, in any order."""
    lost = draw(st.none() | st.sampled_from(range(len(CALL))))
    kept = [fact for number, fact in enumerate(CALL) if number != lost]
    repeated = draw(st.lists(st.sampled_from(kept), max_size=6))
    return draw(st.permutations(kept + repeated))


@given(disordered(), st.sampled_from([0.0, 1.0, 30.0]))
def test_every_disorder_of_a_call_ends_alike_and_asks_each_person_once(
    facts: Sequence[Fact], pace: float
) -> None:
    state, asked, now = CallState(), list[str](), 1506.0
    for fact in facts:
        state = merge(state, fact)
        now += pace
        asked += ratings_due(state, ROLES, now, POLICY, already=asked)
    while (due := next_check(state, now, POLICY, roles=ROLES)) is not None:
        now = max(now, due)
        asked += ratings_due(state, ROLES, now, POLICY, already=asked)
    verdict = status(state, now, POLICY, roles=ROLES)
    assert verdict.status == "ended"
    assert verdict.ended_at is not None
    assert pieces(state, verdict.ended_at) == CALL_PIECES
    assert sorted(asked) == ["par_c", "par_t"]


# late news of an inferred end -------------------------------------------------------------------------


def test_presence_that_reaches_over_an_inferred_end_moves_it() -> None:
    roles: dict[str, Role] = {"c": "client", "t": "therapist", "o": "observer"}
    early = [
        Gone(connection="c1", participant="c", joined_at=0.0, at=300.0),
        Gone(connection="t1", participant="t", joined_at=0.0, at=300.0),
    ]
    reached = Gone(connection="t1", participant="t", joined_at=0.0, at=900.0)
    soon = Gone(connection="c2", participant="c", joined_at=915.0, at=1800.0)
    much_later = Gone(connection="c3", participant="c", joined_at=5000.0, at=5100.0)
    observer = Gone(connection="o1", participant="o", joined_at=0.0, at=9000.0)

    def end(*more: Fact) -> float:
        return later_end(merge_all(CallState(), [*early, *more]), 300.0, 20.0, roles)

    assert end() == 300.0
    assert end(soon, much_later, observer) == 300.0
    assert end(reached) == 900.0
    assert end(soon, reached, much_later) == 1800.0
    assert end(soon, reached, Over(at=1000.0)) == 1000.0
    assert end(Over(at=100.0)) == 300.0
