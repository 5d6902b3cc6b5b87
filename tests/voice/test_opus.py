"""Opus packets in, speech out: loss, reordering, repetition and silence that is not sent make none."""

from __future__ import annotations

import ctypes
import random

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.errors import PluginError
from alliancekit.voice import VAD_RATE, Listener, opus
from alliancekit.voice.opus import OpusDecoder
from tests.voice.opus_packets import SPEAKING, packets_of

PACKET = 0.02
TRUTH = SPEAKING["client"]
SPOKEN = sum(end - start for start, end in TRUTH)
SLACK = 0.35
"""Seconds around true speech that may count as speech: the detector's own hangover, and the keeper's."""


def heard(order: list[int]) -> list[tuple[float, float]]:
    """The speech of the client's packets, told in this order, each at its own time."""
    listener = Listener()
    packets = packets_of("client")
    for number in order:
        listener.opus(number * PACKET, packets[number])
    listener.close()
    return listener.take()


def seconds(spans: list[tuple[float, float]]) -> float:
    return sum(end - start for start, end in spans)


def false_seconds(spans: list[tuple[float, float]]) -> float:
    """How much of what was heard is nowhere near true speech."""
    near = [(start - SLACK, end + SLACK) for start, end in TRUTH]
    inside = sum(max(0.0, min(end, b) - max(start, a)) for start, end in spans for a, b in near)
    return seconds(spans) - inside


ALL = list(range(len(packets_of("client"))))


def test_the_recording_is_heard_where_it_speaks() -> None:
    spans = heard(ALL)
    assert seconds(spans) == pytest.approx(SPOKEN, rel=0.1)
    assert false_seconds(spans) == 0.0


@pytest.mark.parametrize("lost", [0.02, 0.1, 0.3])
def test_what_is_lost_is_not_made_up(lost: float) -> None:
    chance = random.Random(1)
    spans = heard([number for number in ALL if chance.random() >= lost])
    assert false_seconds(spans) == 0.0
    assert seconds(spans) == pytest.approx(SPOKEN, rel=0.2)


def test_nothing_is_heard_while_nothing_comes() -> None:
    first, second = TRUTH[0]
    middle = (first + second) / 2
    gap = range(int(middle / PACKET), int((middle + 1.0) / PACKET))
    spans = heard([number for number in ALL if number not in gap])
    inside = [min(end, middle + 1.0) - max(start, middle) for start, end in spans]
    assert max(inside) <= 2 * PACKET


def test_late_and_repeated_packets_add_nothing() -> None:
    chance = random.Random(2)
    order = sorted([*ALL, *ALL], key=lambda number: number + chance.uniform(0, 3))
    spans = heard(order)
    assert false_seconds(spans) == 0.0
    assert seconds(spans) == pytest.approx(SPOKEN, rel=0.2)


@given(st.lists(st.tuples(st.integers(0, 20_000), st.binary(max_size=80)), max_size=60))
def test_any_bytes_at_any_time_harm_nothing(packets: list[tuple[int, bytes]]) -> None:
    listener = Listener()
    for at, packet in packets:
        listener.opus(at / 1000, packet)
    listener.close()
    spans = listener.take()
    assert all(start < end for start, end in spans)
    assert spans == sorted(spans)


def with_dtx(samples: bytes) -> list[bytes]:
    """Packets of an encoder that leaves silence out (OPUS_SET_DTX)."""
    library = opus._library()
    library.opus_encoder_create.restype = ctypes.c_void_p
    library.opus_encoder_destroy.restype = None
    error = ctypes.c_int()
    encoder = ctypes.c_void_p(library.opus_encoder_create(VAD_RATE, 1, 2048, ctypes.byref(error)))
    library.opus_encoder_ctl(encoder, ctypes.c_int(4016), ctypes.c_int(1))
    out, step = ctypes.create_string_buffer(1500), int(VAD_RATE * PACKET) * 2
    found = []
    for start in range(0, len(samples) - step + 1, step):
        size = library.opus_encode(encoder, samples[start : start + step], step // 2, out, 1500)
        found.append(out.raw[: max(size, 0)])
    library.opus_encoder_destroy(encoder)
    return found


def test_silence_that_is_not_sent_is_silence() -> None:
    decoder = OpusDecoder(VAD_RATE)
    samples = b"".join(decoder.decode(packet) for packet in packets_of("client"))
    packets = with_dtx(samples + bytes(VAD_RATE * 2 * 5))
    left_out = [packet for packet in packets if len(packet) <= 2]
    assert len(left_out) > 100, "the encoder leaves silence out"
    listener = Listener()
    for number, packet in enumerate(packets):
        # A WebRTC sender keeps empty packets back, all but one in a while.
        if len(packet) > 2 or number % 20 == 0:
            listener.opus(number * PACKET, packet)
    listener.close()
    spans = listener.take()
    assert false_seconds(spans) == 0.0
    assert seconds(spans) == pytest.approx(SPOKEN, rel=0.15)


def test_samples_are_those_of_another_decoder() -> None:
    ours = OpusDecoder(48000)
    theirs = av.CodecContext.create("libopus", "r")
    assert isinstance(theirs, av.AudioCodecContext)
    theirs.layout = "mono"
    for packet in packets_of("therapist")[:100]:
        [frame] = theirs.decode(av.Packet(packet))
        mine, other = ours.decode(packet), bytes(frame.planes[0])[: frame.samples * 2]
        assert len(mine) == len(other)
        pairs = zip(memoryview(mine).cast("h"), memoryview(other).cast("h"), strict=True)
        assert max(abs(a - b) for a, b in pairs) <= 2


def test_long_packets_are_decoded_whole() -> None:
    """Three frames of 20 ms in one packet (RFC 6716, code 3), from three packets of one frame."""
    one, two, three = packets_of("client")[10:13]
    assert one[0] & 3 == two[0] & 3 == three[0] & 3 == 0
    sizes = b"".join(bytes([len(each) - 1]) for each in (one, two))
    packet = bytes([one[0] | 3, 0x80 | 3]) + sizes + one[1:] + two[1:] + three[1:]
    assert len(OpusDecoder(VAD_RATE).decode(packet)) == 3 * 320 * 2


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "NAMES", ("libnothing.so.0",))
    monkeypatch.setattr(opus, "find_library", lambda name: None)
    opus._library.cache_clear()
    try:
        with pytest.raises(PluginError, match="libopus") as raised:
            OpusDecoder(VAD_RATE)
    finally:
        opus._library.cache_clear()
    assert raised.value.fix is not None
    assert "apt-get install libopus0" in raised.value.fix
