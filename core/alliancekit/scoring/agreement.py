"""How far client and therapist agree: limits of agreement and Lin's concordance. Pure functions.

Both describe pairs of ratings on one scale. Their intervals take the pairs as independent of each other;
sessions of one course are not quite, so that over a course the intervals are rather too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from alliancekit.errors import FormulaError
from alliancekit.scoring.change import Z_95
from alliancekit.scoring.congruence import paired

LEAST_PAIRS = 5
"""Sessions rated by both that agreement needs. Our choice, and a low one: with five, the interval of
each limit is still wider than the limits are apart."""

LEAST_COURSES = 5
"""Courses that limits over courses need. Our choice, as low as the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A 95 % confidence interval from `low` to `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsOfAgreement:
    """Between `lower` and `upper` lie about 95 % of the differences T − C, if these are roughly normal.

    Attributes:
        bias: mean difference T − C; negative when the therapist rates lower.
        sd: standard deviation of the differences (n − 1).
        lower: bias − 1.96 · sd.
        upper: bias + 1.96 · sd.
        bias_interval: 95 % confidence interval of the bias.
        lower_interval: 95 % confidence interval of the lower limit.
        upper_interval: 95 % confidence interval of the upper limit.
        sessions: pairs used.
    """

    bias: float
    sd: float
    lower: float
    upper: float
    bias_interval: Interval
    lower_interval: Interval
    upper_interval: Interval
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLimits:
    """Limits for a single session of any course; `sd_within` and `sd_between` courses make them up."""

    bias: float
    sd_within: float
    sd_between: float
    lower: float
    upper: float
    courses: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concordance:
    """Lin's coefficient, −1…1: how close the pairs lie to the line of equality.

    Attributes:
        value: ρc = `r` · `accuracy`.
        interval: its 95 % confidence interval; None when |ρc| is 1 or 0, where the formula has none.
        r: Pearson's correlation, the closeness to any line.
        accuracy: C_b, 0–1: how little that line lies off equality; 1 is no shift of place or spread.
        sessions: pairs used.
    """

    value: float
    interval: Interval | None
    r: float
    accuracy: float
    sessions: int


def limits_of_agreement(
    client: Sequence[float | None], therapist: Sequence[float | None], *, multiplier: float = Z_95
) -> LimitsOfAgreement:
    """The 95 % limits of agreement of T − C, with confidence intervals.

    Bland & Altman (1986), Lancet 327:307–310, with the limits' standard error of Bland & Altman (1999), Stat
    Methods Med Res 8:135–160: s · √(1/n + 1.96²/(2(n − 1))); intervals by Student's t with n − 1 degrees of
    freedom.

    Args:
        client: values, one a session, None where missing.
        therapist: the same sessions in the same order, in the same units.
        multiplier: standard deviations between bias and limit; the paper of 1986 used 2.

    Raises:
        FormulaError: fewer than five sessions rated by both, series of different length, a value that is not
            finite, or a multiplier that is not above 0.
    """
    if not (math.isfinite(multiplier) and multiplier > 0):
        raise FormulaError("The multiplier must be above 0.")
    pairs = _enough(client, therapist)
    count = len(pairs)
    differences = [t - c for c, t in pairs]
    bias, sd = fmean(differences), stdev(differences)
    t = t_quantile(count - 1)
    bias_error = t * sd / math.sqrt(count)
    limit_error = t * sd * math.sqrt(1 / count + multiplier**2 / (2 * (count - 1)))
    lower, upper = bias - multiplier * sd, bias + multiplier * sd
    return LimitsOfAgreement(
        bias=bias,
        sd=sd,
        lower=lower,
        upper=upper,
        bias_interval=_around(bias, bias_error),
        lower_interval=_around(lower, limit_error),
        upper_interval=_around(upper, limit_error),
        sessions=count,
    )


def limits_over_courses(courses: Sequence[Sequence[float]], *, multiplier: float = Z_95) -> CourseLimits:
    """Limits of agreement from many courses with several sessions each.

    Bland & Altman (2007), J Biopharm Stat 17:571–582, for a true value that varies: the variance of a single
    difference is the one within courses plus the one between courses, from a one-way analysis of variance. No
    confidence interval is given: theirs needs more than these sums.

    Args:
        courses: the differences T − C of each course; empty ones are left out.
        multiplier: standard deviations between bias and limit.

    Raises:
        FormulaError: fewer than five courses, no course with two sessions, or a value that is not finite.
    """
    filled = [course for course in courses if course]
    sessions = sum(map(len, filled))
    if not all(math.isfinite(each) for course in filled for each in course):
        raise FormulaError("Differences must be finite numbers.")
    if len(filled) < LEAST_COURSES or sessions == len(filled):
        raise FormulaError(
            f"Limits over courses need at least {LEAST_COURSES} courses with sessions rated by both, one of "
            f"them with two; there are {len(filled)} with {sessions} such sessions."
        )
    bias = fmean(each for course in filled for each in course)
    means = [fmean(course) for course in filled]
    within = sum((each - mean) ** 2 for course, mean in zip(filled, means, strict=True) for each in course)
    within /= sessions - len(filled)
    among = sum(len(course) * (mean - bias) ** 2 for course, mean in zip(filled, means, strict=True))
    among /= len(filled) - 1
    size = (sessions**2 - sum(len(course) ** 2 for course in filled)) / ((len(filled) - 1) * sessions)
    between = max(0.0, (among - within) / size)
    sd = math.sqrt(within + between)
    return CourseLimits(
        bias=bias,
        sd_within=math.sqrt(within),
        sd_between=math.sqrt(between),
        lower=bias - multiplier * sd,
        upper=bias + multiplier * sd,
        courses=len(filled),
        sessions=sessions,
    )


def concordance(client: Sequence[float | None], therapist: Sequence[float | None]) -> Concordance:
    """Lin's concordance correlation coefficient ρc = 2·s_ct / (s_c² + s_t² + (c̄ − t̄)²).

    Lin (1989), Biometrics 45:255–268, with variances and covariance divided by n as there; some programs
    divide by n − 1, which gives a slightly different number in short series. The interval is that of the
    z-transform, its variance as corrected in Lin (2000), Biometrics 56:324–325.

    Args:
        client: values, one a session, None where missing.
        therapist: the same sessions in the same order, in the same units.

    Raises:
        FormulaError: fewer than five sessions rated by both, one side never varied, series of different
            length, or a value that is not finite.
    """
    pairs = _enough(client, therapist)
    count = len(pairs)
    mean_c, mean_t = fmean(c for c, _ in pairs), fmean(t for _, t in pairs)
    var_c = fmean((c - mean_c) ** 2 for c, _ in pairs)
    var_t = fmean((t - mean_t) ** 2 for _, t in pairs)
    shared = fmean((c - mean_c) * (t - mean_t) for c, t in pairs)
    spread = math.sqrt(var_c) * math.sqrt(var_t)
    if not spread > 0:
        raise FormulaError("Concordance needs ratings that vary on both sides; one side never did.")
    shift = (mean_c - mean_t) ** 2
    r = max(-1.0, min(1.0, shared / spread))
    accuracy = 2 * spread / (var_c + var_t + shift)
    value = r * accuracy
    return Concordance(
        value=value,
        interval=_concordance_interval(value, r, shift / spread, count),
        r=r,
        accuracy=accuracy,
        sessions=count,
    )


def _concordance_interval(value: float, r: float, shift: float, count: int) -> Interval | None:
    """The z-transform's interval; `shift` is u² = (c̄ − t̄)² / (s_c · s_t)."""
    rest = 1 - value**2
    if r == 0 or not rest > 1e-12:
        return None
    variance = (
        (1 - r**2) * value**2 / (rest * r**2)
        + 2 * value**3 * (1 - value) * shift / (r * rest**2)
        - value**4 * shift**2 / (2 * r**2 * rest**2)
    ) / (count - 2)
    error = Z_95 * math.sqrt(max(variance, 0.0))
    z = math.atanh(value)
    return Interval(low=math.tanh(z - error), high=math.tanh(z + error))


def t_quantile(freedom: int) -> float:
    """The two-sided 5 % point of Student's t: 12.706 for one degree of freedom, 1.960 for very many.

    The finite series for whole degrees of freedom (Abramowitz & Stegun 26.7.3 and 26.7.4), inverted by
    bisection; above 200 the expansion 26.7.5, whose error is below 1e-9 there.

    Raises:
        FormulaError: fewer than one degree of freedom.
    """
    if freedom < 1:
        raise FormulaError("Student's t needs at least one degree of freedom.")
    if freedom > 200:
        z = 1.959963984540054
        first = (z**3 + z) / 4
        second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
        third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
        return z + first / freedom + second / freedom**2 + third / freedom**3
    low, high = 1.9, 13.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if _within(middle, freedom) < 0.95:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _within(t: float, freedom: int) -> float:
    """The probability that |T| ≤ t."""
    angle = math.atan(t / math.sqrt(freedom))
    square = math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for step in range(1 + odd, freedom, 2):
        total += term
        term *= square * step / (step + 1)
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total


def _around(middle: float, error: float) -> Interval:
    return Interval(low=middle - error, high=middle + error)


def _enough(
    client: Sequence[float | None], therapist: Sequence[float | None]
) -> tuple[tuple[float, float], ...]:
    pairs = paired(client, therapist)
    if len(pairs) < LEAST_PAIRS:
        raise FormulaError(
            f"Agreement needs at least {LEAST_PAIRS} sessions rated by both; there are {len(pairs)}."
        )
    return pairs
