"""How a scale's value comes from its items. It stands once, for one response and for files of a million rows.

`evaluate` does it on whatever an `Answers` hands out: integers for one response, columns for a batch. It uses
only `+ − ·`, comparisons, `&`, and what `Answers` says about division and choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add, and_
from typing import Any, Protocol

from alliancekit.instruments.keys import Key

Quantity = Any
"""A number or truth value, or a column of them."""


class Answers(Protocol):
    """What is scored: one response, or the rows of a batch."""

    def value(self, item: str) -> Quantity:
        """The item's stored integer, 0 where it is missing."""

    def given(self, item: str) -> Quantity:
        """1 where the item was answered, 0 where it is missing."""

    def divide(self, dividend: Quantity, divisor: Quantity) -> Quantity:
        """The quotient as a float, exactly rounded."""

    def either(
        self, condition: Quantity, then: Callable[[], Quantity], otherwise: Callable[[], Quantity]
    ) -> Quantity:
        """`then()` where the condition holds, else `otherwise()`; None stands for a missing value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A scale's result: `value` and `percent()` None where it has none, `known` where it has one."""

    value: Quantity
    percent: Callable[[], Quantity]
    answered: Quantity
    known: Quantity
    prorated: Quantity


def evaluate(key: Key, answers: Answers, worked: Mapping[str, Worked]) -> Worked:
    """Score one scale.

    A scale of items with some missing, as far as `max_missing` allows, carries the answered items' position
    in their range over to the whole scale. For items of one range this is the mean of the answered items
    times the number of items, the usual person-mean substitution. A sum of scales has a value where each
    part has one.

    Args:
        key: the scale.
        answers: what is scored.
        worked: the results of the scales before it, by name.
    """
    given = {term.item: answers.given(term.item) for term in key.terms}
    counted = {term.item: _times(term.coefficient, answers.value(term.item)) for term in key.terms}
    total = _sum(counted.values())
    answered = _sum(given.values())
    complete = answered == len(key.terms)

    def exact() -> Quantity:
        return answers.divide(_plus(total, key.constant), key.denominator)

    def exact_percent() -> Quantity:
        return answers.divide(100 * _plus(total, key.constant - key.least), key.span)

    if key.parts:
        known = reduce(and_, (worked[part.name].known for part in key.parts))

        def estimate() -> Quantity:
            # A sum of rounded values may pass the end of the range by its last bit.
            found = _sum(worked[part.name].value for part in key.parts)
            capped = answers.either(found > key.highest, lambda: key.highest, lambda: found)
            return answers.either(capped < key.lowest, lambda: key.lowest, lambda: capped)

        def estimate_percent() -> Quantity:
            return 100 * answers.divide(estimate() - key.lowest, key.highest - key.lowest)
    else:
        known = (answered > 0) & (answered >= len(key.terms) - key.max_missing)

        def above() -> Quantity:
            return _sum(given[term.item] * (counted[term.item] - term.low) for term in key.terms)

        def width() -> Quantity:
            return _sum(given[term.item] * (term.high - term.low) for term in key.terms)

        def estimate() -> Quantity:
            return answers.divide(key.least * width() + above() * key.span, width() * key.denominator)

        def estimate_percent() -> Quantity:
            return answers.divide(100 * above(), width())

    def choose(full: Callable[[], Quantity], partial: Callable[[], Quantity]) -> Quantity:
        return answers.either(complete, full, lambda: answers.either(known, partial, lambda: None))

    return Worked(
        value=choose(exact, estimate),
        percent=lambda: choose(exact_percent, estimate_percent),
        answered=answered,
        known=known,
        prorated=known & (answered < len(key.terms)),
    )


def _sum(quantities: Iterable[Quantity]) -> Quantity:
    return reduce(add, quantities)


def _times(coefficient: int, quantity: Quantity) -> Quantity:
    return quantity if coefficient == 1 else coefficient * quantity


def _plus(quantity: Quantity, constant: int) -> Quantity:
    return quantity + constant if constant else quantity
