"""How reliably an instrument measures in one's own answers. Pure; needs numpy (extra `research`).

Answers are matrices, one row a person or session, one column an item. Nothing is pro-rated here: each number
comes from the rows that are complete for it (listwise), and says how many they are.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

from alliancekit.errors import ConfigError, FormulaError
from alliancekit.instruments.model import Instrument, Scale
from alliancekit.scoring.agreement import Interval
from alliancekit.scoring.coefficients import (
    Matrix,
    alpha_interval,
    correlation,
    cronbach_alpha,
    item_total,
    omega_of,
)
from alliancekit.scoring.onefactor import one_factor

try:
    import numpy as np
except ImportError:
    raise ConfigError(
        "Reliability needs numpy, which is not installed.",
        fix="Run: pip install 'alliancekit[research]'",
    ) from None

LEAST_ROWS = 30
"""Complete rows below which no number is given. Our choice: with 30 rows and four items the 95 % interval of
an alpha of .80 still runs from about .63 to .89."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReliability:
    """One item after its reversal, in published units; numbers are None with fewer than 30 answers.

    `floor` and `ceiling` are the shares of answers at the least and the most favourable end of its key, 0–1.
    """

    item: str
    n: int
    mean: float | None
    sd: float | None
    floor: float | None
    ceiling: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleReliability:
    """One scale. A number that the data do not carry is None, and `not_computed` says why under its name.

    Attributes:
        scale: its name.
        items: its items.
        n: rows with an answer to each of these items; all numbers below come from them.
        left_out: the other rows.
        alpha: Cronbach's α.
        alpha_interval: its 95 % confidence interval.
        omega: McDonald's ω total under one factor.
        loadings: the items' standardised loadings on that factor.
        srmr: how well one factor fits; up to .08 is commonly called good.
        item_total: each item's correlation with the sum of the scale's other items.
        floor: share of rows at the scale's lowest possible value, 0–1.
        ceiling: share of rows at its highest possible value, 0–1.
        not_computed: name of a number → why there is none.
    """

    scale: str
    items: tuple[str, ...]
    n: int
    left_out: int
    alpha: float | None = None
    alpha_interval: Interval | None = None
    omega: float | None = None
    loadings: dict[str, float] | None = None
    srmr: float | None = None
    item_total: dict[str, float | None] | None = None
    floor: float | None = None
    ceiling: float | None = None
    not_computed: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Pearson's r of two scales that share no item, from the `n` rows complete in both; None: see `why`."""

    scales: tuple[str, str]
    r: float | None
    n: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """What some answers say about an instrument."""

    rows: int
    scales: tuple[ScaleReliability, ...]
    items: tuple[ItemReliability, ...]
    correlations: tuple[Correlation, ...]


def reliability(instrument: Instrument, answers: Matrix) -> Reliability:
    """Describe every scale and item of an instrument.

    A scale of other scales counts with all their items. A scale by formula has floor and ceiling only: α and
    ω are those of plain sums.

    Args:
        instrument: the form that was answered.
        answers: rows × items in the instrument's order, values as stored (integers by label, not reversed),
            NaN where an answer is missing.

    Raises:
        FormulaError: the columns are not the instrument's items, or a value is outside an item's range.
    """
    if answers.ndim != 2 or answers.shape[1] != len(instrument.items):
        raise FormulaError(f"The answers must have one column for each of the {len(instrument.items)} items.")
    keyed = answers.astype(np.float64, copy=True)
    ends: list[tuple[float, float]] = []
    for column, item in enumerate(instrument.items):
        low, high = instrument.range_of(item)
        if bool(((keyed[:, column] < low) | (keyed[:, column] > high)).any()):
            raise FormulaError(f"An answer to the item {item.id!r} is outside {low} to {high}.")
        if item.reversed:
            keyed[:, column] = low + high - keyed[:, column]
        unit = 10.0**-item.decimals
        keyed[:, column] *= unit
        ends.append((low * unit, high * unit))
    names = [item.id for item in instrument.items]
    columns: dict[str, list[int]] = {}
    for scale in instrument.scales:
        own = [names.index(item) for item in scale.items]
        columns[scale.name] = own + [column for part in scale.parts for column in columns[part]]
    sums = {
        scale.name: keyed[:, columns[scale.name]]
        @ np.array([scale.weights.get(names[column], 1.0) for column in columns[scale.name]])
        for scale in instrument.scales
    }
    return Reliability(
        rows=len(keyed),
        scales=tuple(
            _scale(scale, keyed[:, columns[scale.name]], [(names[c], *ends[c]) for c in columns[scale.name]])
            for scale in instrument.scales
        ),
        items=tuple(_item(name, keyed[:, c], *ends[c]) for c, name in enumerate(names)),
        correlations=tuple(
            _between((one.name, other.name), sums[one.name], sums[other.name])
            for one, other in itertools.combinations(instrument.scales, 2)
            if not set(columns[one.name]) & set(columns[other.name])
        ),
    )


def _scale(scale: Scale, keyed: Matrix, ends: list[tuple[str, float, float]]) -> ScaleReliability:
    """One scale from the rows that are complete in it."""
    items = tuple(name for name, _, _ in ends)
    rows = keyed[~np.isnan(keyed).any(axis=1)]
    why: dict[str, str] = {}
    found = ScaleReliability(
        scale=scale.name, items=items, n=len(rows), left_out=len(keyed) - len(rows), not_computed=why
    )
    if len(rows) < LEAST_ROWS:
        why["all"] = f"Reliability needs at least {LEAST_ROWS} complete rows; there are {len(rows)}."
        return found
    signs = np.array([math.copysign(1.0, scale.weights.get(name, 1.0)) for name in items])
    lows, highs = (
        np.array(each) * signs for each in zip(*((low, high) for _, low, high in ends), strict=True)
    )
    turned = rows * signs
    at_low = np.isclose(turned, np.minimum(lows, highs)).all(axis=1)
    at_high = np.isclose(turned, np.maximum(lows, highs)).all(axis=1)
    found = replace(found, floor=float(at_low.mean()), ceiling=float(at_high.mean()))
    if scale.method == "formula":
        why["alpha"] = why["omega"] = "The scale is a formula with weights, not a plain sum of its items."
        return found
    if len(items) < 2:
        why["alpha"] = why["omega"] = "The scale has one item: nothing to compare it with."
        return found
    found = replace(found, item_total=dict(zip(items, item_total(rows), strict=True)))
    try:
        alpha = cronbach_alpha(rows)
        found = replace(found, alpha=alpha)
        between = alpha_interval(alpha, items=len(items), rows=len(rows))
        found = replace(found, alpha_interval=between)
    except FormulaError as error:
        why["alpha" if found.alpha is None else "alpha_interval"] = error.message
    try:
        factor = one_factor(np.cov(rows, rowvar=False), names=items)
    except FormulaError as error:
        why["omega"] = error.message
        return found
    sds = rows.std(axis=0, ddof=1)
    return replace(
        found,
        omega=omega_of(factor.loadings, factor.uniquenesses),
        loadings={name: each / float(sd) for name, each, sd in zip(items, factor.loadings, sds, strict=True)},
        srmr=factor.srmr,
    )


def _item(name: str, keyed: Matrix, low: float, high: float) -> ItemReliability:
    given = keyed[~np.isnan(keyed)]
    if len(given) < LEAST_ROWS:
        return ItemReliability(item=name, n=len(given), mean=None, sd=None, floor=None, ceiling=None)
    return ItemReliability(
        item=name,
        n=len(given),
        mean=float(given.mean()),
        sd=float(given.std(ddof=1)),
        floor=float(np.isclose(given, low).mean()),
        ceiling=float(np.isclose(given, high).mean()),
    )


def _between(scales: tuple[str, str], one: Matrix, other: Matrix) -> Correlation:
    complete = ~(np.isnan(one) | np.isnan(other))
    n = int(complete.sum())
    if n < LEAST_ROWS:
        return Correlation(
            scales=scales, r=None, n=n, why=f"At least {LEAST_ROWS} complete rows are needed; there are {n}."
        )
    r = correlation(one[complete], other[complete])
    return Correlation(scales=scales, r=r, n=n, why="" if r is not None else "One of the two never varied.")
