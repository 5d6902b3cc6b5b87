"""Reliable and clinically significant change after Jacobson & Truax (1991), J Consult Clin Psychol 59:12–19.

All numbers are in the units of the scale. Pure: no I/O, no clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from alliancekit.errors import FormulaError

Z_95 = 1.96
"""Two-sided 5 % point of the normal distribution: |RC| above it is called reliable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How exactly a scale measures: `sem` of one score, `sdiff` of a difference, `threshold` = 1.96 · sdiff.

    A difference of more than `threshold` is reliable.
    """

    sem: float
    sdiff: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliableChange:
    """`index` is the RC, the difference in standard errors; negative when the value fell."""

    index: float
    reliable: bool
    precision: Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffs:
    """Jacobson and Truax's three borders between a clinical and a functional population.

    `a` lies two SD beyond the clinical mean in the direction of the functional one, `b` two SD from the
    functional mean towards the clinical one, `c` between both means, weighted by their spread.
    """

    a: float
    b: float
    c: float


def precision(sd: float, reliability: float) -> Precision:
    """SEM = SD · √(1 − r), Sdiff = √2 · SEM, threshold = 1.96 · Sdiff.

    Args:
        sd: the standard deviation in a reference group, above 0.
        reliability: the scale's reliability r in that group, 0 ≤ r < 1 (test–retest, or internal
        consistency).

    Raises:
        FormulaError: a number is outside these ranges or not finite.
    """
    if not (math.isfinite(sd) and sd > 0):
        raise FormulaError("The standard deviation must be above 0.")
    if not (math.isfinite(reliability) and 0 <= reliability < 1):
        raise FormulaError("The reliability must be at least 0 and below 1.")
    sem = sd * math.sqrt(1 - reliability)
    sdiff = math.sqrt(2) * sem
    return Precision(sem=sem, sdiff=sdiff, threshold=Z_95 * sdiff)


def reliable_change(before: float, after: float, *, sd: float, reliability: float) -> ReliableChange:
    """RC = (after − before) / Sdiff; reliable when |RC| > 1.96.

    Raises:
        FormulaError: as `precision`, or a value is not finite.
    """
    if not (math.isfinite(before) and math.isfinite(after)):
        raise FormulaError("Both values must be finite numbers.")
    exact = precision(sd, reliability)
    index = (after - before) / exact.sdiff
    return ReliableChange(index=index, reliable=abs(index) > Z_95, precision=exact)


def cut_offs(
    *, clinical_mean: float, clinical_sd: float, functional_mean: float, functional_sd: float
) -> CutOffs:
    """The borders a, b and c; works in both directions of a scale.

    c = (SD₀·M₁ + SD₁·M₀) / (SD₀ + SD₁), with 0 the functional and 1 the clinical population.

    Raises:
        FormulaError: a standard deviation is not above 0, the means are equal, or a number is not finite.
    """
    if not all(map(math.isfinite, (clinical_mean, clinical_sd, functional_mean, functional_sd))):
        raise FormulaError("Means and standard deviations must be finite numbers.")
    if clinical_sd <= 0 or functional_sd <= 0:
        raise FormulaError("Both standard deviations must be above 0.")
    if clinical_mean == functional_mean:
        raise FormulaError("The two means are equal: there is no border between the populations.")
    up = 1 if functional_mean > clinical_mean else -1
    return CutOffs(
        a=clinical_mean + up * 2 * clinical_sd,
        b=functional_mean - up * 2 * functional_sd,
        c=(functional_sd * clinical_mean + clinical_sd * functional_mean) / (functional_sd + clinical_sd),
    )
