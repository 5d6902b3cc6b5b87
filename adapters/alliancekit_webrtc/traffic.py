"""How much comes over a side connection: a page that sends more than it has reason for is ended."""

from __future__ import annotations

from collections.abc import Callable

from aiortc import RTCPeerConnection
from aiortc.stats import RTCTransportStats

MAX_PACKETS = 600.0
"""Packets a second; a page sends 50 with audio, at most 400 where each has 2.5 ms, and a few messages."""

MAX_SOURCES = 16
"""Audio sources (SSRC) in ten seconds; a page has one, and another after it made its track anew."""

MAX_HOARD = 256 * 1024
"""Bytes of messages that began and do not end; a message has at most 1 KB, and no pieces."""


class Traffic:
    """Counts a connection's packets between two looks, whatever is in them.

    Args:
        clock: seconds; it does not jump.

    Attributes:
        came: whether anything arrived between the last two looks.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.came = False
        self._clock = clock
        self._looked_at = clock()
        self._packets = 0
        self._room = 0

    async def count(self, peer: RTCPeerConnection) -> bool:
        """Look at the connection; return whether more came since the last look than a page has reason for."""
        (receiver,) = peer.getReceivers()
        packets = sum(
            stats.packetsReceived
            for stats in (await receiver.getStats()).values()
            if isinstance(stats, RTCTransportStats)
        )
        now = self._clock()
        new, seconds = packets - self._packets, max(now - self._looked_at, 1.0)
        self._packets, self._looked_at = packets, now
        self.came = new > 0
        return (
            new > MAX_PACKETS * seconds
            or len(receiver.getSynchronizationSources()) > MAX_SOURCES
            or self._hoarded(peer) > MAX_HOARD
        )

    def _hoarded(self, peer: RTCPeerConnection) -> int:
        """Bytes that wait for the rest of their message; aiortc takes them without bound."""
        room: int = getattr(peer.sctp, "_advertised_rwnd", 0)
        self._room = max(self._room, room)
        return self._room - room
