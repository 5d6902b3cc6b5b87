"""A control chart of one's own earlier sessions. Pure: no I/O, no clock.

An individuals chart (Shewhart; σ from the mean moving range, d₂ = 1.128 for ranges of two), as Lipner et al.
(2022; N = 73) discuss it for the alliance; they find no current standard for courses of therapy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from alliancekit.errors import FormulaError

EARLIER = 4
"""Least number of sessions before the one to judge; fewer give no spread of one's own."""

MOVING_RANGE = 1.128
"""d₂ for ranges of two: σ = mean moving range / 1.128."""

BACK_WITHIN = 3
"""Sessions within which a return counts, as for `strain.REPAIR_WITHIN`."""

BACK_MARGIN = 0.25
"""How far below the centre, in σ, a return may stay, as for `strain.REPAIR_MARGIN`."""

_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """An individuals chart: `centre` the own mean, `lower` and `upper` the limits at ±kσ."""

    centre: float
    sigma: float
    lower: float
    upper: float

    def below(self, value: float) -> bool:
        """Whether a value lies below the lower limit."""
        return value < self.lower - _SLACK


def control_chart(
    values: Sequence[float], *, k: float = 2.0, least_sigma: float = 0.0
) -> ControlChart | None:
    """An individuals chart of the sessions before the one to judge.

    Args:
        values: those sessions, oldest first.
        k: how many σ the limits lie from the centre, above 0.
        least_sigma: a floor of σ, at least 0, in the units of the values; the textbook chart has none.

    Returns: None with fewer than four sessions, or when the values never moved and there is no floor.

    Raises:
        FormulaError: k is not above 0, or the floor is negative.
    """
    if not k > 0 or not least_sigma >= 0:
        raise FormulaError("k must be above 0 and least_sigma at least 0.")
    if len(values) < EARLIER:
        return None
    moves = [abs(b - a) for a, b in itertools.pairwise(values)]
    sigma = max(fmean(moves) / MOVING_RANGE, least_sigma)
    if sigma <= 0:
        return None
    centre = fmean(values)
    return ControlChart(centre=centre, sigma=sigma, lower=centre - k * sigma, upper=centre + k * sigma)


def back_at_centre(
    values: Sequence[float], *, k: float = 2.0, least_sigma: float = 0.0
) -> tuple[int, ControlChart] | None:
    """Whether the newest value is the first one back at the own mean after one below the limit.

    Back means at least the centre − 0.25 σ of the chart that the low value was judged by, within three
    sessions (our choice, the same margins as for repair after Gumz).

    Returns: position of the first low session in a row and the chart it was judged by; or None.
    """
    newest = len(values) - 1

    def judged(session: int) -> tuple[ControlChart | None, bool]:
        chart = control_chart(values[:session], k=k, least_sigma=least_sigma)
        return chart, chart is not None and chart.below(values[session])

    for low in range(max(newest - BACK_WITHIN, EARLIER), newest):
        chart, below = judged(low)
        if chart is None or not below or judged(low - 1)[1]:
            continue
        enough = chart.centre - BACK_MARGIN * chart.sigma - _SLACK
        if values[newest] >= enough and all(value < enough for value in values[low:newest]):
            return low, chart
    return None
