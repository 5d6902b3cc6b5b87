"""Coefficients of a scale from a table of answers: α, ω, item-total correlations. Pure; needs numpy.

Answers are matrices, one row a person or session, one column an item: complete, reversed items turned.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from alliancekit.errors import ConfigError, FormulaError
from alliancekit.scoring.agreement import Interval
from alliancekit.scoring.onefactor import one_factor

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError:
    raise ConfigError(
        "Reliability needs numpy, which is not installed.",
        fix="Run: pip install 'alliancekit[research]'",
    ) from None

Matrix = NDArray[np.float64]


def cronbach_alpha(answers: Matrix) -> float:
    """α = k/(k − 1) · (1 − Σ s²ᵢ / s²), s² the variance of the sum.

    Cronbach (1951), Psychometrika 16:297–334.

    Args:
        answers: rows × items, complete, reversed items already turned.

    Returns: at most 1; negative when the items go against each other.

    Raises:
        FormulaError: fewer than two items or rows, a value that is not finite, or a sum that never varied.
    """
    _check(answers)
    count = answers.shape[1]
    if count < 2:
        raise FormulaError("Alpha needs at least two items.")
    whole = float(answers.sum(axis=1).var(ddof=1))
    parts = float(answers.var(axis=0, ddof=1).sum())
    if not whole > 1e-12 * max(parts, 1e-300):
        raise FormulaError("Every row has the same sum: alpha is not defined.")
    return float(count / (count - 1) * (1 - parts / whole))


def alpha_interval(alpha: float, *, items: int, rows: int) -> Interval:
    """The 95 % confidence interval of α after Bonett (2002), J Educ Behav Stat 27:335–340.

    Normal on ln(1 − α), standard error √(2k / ((k − 1)(n − 2))); assumes answers that are about normal.

    Raises:
        FormulaError: α is not below 1, fewer than two items, or fewer than three rows.
    """
    if not (math.isfinite(alpha) and alpha < 1) or items < 2 or rows < 3:
        raise FormulaError("The interval needs an alpha below 1, two items and three rows.")
    error = NormalDist().inv_cdf(0.975) * math.sqrt(2 * items / ((items - 1) * (rows - 2)))
    return Interval(low=1 - (1 - alpha) * math.exp(error), high=1 - (1 - alpha) * math.exp(-error))


def mcdonald_omega(answers: Matrix) -> float:
    """ω = (Σλ)² / ((Σλ)² + Σψ) from a one-factor model. McDonald (1999), Test Theory, ch. 6, Erlbaum.

    Args:
        answers: as for `cronbach_alpha`; at least three items.

    Raises:
        FormulaError: as `alliancekit.scoring.onefactor.one_factor` and `cronbach_alpha`.
    """
    _check(answers)
    found = one_factor(np.atleast_2d(np.cov(answers, rowvar=False)))
    return omega_of(found.loadings, found.uniquenesses)


def omega_of(loadings: tuple[float, ...], uniquenesses: tuple[float, ...]) -> float:
    """ω = (Σλ)² / ((Σλ)² + Σψ), 0–1.

    Raises:
        FormulaError: nothing to divide by.
    """
    common, rest = sum(loadings) ** 2, sum(uniquenesses)
    if not common + rest > 0:
        raise FormulaError("Omega needs loadings or uniquenesses that are not all 0.")
    return common / (common + rest)


def item_total(answers: Matrix) -> tuple[float | None, ...]:
    """Each item's correlation with the sum of the others (corrected item-total correlation).

    Returns: one value an item, None where the item or the sum of the others never varied.

    Raises:
        FormulaError: fewer than two items or rows, or a value that is not finite.
    """
    _check(answers)
    if answers.shape[1] < 2:
        raise FormulaError("Item-total correlations need at least two items.")
    whole = answers.sum(axis=1)
    return tuple(correlation(column, whole - column) for column in answers.T)


def correlation(one: Matrix, other: Matrix) -> float | None:
    """Pearson's r; None when one side never varied."""
    one, other = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return max(-1.0, min(1.0, float(one @ other) / size)) if size > 1e-9 else None


def _check(answers: Matrix) -> None:
    if answers.ndim != 2 or len(answers) < 2:
        raise FormulaError("The answers must be a table of at least two rows.")
    if not np.isfinite(answers).all():
        raise FormulaError("The answers must be finite numbers, without missing ones.")
