"""What must hold between the parts of an instrument: each mistake, its place and its message."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from alliancekit.instruments.checks import InconsistentError
from alliancekit.instruments.model import Instrument

GOOD: dict[str, Any] = {
    "name": "made-up",
    "title": {"en": "Made up"},
    "options": [{"value": 0}, {"value": 1}],
    "items": [
        {"id": "one", "text": {"en": "One?"}},
        {"id": "two", "text": {"en": "Two?"}},
        {"id": "line", "text": {"en": "Line?"}, "kind": "slider", "decimals": 1},
    ],
    "scales": [
        {"name": "bond", "items": ["one", "two"], "max_missing": 1},
        {"name": "task", "items": ["line"]},
        {"name": "total", "parts": ["bond", "task"]},
    ],
    "cut_offs": [{"scale": "total", "value": 1, "when": "<", "meaning": "low", "source": "test"}],
    "norms": [{"scale": "total", "mean": 1, "sd": 1, "n": 10, "population": "test", "source": "test"}],
    "reliabilities": [{"scale": "bond", "coefficient": "alpha", "value": 0.8, "source": "test"}],
    "source": "test",
    "licence": "CC0-1.0",
}


def changed(**places: Any) -> dict[str, Any]:
    """A copy with some places changed; `items__0__text` is `items[0].text`."""
    data = copy.deepcopy(GOOD)
    for path, value in places.items():
        *way, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        place: Any = data
        for part in way:
            place = place[part]
        if isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return data


def test_the_good_one_is_good():
    assert [scale.name for scale in Instrument.model_validate(GOOD).scales] == ["bond", "task", "total"]


@pytest.mark.parametrize(
    ("data", "place", "expected"),
    [
        (changed(items__1__id="one"), "items[1].id", "already the id of items[0]"),
        (changed(scales__1__name="bond", scales__2__parts=["bond"]), "scales[1].name", "of scales[0]"),
        (changed(options__2={"value": 0}), "options", "the same value 0"),
        (changed(options=[{"value": 0}]), "options", "at least two"),
        (changed(options=[]), "items[0].options", "or shared ones"),
        (changed(items__0__options=[{"value": 3}]), "items[0].options", "at least two"),
        (changed(items__0__options=[{"value": 3}, {"value": 3}]), "items[0].options", "the same value 3"),
        (changed(items__2__options=[{"value": 3}, {"value": 4}]), "items[2].options", "belong to choices"),
        (changed(items__2__minimum=100), "items[2].maximum", "more than the minimum 100"),
        (changed(items__2__step=7), "items[2].step", "never reach 100"),
        (changed(items__0__decimals=1, items__1__decimals=1), "items[0].decimals", "belong to sliders"),
        (changed(items__0__text={"es": "¿Uno?"}), "items[0].text", "English text"),
        (changed(items__0__text={"en": " "}), "items[0].text", "English text"),
        (changed(scales__0__items=["one", "three"]), "scales[0].items[1]", "no item 'three'"),
        (changed(scales__0__items=["one", "one"]), "scales[0].items[1]", "named twice"),
        (changed(scales__0__max_missing=2), "scales[0].max_missing", "less than the 2 items"),
        (changed(scales__0__parts=["task"]), "scales[0]", "either items or parts"),
        (changed(scales__1__items=[]), "scales[1]", "either items or parts"),
        (changed(scales__2__parts=["bond", "total"]), "scales[2].parts[1]", "no scale 'total' before"),
        (changed(scales__2__parts=["bond", "bond"]), "scales[2].parts[1]", "named twice"),
        (changed(scales__2__method="mean"), "scales[2].method", "is their sum"),
        (changed(scales__2__max_missing=1), "scales[2].max_missing", "needs each part"),
        (changed(scales__0__weights={"one": 1}), "scales[0].method", "belong to the method"),
        (changed(scales__0__constant=1), "scales[0].method", "belong to the method"),
        (changed(scales__1__method="formula"), "scales[1].weights", "a weight for each item"),
        (changed(scales__1__method="formula", scales__1__weights={"line": 0}), "scales[1].weights", "not 0"),
        (changed(scales__0__method="formula", scales__0__weights={"one": 1, "two": 2}),
         "scales[0].max_missing", "lets no item be missing"),
        (changed(scales__1__items=["line", "one"]), "scales[1].items", "different decimals"),
        (changed(scales__1__low={"en": "less"}), "scales[1]", "poles"),
        (changed(cut_offs__0__scale="goal"), "cut_offs[0].scale", "no scale 'goal'"),
        (changed(norms__0__scale="goal"), "norms[0].scale", "no scale 'goal'"),
        (changed(reliabilities__0__scale="goal"), "reliabilities[0].scale", "no scale 'goal'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_mistake_has_its_place_and_its_message(data: dict[str, Any], place: str, expected: str):
    with pytest.raises(ValidationError) as caught:
        Instrument.model_validate(data)
    [error] = caught.value.errors()
    cause = error.get("ctx", {}).get("error")
    assert isinstance(cause, InconsistentError)
    found = dict(cause.mistakes)
    assert expected in found[place]


def test_one_mistake_gives_one_message():
    for data in (changed(items__1__id="three"), changed(items__2__step=7), changed(norms__0__scale="goal")):
        with pytest.raises(ValidationError) as caught:
            Instrument.model_validate(data)
        [error] = caught.value.errors()
        assert len(error.get("ctx", {})["error"].mistakes) == 1


@pytest.mark.parametrize(
    "data",
    [
        changed(cut_offs__0__value=float("nan")),
        changed(norms__0__sd=float("inf")),
        changed(norms__0__sd=0),
        changed(norms__0__n=1),
        changed(reliabilities__0__value=1.0),
        changed(scales__1__weights={"line": float("inf")}),
    ],
)
def test_numbers_that_no_statistic_can_be(data: dict[str, Any]):
    with pytest.raises(ValidationError):
        Instrument.model_validate(data)


def test_a_formula_and_two_poles_are_accepted():
    made = Instrument.model_validate(
        changed(
            scales__0={"name": "bond", "items": ["one", "two"], "method": "formula", "constant": 1,
                       "weights": {"one": 2, "two": -1}},
            scales__1__higher_is="neither",
            scales__1__low={"en": "less"},
            scales__1__high={"en": "more"},
        )
    )  # fmt: skip
    assert made.scales[0].weights == {"one": 2, "two": -1}
