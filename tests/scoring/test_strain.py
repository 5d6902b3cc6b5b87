"""Possible strain and repair, fixed rules, control chart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.errors import FormulaError
from alliancekit.scoring.strain import (
    calls_for_talk,
    colour,
    control_chart,
    fall,
    flat_at_maximum,
    spread,
    straightlined,
    strain_episodes,
)

SERIES = st.lists(st.integers(0, 40).map(lambda n: n * 2.5), max_size=14)


def test_published_srs_colours():
    values = [38, 37.5, 34, 36.5, 36.0, 35.0]
    got = [colour(now, before, cut_off=36) for before, now in pairwise([None, *values])]
    assert got == ["green", "green", "red", "green", "green", "red"]
    assert colour(34, cut_off=36) == "red"  # by the cut-off alone
    assert colour(37, 38, cut_off=36) == "red"  # by the fall alone
    assert colour(None, 38, cut_off=36) == "grey"


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


def test_fixed_fall():
    assert fall([80], points=10) is None
    assert fall([80, 70], points=10) == 10
    assert fall([80, 70.5], points=10) is None
    assert fall([80, 80], points=0) is None


def test_control_chart():
    chart = control_chart([10, 12, 10, 12], k=2)
    assert chart is not None
    assert chart.centre == 11
    assert chart.sigma == pytest.approx(2 / 1.128)
    assert chart.lower == pytest.approx(11 - 4 / 1.128)
    assert chart.upper == pytest.approx(11 + 4 / 1.128)
    assert control_chart([10, 12, 10]) is None
    assert control_chart([10, 10, 10, 10]) is None
    with pytest.raises(FormulaError):
        control_chart([1, 2, 3, 4], k=0)


def test_flat_maximum_and_straightlining():
    assert flat_at_maximum([90, 100, 100, 100])
    assert not flat_at_maximum([100, 100])
    assert not flat_at_maximum([100, 97.5, 100])
    assert straightlined({f"i{n}": 3 for n in range(6)})
    assert not straightlined({f"i{n}": 3 for n in range(5)})
    assert not straightlined({f"i{n}": 3 + (n == 2) for n in range(6)})


@pytest.mark.parametrize(
    ("when", "below", "at", "above"), [("<", 1, 0, 0), ("<=", 1, 1, 0), (">", 0, 0, 1), (">=", 0, 1, 1)]
)
def test_cut_offs_in_both_directions(when, below: int, at: int, above: int):
    assert [calls_for_talk(value, 36, when) for value in (35.5, 36, 36.5)] == [
        bool(below),
        bool(at),
        bool(above),
    ]
