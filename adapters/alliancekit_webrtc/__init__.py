"""Bring-your-own WebRTC: a side connection beside the vendor's call, for prompts, presence and talk balance.

The page opens a second, receive-only peer connection to the service. It carries a data channel with prompt
hints and, only while client and therapist both consent, the microphone, of which nothing but the audio level
in the packet headers is read. The vendor's own call is never touched.
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.adapters import Adapter, Route
from alliancekit.errors import ExtraMissingError
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit_webrtc.settings import WebRTCSettings

try:
    from alliancekit_webrtc.adapter import SideConnections
except ModuleNotFoundError as error:
    raise ExtraMissingError(
        f"The WebRTC adapter needs the package {error.name}, which is not installed.",
        fix="pip install 'alliancekit[webrtc]'",
    ) from error

__all__ = ["WebRTC", "WebRTCSettings"]


class WebRTC(AllianceHooks):
    """The plugin: one adapter, and its routes `POST offer` and `GET side.js`."""

    def __init__(self, settings: WebRTCSettings) -> None:
        self.adapter = SideConnections(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)

    @override
    @hookimpl
    def register_routes(self) -> Sequence[Route]:
        return self.adapter.routes()
