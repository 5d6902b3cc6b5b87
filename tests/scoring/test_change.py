"""Reliable change against published numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.errors import FormulaError
from alliancekit.scoring.change import cut_offs, precision, reliable_change


@pytest.mark.parametrize(
    ("sd", "reliability", "sem", "sdiff", "threshold"),
    [
        (10.5, 0.961, 2.073584, 2.93249, 5.747681),
        (6.396073, 0.931, 1.680111, 2.376036, 4.65703),
        (10.5, 0.931, 2.758124, 3.900577, 7.645131),
    ],
)
def test_published_precision(sd: float, reliability: float, sem: float, sdiff: float, threshold: float):
    got = precision(sd, reliability)
    assert got.sem == pytest.approx(sem, abs=5e-7)
    assert got.sdiff == pytest.approx(sdiff, abs=5e-6)
    assert got.threshold == pytest.approx(threshold, abs=5e-7)


def test_jacobson_and_truax_example():
    change = reliable_change(32.5, 47.5, sd=7.5, reliability=0.80)
    assert change.precision.sem == pytest.approx(3.3541, abs=5e-5)
    assert change.precision.sdiff == pytest.approx(4.7434, abs=5e-5)
    assert change.index == pytest.approx(3.1623, abs=5e-5)
    assert change.reliable
    borders = cut_offs(clinical_mean=40, clinical_sd=7.5, functional_mean=60, functional_sd=7.5)
    assert (borders.a, borders.b, borders.c) == (55, 45, 50)


def test_borders_turn_with_the_direction_of_the_scale():
    borders = cut_offs(clinical_mean=60, clinical_sd=5, functional_mean=40, functional_sd=10)
    assert (borders.a, borders.b) == (50, 60)
    assert borders.c == pytest.approx((10 * 60 + 5 * 40) / 15)


def test_a_change_within_the_threshold_is_not_reliable():
    threshold = precision(7.5, 0.8).threshold
    assert not reliable_change(30, 30 + threshold - 0.001, sd=7.5, reliability=0.8).reliable
    assert reliable_change(30, 30 - threshold - 0.001, sd=7.5, reliability=0.8).reliable


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0.1, 100), st.floats(0, 0.99))
def test_change_is_antisymmetric(before: float, after: float, sd: float, reliability: float):
    there = reliable_change(before, after, sd=sd, reliability=reliability)
    back = reliable_change(after, before, sd=sd, reliability=reliability)
    assert there.index == -back.index
    assert there.reliable == back.reliable


@pytest.mark.parametrize(
    ("sd", "reliability"), [(0, 0.8), (-1, 0.8), (5, 1), (5, -0.1), (math.nan, 0.8), (5, math.nan)]
)
def test_impossible_numbers_are_refused(sd: float, reliability: float):
    with pytest.raises(FormulaError):
        precision(sd, reliability)


def test_impossible_borders_are_refused():
    with pytest.raises(FormulaError, match="equal"):
        cut_offs(clinical_mean=5, clinical_sd=1, functional_mean=5, functional_sd=1)
    with pytest.raises(FormulaError, match="above 0"):
        cut_offs(clinical_mean=5, clinical_sd=0, functional_mean=6, functional_sd=1)
