"""Who spoke how much: shares, turns, overlap and silence. A description, never a score."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from alliancekit.events import TalkBalance, TalkHeard
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.scoring.talk import BACK_CHANNEL, PAUSE, talk_balance

__all__ = ["Settings", "TalkBalancePlugin"]


class Settings(BaseModel):
    """Limits in seconds; `alliancekit.scoring.talk` says what they rest on.

    Attributes:
        least_speech: with less speech of both sides together nothing is described.
        pause: a shorter pause of the same side does not end a turn.
        back_channel: a shorter utterance is no turn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    least_speech: Annotated[float, Field(ge=0)] = 3.0
    pause: Annotated[float, Field(ge=0, le=5)] = PAUSE
    back_channel: Annotated[float, Field(ge=0, le=5)] = BACK_CHANNEL


class TalkBalancePlugin(AllianceHooks):
    """Describes the talk of a session from who was heard when; no audio is stored or read."""

    needs = frozenset({"speech"})

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @override
    @hookimpl
    async def describe_talk(self, event: TalkHeard) -> TalkBalance | None:
        found = talk_balance(
            event.speech,
            event.segments,
            pause=self.settings.pause,
            back_channel=self.settings.back_channel,
        )
        if found is None or found.client.seconds + found.therapist.seconds < self.settings.least_speech:
            return None
        return found
