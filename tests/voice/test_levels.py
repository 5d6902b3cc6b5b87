"""Speech from levels: pure, with invented levels and every disorder a network makes."""

from __future__ import annotations

import random
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.voice import FRAME_SECONDS, RtpClock, Span, SpanKeeper, SpeechMeter

Frames = list[tuple[float, int]]


def talk(*parts: tuple[float, int]) -> Frames:
    """Frames of (seconds, level) parts, one after the other, from time 0."""
    levels = [level for seconds, level in parts for _ in range(round(seconds / FRAME_SECONDS))]
    return [(number * FRAME_SECONDS, level) for number, level in enumerate(levels)]


def heard(frames: Frames) -> list[Span]:
    meter = SpeechMeter()
    for at, level in frames:
        meter.level(at, level)
    return meter.spans


def seconds(spans: list[Span]) -> float:
    return sum(end - start for start, end in spans)


@pytest.mark.parametrize("background", [127, 90, 70, 60, 50])
def test_speech_is_found_above_any_usual_background(background: int) -> None:
    spans = heard(talk((2, background), (3, 22), (2, background), (1, 26), (1, background)))
    assert [(round(a, 2), round(b, 2)) for a, b in spans] == [(2.0, 5.0), (7.0, 8.0)]


@pytest.mark.parametrize("background", [127, 80, 60, 48, 40, 36])
def test_a_steady_background_is_not_speech(background: int) -> None:
    jitter = random.Random(7)
    frames = [(at, min(127, level + jitter.randint(0, 4))) for at, level in talk((20, background))]
    assert heard(frames) == []


def test_speech_from_the_first_frame_counts() -> None:
    assert heard(talk((2, 25), (1, 100))) == [(0.0, pytest.approx(2.0))]


def test_a_fan_that_starts_becomes_background() -> None:
    spans = heard(talk((3, 80), (30, 45), (2, 20), (2, 45)))
    assert spans[-1] == (pytest.approx(33.0), pytest.approx(35.0))
    assert seconds(spans) < 2 + SpeechMeter.BLOCK_SECONDS * (SpeechMeter.BLOCKS + 2)


def test_pauses_inside_a_sentence_are_kept_and_longer_ones_end_it() -> None:
    assert len(heard(talk((1, 100), (1, 25), (0.24, 100), (1, 25), (1, 100)))) == 1
    assert len(heard(talk((1, 100), (1, 25), (0.4, 100), (1, 25), (1, 100)))) == 2


def test_keystrokes_are_not_speech() -> None:
    assert heard(talk((1, 100), *[(0.04, 30), (0.16, 100)] * 20)) == []


def test_a_gap_in_transmission_ends_a_span_at_the_last_voiced_frame() -> None:
    frames = talk((1, 100), (1, 25))
    later = [(at + 30, level) for at, level in talk((1, 25))]
    assert heard(frames + later) == [
        (pytest.approx(1.0), pytest.approx(2.0)),
        (pytest.approx(30.0), pytest.approx(31.0)),
    ]


def test_closing_ends_the_span_and_the_meter_goes_on() -> None:
    meter = SpeechMeter()
    for at, level in talk((1, 25)):
        meter.level(at, level)
    meter.close()
    for at, level in talk((1, 25)):
        meter.level(at + 1.04, level)
    assert len(meter.spans) == 2


def test_the_number_of_spans_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SpanKeeper, "LIMIT", 5)
    assert len(heard(talk((1, 100), *[(0.2, 25), (0.5, 100)] * 20))) == 5


levels = st.lists(st.integers(0, 127), max_size=400)
times = st.lists(st.floats(0, 60, allow_nan=False), max_size=400)


@given(times, st.data())
def test_spans_are_in_order_apart_and_inside_what_was_heard(at: list[float], data: st.DataObject) -> None:
    frames = [(moment, data.draw(st.integers(0, 127))) for moment in at]
    spans = heard(frames)
    for start, end in spans:
        assert min(at) <= start < end <= max(at) + FRAME_SECONDS
    for (_, end), (start, _) in pairwise(spans):
        assert start - end > SpanKeeper.HANGOVER - FRAME_SECONDS - 1e-6


@given(levels, st.integers(0, 2_000_000_000))
def test_when_it_is_said_makes_no_difference(values: list[int], shift: int) -> None:
    frames = [(number * FRAME_SECONDS, level) for number, level in enumerate(values)]
    moved = heard([(at + shift, level) for at, level in frames])
    still = heard(frames)
    assert len(moved) == len(still)
    assert seconds(moved) == pytest.approx(seconds(still), abs=0.01)


@given(levels)
def test_repeated_frames_change_nothing(values: list[int]) -> None:
    frames = [(number * FRAME_SECONDS, level) for number, level in enumerate(values)]
    assert heard([frame for frame in frames for _ in range(2)]) == heard(frames)


@given(st.integers(0, 10_000), st.floats(0, 0.3))
def test_loss_hardly_changes_how_much_was_said(seed: int, loss: float) -> None:
    lottery = random.Random(seed)
    frames = talk((1, 70), (3, 25), (1, 70), (2, 30), (1, 70))
    kept = [frame for frame in frames if lottery.random() >= loss]
    assert seconds(heard(kept)) == pytest.approx(5.0, abs=0.35)


@given(st.lists(st.floats(0, 0.15), min_size=100, max_size=300), st.integers(0, 2**32 - 1))
def test_the_clock_takes_jitter_out_and_survives_a_wrapping_timestamp(
    delays: list[float], first: int
) -> None:
    clock = RtpClock(48000)
    sent = [number * FRAME_SECONDS for number in range(len(delays))]
    arrivals = list(accumulate((at + delay for at, delay in zip(sent, delays, strict=True)), max))
    on_clock = [
        clock.at((first + round(at * 48000)) % 2**32, arrival)
        for at, arrival in zip(sent, arrivals, strict=True)
    ]
    assert all(when <= arrival + 1e-6 for when, arrival in zip(on_clock, arrivals, strict=True))
    best = min(range(len(sent)), key=lambda number: arrivals[number] - sent[number])
    after = [when - at for when, at in zip(on_clock[best:], sent[best:], strict=True)]
    assert max(after) - min(after) <= RtpClock.CREEP * (arrivals[-1] - arrivals[best]) + 1e-6


def test_the_clock_follows_a_restarted_stream() -> None:
    clock = RtpClock(48000)
    clock.at(1000, 10.0)
    assert clock.at(1000 + 960, 40.0) == pytest.approx(40.0)
    assert clock.at(3_000_000_000, 50.0) == pytest.approx(50.0)


def test_the_clock_follows_a_stream_that_goes_on_without_its_pause() -> None:
    """A sender that was muted may count on from where it stopped."""
    clock = RtpClock(48000)
    pause = 3.0
    for number in range(100):
        sent = number * FRAME_SECONDS + (pause if number >= 50 else 0.0)
        when = clock.at(number * 960, sent)
        if number < 50 or sent > 50 * FRAME_SECONDS + pause + RtpClock.SETTLE:
            assert when == pytest.approx(sent)


@pytest.mark.parametrize("held", [0.5, 1.5, 4.0])
def test_packets_that_waited_for_a_held_up_process_stay_where_they_were_said(held: float) -> None:
    clock = RtpClock(48000)
    for number in range(500):
        sent = number * FRAME_SECONDS
        freed = 2.0 + held
        arrival = max(sent, freed + (sent - 2.0) * 0.05) if 2.0 < sent < freed else sent
        assert clock.at(number * 960, arrival) == pytest.approx(sent, abs=RtpClock.CREEP * 10)
