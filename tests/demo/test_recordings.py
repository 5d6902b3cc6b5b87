"""The recordings of the scripted call agree with the timeline that says who truly speaks when."""

from __future__ import annotations

import array
import json
import math
from itertools import pairwise
from typing import Any

import pytest

from alliancekit.demo.peers import FRAME, RATE, RECORDINGS, Recording

TIMELINE: dict[str, Any] = json.loads((RECORDINGS / "timeline.json").read_text(encoding="utf-8"))
ROLES = ("client", "therapist")
STEP = FRAME / RATE


def levels(role: str) -> list[float]:
    """The recording's level in dB below full scale, for every 20 ms."""
    recording = Recording(RECORDINGS / f"{role}.ogg")
    assert recording.seconds == pytest.approx(TIMELINE["seconds"], abs=0.05)
    recording.began = 0.0
    found = []
    for number in range(round(recording.seconds / STEP)):
        samples = array.array("h", recording.at(number * STEP))
        power = sum(sample * sample for sample in samples) / len(samples) / 32768**2
        found.append(10 * math.log10(power + 1e-12))
    return found


@pytest.mark.parametrize("role", ROLES)
def test_there_is_sound_where_the_timeline_says_so_and_nowhere_else(role: str) -> None:
    loud = [number * STEP for number, level in enumerate(levels(role)) if level > -52]
    turns = TIMELINE["speaking"][role]
    assert len(turns) >= 3
    for at in loud:
        assert any(start - 0.06 <= at <= end + 0.06 for start, end in turns), at
    for start, end in turns:
        inside = [at for at in loud if start <= at <= end]
        assert min(inside) - start < 0.12
        assert end - max(inside) < 0.12
        assert len(inside) * STEP / (end - start) > 0.7
        assert max(after - before for before, after in pairwise(inside)) < 0.3


def test_the_client_talks_more_they_overlap_once_and_are_silent_at_times() -> None:
    client, therapist = (
        {n for start, end in TIMELINE["speaking"][role] for n in range(round(start * 100), round(end * 100))}
        for role in ROLES
    )
    assert len(client) > 1.5 * len(therapist)
    assert 0.1 < len(client & therapist) / 100 < 1
    assert 1 < TIMELINE["seconds"] - len(client | therapist) / 100 < 4


def test_the_recordings_are_small() -> None:
    assert sum((RECORDINGS / f"{role}.ogg").stat().st_size for role in ROLES) < 200_000
