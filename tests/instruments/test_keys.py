"""Keys are exact: integers, ranges with negative weights, and refusals where integers would not do."""

from __future__ import annotations

import pytest

from alliancekit.errors import InstrumentError
from alliancekit.instruments.keys import Key, Term, keys
from alliancekit.instruments.model import Instrument, Item, Option, Scale
from tests.batch.instruments import BIPOLAR, LINES, WAI_SR


def made(*scales: Scale, decimals: int = 0) -> Instrument:
    return Instrument(
        name="made",
        title={"en": "Made"},
        items=(
            Item(id="a", kind="slider", minimum=1, maximum=5, decimals=decimals),
            Item(id="b", kind="slider", minimum=1, maximum=5, decimals=decimals, reversed=True),
        ),
        scales=scales,
        text="pack",
        source="test",
        licence="CC0-1.0",
    )


def formula(*, constant: float = 0.0, **weights: float) -> Scale:
    return Scale(name="x", items=tuple(weights), method="formula", weights=weights, constant=constant)


def ends(instrument: Instrument, name: str) -> tuple[float, float]:
    key = next(key for key in keys(instrument) if key.name == name)
    return key.lowest, key.highest


def test_published_ranges() -> None:
    assert {key.name: (key.lowest, key.highest) for key in keys(WAI_SR)} == {
        "task": (4, 20),
        "bond": (4, 20),
        "goal": (4, 20),
        "total": (12, 60),
    }
    assert ends(LINES, "total") == (0, 40)
    assert ends(BIPOLAR, "lean") == (-9, 9)


@pytest.mark.parametrize(
    ("weights", "constant", "low", "high"),
    [
        ({"a": 1.0}, 0.0, 1, 5),
        ({"a": -1.0}, 0.0, -5, -1),
        ({"a": 2.0, "b": -1.0}, 0.0, 2 * 1 - 5, 2 * 5 - 1),
        ({"a": -0.25, "b": -0.5}, 10.0, 10 - 0.75 * 5, 10 - 0.75 * 1),
        ({"a": 0.1, "b": 0.2}, -0.3, 0, 1.2),
    ],
)
def test_a_formulas_range_also_with_negative_weights(
    weights: dict[str, float], constant: float, low: float, high: float
) -> None:
    assert ends(made(formula(constant=constant, **weights)), "x") == (low, high)


def test_a_reversed_item_counts_minimum_plus_maximum_minus_answer() -> None:
    [key] = keys(made(Scale(name="x", items=("a", "b"))))
    assert key.constant == 6
    assert {term.item: term.coefficient for term in key.terms} == {"a": 1, "b": -1}
    assert (key.least, key.span, key.denominator) == (2, 8, 1)
    [turned] = keys(made(formula(b=-2.0)))
    assert (turned.constant, turned.terms[0].coefficient) == (-12, 2)
    assert (turned.lowest, turned.highest) == (-10, -2)


def test_decimals_means_and_weights_are_one_division() -> None:
    [mean] = keys(made(Scale(name="x", items=("a", "b"), method="mean"), decimals=1))
    assert (mean.denominator, mean.lowest, mean.highest) == (20, 0.1, 0.5)
    [weighed] = keys(made(formula(a=0.125), decimals=1))
    assert (weighed.denominator, weighed.terms[0].coefficient) == (10_000, 125)
    assert weighed.highest == 0.0625


def test_a_sum_of_scales_counts_an_item_of_both_twice() -> None:
    parts = (
        Scale(name="both", items=("a", "b"), method="mean"),
        Scale(name="one", items=("a",)),
        Scale(name="total", parts=("both", "one")),
    )
    total = keys(made(*parts))[2]
    assert [part.name for part in total.parts] == ["both", "one"]
    assert total.denominator == 2
    assert {term.item: term.coefficient for term in total.terms} == {"a": 3, "b": -1}
    assert (total.lowest, total.highest) == (2, 10)
    assert total.items == ("a", "b")


def test_a_scale_of_one_value_is_refused() -> None:
    with pytest.raises(InstrumentError, match="one value only: its weights are 0"):
        Key(
            name="x",
            terms=(Term(item="a", coefficient=0, low=0, high=0),),
            constant=3,
            denominator=1,
            max_missing=0,
        )


@pytest.mark.parametrize("weight", [1e15, 1 / 3, 1e-15])
def test_a_scale_that_floats_could_not_hold_exactly_is_refused(weight: float) -> None:
    with pytest.raises(InstrumentError, match=r"too large, or weights too fine.*State weights"):
        keys(made(formula(a=weight, b=1.0)))


def test_missing_answers_need_room_for_the_longer_sum() -> None:
    term = Term(item="a", coefficient=1, low=0, high=100_000_000)
    whole = Key(name="x", terms=(term,), constant=0, denominator=1, max_missing=0)
    assert whole.reach == 100 * 100_000_001
    with pytest.raises(InstrumentError, match="exactly"):
        Key(name="x", terms=(term,), constant=0, denominator=1, max_missing=1)


def test_options_count_by_value_and_not_by_position() -> None:
    instrument = made(Scale(name="x", items=("a",))).model_copy(
        update={"items": (Item(id="a", options=(Option(value=4), Option(value=-1))),)}
    )
    assert ends(instrument, "x") == (-1, 4)
