"""What must hold between the parts of an instrument, beyond the type of each field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alliancekit.instruments.model import CutOff, Instrument, Item, Norm, Option, Reliability, Scale

Mistake = tuple[str, str]
"""The place in the file (`items[2].options`) and what was expected there."""


class InconsistentError(ValueError):
    """The parts of an instrument do not fit together; `mistakes` has every place and expectation."""

    def __init__(self, found: Sequence[Mistake]) -> None:
        super().__init__("\n".join(f"{place}: {expected}" for place, expected in found))
        self.mistakes = tuple(found)


def mistakes(instrument: Instrument) -> list[Mistake]:
    """Every mistake, in the order of the file's parts; empty when the instrument is consistent."""
    return [
        *_twins("items", "id", [item.id for item in instrument.items]),
        *_twins("scales", "name", [scale.name for scale in instrument.scales]),
        *_options("options", instrument.options),
        *(found for number, item in enumerate(instrument.items) for found in _item(instrument, number, item)),
        *_scales(instrument),
        *_named_scales(instrument),
    ]


def _twins(place: str, field: str, names: Sequence[str]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        if name in first:
            yield f"{place}[{number}].{field}", f"{name!r} is already the {field} of {place}[{first[name]}]"
        first.setdefault(name, number)


def _options(place: str, options: Sequence[Option]) -> Iterator[Mistake]:
    if len(options) == 1:
        yield place, "expected at least two options"
    for value, count in Counter(option.value for option in options).items():
        if count > 1:
            yield place, f"two options have the same value {value}"


def _item(instrument: Instrument, number: int, item: Item) -> Iterator[Mistake]:
    place = f"items[{number}]"
    yield from _options(f"{place}.options", item.options)
    if item.kind == "choice":
        if not instrument.options_of(item):
            yield f"{place}.options", "expected options here, or shared ones in the instrument"
        if item.decimals:
            yield f"{place}.decimals", "decimals belong to sliders"
    else:
        if item.options:
            yield f"{place}.options", "options belong to choices; this is a slider"
        if item.minimum >= item.maximum:
            yield f"{place}.maximum", f"expected more than the minimum {item.minimum}"
        elif (item.maximum - item.minimum) % item.step:
            yield f"{place}.step", f"steps of {item.step} from {item.minimum} never reach {item.maximum}"
    if instrument.text == "included" and not item.text.get("en", "").strip():
        yield (
            f"{place}.text",
            "expected an English text, because the instrument says that its text is included",
        )


def _scales(instrument: Instrument) -> Iterator[Mistake]:
    by_id = {item.id: item for item in instrument.items}
    earlier: set[str] = set()
    for number, scale in enumerate(instrument.scales):
        yield from _scale(f"scales[{number}]", scale, by_id, earlier)
        earlier.add(scale.name)


def _scale(place: str, scale: Scale, by_id: Mapping[str, Item], earlier: set[str]) -> Iterator[Mistake]:
    """The mistakes of a scale that cannot be computed from these items and the scales before it."""
    if bool(scale.items) == bool(scale.parts):
        yield place, "expected either items or parts"
    yield from _known(f"{place}.items", scale.items, by_id, "there is no item {!r}")
    yield from _known(
        f"{place}.parts",
        scale.parts,
        earlier,
        "there is no scale {!r} before this one; parts stand before their sum",
    )
    if scale.parts and scale.method != "sum":
        yield f"{place}.method", "a scale of parts is their sum"
    if scale.parts and scale.max_missing:
        yield f"{place}.max_missing", "a scale of parts needs each part; give its parts a max_missing"
    if scale.items and scale.max_missing >= len(scale.items):
        yield f"{place}.max_missing", f"expected less than the {len(scale.items)} items of the scale"
    yield from _formula(place, scale)
    if len({by_id[name].decimals for name in scale.items if name in by_id}) > 1:
        yield f"{place}.items", "items with different decimals cannot be added"
    if scale.higher_is != "neither" and (scale.low or scale.high):
        yield place, "low and high name the poles of a scale whose higher_is is 'neither'"


def _known(place: str, names: Sequence[str], known: Iterable[str], unknown: str) -> Iterator[Mistake]:
    among = set(known)
    for number, name in enumerate(names):
        if name not in among:
            yield f"{place}[{number}]", unknown.format(name)
        if name in names[:number]:
            yield f"{place}[{number}]", f"{name!r} is named twice"


def _formula(place: str, scale: Scale) -> Iterator[Mistake]:
    if scale.method != "formula":
        if scale.weights or scale.constant:
            yield f"{place}.method", "weights and constant belong to the method 'formula'"
        return
    if set(scale.weights) != set(scale.items):
        yield f"{place}.weights", "expected a weight for each item of the scale, and for no other"
    elif not any(scale.weights.values()):
        yield f"{place}.weights", "expected a weight that is not 0"
    if scale.max_missing:
        yield f"{place}.max_missing", "a formula lets no item be missing"


def _named_scales(instrument: Instrument) -> Iterator[Mistake]:
    names = {scale.name for scale in instrument.scales}
    lists: tuple[tuple[str, Sequence[CutOff | Norm | Reliability]], ...] = (
        ("cut_offs", instrument.cut_offs),
        ("norms", instrument.norms),
        ("reliabilities", instrument.reliabilities),
    )
    for place, parts in lists:
        for number, part in enumerate(parts):
            if part.scale not in names:
                yield f"{place}[{number}].scale", f"there is no scale {part.scale!r}"
