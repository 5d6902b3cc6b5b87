"""The bridge's WebSocket: everybody's Opus in, the times somebody spoke out; audio is dropped at once.

The bridge is the client (jitsi/handbook, `devops-guide/transcription.md`). Its frames are JSON, numbers
partly as text, one key twice, as in the recording of jitsi/opus-transcriber-proxy (`resources/sample.jsonl`):

    {"event": "start", "start": {"tag": "10a52c3f-305123557",
                                 "mediaFormat": {"encoding": "opus", "sampleRate": 48000, "channels": 2},
                                 "customParameters": {"endpointId": "10a52c3f"}}}
    {"event": "media", "media": {"tag": "10a52c3f-305123557", "chunk": "31456", "timestamp": "268460",
                                 "payload": "<base64 of one Opus packet>"}}
    {"event": "ping", "id": 1}      answered by      {"event": "pong", "id": 1}
    {"event": "info", …}
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from alliancekit.voice import Listener, RtpClock, Span

TAG: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")

LARGEST_PACKET: Final = 1275 * 6
"""Bytes of an Opus packet of 120 ms (RFC 6716, section 3.2.5, rounded up)."""

RATE: Final = 48000
"""RTP ticks per second of Opus, whatever it was sampled with (RFC 7587)."""

MISREAD: Final = 100
"""Frames that may be no sense before the connection is ended."""


class Stream:
    """One sender's audio.

    Attributes:
        endpoint: what the bridge calls the sender.
    """

    def __init__(self, endpoint: str, listener: Listener) -> None:
        self.endpoint = endpoint
        self._listener = listener
        self._clock = RtpClock(RATE)

    def packet(self, timestamp: int, data: bytes, arrival: float) -> None:
        """Take one packet; an old one that comes again or too late is ignored."""
        self._listener.opus(self._clock.at(timestamp & 0xFFFFFFFF, arrival), data)

    def take(self) -> list[Span]:
        """What was heard since the last take."""
        return self._listener.take()

    def close(self) -> None:
        """Nothing more will come."""
        self._listener.close()


class Tap:
    """One connection of a bridge: all senders of one meeting.

    Args:
        clock: seconds since 1970 UTC.
        most: streams that are listened to; what comes beyond is ignored.
        listener: makes what hears one stream.

    Attributes:
        misread: frames that were no sense.
        refused: streams that were not listened to: too many, or no Opus.
    """

    def __init__(
        self, clock: Callable[[], float], *, most: int, listener: Callable[[], Listener] = Listener
    ) -> None:
        self._clock = clock
        self._most = most
        self._listener = listener
        self._streams: dict[str, Stream] = {}
        self.misread = 0
        self.refused = 0

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Everybody who was heard on this connection."""
        return tuple(self._streams.values())

    @property
    def nonsense(self) -> bool:
        """Whether the other side is no bridge."""
        return self.misread >= MISREAD

    def frame(self, message: str | bytes) -> str | None:
        """Take one frame; returns what to answer, None for nothing. Raises nothing for what a frame holds."""
        try:
            said = json.loads(message)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            self.misread += 1
            return None
        match said.get("event"):
            case "ping":
                return _pong(said.get("id"))
            case "start":
                self._start(said.get("start"))
            case "media":
                self._media(said.get("media"))
        return None

    def close(self) -> None:
        """End what is open; it can still be taken."""
        for stream in self._streams.values():
            stream.close()

    def _start(self, said: Any) -> None:
        tag = _tag(said)
        if tag is None:
            self.misread += 1
            return
        form, more = said.get("mediaFormat"), said.get("customParameters")
        encoding = form.get("encoding", "opus") if isinstance(form, Mapping) else "opus"
        if not (isinstance(encoding, str) and encoding.lower() == "opus"):
            self.refused += 1
            return
        endpoint = more.get("endpointId") if isinstance(more, Mapping) else None
        if not (isinstance(endpoint, str) and TAG.fullmatch(endpoint)):
            endpoint = tag.rpartition("-")[0] or tag
        if tag in self._streams:
            return
        if len(self._streams) >= self._most:
            self.refused += 1
            return
        self._streams[tag] = Stream(endpoint, self._listener())

    def _media(self, said: Any) -> None:
        tag = _tag(said)
        if tag is None:
            self.misread += 1
            return
        stream = self._streams.get(tag)
        if stream is None:
            return
        timestamp, packet = _number(said.get("timestamp")), _packet(said.get("payload"))
        if timestamp is None or packet is None:
            self.misread += 1
            return
        stream.packet(timestamp, packet, self._clock())


def _tag(said: Any) -> str | None:
    tag = said.get("tag") if isinstance(said, Mapping) else None
    return tag if isinstance(tag, str) and TAG.fullmatch(tag) else None


def _number(value: Any) -> int | None:
    """A number, also one that is written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        return int(value)
    return value if isinstance(value, int) and 0 <= value < 1 << 64 else None


def _packet(value: Any) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        packet = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return None
    return packet if 0 < len(packet) <= LARGEST_PACKET else None


def _pong(identifier: Any) -> str:
    said: dict[str, Any] = {"event": "pong"}
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        said["id"] = identifier
    return json.dumps(said)
