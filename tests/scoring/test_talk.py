"""Who spoke how much."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.events import Segment, SpeechSpan, SpeechTotal
from alliancekit.scoring.talk import length, overlap_of, talk_balance, talk_balance_of_totals, turns, union


def said(role, *spans: tuple[float, float]) -> list[SpeechSpan]:
    return [SpeechSpan(role=role, start=start, end=end) for start, end in spans]


def there(role, start: float, end: float) -> Segment:
    return Segment(participant=f"par_{role}", role=role, joined_at=start, left_at=end)


BOTH = [there("client", 0, 100), there("therapist", 0, 100)]


def test_shares_overlap_and_silence():
    got = talk_balance([*said("client", (0, 30)), *said("therapist", (20, 30), (40, 50))], BOTH)
    assert got is not None
    assert (got.client.seconds, got.therapist.seconds) == (30, 20)
    assert (got.client.share, got.therapist.share) == (0.6, 0.4)
    assert (got.overlap, got.silence, got.observed_seconds) == (0.1, 0.6, 100)
    assert (got.client.turns, got.therapist.turns) == (1, 2)


def test_only_the_time_both_were_there_counts():
    late = [there("client", 50, 100), there("therapist", 0, 80), there("therapist", 90, 100)]
    got = talk_balance([*said("therapist", (0, 60)), *said("client", (70, 95))], late)
    assert got is not None
    assert got.observed_seconds == 40
    assert (got.therapist.seconds, got.client.seconds) == (10, 15)


def test_without_segments_the_time_runs_from_the_first_sound_to_the_last():
    got = talk_balance([*said("therapist", (10, 12)), *said("client", (16, 20))])
    assert got is not None
    assert (got.observed_seconds, got.silence) == (10, 0.4)


def test_short_pauses_do_not_split_a_turn_and_back_channels_are_none():
    assert turns([(0, 1), (1.69, 3)]) == 1
    assert turns([(0, 1), (1.75, 3)]) == 2
    assert turns([(0, 0.25), (5, 5.4)]) == 1
    # three quick sounds are one utterance that is long enough
    assert turns([(0, 0.2), (0.5, 0.7), (1.0, 1.2)]) == 1


def test_a_back_channel_counts_as_time_heard():
    got = talk_balance([*said("therapist", (0, 10)), *said("client", (4, 4.25))])
    assert got is not None
    assert (got.client.seconds, got.client.turns) == (0.25, 0)


@pytest.mark.parametrize(
    ("speech", "segments"),
    [
        ([], []),
        (said("client", (0, 20)), []),
        (said("client", (0, 20)), BOTH),
        ([*said("client", (0, 20)), *said("observer", (0, 20))], []),
        ([*said("client", (0, 20)), *said("therapist", (0, 20))], [there("client", 0, 50)]),
    ],
)
def test_one_side_alone_is_not_described(speech, segments):
    assert talk_balance(speech, segments) is None


TIME = st.integers(0, 400).map(lambda n: n / 8)
SPANS = st.lists(
    st.builds(
        lambda role, start, seconds: SpeechSpan(role=role, start=start, end=start + seconds),
        st.sampled_from(["client", "therapist", "observer"]),
        TIME,
        TIME,
    ),
    max_size=25,
)


@given(SPANS)
def test_properties(speech: list[SpeechSpan]):
    got = talk_balance(speech)
    if got is None:
        roles = {span.role for span in speech if span.end > span.start}
        assert not {"client", "therapist"} <= roles
        return
    assert got.client.share + got.therapist.share == pytest.approx(1)
    heard = got.client.seconds + got.therapist.seconds
    assert heard - got.overlap * got.observed_seconds + got.silence * got.observed_seconds == pytest.approx(
        got.observed_seconds
    )
    assert 0 <= got.overlap <= 1
    assert 0 <= got.silence <= 1
    # neither order nor repetition changes the description
    assert talk_balance([*reversed(speech), *speech]) == got
    swap = {"client": "therapist", "therapist": "client", "observer": "observer"}
    mirrored = talk_balance([SpeechSpan(role=swap[s.role], start=s.start, end=s.end) for s in speech])
    assert mirrored is not None
    assert (mirrored.client.seconds, mirrored.client.turns) == (got.therapist.seconds, got.therapist.turns)


INTERVALS = st.lists(st.tuples(TIME, TIME), max_size=20)


@given(INTERVALS, INTERVALS)
def test_interval_arithmetic_against_counting(one, other):
    def cells(intervals):
        return {n for start, end in intervals for n in range(int(start * 8), int(end * 8))}

    a, b = union(one), union(other)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(a))
    assert length(a) * 8 == len(cells(one))
    assert length(overlap_of(a, b)) * 8 == len(cells(one) & cells(other))


# totals ------------------------------------------------------------------------------------------------


def in_all(role, seconds: float) -> SpeechTotal:
    return SpeechTotal(role=role, seconds=seconds)


def test_of_totals_the_shares_are_described_and_nothing_else():
    got = talk_balance_of_totals(
        [in_all("client", 30), in_all("therapist", 15), in_all("therapist", 5), in_all("observer", 99)], BOTH
    )
    assert got is not None
    assert (got.client.seconds, got.therapist.seconds) == (30, 20)
    assert (got.client.share, got.therapist.share) == (0.6, 0.4)
    assert (got.client.turns, got.therapist.turns, got.overlap, got.silence) == (None, None, None, None)
    assert got.observed_seconds == 100
    alone = talk_balance_of_totals([in_all("client", 30), in_all("therapist", 20)])
    assert alone is not None
    assert alone.observed_seconds == 50


@pytest.mark.parametrize(
    "totals", [[], [in_all("client", 30)], [in_all("client", 30), in_all("therapist", 0)]]
)
def test_totals_of_one_side_are_no_balance(totals: list[SpeechTotal]):
    assert talk_balance_of_totals(totals, BOTH) is None
