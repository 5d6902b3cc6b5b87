"""One common factor behind the items of a scale, by maximum likelihood. Pure; needs numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alliancekit.errors import ConfigError, FormulaError

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError:
    raise ConfigError(
        "A factor model needs numpy, which is not installed.",
        fix="Run: pip install 'alliancekit[research]'",
    ) from None

TOLERANCE = 1e-7
"""Largest slope of the likelihood's discrepancy, in the metric of correlations, that counts as converged."""

MOST_STEPS = 50_000
HEYWOOD = 0.005
"""An item's unexplained share of variance below which the model is improper (as in R's factanal)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFactor:
    """A one-factor model of some items.

    Attributes:
        loadings: of the items, in their units; the sign is chosen so that they add up to 0 or more.
        uniquenesses: the items' variances that the factor does not explain, in their squared units.
        srmr: root mean square of the residual correlations; up to .08 is commonly called a good fit (Hu &
            Bentler 1999, Struct Equ Modeling 6:1–55).
    """

    loadings: tuple[float, ...]
    uniquenesses: tuple[float, ...]
    srmr: float


def one_factor(covariance: NDArray[np.float64], *, names: Sequence[str] = ()) -> OneFactor:
    """Fit Σ = λλᵀ + Ψ to the covariance matrix of at least three items.

    Maximum likelihood by the EM algorithm (Rubin & Thayer 1982, Psychometrika 47:69–76) on the correlations,
    from the first principal component; converged when no slope of the discrepancy in a loading or a
    uniqueness exceeds 1e-7.

    Args:
        covariance: of the items, k × k.
        names: the items' names for messages; otherwise they are numbered from 1.

    Raises:
        FormulaError: fewer than three items, an item without variance, a matrix that is not finite, a Heywood
            case (an item whose unexplained variance runs towards 0: the model does not fit these data), or
            no convergence within 50,000 steps.
    """
    count = len(covariance)
    if count < 3:
        raise FormulaError(
            "One factor needs at least three items: with fewer the loadings are not determined."
        )
    if not np.isfinite(covariance).all():
        raise FormulaError("The items' covariances must be finite numbers.")
    sds = np.sqrt(np.diag(covariance))
    if not (sds > 0).all():
        raise FormulaError(f"The item {_name(names, sds)} never varied.")
    r = covariance / np.outer(sds, sds)
    loadings, unique = _start(r)
    for step in range(MOST_STEPS):
        weights = loadings / unique
        weights /= 1 + float(loadings @ weights)
        shared = r @ weights
        loadings_new = shared / (1 - float(weights @ loadings) + float(weights @ shared))
        unique = np.maximum(1 - loadings_new * shared, 1e-12)
        loadings = loadings_new
        if step % 20 == 0 and _slope(r, loadings, unique) < TOLERANCE:
            break
    if float(unique.min()) < HEYWOOD:
        raise FormulaError(
            f"One factor does not fit: it would explain all of the item {_name(names, unique)} (a Heywood "
            "case). Often two items are nearly the same, items do not belong together, or rows are too few."
        )
    if _slope(r, loadings, unique) >= TOLERANCE:
        raise FormulaError(f"The one-factor model did not converge within {MOST_STEPS:,} steps.")
    if loadings.sum() < 0:
        loadings = -loadings
    residual = (r - np.outer(loadings, loadings))[np.tril_indices(count, -1)]
    return OneFactor(
        loadings=tuple(float(each) for each in loadings * sds),
        uniquenesses=tuple(float(each) for each in unique * sds**2),
        srmr=float(np.sqrt((residual**2).sum() / (count * (count + 1) / 2))),
    )


def _name(names: Sequence[str], values: NDArray[np.float64]) -> str:
    """The item with the smallest value."""
    lowest = int(np.argmin(values))
    return repr(names[lowest]) if names else str(lowest + 1)


def _start(r: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first principal component, shrunk so that every uniqueness begins well above 0."""
    values, vectors = np.linalg.eigh(r)
    loadings = 0.8 * vectors[:, -1] * np.sqrt(values[-1])
    return loadings, 1 - loadings**2


def _slope(r: NDArray[np.float64], loadings: NDArray[np.float64], unique: NDArray[np.float64]) -> float:
    """The largest absolute derivative of log|Σ| + tr(RΣ⁻¹) in a loading or a uniqueness."""
    inner = loadings / unique
    inverse = np.diag(1 / unique) - np.outer(inner, inner) / (1 + float(loadings @ inner))
    gradient = inverse - inverse @ r @ inverse
    return float(max(np.abs(np.diag(gradient)).max(), np.abs(2 * gradient @ loadings).max()))
