"""A small script in the host's page speaks for the video platform.

For every platform whose page the vendor makes: `bridge.js` listens to the platform's own JavaScript and
reports joining, leaving and the end with the participant's token, and it shows the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.adapters import Adapter, Route
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit_bridge.adapter import BridgeAdapter
from alliancekit_bridge.settings import BridgeSettings

__all__ = ["Bridge", "BridgeAdapter", "BridgeSettings"]


class Bridge(AllianceHooks):
    """The plugin: one adapter, and its routes `GET bridge.js` and `POST report`."""

    def __init__(self, settings: BridgeSettings) -> None:
        self.adapter = BridgeAdapter(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)

    @override
    @hookimpl
    def register_routes(self) -> Sequence[Route]:
        return self.adapter.routes()
