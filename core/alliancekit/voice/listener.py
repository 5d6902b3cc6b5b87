"""One person's stream of speech: levels, samples or Opus packets in, stretches of speech out."""

from __future__ import annotations

from typing import Any, Final

from alliancekit.errors import PluginError
from alliancekit.voice.levels import FRAME_SECONDS, Span, SpanKeeper, SpeechMeter

VAD_RATE: Final = 16000
"""Samples per second that voice activity is found in."""

VAD_MODE: Final = 3
"""webrtcvad's strictest mode: the looser ones take noise for speech."""

_FRAME_BYTES: Final = int(VAD_RATE * FRAME_SECONDS) * 2


class Listener:
    """Hears when one person speaks; audio is dropped as soon as it was looked at.

    A stream is either levels or audio; the first thing told decides. Frames that come twice or out of order
    are ignored. Times are in seconds on the caller's clock, as `RtpClock` gives them.
    """

    def __init__(self) -> None:
        self._keeper: SpanKeeper | SpeechMeter | None = None
        self._detector: Any = None
        self._rest = b""

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

    def take(self) -> list[Span]:
        """What was heard since the last take, and forget it; speech that goes on is cut where it is now."""
        return [] if self._keeper is None else self._keeper.take()

    def close(self) -> None:
        """Nothing more will come for now: end what is open. What was heard can still be taken."""
        self._rest = b""
        if self._keeper is not None:
            self._keeper.close()


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
