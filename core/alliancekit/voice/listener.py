"""One person's stream of speech: levels, samples or Opus packets in, stretches of speech out."""

from __future__ import annotations

import math
from typing import Any, Final

from alliancekit.errors import PluginError
from alliancekit.voice.levels import FRAME_SECONDS, Span, SpanKeeper, SpeechMeter
from alliancekit.voice.opus import OpusDecoder

VAD_RATE: Final = 16000
"""Samples per second that voice activity is found in."""

VAD_MODE: Final = 3
"""webrtcvad's strictest mode: the looser ones take noise for speech."""

_FRAME_BYTES: Final = int(VAD_RATE * FRAME_SECONDS) * 2

SAME: Final = 0.002
"""Packets whose beginnings are nearer than this are one packet; the shortest of Opus has 2.5 ms."""

SILENT_BYTES: Final = 2
"""A packet of discontinuous transmission has no more bytes than this, and nothing in it (RFC 6716, 2.1.9)."""


class Listener:
    """Hears when one person speaks; audio is dropped as soon as it was looked at.

    A stream is either levels or audio; the first thing told decides. Frames that come twice or out of order
    are ignored. Times are in seconds on the caller's clock, as `RtpClock` gives them.
    """

    def __init__(self) -> None:
        self._keeper: SpanKeeper | SpeechMeter | None = None
        self._detector: Any = None
        self._rest = b""
        self._decoder: OpusDecoder | None = None
        self._last, self._next = -math.inf, -math.inf

    def level(self, at: float, level: int) -> None:
        """Take the level (0–127, −dBov, RFC 6464) of the frame of 20 ms that began `at`."""
        if self._keeper is None:
            self._keeper = SpeechMeter()
        if isinstance(self._keeper, SpeechMeter):
            self._keeper.level(at, level)

    def pcm(self, at: float, samples: bytes) -> None:
        """Take samples (16 bit, little-endian, mono, 16 kHz), the first of which was heard `at`.

        Any number of them; what does not fill a frame of 20 ms waits for the next.

        Raises:
            PluginError: `alliancekit[voice]` is not installed.
        """
        if self._keeper is None:
            self._keeper, self._detector = SpanKeeper(), detector()
        if not isinstance(self._keeper, SpanKeeper):
            return
        at -= len(self._rest) / 2 / VAD_RATE
        pending = self._rest + samples
        whole = len(pending) - len(pending) % _FRAME_BYTES
        for start in range(0, whole, _FRAME_BYTES):
            voiced = self._detector.is_speech(pending[start : start + _FRAME_BYTES], VAD_RATE)
            self._keeper.frame(at + start / 2 / VAD_RATE, voiced)
        self._rest = pending[whole:]

    def opus(self, at: float, packet: bytes) -> None:
        """Take an Opus packet, the payload of one RTP packet (RFC 7587) whose audio began `at`.

        What was lost is not made up, and a packet that comes late is lost: neither becomes speech. Nor does
        what a sender leaves out (discontinuous transmission), or what is no Opus.

        Raises:
            PluginError: `alliancekit[voice]` or libopus is not installed.
        """
        if at < self._last + SAME:
            return
        self._last = at
        if self._decoder is None:
            self._decoder = OpusDecoder(VAD_RATE)
        samples = self._decoder.decode(packet) if len(packet) > SILENT_BYTES else b""
        if not samples:
            return
        if abs(at - self._next) > FRAME_SECONDS:
            self._rest = b""
        self._next = at + len(samples) / 2 / VAD_RATE
        self.pcm(at, samples)

    def take(self) -> list[Span]:
        """What was heard since the last take, and forget it; speech that goes on is cut where it is now."""
        return [] if self._keeper is None else self._keeper.take()

    def close(self) -> None:
        """Nothing more will come for now: end what is open. What was heard can still be taken."""
        self._rest = b""
        if self._keeper is not None:
            self._keeper.close()


def check_opus() -> None:
    """Refuse at the start what would fail with the first packet.

    Raises:
        PluginError: `alliancekit[voice]` or libopus is not installed.
    """
    detector()
    OpusDecoder(VAD_RATE)


def detector() -> Any:
    """A voice activity detector for frames of 20 ms at `VAD_RATE`.

    Raises:
        PluginError: `alliancekit[voice]` is not installed.
    """
    try:
        import webrtcvad  # noqa: PLC0415 - an extra
    except ImportError:
        raise PluginError(
            "Voice activity cannot be found in audio: webrtcvad is not installed.",
            fix="pip install 'alliancekit[voice]'",
        ) from None
    return webrtcvad.Vad(VAD_MODE)
