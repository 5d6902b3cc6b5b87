"""The WebRTC adapter keeps the adapters' contract, with real side connections on 127.0.0.1."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from alliancekit.adapters import Adapter, Caller, RouteRequest
from alliancekit.demo.peers import RECORDINGS, CallPeer
from alliancekit.events import Participant
from alliancekit.testing import AdapterContract
from alliancekit_webrtc import WebRTC, WebRTCSettings
from alliancekit_webrtc.adapter import SideConnections

pytestmark = pytest.mark.webrtc


class TestWebRTC(AdapterContract):
    peers: ClassVar[dict[str, CallPeer]] = {}

    @override
    def make_adapter(self) -> Adapter:
        pace = {"ping_seconds": 0.1, "dead_after_pings": 10, "report_seconds": 0.2}
        (adapter,) = WebRTC(WebRTCSettings.model_validate({"loopback": True, **pace})).register_adapters()
        return adapter

    @override
    async def join(self, adapter: Adapter, participant: Participant) -> None:
        assert isinstance(adapter, SideConnections)
        caller = Caller(tenant=self.tenant, session=self.session, participant=participant)

        async def post(offer: dict[str, Any]) -> dict[str, Any]:
            reply = await adapter.offer(RouteRequest(caller=caller, body=json.dumps(offer).encode()))
            assert reply.status == 200, reply.body
            answer: dict[str, Any] = json.loads(reply.body)
            return answer

        before = self.peers.pop(participant.id, None)
        if before is not None:
            await before.close()
        peer = self.peers[participant.id] = CallPeer(RECORDINGS / f"{participant.role}.ogg")
        await peer.connect_side(post)

    @override
    async def leave(self, adapter: Adapter, participant: Participant) -> None:
        await self.peers[participant.id].leave()

    @override
    async def drop(self, adapter: Adapter, participant: Participant) -> None:
        self.peers[participant.id].mute_pongs = True

    @override
    async def clean_up(self) -> None:
        while self.peers:
            await self.peers.popitem()[1].close()
