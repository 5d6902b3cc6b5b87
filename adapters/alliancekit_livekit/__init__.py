"""LiveKit, self-hosted or Cloud, and OpenVidu 3.

Who joins and leaves is known from the webhooks that it signs. LiveKit drops events that waited for 30 seconds
and stores none, so any can be missing: while a room is open, the server is asked who is in it. Prompts go to
one person as data messages. Who speaks when is told by a hidden participant, where that is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.adapters import Adapter
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit_livekit import server, speakers
from alliancekit_livekit.adapter import LiveKitAdapter
from alliancekit_livekit.settings import LiveKitSettings

__all__ = ["LiveKit", "LiveKitAdapter", "LiveKitSettings"]


class LiveKit(AllianceHooks):
    """The plugin: one adapter.

    Raises:
        ExtraMissingError: the settings need a package that is not installed.
    """

    def __init__(self, settings: LiveKitSettings) -> None:
        if settings.url:
            server.package()
        if settings.speakers:
            speakers.rtc()
        self.adapter = LiveKitAdapter(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)
