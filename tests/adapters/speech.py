"""The recorded call as samples, and who truly speaks when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import av

from alliancekit.demo.peers import RECORDINGS
from alliancekit.events import Role
from alliancekit.voice import VAD_RATE

TIMELINE: dict[str, Any] = json.loads((RECORDINGS / "timeline.json").read_text(encoding="utf-8"))
TRUTH: Mapping[Role, Sequence[tuple[float, float]]] = TIMELINE["speaking"]
BOTH: tuple[Role, Role] = ("client", "therapist")
FRAME = VAD_RATE // 50 * 2
"""Bytes of 20 ms."""


@cache
def frames(role: Role) -> tuple[bytes, ...]:
    """A recording in frames of 20 ms: 16 bit, little-endian, mono, 16 kHz."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=VAD_RATE)
    found = b""
    with av.open(str(RECORDINGS / f"{role}.ogg")) as file:
        for frame in [*file.decode(audio=0), None]:
            for part in resampler.resample(frame):
                found += bytes(part.planes[0])[: part.samples * 2]
    return tuple(found[start : start + FRAME].ljust(FRAME, b"\0") for start in range(0, len(found), FRAME))


def talk(spans: Mapping[Role, Sequence[tuple[float, float]]]) -> dict[Role, float]:
    """The share of all speech by role, in per cent."""
    seconds = {role: sum(end - start for start, end in spans.get(role, ())) for role in BOTH}
    return {role: 100 * value / max(sum(seconds.values()), 1e-9) for role, value in seconds.items()}
