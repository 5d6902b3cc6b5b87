"""What the adapter promises, in short: the test that a copy of it starts with.

The page is played by aiortc, over a real peer connection on this machine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription
from typing_extensions import override

from alliancekit.adapters import Adapter, Caller, Route, RouteRequest
from alliancekit.events import Participant
from alliancekit.testing import AdapterContract, Alliance, RecordingHost
from alliancekit.testing.fake_adapter import a_hint
from alliancekit_webrtc import WebRTC
from alliancekit_webrtc.loopback import loopback_only

CLIENT = Participant(id="par_client", role="client")
SETTINGS = {"loopback": True, "ping_seconds": 0.1}


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that the other side brings about."""
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.02)


class Page:
    """The participant's page: one side connection, and what came over it."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.silent = False
        self.peer = RTCPeerConnection()
        self.channel = self.peer.createDataChannel("alliancekit")
        self.channel.on("message", self.hear)

    def hear(self, text: str) -> None:
        """Keep a message; a page that is not silent answers pings."""
        message = json.loads(text)
        self.said.append(message)
        if message["type"] == "ping" and not self.silent:
            self.tell(type="pong", n=message["n"])

    async def connect(self, offer: Route, participant: Participant) -> None:
        """Offer a connection as this participant."""
        self.peer.addTransceiver("audio", direction="sendonly")
        with loopback_only():
            await self.peer.setLocalDescription(await self.peer.createOffer())
        body = {"type": "offer", "sdp": self.peer.localDescription.sdp, "call": {"consent": False}}
        caller = Caller(tenant="ten_1", session="ses_1", participant=participant)
        reply = await offer.handler(RouteRequest(caller=caller, body=json.dumps(body).encode()))
        assert reply.status == 200
        answer = json.loads(reply.body)
        await self.peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        await until(lambda: self.channel.readyState == "open")

    def tell(self, **message: object) -> None:
        """Send one message."""
        self.channel.send(json.dumps(message))


class TestContract(AdapterContract):
    """What every adapter is held to."""

    @override
    def make_adapter(self) -> Adapter:
        self.pages: dict[str, Page] = {}
        kit = Alliance(it=(WebRTC, SETTINGS))
        self.offer = next(route for _, route in kit.routes if route.path == "offer")
        return kit.adapters[0]

    @override
    async def join(self, adapter: Adapter, participant: Participant) -> None:
        await self.close(participant)
        page = self.pages[participant.id] = Page()
        await page.connect(self.offer, participant)

    @override
    async def leave(self, adapter: Adapter, participant: Participant) -> None:
        self.pages[participant.id].tell(type="leave")

    @override
    async def drop(self, adapter: Adapter, participant: Participant) -> None:
        self.pages[participant.id].silent = True

    @override
    async def clean_up(self) -> None:
        for page in self.pages.values():
            await page.peer.close()

    async def close(self, participant: Participant) -> None:
        """End the participant's page of before."""
        if participant.id in self.pages:
            await self.pages.pop(participant.id).peer.close()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Adapter, RecordingHost, Page]]:
    """The running adapter, its host, and a page that is connected to it."""
    host, kit, page = RecordingHost(), Alliance(it=(WebRTC, SETTINGS)), Page()
    [adapter] = kit.adapters
    offer = next(route for _, route in kit.routes if route.path == "offer")
    await adapter.start(host)
    try:
        await page.connect(offer, CLIENT)
        await until(lambda: bool(host.present(CLIENT.id)))
        yield adapter, host, page
    finally:
        await adapter.stop()
        await page.peer.close()


async def test_who_connects_is_present_and_who_leaves_is_gone() -> None:
    async with connected() as (_, host, page):
        assert host.gone() == []
        page.tell(type="leave")
        await until(lambda: bool(host.gone()))
        [gone] = host.gone()
        assert (gone.participant, gone.how) == (CLIENT.id, "left")


async def test_who_answers_no_ping_is_dropped() -> None:
    async with connected() as (_, host, page):
        page.silent = True
        await until(lambda: bool(host.gone()))
        assert [one.how for one in host.gone()] == ["dropped"]


async def test_a_prompt_reaches_the_page_and_its_receipt_the_host() -> None:
    async with connected() as (adapter, host, page):
        assert await adapter.deliver(a_hint("prm_1"))
        assert not await adapter.deliver(a_hint("prm_2", participant="par_nobody"))
        await until(lambda: any(one.get("prompt") == "prm_1" for one in page.said))
        page.tell(type="ack", prompt="prm_1")
        await until(lambda: host.acknowledged == [("ten_1", "prm_1", adapter.name)])


async def test_without_a_participant_there_is_no_connection() -> None:
    offer = next(route for _, route in Alliance(it=WebRTC).routes if route.path == "offer")
    reply = await offer.handler(RouteRequest(caller=Caller(tenant="ten_1"), body=b"{}"))
    assert reply.status == 503


async def test_the_page_gets_its_script() -> None:
    kit = Alliance(it=WebRTC)
    [route] = [route for _, route in kit.routes if route.path == "side.js"]
    reply = await route.handler(RouteRequest(caller=Caller(tenant="")))
    assert (route.auth, reply.status) == ("none", 200)
    assert b"/v1/plugins/webrtc/offer" in reply.body
