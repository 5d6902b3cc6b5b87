"""Check answers against an instrument and score its scales by its own key. Pure: no I/O, no clock.

A scale's value is the sum or the mean of its items, a reversed item counting as minimum + maximum − value.
Where an item is missing and the instrument allows it (`max_missing`), the value is pro-rated: the answered
items' position in their range is carried over to the whole scale. For items of one range this is the mean
of the answered items times the number of items, the usual person-mean substitution; the score says
`prorated`.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Container, Mapping
from operator import itemgetter
from typing import Any

from alliancekit.errors import InvalidAnswerError
from alliancekit.events import Score
from alliancekit.instruments.model import Instrument, Item, Scale

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")


def check_answers(instrument: Instrument, answers: Mapping[str, object]) -> None:
    """Refuse answers that do not fit the instrument. Missing items are allowed.

    Args:
        instrument: the form that was asked.
        answers: item id → value; values are integers, never floats, booleans or text.

    Raises:
        InvalidAnswerError: an item is unknown, or a value is not among its options, outside its range or off
            its step. The message names the item and what is allowed, never the value.
    """
    allowed = _key(instrument).allowed
    for item, value in answers.items():
        fits = allowed.get(item)
        if fits is None or type(value) is not int or value not in fits:
            raise _refusal(instrument, item)


def score(instrument: Instrument, answers: Mapping[str, int]) -> tuple[Score, ...]:
    """Score every scale of an instrument, in its order.

    Args:
        instrument: the form that was asked.
        answers: item id → value, as `check_answers` lets pass; other entries give wrong scores.

    Returns: one score a scale. `value` and `percent` are None when more than `max_missing` items are missing
    or no item was answered.
    """
    return tuple([scale.score(answers) for scale in _key(instrument).scales])


_REMEMBERED = 1024
"""Scores a scale remembers by their sum: a scale of twelve items of five options has 49."""


class _ScaleKey:
    """One scale, prepared: complete answers need one sum, whose score is remembered."""

    __slots__ = (
        "highs",
        "items",
        "known",
        "lows",
        "max_missing",
        "maximum",
        "mean",
        "minimum",
        "name",
        "offset",
        "reversed",
        "take",
        "take_reversed",
    )

    def __init__(self, instrument: Instrument, scale: Scale) -> None:
        by_id = {item.id: item for item in instrument.items}
        ranges = {name: instrument.range_of(by_id[name]) for name in scale.items}
        self.name = scale.name
        self.items = scale.items
        self.mean = scale.method == "mean"
        self.max_missing = scale.max_missing
        self.lows = {name: low for name, (low, _) in ranges.items()}
        self.highs = {name: high for name, (_, high) in ranges.items()}
        self.reversed = frozenset(name for name in scale.items if by_id[name].reversed)
        # sum = Σ plain + Σ (low + high − reversed) = Σ all − 2 Σ reversed + offset
        self.offset = sum(self.lows[name] + self.highs[name] for name in self.reversed)
        self.take = _taker(scale.items)
        self.take_reversed = _taker(tuple(self.reversed))
        parts = len(scale.items) if self.mean else 1
        self.minimum = sum(self.lows.values()) / parts
        self.maximum = sum(self.highs.values()) / parts
        self.known: dict[int, Score] = {}

    def score(self, answers: Mapping[str, int]) -> Score:
        try:
            total = sum(self.take(answers))
            if self.reversed:
                total += self.offset - 2 * sum(self.take_reversed(answers))
        except KeyError:
            return self._incomplete(answers)
        known = self.known.get(total)
        if known is None:
            count = len(self.items)
            known = self._made(total / count if self.mean else float(total), count, prorated=False)
            if len(self.known) < _REMEMBERED:
                self.known[total] = known
        return known

    def _incomplete(self, answers: Mapping[str, int]) -> Score:
        answered = [name for name in self.items if name in answers]
        if not answered or len(self.items) - len(answered) > self.max_missing:
            return self._made(None, len(answered), prorated=False)
        above, width = 0, 0
        for name in answered:
            low, high, value = self.lows[name], self.highs[name], answers[name]
            above += high - value if name in self.reversed else value - low
            width += high - low
        estimate = self.minimum + above / width * (self.maximum - self.minimum)
        return self._made(estimate, len(answered), prorated=True)

    def _made(self, value: float | None, answered: int, *, prorated: bool) -> Score:
        low, high = self.minimum, self.maximum
        return Score(
            scale=self.name,
            value=value,
            minimum=low,
            maximum=high,
            percent=None if value is None else 100.0 * (value - low) / (high - low),
            answered=answered,
            items=len(self.items),
            prorated=prorated,
        )


class _Key:
    """An instrument's key, prepared."""

    __slots__ = ("allowed", "scales")

    def __init__(self, instrument: Instrument) -> None:
        self.allowed = {item.id: _allowed(instrument, item) for item in instrument.items}
        self.scales = tuple(_ScaleKey(instrument, scale) for scale in instrument.scales)


_KEYS: dict[int, tuple[weakref.ref[Instrument], _Key]] = {}
"""Prepared keys by the instrument's identity: its mappings of texts make it unhashable."""


def _key(instrument: Instrument) -> _Key:
    known = _KEYS.get(id(instrument))
    if known is not None and known[0]() is instrument:
        return known[1]
    identity = id(instrument)
    made = _Key(instrument)

    def forget(gone: weakref.ref[Instrument]) -> None:
        if identity in _KEYS and _KEYS[identity][0] is gone:
            del _KEYS[identity]

    _KEYS[identity] = (weakref.ref(instrument, forget), made)
    return made


def _allowed(instrument: Instrument, item: Item) -> Container[int]:
    if item.kind == "slider":
        return range(item.minimum, item.maximum + 1, item.step)
    return frozenset(option.value for option in instrument.options_of(item))


def _taker(names: tuple[str, ...]) -> Callable[[Mapping[str, int]], tuple[int, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    take: Any = itemgetter(*names) if names else None
    return (lambda answers: (take(answers),)) if names else (lambda _: ())


def _refusal(instrument: Instrument, name: object) -> InvalidAnswerError:
    measure = f"{instrument.name!r} ({instrument.form} form)"
    item = next((item for item in instrument.items if item.id == name), None)
    if item is None:
        # An unknown key may be free text: only something shaped like an item id is repeated.
        shaped = isinstance(name, str) and _IDENTIFIER.fullmatch(name) is not None
        what = f"The item {name!r} is" if shaped else "An answered item is"
        known = ", ".join(item.id for item in instrument.items)
        return InvalidAnswerError(
            f"{what} not part of {measure}; nothing was stored.", fix=f"Its items are: {known}."
        )
    if item.kind == "slider":
        step = f" in steps of {item.step}" if item.step > 1 else ""
        allowed = f"an integer from {item.minimum} to {item.maximum}{step}"
    else:
        values = sorted(option.value for option in instrument.options_of(item))
        allowed = f"one of the integers {', '.join(map(str, values))}"
    return InvalidAnswerError(
        f"The answer to the item {item.id!r} of {measure} is not allowed; nothing was stored.",
        fix=f"Send {allowed}, or leave the item out.",
    )
