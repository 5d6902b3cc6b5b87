"""Limits of agreement and Lin's concordance: published data, laws, and how often the intervals are right."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.errors import FormulaError
from alliancekit.scoring.agreement import (
    concordance,
    limits_of_agreement,
    limits_over_courses,
    t_quantile,
)

# Peak flow of 17 people by two meters, first readings: Bland & Altman (1986), table 1.
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]

RATINGS = st.lists(
    st.tuples(st.integers(0, 100).map(float), st.integers(0, 100).map(float)), min_size=5, max_size=40
)


def test_the_limits_of_bland_and_altman_1986() -> None:
    got = limits_of_agreement(MINI, LARGE, multiplier=2)
    assert round(got.bias, 1) == -2.1
    assert round(got.sd, 1) == 38.8
    # The paper goes on from the rounded bias and SD.
    assert (got.lower, got.upper) == pytest.approx((-79.7, 75.5), abs=0.1)
    assert (got.bias_interval.low, got.bias_interval.high) == pytest.approx((-22.0, 17.8), abs=0.06)
    assert got.sessions == 17
    # Its standard error of a limit, the square root of 3s²/n, is the rough form of that of 1999.
    assert (got.lower_interval.low, got.lower_interval.high) == pytest.approx((-114.3, -45.1), abs=1)
    assert (got.upper_interval.low, got.upper_interval.high) == pytest.approx((40.9, 110.1), abs=1)


@given(RATINGS)
def test_limits_turn_with_the_roles(pairs: list[tuple[float, float]]) -> None:
    client, therapist = zip(*pairs, strict=True)
    there, back = limits_of_agreement(client, therapist), limits_of_agreement(therapist, client)
    assert there.bias == pytest.approx(-back.bias, abs=1e-9)
    assert there.lower == pytest.approx(-back.upper, abs=1e-9)
    assert there.lower_interval.low == pytest.approx(-back.upper_interval.high, abs=1e-9)
    assert there.upper - there.bias == pytest.approx(there.bias - there.lower, abs=1e-9)


@given(RATINGS, st.integers(-50, 50), st.sampled_from([0.1, 2.0, 10.0]))
def test_limits_follow_shift_and_unit(pairs: list[tuple[float, float]], shift: int, unit: float) -> None:
    client, therapist = zip(*pairs, strict=True)
    plain = limits_of_agreement(client, therapist)
    moved = limits_of_agreement([unit * c for c in client], [unit * (t + shift) for t in therapist])
    assert moved.bias == pytest.approx(unit * (plain.bias + shift), abs=1e-6)
    assert moved.upper == pytest.approx(unit * (plain.upper + shift), abs=1e-6)


@given(RATINGS)
def test_concordance_never_exceeds_correlation(pairs: list[tuple[float, float]]) -> None:
    client, therapist = zip(*pairs, strict=True)
    if len(set(client)) == 1 or len(set(therapist)) == 1:
        with pytest.raises(FormulaError, match="never did"):
            concordance(client, therapist)
        return
    got = concordance(client, therapist)
    assert abs(got.value) <= abs(got.r) + 1e-12 <= 1 + 2e-12
    assert got.value == pytest.approx(concordance(therapist, client).value, abs=1e-12)
    assert 0 < got.accuracy <= 1 + 1e-12
    if got.interval is not None:
        assert -1 <= got.interval.low <= got.value <= got.interval.high <= 1
    halved = concordance([c / 2 + 7 for c in client], [t / 2 + 7 for t in therapist])
    assert halved.value == pytest.approx(got.value, abs=1e-9)


def test_perfect_agreement_has_no_interval() -> None:
    got = concordance([10, 20, 30, 40, 50], [10, 20, 30, 40, 50])
    assert (got.value, got.interval) == (1.0, None)


def test_a_constant_shift_costs_accuracy_and_not_correlation() -> None:
    got = concordance([10, 20, 30, 40, 50], [20, 30, 40, 50, 60])
    assert got.r == pytest.approx(1)
    # Variance 200 on both sides, shift 10: 2·200 / (200 + 200 + 100).
    assert (got.value, got.accuracy) == pytest.approx((0.8, 0.8))


def test_intervals_cover_what_they_should() -> None:
    """Normal pairs whose bias, limits and concordance are known: 400 samples of 30, about 95 % right."""
    shaken = random.Random(11)
    r, shift, count, samples = 0.7, 0.5, 30, 400
    true_concordance = 2 * r / (2 + shift**2)
    sd = math.sqrt(2 - 2 * r)
    hits = {"bias": 0, "upper": 0, "concordance": 0}
    for _ in range(samples):
        client = [shaken.gauss(0, 1) for _ in range(count)]
        therapist = [r * c + math.sqrt(1 - r * r) * shaken.gauss(0, 1) + shift for c in client]
        limits, agreed = limits_of_agreement(client, therapist), concordance(client, therapist)
        assert agreed.interval is not None
        for name, between, true in (
            ("bias", limits.bias_interval, shift),
            ("upper", limits.upper_interval, shift + 1.96 * sd),
            ("concordance", agreed.interval, true_concordance),
        ):
            hits[name] += between.low <= true <= between.high
    assert all(0.92 <= hit / samples <= 0.98 for hit in hits.values()), hits


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.706), (2, 4.303), (4, 2.776), (16, 2.120), (30, 2.042), (120, 1.980)]
)
def test_students_t_as_tabulated(freedom: int, expected: float) -> None:
    assert round(t_quantile(freedom), 3) == expected


def test_students_t_is_one_curve() -> None:
    """Series and expansion meet at 200, and the normal distribution is the end."""
    assert 0 < t_quantile(200) - t_quantile(201) < 2e-4
    assert t_quantile(10**9) == pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-8)
    with pytest.raises(FormulaError):
        t_quantile(0)


def test_limits_over_courses_by_hand() -> None:
    """Five courses of two sessions: within 2, among courses 2 · 2.5 = 5, so between (5 − 2) / 2 = 1.5."""
    got = limits_over_courses([[m - 1, m + 1] for m in (-2, -1, 0, 1, 2)])
    assert (got.bias, got.sd_within**2, got.sd_between**2) == pytest.approx((0, 2, 1.5))
    assert got.upper == pytest.approx(1.96 * math.sqrt(3.5))
    assert (got.courses, got.sessions) == (5, 10)


def test_limits_over_courses_recover_both_spreads() -> None:
    shaken = random.Random(5)
    courses = []
    for _ in range(3000):
        own = shaken.gauss(-4, 6)
        courses.append([own + shaken.gauss(0, 3) for _ in range(shaken.randint(1, 8))])
    got = limits_over_courses(courses)
    assert got.bias == pytest.approx(-4, abs=0.5)
    assert (got.sd_within, got.sd_between) == pytest.approx((3, 6), abs=0.25)
    assert got.lower < got.bias < got.upper


@pytest.mark.parametrize(
    ("client", "therapist", "what"),
    [
        ([50, 60, 70, 80], [50, 60, 70, 80], "at least 5 sessions rated by both; there are 4"),
        ([50, None, 70, 80, 90], [50, 60, None, 80, 90], "there are 3"),
        ([50, 60], [50], "same sessions"),
        ([50, 60, 70, 80, math.nan], [50, 60, 70, 80, 90], "finite"),
        ([50, 60, 70, 80, math.inf], [50, 60, 70, 80, 90], "finite"),
    ],
)
def test_too_little_is_refused(client: list[float | None], therapist: list[float | None], what: str) -> None:
    for formula in (limits_of_agreement, concordance):
        with pytest.raises(FormulaError, match=what):
            formula(client, therapist)


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(FormulaError, match="above 0"):
        limits_of_agreement(LARGE, MINI, multiplier=0)
    with pytest.raises(FormulaError, match="there are 4 with 8"):
        limits_over_courses([[1, 2]] * 4 + [[]])
    with pytest.raises(FormulaError, match="there are 6 with 6"):
        limits_over_courses([[1]] * 6)
    with pytest.raises(FormulaError, match="finite"):
        limits_over_courses([[1, 2]] * 5 + [[math.nan]])
