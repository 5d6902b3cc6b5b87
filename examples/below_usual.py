"""A rule in one file: the newest rating lies well below what is usual for this client."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from alliancekit.events import RuleInfo, SeriesUpdated, Signal
from alliancekit.hookspecs import AllianceHooks, hookimpl

RULE = "below the usual"
SOURCE = "fixed rule of this example; a reason to talk, not a reliable change"
EARLIER = 3
"""How many rated sessions must come before the newest one."""


class Settings(BaseModel):
    """What a site may change.

    Attributes:
        points: how far below the median of the earlier ratings, in points of 0 to 100.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    points: float = Field(default=20.0, gt=0, le=100)


class BelowUsual(AllianceHooks):
    """Compares the newest rating of the client with the median of the earlier ones."""

    needs = frozenset({"series"})

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @override
    @hookimpl
    def register_rules(self) -> Sequence[RuleInfo]:
        meaning = "The newest rating lies well below the median of the earlier ones."
        rule = RuleInfo(
            name=RULE,
            kind="drop",
            meaning=meaning,
            sessions_needed=EARLIER + 1,
            source=SOURCE,
            inputs=("usual", "now"),
        )
        return [rule]

    @override
    @hookimpl
    async def detect_signals(self, event: SeriesUpdated) -> Sequence[Signal]:
        rated = ratings(event)
        now = rated.pop(event.session, None)
        if now is None or len(rated) < EARLIER:
            return ()  # not rated, or too few sessions to know what is usual
        usual = median(rated.values())
        if usual - now < self.settings.points:
            return ()
        return [
            Signal(
                kind="drop",
                rule=RULE,
                level="notice",
                sentence=f"The rating is {now:.0f} of 100; {usual:.0f} is usual.",
                sessions_needed=EARLIER + 1,
                instrument="check-in",
                scale="total",
                inputs={"usual": usual, "now": now},
                source=SOURCE,
            )
        ]


def ratings(event: SeriesUpdated) -> dict[str, float]:
    """The client's total in percent by session, as far as the therapist may know of it now."""
    found: dict[str, float] = {}
    for point in event.series:
        for response in point.responses:
            # `therapist_later` means: after the next session.
            later = response.visibility == "therapist_later" and point.session != event.session
            if response.role != "client" or response.instrument != "check-in":
                continue
            if response.visibility == "therapist_now" or later:
                totals = [score.percent for score in response.scores if score.scale == "total"]
                if totals and totals[0] is not None:
                    found[point.session] = totals[0]
    return found
