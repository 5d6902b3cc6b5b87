"""One person's stream: levels or samples in, stretches of speech out, nothing kept."""

from __future__ import annotations

import json
import sys
from functools import cache

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.demo.peers import RECORDINGS
from alliancekit.errors import PluginError
from alliancekit.voice import VAD_RATE, Listener, check_opus

QUIET, LOUD = 90, 20
SPEAKING = json.loads((RECORDINGS / "timeline.json").read_text(encoding="utf-8"))["speaking"]["client"]
"""(start, end) of each time the client speaks in the recording, in seconds."""


@cache
def samples_of_client() -> bytes:
    """The client's recording as 16-bit mono samples at `VAD_RATE`."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=VAD_RATE)
    found = b""
    with av.open(str(RECORDINGS / "client.ogg")) as file:
        for frame in [*file.decode(audio=0), None]:
            for part in resampler.resample(frame):
                found += bytes(part.planes[0])[: part.samples * 2]
    return found


def tell(listener: Listener, start: float, seconds: float, level: int) -> None:
    for number in range(round(seconds / 0.02)):
        listener.level(start + number * 0.02, level)


def test_speech_is_taken_once_and_only_once() -> None:
    listener = Listener()
    tell(listener, 0.0, 1.0, QUIET)
    tell(listener, 1.0, 2.0, LOUD)
    first = listener.take()
    assert len(first) == 1
    assert first[0] == pytest.approx((1.0, 3.0), abs=0.1)
    assert listener.take() == []
    tell(listener, 3.0, 1.0, LOUD)
    tell(listener, 4.0, 1.0, QUIET)
    (rest,) = listener.take()
    assert rest[0] == first[0][1]
    assert rest[1] == pytest.approx(4.0, abs=0.1)
    listener.close()
    assert listener.take() == []


@given(st.lists(st.tuples(st.integers(5, 120), st.booleans(), st.booleans()), max_size=30))
def test_taking_often_hears_what_taking_once_hears(parts: list[tuple[int, bool, bool]]) -> None:
    once, often = Listener(), Listener()
    taken: list[tuple[float, float]] = []
    number = 0
    for frames, loud, take in parts:
        for _ in range(frames):
            for one in (once, often):
                one.level(number * 0.02, LOUD if loud else QUIET)
            number += 1
        if take:
            taken += often.take()
    once.close()
    often.close()
    taken += often.take()
    joined: list[tuple[float, float]] = []
    for start, end in taken:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    assert joined == once.take()


@pytest.mark.parametrize("size", [640, 320, 962, 4000, 638])
def test_samples_are_speech_where_somebody_truly_spoke(size: int) -> None:
    samples = samples_of_client()
    listener = Listener()
    for start in range(0, len(samples), size):
        listener.pcm(100.0 + start / 2 / VAD_RATE, samples[start : start + size])
    listener.close()
    heard = listener.take()
    truth = sum(end - start for start, end in SPEAKING)
    assert sum(end - start for start, end in heard) == pytest.approx(truth, rel=0.15)
    for start, end in heard:
        assert any(begin - 0.3 <= start - 100 and end - 100 <= stop + 0.3 for begin, stop in SPEAKING)
    listener.pcm(200.0, bytes(VAD_RATE * 4))
    listener.close()
    assert listener.take() == []


def test_a_stream_is_levels_or_samples() -> None:
    listener = Listener()
    listener.level(1.0, QUIET)
    listener.pcm(2.0, samples_of_client())
    assert listener.take() == []


def test_what_would_fail_with_the_first_packet_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    check_opus()
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    with pytest.raises(PluginError, match=r"alliancekit\[voice\]"):
        check_opus()
