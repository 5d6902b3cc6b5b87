"""A call on the WebRTC adapter in simulated time: packets go in behind the decryption, without a pause."""

from __future__ import annotations

from aiortc.rtp import RtpPacket

from alliancekit_webrtc.adapter import SideConnections
from alliancekit_webrtc.connection import SideConnection
from tests.ready_pages import OPUS


class SimulatedClock:
    """The adapter's clock from now on; moved by the packets."""

    def __init__(self, adapter: SideConnections) -> None:
        self.now = adapter._clock()
        adapter._clock = self
        for connection in adapter.connections:
            connection._clock = connection.ear._clock = self

    def __call__(self) -> float:
        return self.now


class Microphone:
    """Brings a page's packets to where aiortc hands them on once they are decrypted."""

    def __init__(self, connection: SideConnection) -> None:
        (self.receiver,) = connection._peer.getReceivers()

    async def hear(self, number: int, payload: bytes, level: int | None) -> None:
        """The packet of the 20 ms with this number; `level` is None where the page sends none."""
        packet = RtpPacket(
            payload_type=OPUS, sequence_number=number % 65536, timestamp=number * 960 % 2**32, ssrc=7
        )
        packet.payload = payload
        if level is not None:
            packet.extensions.audio_level = (True, level)
        await self.receiver._handle_rtp_packet(packet, arrival_time_ms=number * 20)

    @property
    def waiting(self) -> int:
        """Packets that wait for the decoder, and frames for the one that reads them."""
        decoding = self.receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
        return int(decoding.qsize() + self.receiver.track._queue.qsize())  # type: ignore[attr-defined]
