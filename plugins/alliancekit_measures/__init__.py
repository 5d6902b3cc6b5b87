"""The measures everything runs on out of the box, in our own words: the check-in and the one-tap pulse.

It also brings the default plan of what is asked when, for sessions whose style has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

from alliancekit.events import PromptPlan, PromptRequest, PromptsWanted
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.loader import load_folder
from alliancekit.instruments.model import Instrument

__all__ = ["Measures", "Settings"]


class Settings(BaseModel):
    """What a site may change about the default plan; what a person asks for by hand is always asked.

    Attributes:
        therapist: ask the therapist as well at the end of the call.
        pre_session: ask the client the measure before the call too. Alliance tends to fall between sessions
            and rise within them (Zlotnick et al. 2020), so both readings together say more than one.
        follow_up: ask the client the measure again some time after the call.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    therapist: bool = True
    pre_session: bool = False
    follow_up: bool = False


class Measures(AllianceHooks):
    """Check-in and pulse, and the default plan: keep this plugin last in the order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @override
    @hookimpl
    def register_instruments(self) -> Sequence[Instrument]:
        return load_folder(files("alliancekit_measures"))

    @override
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted) -> PromptPlan:
        asked: tuple[PromptRequest, ...] = ()
        match event.moment:
            case "end_of_call":
                asked = (PromptRequest(role="client", moment="end_of_call", instruments=(event.measure,)),)
                if self.settings.therapist:
                    asked += (
                        PromptRequest(role="therapist", moment="end_of_call", instruments=(event.measure,)),
                    )
            case "in_call" if event.manual:
                asked = (PromptRequest(role="client", moment="in_call", instruments=("pulse",)),)
            case "pre_session" if event.manual or self.settings.pre_session:
                asked = (PromptRequest(role="client", moment="pre_session", instruments=(event.measure,)),)
            case "follow_up" if event.manual or self.settings.follow_up:
                asked = (PromptRequest(role="client", moment="follow_up", instruments=(event.measure,)),)
            case _:
                pass
        return PromptPlan(requests=asked)
