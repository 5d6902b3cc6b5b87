"""Fit a response surface: how an outcome goes with the client's and the therapist's ratings together.

Pure; needs numpy (extra `research`), and only this module of the surface does:
`alliancekit.scoring.congruence.response_surface` computes its features from coefficients without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alliancekit.errors import ConfigError, FormulaError
from alliancekit.scoring.congruence import ResponseSurface, response_surface

try:
    import numpy as np
except ImportError:
    raise ConfigError(
        "Fitting a response surface needs numpy, which is not installed.",
        fix="Run: pip install 'alliancekit[research]'",
    ) from None

LEAST_ROWS = 30
"""Complete rows that a fit needs: five for each of its six coefficients. Our choice, and a low one: fewer
than some hundred estimate curvature badly."""

MOST_CONDITION = 30.0
"""Condition number of the scaled terms from which collinearity is called strong (Belsley, Kuh & Welsch 1980,
Regression Diagnostics, Wiley)."""

_FEATURES = (
    (0, 1, 1, 0, 0, 0),
    (0, 0, 0, 1, 1, 1),
    (0, 1, -1, 0, 0, 0),
    (0, 0, 0, 1, -1, 1),
    (0, 0, 0, 1, 0, -1),
)
"""a₁…a₅ as sums of b₀…b₅."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceFit:
    """A fitted surface z = b₀ + b₁x + b₂y + b₃x² + b₄xy + b₅y², x client − centre, y therapist − centre.

    Attributes:
        coefficients: b₀…b₅ in units of the outcome a point of the ratings (b₃…b₅: a squared point).
        coefficient_errors: their standard errors.
        features: a₁…a₅, see `ResponseSurface`.
        feature_errors: their standard errors, in the same form.
        centre: what was subtracted from both ratings.
        r_squared: share of the outcome's variance that the surface explains, 0–1.
        rows: complete rows used.
    """

    coefficients: tuple[float, ...]
    coefficient_errors: tuple[float, ...]
    features: ResponseSurface
    feature_errors: ResponseSurface
    centre: float
    r_squared: float
    rows: int


def fit_surface(
    client: Sequence[float | None],
    therapist: Sequence[float | None],
    outcome: Sequence[float | None],
    *,
    centre: float | None = None,
) -> SurfaceFit:
    """Fit the surface by ordinary least squares.

    Edwards & Parry (1993), Acad Manage J 36:1577–1613. Both ratings are centred on one and the same value, so
    that x = y goes on meaning agreement: on `centre`, such as the scale's midpoint, or else on the mean of
    all ratings of both (Humberg, Nestler & Back 2019, Soc Psychol Personal Sci 10:409–419). The standard
    errors take the rows as independent of each other.

    Args:
        client: ratings x, one a row, None where missing.
        therapist: ratings y of the same rows, in the same units.
        outcome: what is explained, None where missing.
        centre: the value to subtract from both ratings.

    Raises:
        FormulaError: the three differ in length, fewer than 30 rows are complete, a value is not finite, the
            outcome never varies, or the ratings go together so closely, or vary so little, that the
            coefficients cannot be told apart.
    """
    if not len(client) == len(therapist) == len(outcome):
        raise FormulaError("Client, therapist and outcome must cover the same sessions.")
    rows = [
        (c, t, z)
        for c, t, z in zip(client, therapist, outcome, strict=True)
        if c is not None and t is not None and z is not None
    ]
    if len(rows) < LEAST_ROWS:
        raise FormulaError(
            f"A response surface needs at least {LEAST_ROWS} sessions with both ratings and an outcome; "
            f"there are {len(rows)}."
        )
    data = np.array(rows, dtype=np.float64)
    if not np.isfinite(data).all() or (centre is not None and not math.isfinite(centre)):
        raise FormulaError("Ratings, outcome and centre must be finite numbers.")
    middle = float(data[:, :2].mean()) if centre is None else centre
    x, y, z = data[:, 0] - middle, data[:, 1] - middle, data[:, 2]
    total = float(((z - z.mean()) ** 2).sum())
    if not np.ptp(z) > 1e-12 * np.abs(z).max():
        raise FormulaError("The outcome is the same in every session: there is nothing to explain.")
    terms = np.column_stack((np.ones_like(x), x, y, x * x, x * y, y * y))
    lengths = np.linalg.norm(terms, axis=0)
    if not (lengths > 0).all() or not np.linalg.cond(terms / lengths) <= MOST_CONDITION:
        raise FormulaError(
            "Client and therapist rated too much alike, or hardly varied: the surface's coefficients cannot "
            f"be told apart (condition number above {MOST_CONDITION:g})."
        )
    scaled, *_ = np.linalg.lstsq(terms / lengths, z, rcond=None)
    b = scaled / lengths
    left = float(((z - terms @ b) ** 2).sum())
    inverse = np.linalg.inv((terms / lengths).T @ (terms / lengths)) / np.outer(lengths, lengths)
    covariance = left / (len(rows) - len(b)) * inverse
    weights = np.array(_FEATURES, dtype=np.float64)
    errors = np.sqrt(np.diag(weights @ covariance @ weights.T))
    _, b1, b2, b3, b4, b5 = (float(each) for each in b)
    return SurfaceFit(
        coefficients=tuple(float(each) for each in b),
        coefficient_errors=tuple(float(each) for each in np.sqrt(np.diag(covariance))),
        features=response_surface(b1, b2, b3, b4, b5),
        feature_errors=ResponseSurface(**{f"a{n}": float(each) for n, each in enumerate(errors, start=1)}),
        centre=middle,
        r_squared=max(0.0, 1 - left / total),
        rows=len(rows),
    )
