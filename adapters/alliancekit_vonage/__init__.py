"""Vonage Video (formerly OpenTok): presence from signed callbacks, prompts as signals, talk balance.

settings   the table in the configuration
webhooks   session monitoring: what Vonage posts, checked and read
rest       what is asked of Vonage's REST API
tap        the Audio Connector's sockets
adapter    all of it together
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.adapters import Adapter
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit_vonage.adapter import VonageVideo
from alliancekit_vonage.settings import VonageSettings

__all__ = ["Vonage", "VonageSettings", "VonageVideo"]


class Vonage(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: VonageSettings) -> None:
        self.adapter = VonageVideo(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)
