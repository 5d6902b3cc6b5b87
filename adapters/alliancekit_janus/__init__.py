"""Janus: who is in its VideoRooms and who speaks, over its own WebSocket, and prompts over its TextRooms.

The adapter is a client of the Janus API. It goes into the rooms of sessions that have not ended as an
observer that sends and receives nothing, lists them every few seconds, and tells what it learns. What Janus's
event handlers post is taken too.
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.adapters import Adapter
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit_janus.adapter import JanusRooms
from alliancekit_janus.settings import JanusSettings

__all__ = ["Janus", "JanusRooms", "JanusSettings"]


class Janus(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: JanusSettings) -> None:
        self.adapter = JanusRooms(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)
