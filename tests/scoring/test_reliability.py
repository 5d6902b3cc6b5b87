"""What a table of answers says about an instrument."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alliancekit.errors import FormulaError
from alliancekit.instruments.model import Instrument, Item, Option, Scale
from alliancekit.scoring.coefficients import cronbach_alpha, mcdonald_omega
from alliancekit.scoring.reliability import LEAST_ROWS, Reliability, ScaleReliability, reliability

OPTIONS = tuple(Option(value=value) for value in range(1, 6))


def instrument(*scales: Scale, count: int = 12, **changes: Any) -> Instrument:
    items = tuple(Item(id=f"i{n}", options=OPTIONS, reversed=n == 2) for n in range(1, count + 1))
    return Instrument(
        name="twelve",
        title={"en": "Twelve"},
        text="pack",
        items=changes.pop("items", items),
        scales=scales,
        source="ours",
        licence="CC0-1.0",
    )


THREE = (
    Scale(name="goal", items=("i1", "i2", "i3", "i4")),
    Scale(name="task", items=("i5", "i6", "i7", "i8"), method="mean"),
    Scale(name="bond", items=("i9", "i10", "i11", "i12")),
    Scale(name="total", parts=("goal", "task", "bond")),
)
LOADING = {"general": 0.6, "own": 0.5}


def simulated(rows: int, seed: int = 7) -> NDArray[np.float64]:
    """Three scales of four items under one general factor, in five steps; item 2 is worded the other way."""
    shaken = np.random.default_rng(seed)
    general = shaken.normal(size=(rows, 1))
    own = np.repeat(shaken.normal(size=(rows, 3)), 4, axis=1)
    rest = math.sqrt(1 - LOADING["general"] ** 2 - LOADING["own"] ** 2)
    continuous = LOADING["general"] * general + LOADING["own"] * own + rest * shaken.normal(size=(rows, 12))
    steps = np.digitize(continuous, [-1.5, -0.5, 0.5, 1.5]) + 1.0
    steps[:, 1] = 6 - steps[:, 1]
    return steps


def scale_of(found: Reliability, name: str) -> ScaleReliability:
    return next(each for each in found.scales if each.scale == name)


def test_a_simulated_measure_comes_near_theory() -> None:
    """Items of a scale correlate with .36 + .25 = .61, less what the five steps cost: α of four about .83.

    A step variable with cuts at ±0.5 and ±1.5 correlates with the normal one it comes from as Σφ(cut) / SD.
    """
    found = reliability(instrument(*THREE), simulated(5000))
    normal = NormalDist()
    variance = 2 * (4 * normal.cdf(-1.5) + normal.cdf(-0.5) - normal.cdf(-1.5))
    kept = (2 * (normal.pdf(0.5) + normal.pdf(1.5))) ** 2 / variance
    theory = 4 * 0.61 * kept / (1 + 3 * 0.61 * kept)
    for name in ("goal", "task", "bond"):
        scale = scale_of(found, name)
        assert scale.n == 5000
        assert scale.alpha == pytest.approx(theory, abs=0.02)
        assert scale.omega == pytest.approx(scale.alpha, abs=0.005)
        assert scale.alpha_interval is not None
        assert scale.alpha_interval.low < scale.alpha < scale.alpha_interval.high
        assert scale.srmr is not None
        assert scale.srmr < 0.02
        assert scale.not_computed == {}
    total = scale_of(found, "total")
    assert len(total.items) == 12
    # Three group factors: one factor fits the total badly, and the number says so.
    assert total.srmr is not None
    assert total.srmr > 0.08
    # Of two sums of four: 4 · 4 covariances over a variance of 4 + 12 covariances.
    between = {each.scales: each.r for each in found.correlations}
    assert set(between) == {("goal", "task"), ("goal", "bond"), ("task", "bond")}
    assert all(
        r == pytest.approx(16 * 0.36 * kept / (4 + 12 * 0.61 * kept), abs=0.04) for r in between.values()
    )


def test_reversed_items_are_turned_once() -> None:
    answers = simulated(200)
    found = reliability(instrument(*THREE), answers)
    turned = answers.copy()
    turned[:, 1] = 6 - turned[:, 1]
    goal = scale_of(found, "goal")
    assert goal.alpha == pytest.approx(cronbach_alpha(turned[:, :4]))
    assert goal.omega == pytest.approx(mcdonald_omega(turned[:, :4]))
    assert goal.item_total is not None
    assert all(r is not None and r > 0.4 for r in goal.item_total.values())
    item = next(each for each in found.items if each.item == "i2")
    assert item.floor == pytest.approx(np.mean(answers[:, 1] == 5))
    assert item.ceiling == pytest.approx(np.mean(answers[:, 1] == 1))


def test_gaps_are_left_out_scale_by_scale() -> None:
    answers = simulated(100)
    answers[:10, 0] = math.nan
    answers[5:20, 4] = math.nan
    found = reliability(instrument(*THREE), answers)
    counts = {each.scale: (each.n, each.left_out) for each in found.scales}
    assert counts == {"goal": (90, 10), "task": (85, 15), "bond": (100, 0), "total": (80, 20)}
    assert {each.scales: each.n for each in found.correlations}[("goal", "task")] == 80
    assert {each.item: each.n for each in found.items}["i1"] == 90
    assert found.rows == 100


def test_floor_and_ceiling() -> None:
    answers = simulated(100)
    answers[:30] = 5
    answers[:30, 1] = 1
    answers[30:40] = 1
    answers[30:40, 1] = 5
    found = reliability(instrument(*THREE), answers)
    rest = simulated(100)[40:]
    rest[:, 1] = 6 - rest[:, 1]
    goal = scale_of(found, "goal")
    assert goal.ceiling == pytest.approx(0.3 + np.mean((rest[:, :4] == 5).all(axis=1)) * 0.6)
    assert goal.floor == pytest.approx(0.1 + np.mean((rest[:, :4] == 1).all(axis=1)) * 0.6)


def test_decimals_are_published_units() -> None:
    items = tuple(Item(id=f"l{n}", kind="slider", decimals=1) for n in range(1, 5))
    measure = instrument(Scale(name="total", items=tuple(item.id for item in items)), items=items)
    answers = np.random.default_rng(1).integers(0, 101, size=(50, 4)).astype(float)
    found = reliability(measure, answers)
    assert found.items[0].mean == pytest.approx(answers[:, 0].mean() / 10)
    assert scale_of(found, "total").alpha == pytest.approx(cronbach_alpha(answers))


def test_too_few_rows_give_no_number() -> None:
    found = reliability(instrument(*THREE), simulated(LEAST_ROWS - 1))
    for scale in found.scales:
        assert (scale.alpha, scale.omega, scale.item_total, scale.floor) == (None, None, None, None)
        assert "at least 30 complete rows; there are 29" in scale.not_computed["all"]
    assert all(item.mean is None and item.ceiling is None for item in found.items)
    assert all(each.r is None and "there are 29" in each.why for each in found.correlations)
    none = reliability(instrument(*THREE), np.empty((0, 12)))
    assert "there are 0" in scale_of(none, "goal").not_computed["all"]


def test_short_odd_and_weighted_scales_say_what_they_lack() -> None:
    answers = simulated(100)
    answers[:, 4:8] = 3
    answers[:, 9] = answers[:, 8]
    found = reliability(
        instrument(
            Scale(name="one", items=("i1",)),
            Scale(name="two", items=("i1", "i3")),
            Scale(name="flat", items=("i5", "i6", "i7")),
            Scale(name="twin", items=("i9", "i10", "i11", "i12")),
            Scale(name="weighed", items=("i1", "i3"), method="formula", weights={"i1": 2, "i3": -1}),
        ),
        answers,
    )
    assert "one item" in scale_of(found, "one").not_computed["alpha"]
    two = scale_of(found, "two")
    assert two.alpha is not None
    assert "three items" in two.not_computed["omega"]
    flat = scale_of(found, "flat")
    assert "same sum" in flat.not_computed["alpha"]
    assert "'i5' never varied" in flat.not_computed["omega"]
    assert flat.item_total == {"i5": None, "i6": None, "i7": None}
    twin = scale_of(found, "twin")
    assert twin.alpha is not None
    assert "Heywood" in twin.not_computed["omega"]
    assert "formula" in scale_of(found, "weighed").not_computed["alpha"]
    weighed = scale_of(found, "weighed")
    assert weighed.ceiling == pytest.approx(np.mean((answers[:, 0] == 5) & (answers[:, 2] == 1)))
    between = {each.scales: each for each in found.correlations}
    assert "never varied" in between["one", "flat"].why
    assert ("one", "two") not in between


def test_wrong_tables_are_refused() -> None:
    with pytest.raises(FormulaError, match="12 items"):
        reliability(instrument(*THREE), simulated(50)[:, :11])
    answers = simulated(50)
    answers[3, 2] = 6
    with pytest.raises(FormulaError, match=r"'i3' is outside 1 to 5"):
        reliability(instrument(*THREE), answers)
