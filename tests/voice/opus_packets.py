"""The recordings as the Opus packets that a browser would send."""

from __future__ import annotations

import json
from functools import cache

import av

from alliancekit.demo.peers import RECORDINGS

SPEAKING = json.loads((RECORDINGS / "timeline.json").read_text(encoding="utf-8"))["speaking"]
"""By role: (start, end) of each time they speak, in seconds."""


@cache
def packets_of(role: str) -> tuple[bytes, ...]:
    """A recording's packets of 20 ms, in order."""
    with av.open(str(RECORDINGS / f"{role}.ogg")) as file:
        return tuple(bytes(packet) for packet in file.demux(audio=0) if packet.size)
