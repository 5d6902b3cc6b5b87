"""α, ω and item-total correlations: theory, laws, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alliancekit.errors import FormulaError
from alliancekit.scoring.coefficients import (
    alpha_interval,
    correlation,
    cronbach_alpha,
    item_total,
    mcdonald_omega,
    omega_of,
)

SEEDS = st.integers(0, 10_000)


def answers(
    seed: int, *, rows: int = 400, loadings: tuple[float, ...] = (0.8, 0.7, 0.6, 0.5)
) -> NDArray[np.float64]:
    """Normal answers with unit variance that one factor explains; with 200 rows 3 seeds are Heywood cases."""
    shaken = np.random.default_rng(seed)
    own = np.array(loadings)
    noise = shaken.normal(size=(rows, len(own))) * np.sqrt(1 - own**2)
    return shaken.normal(size=(rows, 1)) * own + noise


def test_alpha_by_hand() -> None:
    """Item variances 1, 1, 4/3 and sum variance 9: 3/2 · (1 − (10/3)/9)."""
    got = cronbach_alpha(np.array([[1, 1, 0], [2, 2, 2], [3, 3, 2]], dtype=float))
    assert got == pytest.approx(1.5 * (1 - (10 / 3) / (28 / 3)))


def test_many_rows_come_to_theory() -> None:
    """Parallel items with loading .7: α = ω = Spearman-Brown of .49. Unequal loadings: α below ω."""
    same = answers(1, rows=40_000, loadings=(0.7,) * 6)
    theory = 6 * 0.49 / (1 + 5 * 0.49)
    assert cronbach_alpha(same) == pytest.approx(theory, abs=0.005)
    assert mcdonald_omega(same) == pytest.approx(theory, abs=0.005)
    unequal = answers(2, rows=40_000, loadings=(0.95, 0.8, 0.5, 0.2))
    common = 2.45**2
    true_omega = common / (common + sum(1 - each**2 for each in (0.95, 0.8, 0.5, 0.2)))
    assert mcdonald_omega(unequal) == pytest.approx(true_omega, abs=0.01)
    assert cronbach_alpha(unequal) < mcdonald_omega(unequal) - 0.03


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.lists(st.floats(-50, 50), min_size=4, max_size=4), st.sampled_from([0.01, 3.0, 100.0]))
def test_shift_and_common_unit_change_nothing(seed: int, shifts: list[float], unit: float) -> None:
    plain = answers(seed)
    moved = unit * plain + np.array(shifts)
    assert cronbach_alpha(moved) == pytest.approx(cronbach_alpha(plain), abs=1e-6)
    assert mcdonald_omega(moved) == pytest.approx(mcdonald_omega(plain), abs=1e-6)
    assert item_total(moved) == pytest.approx(item_total(plain), abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.permutations(range(4)))
def test_order_changes_nothing(seed: int, order: list[int]) -> None:
    plain = answers(seed)
    turned = plain[::-1][:, order]
    assert cronbach_alpha(turned) == pytest.approx(cronbach_alpha(plain))
    assert mcdonald_omega(turned) == pytest.approx(mcdonald_omega(plain), abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_alpha_is_at_most_one_and_omega_between(seed: int) -> None:
    shaken = np.random.default_rng(seed)
    noise = shaken.integers(1, 6, size=(50, 4)).astype(float)
    assert cronbach_alpha(noise) <= 1
    assert 0 <= mcdonald_omega(answers(seed)) <= 1


def test_identical_items_have_alpha_one() -> None:
    one = np.arange(10.0)
    assert cronbach_alpha(np.column_stack((one, one, one))) == pytest.approx(1)
    assert item_total(np.column_stack((one, one, one))) == pytest.approx((1, 1, 1))


def test_an_item_against_the_others_shows() -> None:
    plain = answers(3)
    plain[:, 2] *= -1
    assert item_total(plain)[2] < -0.3
    assert cronbach_alpha(plain) < cronbach_alpha(answers(3))


def test_the_interval_of_alpha_covers_what_it_should() -> None:
    theory = 4 * 0.49 / (1 + 3 * 0.49)
    hits = 0
    for seed in range(400):
        alpha = cronbach_alpha(answers(seed, rows=60, loadings=(0.7,) * 4))
        between = alpha_interval(alpha, items=4, rows=60)
        assert between.low < alpha < between.high
        hits += between.low <= theory <= between.high
    assert 0.92 <= hits / 400 <= 0.98


def test_what_never_varies_has_no_correlation() -> None:
    assert correlation(np.array([1.0, 1, 1]), np.array([1.0, 2, 3])) is None
    assert item_total(np.array([[1.0, 1, 2], [1, 2, 3], [1, 3, 5]]))[0] is None


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (np.ones((5, 3)), "same sum"),
        (np.array([[1.0, 5], [2, 4], [3, 3]]), "same sum"),
        (np.ones((5, 1)), "two items"),
        (np.ones((1, 3)), "two rows"),
        (np.ones(3), "two rows"),
        (np.array([[1.0, 2], [math.nan, 3]]), "finite"),
    ],
)
def test_impossible_tables_are_refused(table: NDArray[np.float64], what: str) -> None:
    with pytest.raises(FormulaError, match=what):
        cronbach_alpha(table)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(FormulaError):
        alpha_interval(1.0, items=4, rows=50)
    with pytest.raises(FormulaError):
        alpha_interval(0.8, items=1, rows=50)
    with pytest.raises(FormulaError):
        omega_of((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    with pytest.raises(FormulaError, match="three items"):
        mcdonald_omega(answers(1)[:, :2])
