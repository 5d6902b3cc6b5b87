"""What Janus's `rtp_forward` sends us, as stretches of speech; the audio is dropped packet by packet.

All streams come to one UDP port. Each was given an SSRC of its own (RFC 3550) when it was asked for, by which
it is known again; packets of any other are dropped.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Final

from typing_extensions import override

from alliancekit.voice import Listener, RtpClock, Span

PAYLOAD_TYPE: Final = 111
"""The RTP payload type that Opus is asked for with; any would do, for it is all that is asked for."""

RECEIVE_BUFFER: Final = 1024 * 1024
"""Bytes that wait in the system while this process is busy: a second of two hundred streams."""

HEADER: Final = 12
"""Bytes of an RTP header without anything optional (RFC 3550, section 5.1)."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """What is read of an RTP packet: whose it is, when it was heard, and the payload."""

    ssrc: int
    timestamp: int
    payload: bytes


def read_rtp(data: bytes) -> RtpPacket | None:
    """A packet's header and payload; None for anything that is no RTP of our payload type."""
    if len(data) < HEADER or data[0] >> 6 != 2 or data[1] & 0x7F != PAYLOAD_TYPE:
        return None
    start = HEADER + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    end = len(data)
    if data[0] & 0x20:
        end -= data[-1]
    if start > end:
        return None
    timestamp, ssrc = int.from_bytes(data[4:8]), int.from_bytes(data[8:12])
    return RtpPacket(ssrc, timestamp, data[start:end])


@dataclass(slots=True)
class _Stream:
    clock: RtpClock = field(default_factory=RtpClock)
    listener: Listener = field(default_factory=Listener)


class Tap(asyncio.DatagramProtocol):
    """The UDP port, and the speech of every stream that comes there.

    Args:
        clock: seconds since 1970 UTC that never jump.

    Attributes:
        packets: of the streams that are open, since the tap was opened.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._streams: dict[int, _Stream] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.packets = 0

    async def open(self, address: str, port: int) -> None:
        """Begin to receive at an address; port 0 takes a free one.

        Raises:
            OSError: it cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(address, port))
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER)

    @property
    def port(self) -> int:
        """The port that is listened at; 0 before `open`."""
        if self._transport is None:
            return 0
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def close(self) -> None:
        """End, and forget every stream."""
        self._streams.clear()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def listen(self) -> int:
        """Make room for one more stream; its SSRC."""
        ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        while ssrc in self._streams:
            ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self._streams[ssrc] = _Stream()
        return ssrc

    def take(self, ssrc: int) -> list[Span]:
        """The speech of a stream since the last take, in seconds since 1970 UTC."""
        stream = self._streams.get(ssrc)
        return [] if stream is None else stream.listener.take()

    def forget(self, ssrc: int) -> list[Span]:
        """A stream has ended; the rest of its speech."""
        stream = self._streams.pop(ssrc, None)
        if stream is None:
            return []
        stream.listener.close()
        return stream.listener.take()

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        packet = read_rtp(data)
        stream = None if packet is None else self._streams.get(packet.ssrc)
        if packet is None or stream is None:
            return
        self.packets += 1
        stream.listener.opus(stream.clock.at(packet.timestamp, self._clock()), packet.payload)
