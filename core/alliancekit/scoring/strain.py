"""Possible strain and repair in a series of sessions. Pure: no I/O, no clock.

All series are percents (0–100, higher is better), oldest first, without gaps: sessions nobody rated are
left out.

The rule for strain and repair follows the criteria of Gumz et al. (2012), BMC Med Res Methodol 12:10: a
fall of one or two standard deviations, S, taken as the larger of the person's own spread and the group's,
so that neither small wobbles of a stable course nor the normal swings of a noisy one are flagged. It is
called *possible* because falls from one session's end to the next predict strain unreliably (Zlotnick et
al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import stdev
from typing import Literal

from alliancekit.errors import FormulaError
from alliancekit.scoring.control import ControlChart, control_chart

EARLIER = 4
"""Least number of sessions up to and including the level before a fall; fewer give no spread of one's own."""

REPAIR_WITHIN = 3
"""Sessions within which a return counts as repair of the same strain."""

REPAIR_MARGIN = 0.25
"""How far below the level before, in S, a return may stay."""

LEAST_SD = 5.0
"""Percent points below which S never falls, so that a flat course does not make one step a strain. Our
choice: two single steps on a form of ten items with five options."""

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
class Standing:
    """How the newest session lies by each rule of possible strain, whether or not one of them speaks.

    Attributes:
        before: the level before the fall, or the last rated session where there is none.
        now: the newest session.
        sd: the S that the fall is measured against.
        length: sessions from the level before to the newest one; 0 where the newest did not fall.
        fallen: the largest whole number of S reached: 0, 1 or 2.
        chart: the control chart of the earlier sessions, None where it is switched off.
    """

    before: float
    now: float
    sd: float
    length: int
    fallen: Literal[0, 1, 2]
    chart: ControlChart | None = None

    @property
    def depth(self) -> float:
        """Percent points from the level before to the newest session; not above 0 without a fall."""
        return self.before - self.now

    @property
    def magnitude(self) -> float:
        """The depth in S."""
        return self.depth / self.sd

    @property
    def below_limit(self) -> bool:
        """Whether the newest session lies below the own control limit."""
        return self.chart is not None and self.chart.below(self.now)

    @property
    def pattern(self) -> Literal["", "v", "decline"]:
        """`v` for a sudden fall, `decline` for one over several sessions, empty without a fall."""
        return "" if self.length == 0 else "v" if self.length == 1 else "decline"


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


def standing(
    values: Sequence[float],
    *,
    group_sd: float | None = None,
    least_sd: float = LEAST_SD,
    k: float | None = 2.0,
) -> Standing | None:
    """The newest session by all three rules: a fall of 1 S, a fall of 2 S, the control chart.

    Args:
        values: percents, oldest first, None already left out.
        group_sd: see `spread`.
        least_sd: see `spread`; it is the floor of the chart's σ as well.
        k: the control chart's limit in σ; no chart when None.

    Returns: None with fewer than four earlier sessions.
    """
    newest = len(values) - 1
    if newest < EARLIER:
        return None
    chart = None if k is None else control_chart(values[:-1], k=k, least_sigma=least_sd)
    episodes = strain_episodes(values, group_sd=group_sd, least_sd=least_sd)
    if episodes and episodes[-1].bottom == newest:
        found = episodes[-1]
        return Standing(
            before=values[found.start],
            now=values[-1],
            sd=found.sd,
            length=found.length,
            fallen=found.criterion,
            chart=chart,
        )
    fell = values[-1] < values[-2]
    start = _level_before(values, newest) if fell else newest - 1
    size = spread(values[: start + 1], group_sd=group_sd, least_sd=least_sd)
    length = newest - start if fell else 0
    return Standing(before=values[start], now=values[-1], sd=size, length=length, fallen=0, chart=chart)


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
