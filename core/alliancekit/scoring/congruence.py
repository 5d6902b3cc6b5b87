"""Client and therapist beside each other: divergence, truth and bias, response surface. Pure functions.

Both series are on 0–100 (`Score.percent`). Therapists usually rate lower than their clients (d = −.46, k =
22), so a negative divergence alone says little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import StatisticsError, fmean, linear_regression

from alliancekit.errors import FormulaError

LEAST_COURSE = 3
"""Sessions rated by both that truth and bias need: two give a line through any pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthAndBias:
    """T − C̄ = bias + truth · (C − C̄): `bias` in percent points, `truth` the slope; `sessions` used."""

    bias: float
    truth: float
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSurface:
    """`a1` slope and `a2` curvature along agreement, `a3` and `a4` along disagreement, `a5` the ridge."""

    a1: float
    a2: float
    a3: float
    a4: float
    a5: float


def divergence(client: float | None, therapist: float | None) -> float | None:
    """T − C in percent points: negative when the therapist rates lower. None where one side is missing."""
    if client is None or therapist is None:
        return None
    return therapist - client


def paired(
    client: Sequence[float | None], therapist: Sequence[float | None]
) -> tuple[tuple[float, float], ...]:
    """The sessions that both rated, as pairs (client, therapist) in their order.

    Raises:
        FormulaError: the two series differ in length, or a value is not finite.
    """
    if len(client) != len(therapist):
        raise FormulaError("The two series must cover the same sessions.")
    pairs = [(c, t) for c, t in zip(client, therapist, strict=True) if c is not None and t is not None]
    if not all(math.isfinite(c) and math.isfinite(t) for c, t in pairs):
        raise FormulaError("Ratings must be finite numbers, or None where there is none.")
    return tuple(pairs)


def truth_and_bias(client: Sequence[float | None], therapist: Sequence[float | None]) -> TruthAndBias | None:
    """How far the therapist's ratings follow the client's (truth) and lie above or below them (bias).

    Least squares over the sessions that both rated, after West and Kenny's model: a description of a course,
    not a test. West & Kenny (2011), Psychol Rev 118:357–378.

    Args:
        client: percents, one a session, None where missing.
        therapist: the same sessions in the same order.

    Returns: None with fewer than three sessions rated by both, or when the client's rating never varied.

    Raises:
        FormulaError: the two series differ in length, or a value is not finite.
    """
    pairs = paired(client, therapist)
    if len(pairs) < LEAST_COURSE:
        return None
    centre = fmean(c for c, _ in pairs)
    try:
        slope, intercept = linear_regression([c - centre for c, _ in pairs], [t - centre for _, t in pairs])
    except StatisticsError:
        return None
    return TruthAndBias(bias=intercept, truth=slope, sessions=len(pairs))


def response_surface(b1: float, b2: float, b3: float, b4: float, b5: float) -> ResponseSurface:
    """Features of the surface z = b₀ + b₁x + b₂y + b₃x² + b₄xy + b₅y² (x client, y therapist).

    Edwards & Parry (1993), Acad Manage J 36:1577–1613; a₅ after Humberg, Nestler & Back (2019), Soc Psychol
    Personal Sci 10:409–419. `alliancekit.scoring.surface` fits b₀…b₅ to data.

    Raises:
        FormulaError: a coefficient is not finite.
    """
    if not all(map(math.isfinite, (b1, b2, b3, b4, b5))):
        raise FormulaError("The coefficients must be finite numbers.")
    return ResponseSurface(a1=b1 + b2, a2=b3 + b4 + b5, a3=b1 - b2, a4=b3 - b4 + b5, a5=b3 - b5)
