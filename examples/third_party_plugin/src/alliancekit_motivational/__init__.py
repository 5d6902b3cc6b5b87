"""A motivational style: it also asks, in two sliders, where the client is with the change they talk about.

The therapist's page of a client shows the course of both sliders in a panel.

Its words are in `style.json`, its items in `fit.json`, the sliders in `change.client.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files

from typing_extensions import override

from alliancekit.events import Guidance, GuidanceWanted, PanelsWanted, PromptPlan, PromptsWanted, SeriesPoint
from alliancekit.hookspecs import hookimpl
from alliancekit.instruments.loader import load_instrument
from alliancekit.instruments.model import Instrument
from alliancekit.panels import MOST_ITEMS, Panel, PanelSeries, PanelText
from alliancekit.styles import StylePlugin, StyleSettings

__all__ = ["Motivational"]

CHANGE = "motivational-change"
APART = 30.0
"""Points of 100 between the two sliders from which one of them is worth a question; our own choice."""


class Motivational(StylePlugin):
    """The style, from its style book; a site's settings are those of `alliancekit.styles.StyleSettings`."""

    folder = files("alliancekit_motivational")
    needs = frozenset({"series"})

    def __init__(self, settings: StyleSettings) -> None:
        super().__init__(settings)
        self._change = load_instrument(self.folder / "change.client.json")

    @override
    @hookimpl
    def register_instruments(self) -> Sequence[Instrument]:
        return (*super().register_instruments(), self._change)

    @override
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted) -> PromptPlan | None:
        plan = await super().plan_prompts(event)
        if plan is None or event.moment != "end_of_call":
            return plan
        asked = [
            replace(one, instruments=(*one.instruments, CHANGE)) if one.role == "client" else one
            for one in plan.requests
        ]
        return PromptPlan(requests=tuple(asked))

    @override
    @hookimpl
    async def suggest_guidance(self, event: GuidanceWanted) -> Sequence[Guidance]:
        found = list(await super().suggest_guidance(event))
        if event.style != self.book.name:
            return found
        now = {
            score.scale: score.percent
            for response in event.responses
            if response.instrument == CHANGE
            for score in response.scores
        }
        matters, able = now.get("matters"), now.get("able")
        if matters is None or able is None or abs(matters - able) < APART:
            return found
        if matters > able:
            text = (
                "It matters to the client more than they trust themselves to do it. Ask what helped before."
            )
        else:
            text = "The client could do it, and it does not matter much yet. Ask what it might be good for."
        return [*found, Guidance(style=event.style, text=text, about="change")]

    @override
    @hookimpl
    async def render_panels(self, event: PanelsWanted) -> Sequence[Panel]:
        lines = [
            PanelSeries(label=scale.title["en"], points=_points(event.series, scale.name), unit=" %")
            for scale in self._change.scales
        ]
        if all(value is None for line in lines for _, value in line.points):
            return ()
        says = PanelText("What the client answered about the change they talk about; a gap is no answer.")
        return [Panel("The change", (*lines, says))]


def _points(series: Sequence[SeriesPoint], scale: str) -> tuple[tuple[int, float | None], ...]:
    """Percent of one slider by session; None where nobody answered, or the client does not show it."""
    return tuple(
        (
            point.number,
            next(
                (
                    score.percent
                    for response in point.responses
                    if response.instrument == CHANGE
                    for score in response.scores
                    if score.scale == scale
                ),
                None,
            ),
        )
        for point in series[-MOST_ITEMS:]
    )
