"""One common factor: exact on exact matrices, honest where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliancekit.errors import FormulaError
from alliancekit.scoring.onefactor import one_factor


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0.3, 0.9), min_size=3, max_size=12),
    st.lists(st.floats(0.2, 30), min_size=12, max_size=12),
)
def test_an_exact_matrix_gives_its_loadings_back(loadings: list[float], sds: list[float]) -> None:
    scale = np.array(sds[: len(loadings)])
    true = np.array(loadings) * scale
    unique = (1 - np.array(loadings) ** 2) * scale**2
    got = one_factor(np.outer(true, true) + np.diag(unique))
    assert got.loadings == pytest.approx(true, rel=1e-4)
    assert got.uniquenesses == pytest.approx(unique, rel=1e-3)
    assert got.srmr < 1e-5


def test_an_item_that_goes_the_other_way_keeps_its_sign() -> None:
    true = np.array([0.8, 0.7, 0.6, -0.5])
    got = one_factor(np.outer(true, true) + np.diag(1 - true**2))
    assert got.loadings == pytest.approx(true, abs=1e-5)
    turned = one_factor(np.outer(-true, -true) + np.diag(1 - true**2))
    assert turned.loadings == pytest.approx(true, abs=1e-5)


def test_two_factors_show_in_the_residual() -> None:
    blocks = np.kron(np.eye(2), np.full((4, 4), 0.5)) + np.full((8, 8), 0.1) + 0.4 * np.eye(8)
    assert one_factor(blocks).srmr > 0.1


def test_what_has_no_solution_is_refused() -> None:
    with pytest.raises(FormulaError, match="at least three items"):
        one_factor(np.array([[1, 0.5], [0.5, 1]]))
    with pytest.raises(FormulaError, match="item 2 never varied"):
        one_factor(np.diag([1.0, 0.0, 1.0]))
    with pytest.raises(FormulaError, match="finite"):
        one_factor(np.full((3, 3), np.nan))


def test_a_heywood_case_names_its_item() -> None:
    """r₁₂ · r₁₃ / r₂₃ = 1.28 would be the square of a standardised loading."""
    r = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])
    with pytest.raises(FormulaError, match=r"'first'.*Heywood"):
        one_factor(r, names=("first", "second", "third"))
