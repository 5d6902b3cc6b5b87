"""Zoom Meetings and Zoom Video SDK: presence from webhooks, talk balance from Realtime Media Streams.

settings   the table in the configuration
webhooks   what Zoom posts, checked and read
messages   what is said on a Realtime Media Stream
stream     one such stream: its two connections, and what is heard there
adapter    all of it together
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.adapters import Adapter
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit_zoom.adapter import ZoomMeetings
from alliancekit_zoom.settings import ZoomSettings

__all__ = ["Zoom", "ZoomMeetings", "ZoomSettings"]


class Zoom(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: ZoomSettings) -> None:
        self.adapter = ZoomMeetings(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)
