"""Jitsi Meet on own servers: presence, who spoke, and messages to people in the call.

event_sync      what Jitsi's own Prosody module posts, with a fixed token
signed          what `mod_alliancekit` posts, signed
tap             the bridge's audio as the times somebody spoke
messages        a message to one person, through Prosody
adapter         all of it as one adapter
settings        its table in the configuration
prosody/        `mod_alliancekit.lua`, for your Prosody
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.adapters import Adapter
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit_jitsi.adapter import JitsiMeet
from alliancekit_jitsi.settings import JitsiSettings

__all__ = ["Jitsi", "JitsiMeet", "JitsiSettings"]


class Jitsi(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: JitsiSettings) -> None:
        self.adapter = JitsiMeet(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)
