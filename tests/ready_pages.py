"""Pages' side connections that cost little: they send ready-made Opus packets, each with its audio level."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from alliancekit.demo.peers import RECORDINGS
from alliancekit.events import Role
from alliancekit_webrtc.loopback import loopback_only

OPUS = 96
LOUD, QUIET = 25, 90
"""Levels (−dBov) of speech and of a quiet room."""

PostOffer = Callable[[dict[str, Any]], Awaitable[Mapping[str, Any]]]


class ReadyPage:
    """One page's side connection.

    Attributes:
        prompts: the prompts it was told of, in order; each is acknowledged.
        observed: set once the service asked for the microphone.
        answers_pings: a page that does not is taken for dead.
    """

    def __init__(self, *, with_level: bool = True, consent: bool = True) -> None:
        self.prompts: list[str] = []
        self.observed = asyncio.Event()
        self.open = asyncio.Event()
        self.closed = asyncio.Event()
        self.answers_pings = True
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel = self.peer.createDataChannel("alliancekit")
        self.sender: RTCRtpSender = self.peer.addTransceiver("audio", direction="sendonly").sender
        self._extensions = HeaderExtensionsMap()
        self._with_level = with_level
        self._consent = consent
        self.channel.on("message", self._on_message)
        self.channel.on("open", self.open.set)
        self.channel.on("close", self.closed.set)

    async def offer(self) -> dict[str, Any]:
        """Make the body of `POST offer`."""
        with loopback_only():
            await self.peer.setLocalDescription(await self.peer.createOffer())
        lines = self.peer.localDescription.sdp.splitlines(keepends=True)
        if not self._with_level:
            lines = [line for line in lines if "ssrc-audio-level" not in line]
        return {"type": "offer", "sdp": "".join(lines), "call": {"consent": self._consent}}

    async def take(self, answer: Mapping[str, Any]) -> None:
        """Take the service's answer."""
        await self.peer.setRemoteDescription(RTCSessionDescription(**answer))
        (transceiver,) = self.peer.getTransceivers()

        class Negotiated:
            headerExtensions = transceiver._headerExtensions

        self._extensions.configure(Negotiated)  # type: ignore[arg-type]
        self._mid = transceiver.mid

    async def connect(self, post: PostOffer) -> None:
        """Offer, take the answer, and wait until the data channel is open."""
        await self.take(await post(await self.offer()))
        async with asyncio.timeout(30):
            await self.open.wait()

    async def send(self, number: int, payload: bytes, level: int, *, ssrc: int | None = None) -> None:
        """Send the packet of the 20 ms with this number."""
        packet = RtpPacket(payload_type=OPUS, sequence_number=number % 65536, timestamp=number * 960 % 2**32)
        packet.ssrc, packet.payload = self.sender._ssrc if ssrc is None else ssrc, payload
        packet.extensions.mid = self._mid
        packet.extensions.audio_level = (True, level)
        await self.sender.transport._send_rtp(packet.serialize(self._extensions))

    def say(self, **message: object) -> None:
        """Send a message on the data channel."""
        if self.channel.readyState == "open":
            self.channel.send(json.dumps(message))

    async def close(self) -> None:
        """Close the connection."""
        await self.peer.close()
        self.channel.remove_all_listeners()

    def _on_message(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "ping" and self.answers_pings:
            self.say(type="pong", n=message["n"])
        elif message["type"] == "prompt":
            self.prompts.append(message["prompt"])
            self.say(type="ack", prompt=message["prompt"])
        elif message["type"] == "observe" and message["on"]:
            self.observed.set()


def encoded(role: Role) -> list[tuple[bytes, int]]:
    """The recording's own Opus packets, and a level that is loud where a packet is large."""
    with av.open(str(RECORDINGS / f"{role}.ogg")) as container:
        payloads = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    return [(payload, LOUD if len(payload) > 40 else QUIET) for payload in payloads]
