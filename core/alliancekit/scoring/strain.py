"""Possible strain and repair in a series of sessions, beside the simple fixed rules. Pure: no I/O, no clock.

All series are percents (0–100, higher is better), oldest first, without gaps: sessions nobody rated are
left out.

The rule for strain and repair follows the criteria of Gumz et al. (2012), BMC Med Res Methodol 12:10: a
fall of one or two standard deviations, S, taken as the larger of the person's own spread and the group's,
so that neither small wobbles of a stable course nor the normal swings of a noisy one are flagged. It is
called *possible* because falls from one session's end to the next predict strain unreliably (Zlotnick et
al. 2020).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Literal

from alliancekit.errors import FormulaError

EARLIER = 4
"""Least number of sessions up to and including the level before a fall; fewer give no spread of one's own."""

REPAIR_WITHIN = 3
"""Sessions within which a return counts as repair of the same strain."""

REPAIR_MARGIN = 0.25
"""How far below the level before, in S, a return may stay."""

LEAST_SD = 5.0
"""Percent points below which S never falls, so that a flat course does not make one step a strain. Our
choice: two single steps on a form of ten items with five options."""

MOVING_RANGE = 1.128
"""d₂ for ranges of two: σ = mean moving range / 1.128 (individuals chart)."""

_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class StrainEpisode:
    """One fall. Numbers of sessions are positions in the series, counted from 0.

    Attributes:
        start: the session with the level before.
        bottom: the last session of the fall.
        depth: percent points from the level before to the bottom.
        sd: the S that the depth was measured against.
        criterion: 1 or 2, the largest whole number of S reached.
        repaired: the session that was back at the level before, or None.
    """

    start: int
    bottom: int
    depth: float
    sd: float
    criterion: Literal[1, 2]
    repaired: int | None = None

    @property
    def magnitude(self) -> float:
        """The depth in S."""
        return self.depth / self.sd

    @property
    def length(self) -> int:
        """Sessions from the level before to the bottom; 1 is a sudden fall."""
        return self.bottom - self.start

    @property
    def pattern(self) -> Literal["v", "decline"]:
        """`v` for a sudden fall, `decline` for one over several sessions."""
        return "v" if self.length == 1 else "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """An individuals chart: `centre` the own mean, `lower` and `upper` the limits at ±kσ."""

    centre: float
    sigma: float
    lower: float
    upper: float


def spread(earlier: Sequence[float], *, group_sd: float | None = None, least_sd: float = LEAST_SD) -> float:
    """S: the larger of the own standard deviation over the earlier sessions and the group's.

    Args:
        earlier: percents up to and including the level before; the own SD needs at least two.
        group_sd: the deployment's standard deviation in percent points, where it is known.
        least_sd: a floor in percent points, above 0.

    Raises:
        FormulaError: `least_sd` is not above 0, or `group_sd` is negative.
    """
    if not least_sd > 0 or (group_sd is not None and not group_sd >= 0):
        raise FormulaError("least_sd must be above 0 and group_sd at least 0.")
    own = stdev(earlier) if len(earlier) > 1 else 0.0
    return max(own, group_sd or 0.0, least_sd)


def strain_episodes(
    values: Sequence[float], *, group_sd: float | None = None, least_sd: float = LEAST_SD
) -> tuple[StrainEpisode, ...]:
    """Every fall of at least one S in a series, with its repair where there was one.

    A fall is a drop from one session to the next, or a decline over consecutive sessions that adds up to S.
    The level before is the last session before the fall, but not before the fourth one.

    Args:
        values: percents, oldest first, None already left out.
        group_sd: see `spread`.
        least_sd: see `spread`.

    Returns: episodes in order; none with fewer than four earlier sessions.
    """
    found: list[StrainEpisode] = []
    for now in range(EARLIER, len(values)):
        _repair(found, values, now)
        if values[now] >= values[now - 1]:
            continue
        if found and found[-1].bottom == now - 1:
            start, size = found[-1].start, found[-1].sd
        else:
            start = _level_before(values, now)
            size = spread(values[: start + 1], group_sd=group_sd, least_sd=least_sd)
        depth = values[start] - values[now]
        if depth < size - _SLACK:
            continue
        criterion: Literal[1, 2] = 2 if depth >= 2 * size - _SLACK else 1
        if found and found[-1].bottom == now - 1:
            found[-1] = replace(found[-1], bottom=now, depth=depth, criterion=criterion)
        else:
            found.append(StrainEpisode(start=start, bottom=now, depth=depth, sd=size, criterion=criterion))
    return tuple(found)


def _level_before(values: Sequence[float], now: int) -> int:
    start = now - 1
    while start >= EARLIER and values[start - 1] > values[start]:
        start -= 1
    return start


def _repair(found: list[StrainEpisode], values: Sequence[float], now: int) -> None:
    for position, episode in enumerate(found):
        enough = values[episode.start] - REPAIR_MARGIN * episode.sd - _SLACK
        if episode.repaired is None and now - episode.bottom <= REPAIR_WITHIN and values[now] >= enough:
            found[position] = replace(episode, repaired=now)


def fall(values: Sequence[float], *, points: float) -> float | None:
    """The fixed rule: how many points the newest value lies below the one before, when at least `points`.

    A reason to ask, never a reliable change: with α = .88 and SD 5, about 4.8 points of measurement error.

    Returns: the fall as a positive number, or None.
    """
    if len(values) < 2:
        return None
    fell = values[-2] - values[-1]
    return fell if fell >= points - _SLACK and fell > 0 else None


def colour(
    value: float | None, before: float | None = None, *, cut_off: float, drop: float = 1.0
) -> Literal["grey", "green", "red"]:
    """The table of colours that OpenFIT publishes for the SRS, in the scale's units.

    Grey without a score, red below the cut-off or after a fall of at least `drop` points since the last
    session, otherwise green.
    """
    if value is None:
        return "grey"
    fell = before is not None and value - before <= -drop + _SLACK
    return "red" if value < cut_off or fell else "green"


def control_chart(values: Sequence[float], *, k: float = 2.0) -> ControlChart | None:
    """An individuals chart of one's own earlier sessions (Lipner et al. 2022 discuss it; no standard exists).

    Args:
        values: the sessions before the one to judge.
        k: how many σ the limits lie from the centre, above 0.

    Returns: None with fewer than four sessions, or when the values never moved.

    Raises:
        FormulaError: k is not above 0.
    """
    if not k > 0:
        raise FormulaError("k must be above 0.")
    if len(values) < EARLIER:
        return None
    moves = [abs(b - a) for a, b in itertools.pairwise(values)]
    sigma = fmean(moves) / MOVING_RANGE
    if sigma <= 0:
        return None
    centre = fmean(values)
    return ControlChart(centre=centre, sigma=sigma, lower=centre - k * sigma, upper=centre + k * sigma)


def flat_at_maximum(values: Sequence[float], *, sessions: int = 3) -> bool:
    """Whether the newest `sessions` values all stand at 100: a ceiling, which says little either way.

    Ceilings are moderate to large in alliance measures everywhere (37 studies, 6,439 people).
    """
    return 0 < sessions <= len(values) and all(math.isclose(value, 100.0) for value in values[-sessions:])


def straightlined(answers: Mapping[str, int], *, items: int = 6) -> bool:
    """Whether at least `items` items were answered, all of them with the same value."""
    return len(answers) >= max(items, 2) and len(set(answers.values())) == 1


def calls_for_talk(value: float, cut_off: float, when: Literal["<", "<=", ">", ">="]) -> bool:
    """Whether a value (in the scale's units) lies on the side of the cut-off to talk about."""
    match when:
        case "<":
            return value < cut_off
        case "<=":
            return value <= cut_off
        case ">":
            return value > cut_off
        case ">=":
            return value >= cut_off
