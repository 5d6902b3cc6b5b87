"""Who spoke how much: shares, turns, overlap and silence. A description, never a score."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from alliancekit.events import PanelsWanted, TalkBalance, TalkHeard
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.languages.plugins import plugin_texts
from alliancekit.panels import MOST_ITEMS, Panel, PanelSeries, PanelTable, PanelText
from alliancekit.scoring.talk import BACK_CHANNEL, PAUSE, talk_balance, talk_balance_of_totals

__all__ = ["Settings", "TalkBalancePlugin"]

TEXTS: Final = plugin_texts(files("alliancekit_talk_balance"))
"""What the panel says, in every language."""


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
        if event.speech:
            found = talk_balance(
                event.speech,
                event.segments,
                pause=self.settings.pause,
                back_channel=self.settings.back_channel,
            )
        else:
            found = talk_balance_of_totals(event.totals, event.segments)
        if found is None or found.client.seconds + found.therapist.seconds < self.settings.least_speech:
            return None
        return found

    @override
    @hookimpl
    async def render_panels(self, event: PanelsWanted) -> Sequence[Panel]:
        words = TEXTS.words(event.language)
        observed = sorted(event.talk_balances.items())[-MOST_ITEMS:]
        if len(observed) < 2:
            return ()
        shares = tuple((number, round(balance.client.share * 100, 1)) for number, balance in observed)
        rows = tuple(
            (
                str(number),
                _known(balance.client.turns),
                _known(balance.therapist.turns),
                "–" if balance.overlap is None else words.percent(balance.overlap),
                "–" if balance.silence is None else words.percent(balance.silence),
            )
            for number, balance in reversed(observed)
        )
        columns = tuple(
            words.say(key) for key in ("session", "client_turns", "own_turns", "overlap", "silence")
        )
        series = PanelSeries(label=words.say("share"), points=shares, unit=" %")
        table = PanelTable(words.say("table"), columns, rows)
        return [Panel(words.say("title"), (series, table, PanelText(words.say("note"))))]


def _known(value: int | None) -> str:
    """A number of the table; a dash where the platform tells only totals."""
    return "–" if value is None else str(value)
