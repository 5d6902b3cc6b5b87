"""What a client's series of ratings says, in numbers: the latest, the one before, the own range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alliancekit.server.therapist.views import NOT_ASKED, Reading, SessionView

Voice = Literal["client", "therapist"]
"""Whose ratings."""

OWN_RANGE_SESSIONS = 4
"""The fewest rated sessions from which an own range is drawn."""


@dataclass(frozen=True, slots=True)
class OwnRange:
    """Where somebody's ratings usually were: `low` to `high` in percent, from `sessions` ratings."""

    low: float
    high: float
    sessions: int


def reading(session: SessionView, scale: str, voice: Voice = "client") -> Reading:
    """The reading of `scale` in `session`; not asked where there is none."""
    readings: Mapping[str, Reading] = session.client if voice == "client" else session.therapist
    return readings.get(scale, NOT_ASKED)


def rated(sessions: Sequence[SessionView], scale: str, voice: Voice = "client") -> list[tuple[int, float]]:
    """Session number and percent of every session with a rating that may be shown, oldest first."""
    readings = ((session.number, reading(session, scale, voice).percent) for session in sessions)
    return [(number, percent) for number, percent in readings if percent is not None]


def own_range(sessions: Sequence[SessionView], scale: str) -> OwnRange | None:
    """Average ± one standard deviation of the client's own ratings; None with fewer than four.

    A description of this client's answers so far (sample standard deviation, cut at 0 and 100), not a norm.
    """
    values = [percent for _, percent in rated(sessions, scale)]
    if len(values) < OWN_RANGE_SESSIONS:
        return None
    centre = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))
    return OwnRange(max(0.0, centre - spread), min(100.0, centre + spread), len(values))
