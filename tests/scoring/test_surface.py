"""The fit of a response surface: known coefficients come back, and what data cannot carry is refused."""

from __future__ import annotations

import importlib
import math
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliancekit.errors import ConfigError, FormulaError
from alliancekit.scoring import surface
from alliancekit.scoring.congruence import response_surface
from alliancekit.scoring.surface import LEAST_ROWS, fit_surface

COEFFICIENTS = st.tuples(*[st.floats(-5, 5).map(lambda value: round(value, 3))] * 6)


def ratings(seed: int, count: int) -> tuple[list[float], list[float]]:
    shaken = random.Random(seed)
    client = [shaken.uniform(20, 100) for _ in range(count)]
    return client, [min(100, max(0, 0.4 * c + 30 + shaken.gauss(0, 15))) for c in client]


def height(b: tuple[float, ...], x: float, y: float) -> float:
    return b[0] + b[1] * x + b[2] * y + b[3] * x * x + b[4] * x * y + b[5] * y * y


@settings(deadline=None, max_examples=50)
@given(COEFFICIENTS, st.integers(0, 1000), st.integers(LEAST_ROWS, 200))
def test_a_known_surface_comes_back(b: tuple[float, ...], seed: int, count: int) -> None:
    client, therapist = ratings(seed, count)
    # In units of 10 points, so that slopes and curvatures are of one size.
    client, therapist = [c / 10 for c in client], [t / 10 for t in therapist]
    outcome = [height(b, c - 5, t - 5) for c, t in zip(client, therapist, strict=True)]
    if len(set(outcome)) == 1:
        with pytest.raises(FormulaError, match="nothing to explain"):
            fit_surface(client, therapist, outcome, centre=5)
        return
    got = fit_surface(client, therapist, outcome, centre=5)
    assert got.coefficients == pytest.approx(b, abs=1e-8)
    assert got.r_squared == pytest.approx(1)
    expected = response_surface(*b[1:])
    assert got.features.a4 == pytest.approx(expected.a4, abs=1e-8)
    assert got.rows == count


def test_the_centre_is_one_value_for_both() -> None:
    client, therapist = ratings(3, 60)
    outcome = [height((1, 2, -1, 0.5, 0.3, 0.2), c, t) for c, t in zip(client, therapist, strict=True)]
    got = fit_surface(client, therapist, outcome)
    assert got.centre == pytest.approx(sum(client + therapist) / 120)
    # Curvature does not depend on the centre.
    assert got.coefficients[3:] == pytest.approx((0.5, 0.3, 0.2))


def test_errors_cover_what_they_should() -> None:
    """300 samples of 80 with noise: a₁ and a₄ lie within the interval of 95 % about that often."""
    shaken = random.Random(8)
    b = (0.0, 0.3, 0.2, -0.02, 0.03, -0.01)
    true = response_surface(*b[1:])
    hits = {"a1": 0, "a4": 0}
    for sample in range(300):
        client, therapist = ratings(sample, 80)
        outcome = [
            height(b, c - 60, t - 60) + shaken.gauss(0, 5) for c, t in zip(client, therapist, strict=True)
        ]
        got = fit_surface(client, therapist, outcome, centre=60)
        for name in hits:
            off = abs(getattr(got.features, name) - getattr(true, name))
            hits[name] += off <= 1.993 * getattr(got.feature_errors, name)
    assert all(0.92 <= hit / 300 <= 0.98 for hit in hits.values()), hits


def test_rows_with_a_gap_are_left_out() -> None:
    client, therapist = ratings(4, 50)
    outcome: list[float | None] = [c - t for c, t in zip(client, therapist, strict=True)]
    gaps: list[float | None] = [None, *client[1:]]
    assert fit_surface(gaps, therapist, [*outcome[:-1], None]).rows == 48


def test_what_data_cannot_carry_is_refused() -> None:
    client, therapist = ratings(6, 60)
    outcome = [c + t for c, t in zip(client, therapist, strict=True)]
    with pytest.raises(FormulaError, match=r"at least 30 sessions .* there are 29"):
        fit_surface(client[:29], therapist[:29], outcome[:29])
    with pytest.raises(FormulaError, match="too much alike"):
        fit_surface(client, client, outcome)
    with pytest.raises(FormulaError, match="too much alike"):
        fit_surface(client, [c + 0.1 * math.sin(c) for c in client], outcome)
    with pytest.raises(FormulaError, match="hardly varied"):
        fit_surface([50] * 60, therapist, outcome)
    with pytest.raises(FormulaError, match="nothing to explain"):
        fit_surface(client, therapist, [3] * 60)
    with pytest.raises(FormulaError, match="same sessions"):
        fit_surface(client, therapist, outcome[1:])
    with pytest.raises(FormulaError, match="finite"):
        fit_surface(client, therapist, [math.nan, *outcome[1:]])
    with pytest.raises(FormulaError, match="finite"):
        fit_surface(client, therapist, outcome, centre=math.inf)


@pytest.mark.parametrize("name", ["surface", "onefactor", "coefficients", "reliability"])
def test_without_numpy_the_fix_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.delitem(sys.modules, f"alliancekit.scoring.{name}", raising=False)
    with pytest.raises(ConfigError, match=r"alliancekit\[research\]"):
        importlib.import_module(f"alliancekit.scoring.{name}")
    assert surface.LEAST_ROWS == LEAST_ROWS
