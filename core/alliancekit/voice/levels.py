"""From audio levels to the times somebody spoke: pure arithmetic, no audio, no I/O, no clock.

Levels are those of RFC 6464: 0 is as loud as the format can be, 127 is digital silence, in −dBov.
"""

from __future__ import annotations

from collections import deque

FRAME_SECONDS = 0.02
"""How much speech one level stands for: the packet time of every WebRTC sender unless told otherwise."""

Span = tuple[float, float]
"""Start and end of one stretch of speech, in seconds on the caller's clock."""


class RtpClock:
    """Puts RTP timestamps on the wall clock, so that network jitter does not move what was said.

    The least delayed packet so far anchors the timestamps. The anchor may creep later by `CREEP` seconds per
    second, which follows the drift between two machines' clocks. It is set anew when the sender restarted its
    stream: a timestamp that is more than `RESTART` seconds off at once, or more than `LATE` seconds for
    `SETTLE` seconds without catching up. Packets that waited while this process was held up come in a burst
    and catch up: they stay where they were said.

    Args:
        rate: timestamp ticks per second (48000 for Opus, RFC 7587).
    """

    CREEP = 0.001
    LATE = 1.0
    SETTLE = 0.3
    RESTART = 5.0

    def __init__(self, rate: int = 48000) -> None:
        self._rate = rate
        self._last_timestamp: int | None = None
        self._ticks = 0
        self._offset = 0.0
        self._last_arrival = 0.0
        self._late_since: tuple[float, float] | None = None

    def at(self, timestamp: int, arrival: float) -> float:
        """When the packet's audio was there: at most `arrival`, at most `RESTART` seconds before it.

        Args:
            timestamp: the packet's 32-bit RTP timestamp; it may wrap.
            arrival: when the packet came in, in seconds on the clock of the result.
        """
        if self._last_timestamp is None:
            self._offset = arrival
        else:
            step = (timestamp - self._last_timestamp) & 0xFFFFFFFF
            self._ticks += step - (1 << 32) if step >= 1 << 31 else step
            lateness = arrival - self._ticks / self._rate - self._offset
            if lateness < 0 or lateness > self.RESTART or self._stays_late(lateness, arrival):
                self._offset += lateness
                self._late_since = None
            elif lateness <= self.LATE:
                self._offset += min(lateness, self.CREEP * max(0.0, arrival - self._last_arrival))
                self._late_since = None
        self._last_timestamp = timestamp
        self._last_arrival = arrival
        return self._ticks / self._rate + self._offset

    def _stays_late(self, lateness: float, arrival: float) -> bool:
        if lateness <= self.LATE:
            return False
        since, first = self._late_since or (arrival, lateness)
        if arrival - since < self.SETTLE:
            self._late_since = since, first
            return False
        catching_up = first - lateness > self.SETTLE / 2
        self._late_since = (arrival, lateness) if catching_up else None
        return not catching_up


class SpanKeeper:
    """Joins voiced frames to spans of speech.

    A span begins where `ATTACK` seconds were voiced in a row (a click or a keystroke is shorter) and ends
    with the last voiced frame that no other follows within `HANGOVER` seconds (a pause inside a sentence is
    shorter). Frames may be missing: neither loss nor discontinuous transmission ends a span before that.
    At `LIMIT` spans nothing more is kept; that is more than three hours of unbroken quick exchange.
    """

    ATTACK = 0.06
    HANGOVER = 0.3
    LIMIT = 20_000

    def __init__(self) -> None:
        self._done: list[Span] = []
        self._start: float | None = None
        self._end = 0.0
        self._run_start: float | None = None
        self._run = 0.0
        self._last: float | None = None

    def frame(self, at: float, voiced: bool, seconds: float = FRAME_SECONDS) -> None:
        """Take one frame that began `at`; one that comes twice or out of order is ignored."""
        if self._last is not None:
            if at <= self._last:
                return
            if at - self._last > self.HANGOVER:
                self._run_start = None
        self._last = at
        if self._start is not None and at - self._end > self.HANGOVER:
            self.close()
        if not voiced:
            self._run_start = None
            return
        if self._run_start is None:
            self._run_start, self._run = at, 0.0
        self._run += seconds
        if self._start is None and self._run >= self.ATTACK - 1e-9:
            self._start = self._run_start
        if self._start is not None:
            self._end = at + seconds

    def close(self) -> None:
        """End the span that is open, if any: nothing more will be heard for now."""
        if self._start is not None and self._end > self._start and len(self._done) < self.LIMIT:
            self._done.append((self._start, self._end))
        self._start = None

    def take(self) -> list[Span]:
        """What was heard since the last take, and forget it; an open span is cut at its last voiced frame."""
        taken, self._done = self._done, []
        if self._start is not None and self._end > self._start:
            taken.append((self._start, self._end))
            self._start = self._end
        return taken

    @property
    def spans(self) -> list[Span]:
        """Everything heard so far and not taken, in order and without overlap, the open span included."""
        if self._start is None or self._end <= self._start:
            return self._done
        return [*self._done, (self._start, self._end)]


class SpeechMeter:
    """Tells speech from background by the level alone, with a threshold that follows the background.

    The background is the quietest smoothed level of the last `BLOCKS` × `BLOCK_SECONDS` seconds: speech
    pauses reach it, a steady noise becomes it. Speech begins `MARGIN` dB above it and goes on down to
    `MARGIN − GIVE` dB above it. The threshold stays between `LOWEST` and `HIGHEST` dBov, so that near silence
    never counts as speech and loud speech always does, even before the first pause.

    The voice-activity bit of RFC 6464 is not used: Chromium always sets it.
    """

    MARGIN = 12.0
    GIVE = 5.0
    LOWEST = -58.0
    HIGHEST = -35.0
    SMOOTHING = 0.4
    BLOCK_SECONDS = 0.5
    BLOCKS = 16

    def __init__(self) -> None:
        self._keeper = SpanKeeper()
        self._last: float | None = None
        self._smooth: float | None = None
        self._block_start = 0.0
        self._block = 0.0
        self._past: deque[float] = deque(maxlen=self.BLOCKS)
        self._past_least = 0.0
        self._voiced = False

    def level(self, at: float, level: int) -> bool:
        """Take the level (0–127, −dBov) of the frame that began `at`; return whether it counts as speech.

        A frame that comes twice or out of order is ignored.
        """
        if self._last is not None and at - self._last < FRAME_SECONDS / 4:
            return self._voiced
        self._last = at
        loudness = -float(level)
        if self._smooth is None:
            self._smooth = loudness
            self._block_start, self._block = at, loudness
        self._smooth += self.SMOOTHING * (loudness - self._smooth)
        if at - self._block_start >= self.BLOCK_SECONDS:
            self._past.append(self._block)
            self._past_least = min(self._past)
            self._block_start, self._block = at, self._smooth
        self._block = min(self._block, self._smooth)
        threshold = min(max(min(self._past_least, self._block) + self.MARGIN, self.LOWEST), self.HIGHEST)
        self._voiced = loudness >= (threshold - self.GIVE if self._voiced else threshold)
        self._keeper.frame(at, self._voiced)
        return self._voiced

    def close(self) -> None:
        """End the span that is open, if any."""
        self._voiced = False
        self._keeper.close()

    def take(self) -> list[Span]:
        """What was heard since the last take, and forget it; see `SpanKeeper.take`."""
        return self._keeper.take()

    @property
    def spans(self) -> list[Span]:
        """Everything heard so far, in order and without overlap, the open span included."""
        return self._keeper.spans
