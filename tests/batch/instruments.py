"""Instruments for the tests of files of answers: made up ones, and the published key of the WAI-SR."""

from __future__ import annotations

from hypothesis import strategies as st

from alliancekit.instruments.model import Instrument, Item, Option, Scale


def _items(*numbers: int) -> tuple[str, ...]:
    return tuple(f"item{number}" for number in numbers)


WAI_SR = Instrument(
    name="wai-sr",
    title={"en": "WAI-SR"},
    options=tuple(Option(value=value) for value in range(1, 6)),
    items=tuple(Item(id=name) for name in _items(*range(1, 13))),
    scales=(
        Scale(name="task", items=_items(1, 2, 10, 12), max_missing=1),
        Scale(name="bond", items=_items(3, 5, 7, 9), max_missing=1),
        Scale(name="goal", items=_items(4, 6, 8, 11), max_missing=1),
        Scale(name="total", parts=("task", "bond", "goal")),
    ),
    text="pack",
    source="Hatcher & Gillaspy 2006",
    licence="key only",
)
LINES = Instrument(
    name="lines",
    title={"en": "Four lines of 10 cm, read to one decimal"},
    items=tuple(Item(id=name, kind="slider", decimals=1) for name in _items(1, 2, 3, 4)),
    scales=(Scale(name="total", items=_items(1, 2, 3, 4)),),
    text="pack",
    source="test",
    licence="CC0-1.0",
)
BIPOLAR = Instrument(
    name="poles",
    title={"en": "Signed"},
    options=tuple(Option(value=value) for value in range(-3, 4)),
    items=(Item(id="a"), Item(id="b", reversed=True), Item(id="c")),
    scales=(
        Scale(name="lean", items=("a", "b", "c"), higher_is="neither"),
        Scale(
            name="weighed",
            items=("a", "b", "c"),
            method="formula",
            weights={"a": 0.5, "b": -1.25, "c": 0.1},
            constant=2.5,
            higher_is="worse",
        ),
    ),
    text="pack",
    source="test",
    licence="CC0-1.0",
)


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    """Any instrument: choices with gaps, sliders with decimals, every method, reversals, sums of scales."""
    decimals = draw(st.sampled_from([0, 0, 1, 3]))
    count = draw(st.integers(1, 8))
    items = []
    for number in range(count):
        turned = draw(st.booleans())
        if decimals or draw(st.booleans()):
            low = draw(st.integers(-200, 200))
            high = low + draw(st.integers(1, 300))
            items.append(
                Item(
                    id=f"i{number}",
                    kind="slider",
                    minimum=low,
                    maximum=high,
                    decimals=decimals,
                    reversed=turned,
                )
            )
        else:
            values = draw(st.lists(st.integers(-9, 9), min_size=2, max_size=6, unique=True))
            options = tuple(Option(value=value) for value in values)
            items.append(Item(id=f"i{number}", options=options, reversed=turned))
    scales: list[Scale] = []
    for number in range(draw(st.integers(1, 4))):
        if scales and draw(st.booleans()):
            parts = draw(st.lists(st.sampled_from([s.name for s in scales]), min_size=1, unique=True))
            scales.append(Scale(name=f"s{number}", parts=tuple(parts)))
            continue
        names = draw(st.lists(st.sampled_from([item.id for item in items]), min_size=1, unique=True))
        method = draw(st.sampled_from(["sum", "mean", "formula"]))
        weighed = method == "formula"
        weight = st.integers(-300, 300).filter(bool).map(lambda whole: whole / 100)
        scales.append(
            Scale(
                name=f"s{number}",
                items=tuple(names),
                method=method,
                weights={name: draw(weight) for name in names} if weighed else {},
                constant=draw(st.integers(-99, 99)) / 10 if weighed else 0.0,
                max_missing=0 if weighed else draw(st.integers(0, len(names) - 1)),
            )
        )
    return Instrument(
        name="any",
        title={"en": "Any"},
        items=tuple(items),
        scales=tuple(scales),
        text="pack",
        source="test",
        licence="CC0-1.0",
    )


@st.composite
def answers_to(draw: st.DrawFn, instrument: Instrument) -> dict[str, int]:
    """Allowed answers to some of the items, rarely to none."""
    found = {}
    for item in instrument.items:
        if draw(st.integers(0, 5)) == 0:
            continue
        if item.kind == "slider":
            found[item.id] = draw(st.integers(item.minimum, item.maximum))
        else:
            found[item.id] = draw(st.sampled_from([o.value for o in instrument.options_of(item)]))
    return found
