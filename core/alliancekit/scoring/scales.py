"""Check answers against an instrument and score its scales by its own key. Pure: no I/O, no clock.

The arithmetic stands in `alliancekit.scoring.arithmetic`. Where an item is missing and the instrument allows
it (`max_missing`), the value is pro-rated, and the score says `prorated`.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Container, Mapping
from operator import itemgetter, mul
from typing import Any

from alliancekit.errors import InvalidAnswerError
from alliancekit.events import Score
from alliancekit.instruments.keys import Key, keys
from alliancekit.instruments.model import Instrument, Item
from alliancekit.scoring.arithmetic import Quantity, Worked, evaluate

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

    Returns: one score a scale, its values in published units (a stored 85 with one decimal is 8.5). `value`
    and `percent` are None when more than `max_missing` items are missing or no item was answered; a sum of
    scales has a value when each part has one. `percent` is the position in the range, whatever direction is
    the better one.
    """
    scales = _key(instrument).scales
    try:
        return tuple([scale.complete(answers) for scale in scales])
    except KeyError:
        response = _Response(answers)
        worked: dict[str, Worked] = {}
        for scale in scales:
            worked[scale.key.name] = evaluate(scale.key, response, worked)
        return tuple([scale.made(worked[scale.key.name]) for scale in scales])


_REMEMBERED = 1024
"""Scores a scale remembers by their sum: a scale of twelve items of five options has 49."""


class _Response:
    """One response as `arithmetic.Answers`: integers."""

    __slots__ = ("answers",)

    def __init__(self, answers: Mapping[str, int]) -> None:
        self.answers = answers

    def value(self, item: str) -> int:
        return self.answers.get(item, 0)

    def given(self, item: str) -> int:
        return int(item in self.answers)

    def divide(self, dividend: float, divisor: float) -> float:
        return dividend / divisor

    def either(
        self, condition: bool, then: Callable[[], Quantity], otherwise: Callable[[], Quantity]
    ) -> Quantity:
        return then() if condition else otherwise()


class _Scale:
    """One scale, prepared: what complete answers add up to has one score, which is remembered."""

    __slots__ = ("coefficients", "key", "known", "negative", "take", "take_negative")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.take = _taker(key.items)
        negative = tuple(term.item for term in key.terms if term.coefficient < 0)
        self.take_negative = _taker(negative)
        self.negative = bool(negative)
        factors = tuple(term.coefficient for term in key.terms)
        self.coefficients = () if len({abs(factor) for factor in factors}) == 1 else factors
        self.known: dict[int, Score] = {}

    def complete(self, answers: Mapping[str, int]) -> Score:
        """The score of complete answers; a KeyError says that an item is missing."""
        values = self.take(answers)
        if self.coefficients:
            total = sum(map(mul, self.coefficients, values))
        else:
            total = sum(values)
            if self.negative:
                total -= 2 * sum(self.take_negative(answers))
        known = self.known.get(total)
        if known is None:
            response = _Response(answers)
            worked: dict[str, Worked] = {}
            for part in _with_parts(self.key):
                worked[part.name] = evaluate(part, response, worked)
            known = self.made(worked[self.key.name])
            if len(self.known) < _REMEMBERED:
                self.known[total] = known
        return known

    def made(self, worked: Worked) -> Score:
        """The score as everybody sees it."""
        return Score(
            scale=self.key.name,
            value=worked.value,
            minimum=self.key.lowest,
            maximum=self.key.highest,
            percent=worked.percent(),
            answered=worked.answered,
            items=len(self.key.terms),
            prorated=worked.prorated,
        )


def _with_parts(key: Key) -> tuple[Key, ...]:
    """A scale behind the scales it needs."""
    return (*(each for part in key.parts for each in _with_parts(part)), key)


class _Key:
    """An instrument's key, prepared."""

    __slots__ = ("allowed", "scales")

    def __init__(self, instrument: Instrument) -> None:
        self.allowed = {item.id: _allowed(instrument, item) for item in instrument.items}
        self.scales = tuple(_Scale(key) for key in keys(instrument))


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
