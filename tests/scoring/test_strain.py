"""Possible strain and repair."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.errors import FormulaError
from alliancekit.scoring.strain import spread, standing, strain_episodes

SERIES = st.lists(st.integers(0, 40).map(lambda n: n * 2.5), max_size=14)


def test_spread_is_the_larger_of_own_group_and_floor():
    assert spread([60, 80], least_sd=1) == pytest.approx(14.142136)
    assert spread([60, 80], group_sd=20) == 20
    assert spread([80, 80, 80], least_sd=5) == 5
    with pytest.raises(FormulaError):
        spread([80], least_sd=0)


def test_a_sudden_fall_and_its_repair_are_a_v():
    [episode] = strain_episodes([80, 82, 78, 80, 81, 60, 80])
    assert (episode.start, episode.bottom, episode.repaired) == (4, 5, 6)
    assert (episode.depth, episode.sd, episode.criterion, episode.pattern) == (21, 5.0, 2, "v")
    assert episode.magnitude == pytest.approx(4.2)


def test_one_and_two_sd_are_told_apart():
    course = [70, 90, 70, 90]
    own = spread(course)
    assert strain_episodes([*course, 90 - own + 0.1]) == ()
    assert strain_episodes([*course, 90 - own])[0].criterion == 1
    assert strain_episodes([*course, 90 - 2 * own + 0.1])[0].criterion == 1
    assert strain_episodes([*course, 90 - 2 * own])[0].criterion == 2


def test_normal_swings_of_a_noisy_course_are_not_flagged_but_the_same_fall_in_a_calm_one_is():
    assert strain_episodes([60, 95, 55, 90, 75]) == ()
    assert len(strain_episodes([90, 91, 89, 90, 75])) == 1


def test_the_groups_sd_keeps_small_wobbles_quiet():
    calm = [90, 90, 90, 90, 84]
    assert len(strain_episodes(calm)) == 1
    assert strain_episodes(calm, group_sd=10) == ()


def test_small_steps_down_add_up_to_one_decline():
    values = [80.0, 80, 80, 80, 77, 74, 71]
    assert strain_episodes(values[:5]) == ()
    [episode] = strain_episodes(values)
    assert (episode.start, episode.bottom, episode.length, episode.pattern) == (3, 6, 3, "decline")
    assert episode.criterion == 1
    [deeper] = strain_episodes([*values, 68])
    assert (deeper.bottom, deeper.criterion) == (7, 2)


def test_fewer_than_four_earlier_sessions_say_nothing():
    assert strain_episodes([90, 90, 90, 10]) == ()
    assert len(strain_episodes([90, 90, 90, 90, 10])) == 1


@pytest.mark.parametrize(("back", "repaired"), [(1, True), (2, True), (3, True), (4, False)])
def test_repair_counts_within_three_sessions(back: int, repaired: bool):
    [episode] = strain_episodes([80, 80, 80, 80, 60, *[60] * (back - 1), 80])
    assert (episode.repaired is not None) == repaired


def test_repair_may_stay_a_quarter_sd_below():
    course = [80.0, 80, 80, 80, 60]
    assert strain_episodes([*course, 80 - 0.25 * 5])[0].repaired == 5
    assert strain_episodes([*course, 80 - 0.25 * 5 - 0.1])[0].repaired is None


@given(SERIES)
def test_a_later_session_never_rewrites_where_an_episode_began(values: list[float]):
    for end in range(len(values)):
        early = [episode.start for episode in strain_episodes(values[:end])]
        assert [episode.start for episode in strain_episodes(values)][: len(early)] == early


@given(SERIES)
def test_every_episode_is_a_real_fall_of_at_least_one_sd(values: list[float]):
    for episode in strain_episodes(values):
        stretch = values[episode.start : episode.bottom + 1]
        assert all(later < earlier for earlier, later in pairwise(stretch))
        assert episode.magnitude >= 1 - 1e-9
        assert episode.start >= 3
        if episode.repaired is not None:
            assert 1 <= episode.repaired - episode.bottom <= 3


@given(SERIES)
def test_a_course_that_never_falls_has_no_strain(values: list[float]):
    assert strain_episodes(sorted(values)) == ()


@pytest.mark.parametrize(
    ("values", "fallen", "below", "pattern", "length"),
    [
        ([80, 80, 80, 80, 80], 0, False, "", 0),
        ([80, 80, 80, 80, 76], 0, False, "v", 1),
        ([80, 80, 80, 80, 74], 1, False, "v", 1),
        ([80, 80, 80, 80, 69], 2, True, "v", 1),
        ([80, 80, 80, 80, 76, 72, 68], 2, False, "decline", 3),
        ([50, 90, 60, 100, 70, 62], 1, False, "decline", 2),
        ([80, 80, 80, 80, 60, 61], 0, True, "", 0),
        ([80, 80, 80, 80, 80, 80, 60, 62], 0, True, "", 0),
    ],
)
def test_all_three_rules_of_one_session(
    values: list[float], fallen: int, below: bool, pattern: str, length: int
):
    now = standing(values)
    assert now is not None
    assert (now.fallen, now.below_limit, now.pattern, now.length) == (fallen, below, pattern, length)
    assert now.magnitude == pytest.approx(now.depth / now.sd)


def test_under_five_sessions_there_is_no_standing_and_the_chart_can_be_switched_off():
    assert standing([80, 80, 80, 20]) is None
    off = standing([80, 80, 80, 80, 20], k=None)
    assert off is not None
    assert (off.fallen, off.chart, off.below_limit) == (2, None, False)


@given(SERIES, st.integers(-20, 20))
def test_shifting_all_scores_changes_no_rule(values: list[float], shift: int):
    now, moved = standing(values), standing([value + shift for value in values])
    assert (now is None) == (moved is None)
    if now is not None and moved is not None:
        assert (now.fallen, now.below_limit, now.length) == (moved.fallen, moved.below_limit, moved.length)


@given(st.integers(0, 40).map(lambda n: n * 2.5), st.integers(5, 30))
def test_a_constant_course_is_never_strained(level: float, sessions: int):
    now = standing([level] * sessions)
    assert now is not None
    assert (now.fallen, now.below_limit) == (0, False)


@given(SERIES)
def test_the_standing_agrees_with_the_episodes(values: list[float]):
    now = standing(values)
    ending = [e for e in strain_episodes(values) if e.bottom == len(values) - 1]
    assert [e.criterion for e in ending] == ([now.fallen] if now is not None and now.fallen else [])
