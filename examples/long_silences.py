"""A plugin in one file: a rule that points at calls in which mostly nobody spoke.

Pass the class in code, `PluginHost(extra=[("long_silences", LongSilences)])`, or install it with an entry
point in the group `alliancekit.plugins` and name it in `[plugins] enabled`. Its settings are the table
`[plugins.settings.long_silences]`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from alliancekit.events import Guidance, GuidanceWanted
from alliancekit.hookspecs import AllianceHooks, hookimpl


class Settings(BaseModel):
    """The plugin's table in the configuration, checked when the service starts.

    Attributes:
        share: the least share of the call (0–1) without speech that is worth a remark.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(default=0.5, ge=0, le=1)


class LongSilences(AllianceHooks):
    """Remarks on calls with much silence; a description, not a judgement."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @override
    @hookimpl
    async def suggest_guidance(self, event: GuidanceWanted) -> Sequence[Guidance]:
        balance = event.talk_balance
        if balance is None or balance.silence is None or balance.silence < self.settings.share:
            return ()
        text = f"For {balance.silence:.0%} of the call nobody spoke. Ask what the silences were like."
        return (Guidance(style=event.style, text=text, kind="talk_balance"),)
