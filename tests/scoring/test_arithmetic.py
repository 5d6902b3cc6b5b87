"""The one definition of a scale's value, on the numbers of one response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from alliancekit.instruments.keys import Key, keys
from alliancekit.instruments.model import Instrument, Item, Scale
from alliancekit.scoring.arithmetic import Quantity, Worked, evaluate


class One:
    """A response as `Answers`, written out here so that the module is tried without its callers."""

    def __init__(self, answers: Mapping[str, int]) -> None:
        self._answers = answers

    def value(self, item: str) -> int:
        return self._answers.get(item, 0)

    def given(self, item: str) -> int:
        return int(item in self._answers)

    def divide(self, dividend: int, divisor: int) -> float:
        return dividend / divisor

    def either(
        self, condition: Quantity, then: Callable[[], Quantity], otherwise: Callable[[], Quantity]
    ) -> Quantity:
        return then() if condition else otherwise()


def made(*scales: Scale) -> tuple[Key, ...]:
    items = tuple(
        Item(id=name, kind="slider", minimum=low, maximum=high, reversed=turned)
        for name, low, high, turned in (("a", 1, 5, False), ("b", 1, 5, True), ("c", 0, 10, False))
    )
    return keys(
        Instrument(
            name="made",
            title={"en": "Made"},
            items=items,
            scales=scales,
            text="pack",
            source="test",
            licence="CC0-1.0",
        )
    )


def worked(scales: tuple[Scale, ...], **answers: int) -> dict[str, Worked]:
    found: dict[str, Worked] = {}
    for key in made(*scales):
        found[key.name] = evaluate(key, One(answers), found)
    return found


def test_a_complete_scale_is_exact() -> None:
    scale = Scale(name="x", items=("a", "b"))
    one = worked((scale,), a=2, b=1)["x"]
    assert (one.value, one.percent(), one.answered, one.known, one.prorated) == (7, 62.5, 2, True, False)


def test_a_missing_answer_carries_the_position_over() -> None:
    scales = (Scale(name="x", items=("a", "b"), max_missing=1),)
    one = worked(scales, b=2)["x"]
    assert (one.value, one.percent(), one.prorated) == (8, 75.0, True), "6 − 2 = 4, taken for both items"
    wide = worked((Scale(name="x", items=("a", "c"), max_missing=1),), c=5)["x"]
    assert (wide.value, wide.percent()) == (8, 50.0), "the middle of 1 to 15: items of different ranges"
    mean = worked((Scale(name="x", items=("a", "b"), method="mean", max_missing=1),), a=3)["x"]
    assert mean.value == 3


def test_too_few_answers_have_no_value() -> None:
    one = worked((Scale(name="x", items=("a", "b", "c"), max_missing=1),), a=5)["x"]
    assert (one.value, one.percent(), one.answered, one.known, one.prorated) == (None, None, 1, False, False)
    none = worked((Scale(name="x", items=("a",), max_missing=0),))["x"]
    assert (none.value, none.known) == (None, False)


def test_negative_weights_keep_their_sign_also_when_prorated() -> None:
    [key] = made(
        Scale(name="x", items=("a", "c"), method="formula", weights={"a": -2.0, "c": -1.0}, constant=1.0)
    )
    assert evaluate(key, One({"a": 5, "c": 10}), {}).value == -19
    assert evaluate(key, One({"a": 1, "c": 0}), {}).percent() == 100.0
    assert evaluate(key, One({"a": 1}), {}).value is None
    free = replace(key, max_missing=1)
    assert evaluate(free, One({"a": 1}), {}).value == -1, "the upper end"
    assert evaluate(free, One({"a": 5}), {}).value == -19, "the lower end"


def test_a_sum_of_scales_needs_each_of_them() -> None:
    scales = (
        Scale(name="x", items=("a", "b"), max_missing=1),
        Scale(name="y", items=("c",)),
        Scale(name="total", parts=("x", "y")),
    )
    whole = worked(scales, a=5, b=1, c=10)["total"]
    assert (whole.value, whole.percent(), whole.prorated) == (20, 100.0, False)
    part = worked(scales, a=3, c=5)["total"]
    assert (part.value, part.percent(), part.answered, part.prorated) == (11, 50.0, 2, True)
    assert worked(scales, a=3, b=3)["total"].value is None
    assert worked(scales, a=3, b=3)["total"].answered == 2


def test_rounded_parts_never_leave_the_range() -> None:
    thirds = Scale(name="x", items=("a", "b", "c"), method="mean", max_missing=2)
    scales = (thirds, thirds.model_copy(update={"name": "y"}), Scale(name="total", parts=("x", "y")))
    for answers in ({"a": 5}, {"a": 1}, {"c": 10}, {"c": 0}, {"b": 1}, {"b": 5}):
        found = worked(scales, **answers)
        key = made(*scales)[2]
        assert key.lowest <= found["total"].value <= key.highest
        assert found["total"].percent() in (0.0, 100.0)
