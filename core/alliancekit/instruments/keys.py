"""The key of a scale as integers: which multiple of which answer counts, and what it is divided by.

A scale is `(constant + Σ coefficient · answer) / denominator` with integers throughout: sums, means,
reversals (a reversed item counts minimum + maximum − answer), published weights, decimals and sums of scales
all have this form. One division at the end gives the published value exactly rounded, such as 8.5 for a
stored 85.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from alliancekit.errors import InstrumentError
from alliancekit.instruments.model import Instrument, Scale

_EXACT = 2**53
"""Below it every integer is a float, so that integers and columns of floats give the same quotient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One item in a scale: its coefficient, and the lowest and highest value of coefficient · answer."""

    item: str
    coefficient: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A scale, ready to be evaluated; see the module's docstring. `parts` are keys of earlier scales.

    `lowest` and `highest` are the ends of the scale's range in its published units. `least` and `span` are
    its lower end and its width as integers; no integer it is computed with lies beyond ± `reach`.
    """

    name: str
    terms: tuple[Term, ...]
    constant: int
    denominator: int
    max_missing: int
    parts: tuple[Key, ...] = ()
    least: int = field(init=False)
    span: int = field(init=False)
    reach: int = field(init=False)

    def __post_init__(self) -> None:
        least = self.constant + sum(term.low for term in self.terms)
        span = sum(term.high - term.low for term in self.terms)
        if not span:
            raise InstrumentError(f"The scale {self.name!r} has one value only: its weights are 0.")
        times = max(span, 100) if self.max_missing else 100
        reach = (abs(least) + span + self.denominator) * times
        if reach >= _EXACT:
            raise InstrumentError(
                f"The scale {self.name!r} has values too large, or weights too fine, to be computed exactly.",
                fix="State weights with the digits that were published.",
            )
        object.__setattr__(self, "least", least)
        object.__setattr__(self, "span", span)
        object.__setattr__(self, "reach", reach)

    @property
    def items(self) -> tuple[str, ...]:
        """The items of the scale or of its parts, each once."""
        return tuple(term.item for term in self.terms)

    @property
    def lowest(self) -> float:
        """The least value the scale can take."""
        return self.least / self.denominator

    @property
    def highest(self) -> float:
        """The greatest value the scale can take."""
        return (self.least + self.span) / self.denominator


def keys(instrument: Instrument) -> tuple[Key, ...]:
    """The instrument's scales, prepared, in its order.

    Raises:
        InstrumentError: a scale can take one value only, or cannot be computed exactly.
    """
    made: dict[str, Key] = {}
    for scale in instrument.scales:
        made[scale.name] = _sum_of_parts(scale, made) if scale.parts else _from_items(instrument, scale)
    return tuple(made.values())


def _from_items(instrument: Instrument, scale: Scale) -> Key:
    """A sum, a mean or a formula of items."""
    by_id = {item.id: item for item in instrument.items}
    weights = {name: Decimal(repr(scale.weights.get(name, 1.0))) for name in scale.items}
    constant = Decimal(repr(scale.constant))
    unit = 10 ** max(0, *(-_exponent(number) for number in (constant, *weights.values())))
    unit_of_items = 10 ** by_id[scale.items[0]].decimals
    offset = int(constant * unit) * unit_of_items
    terms = []
    for name in scale.items:
        low, high = instrument.range_of(by_id[name])
        weight = int(weights[name] * unit)
        if by_id[name].reversed:
            offset += weight * (low + high)
            weight = -weight
        ends = weight * low, weight * high
        terms.append(Term(item=name, coefficient=weight, low=min(ends), high=max(ends)))
    count = len(terms) if scale.method == "mean" else 1
    return Key(
        name=scale.name,
        terms=tuple(terms),
        constant=offset,
        denominator=unit * unit_of_items * count,
        max_missing=scale.max_missing,
    )


def _sum_of_parts(scale: Scale, made: Mapping[str, Key]) -> Key:
    """The sum of scales as one linear form over all their items."""
    parts = tuple(made[name] for name in scale.parts)
    denominator = math.lcm(*(part.denominator for part in parts))
    terms: dict[str, Term] = {}
    for part in parts:
        times = denominator // part.denominator
        for term in part.terms:
            before = terms.get(term.item, Term(item=term.item, coefficient=0, low=0, high=0))
            terms[term.item] = Term(
                item=term.item,
                coefficient=before.coefficient + times * term.coefficient,
                low=before.low + times * term.low,
                high=before.high + times * term.high,
            )
    return Key(
        name=scale.name,
        terms=tuple(terms.values()),
        constant=sum(denominator // part.denominator * part.constant for part in parts),
        denominator=denominator,
        max_missing=0,
        parts=parts,
    )


def _exponent(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "weights are finite"
    return exponent
