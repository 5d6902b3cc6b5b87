"""The control chart of one's own earlier sessions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.errors import FormulaError
from alliancekit.scoring.control import back_at_centre, control_chart


def test_centre_sigma_and_limits():
    chart = control_chart([10, 12, 10, 12], k=2)
    assert chart is not None
    assert chart.centre == 11
    assert chart.sigma == pytest.approx(2 / 1.128)
    assert chart.lower == pytest.approx(11 - 4 / 1.128)
    assert chart.upper == pytest.approx(11 + 4 / 1.128)
    assert chart.below(7.4)
    assert not chart.below(7.5)


def test_too_few_or_unmoved_sessions_give_none_and_the_floor_gives_one():
    assert control_chart([10, 12, 10]) is None
    assert control_chart([10, 10, 10, 10]) is None
    chart = control_chart([10, 10, 10, 10], k=2, least_sigma=5)
    assert chart is not None
    assert (chart.centre, chart.sigma, chart.lower, chart.upper) == (10, 5, 0, 20)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"k": -1}, {"least_sigma": -0.1}, {"k": float("nan")}])
def test_senseless_limits_are_refused(wrong):
    with pytest.raises(FormulaError):
        control_chart([1, 2, 3, 4], **wrong)


@pytest.mark.parametrize(
    ("after", "low"),
    [
        ([60, 80], 5),
        ([60, 60, 80], 5),
        ([60, 62, 61, 80], 5),
        ([60, 60, 60, 60, 80], None),
        ([60, 70], None),
        ([75, 80], None),
        ([60, 80, 80], None),
    ],
)
def test_back_at_the_centre_within_three_sessions_and_said_once(after: list[float], low: int | None):
    values = [78, 82, 80, 78, 82, *after]
    back = back_at_centre(values, least_sigma=5)
    assert (None if back is None else back[0]) == low


@given(st.lists(st.integers(0, 100), max_size=12))
def test_who_is_back_was_below_and_is_no_longer(values: list[float]):
    back = back_at_centre(values, least_sigma=5)
    if back is not None:
        low, chart = back
        assert chart.below(values[low])
        assert values[-1] >= chart.centre - 0.25 * chart.sigma - 1e-9
        assert low >= 4
