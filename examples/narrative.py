"""A style in one file: the client retells the story, the therapist listens for other endings."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.events import (
    Guidance,
    GuidanceWanted,
    PromptPlan,
    PromptRequest,
    PromptsWanted,
    Style,
)
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.styles import client_percents

NAME = "narrative"
LOW = 75.0
"""Percent below which a scale counts as low: the answer "mostly" of the check-in."""


class Narrative(AllianceHooks):
    """Asks both after each call, and suggests one next step."""

    @override
    @hookimpl
    def register_styles(self) -> Sequence[Style]:
        return [Style(name=NAME, title="Narrative", description="Retelling a story until it has room.")]

    @override
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted) -> PromptPlan | None:
        if event.style != NAME:
            return None  # another plugin's session
        if event.moment != "end_of_call":
            return PromptPlan()  # an empty plan: ask nothing
        asked = (event.measure,)
        return PromptPlan(
            requests=(
                PromptRequest(role="client", moment="end_of_call", instruments=asked),
                PromptRequest(role="therapist", moment="end_of_call", instruments=asked),
            )
        )

    @override
    @hookimpl
    async def suggest_guidance(self, event: GuidanceWanted) -> Sequence[Guidance]:
        if event.style != NAME:
            return ()
        low = {scale: percent for scale, percent in client_percents(event.responses).items() if percent < LOW}
        if not low:
            return ()
        lowest = min(low, key=low.__getitem__)
        return [Guidance(style=NAME, about=lowest, text='Ask: "Whose story did we tell today?"')]
