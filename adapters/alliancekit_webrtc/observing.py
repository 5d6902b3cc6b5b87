"""Hears when somebody speaks, from one incoming audio track, and keeps nothing else of it.

Where the sender puts the audio level into each packet's header (RFC 6464) the payload is dropped unread.
Otherwise the track is decoded and voice activity detected on the samples, which are then dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from aiortc import RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtp import RtpPacket
from av import AudioFrame, AudioResampler

from alliancekit.errors import PluginError
from alliancekit.voice import FRAME_SECONDS, VAD_RATE, RtpClock, Span, SpanKeeper, SpeechMeter, detector

OPUS_RATE = 48000
_VAD_BYTES = int(VAD_RATE * FRAME_SECONDS) * 2
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"

HearingPath = Literal["nothing", "level", "decode"]
"""How speech was found: no packet yet, by the header's level, or by decoding."""


class Ear:
    """Listens to one audio receiver between `open()` and `shut()`, and is deaf otherwise.

    Args:
        clock: the adapter's clock, in seconds since 1970 UTC; one for all, so that spans are comparable.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.path: HearingPath = "nothing"
        self.packets = 0
        self._clock = clock
        self._keeper: SpeechMeter | SpanKeeper | None = None
        self._level_clock = RtpClock(OPUS_RATE)
        self._listening = False

    def open(self) -> None:
        """Begin to listen."""
        self.path = "nothing"
        self._keeper = None
        self._level_clock = RtpClock(OPUS_RATE)
        self._listening = True

    def shut(self) -> list[Span]:
        """Stop listening; return what was heard since `open()` and forget it."""
        heard = self.spans
        self._listening = False
        self._keeper = None
        return heard

    @property
    def listening(self) -> bool:
        """Whether packets are looked at at all."""
        return self._listening

    @property
    def spans(self) -> list[Span]:
        """What was heard since `open()`."""
        return [] if self._keeper is None else self._keeper.spans

    def attach(self, receiver: RTCRtpReceiver) -> None:
        """Stand between `receiver` and its decoder. See `_LevelTap`.

        Raises:
            PluginError: this aiortc keeps its packets elsewhere.
        """
        jitter_buffer = getattr(receiver, _JITTER_BUFFER, None)
        if not isinstance(jitter_buffer, JitterBuffer):
            raise PluginError(
                "aiortc's RTCRtpReceiver no longer has the jitter buffer that audio levels are read at;"
                " audio cannot be observed.",
                fix="Install the aiortc version that AllianceKit was tested with.",
            )
        setattr(receiver, _JITTER_BUFFER, _LevelTap(self, jitter_buffer))

    def take_level(self, timestamp: int, level: int) -> None:
        """Take a packet's level (0–127, −dBov)."""
        if not isinstance(self._keeper, SpeechMeter):
            self.path, self._keeper = "level", SpeechMeter()
        self.packets += 1
        self._keeper.level(self._level_clock.at(timestamp, self._clock()), level)

    async def drain(self, track: MediaStreamTrack) -> None:
        """Read `track` until it ends, because an unread track grows without bound; find speech in what comes.

        Frames come only while the sender negotiated no level header and the ear is open.
        """
        resampler = AudioResampler(format="s16", layout="mono", rate=VAD_RATE)
        voice = detector()
        sample_clock = RtpClock(VAD_RATE)
        pending, position = b"", 0
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if not self._listening or not isinstance(frame, AudioFrame):
                continue
            if not isinstance(self._keeper, SpanKeeper):
                self.path, self._keeper, pending = "decode", SpanKeeper(), b""
            position = (frame.pts or 0) * VAD_RATE // frame.sample_rate - len(pending) // 2
            for part in resampler.resample(frame):
                pending += bytes(part.planes[0])[: part.samples * 2]
            arrival = self._clock()
            while len(pending) >= _VAD_BYTES:
                voiced = voice.is_speech(pending[:_VAD_BYTES], VAD_RATE)
                at = sample_clock.at(position & 0xFFFFFFFF, arrival)
                self._keeper.frame(at, voiced)
                pending, position = pending[_VAD_BYTES:], position + _VAD_BYTES // 2


class _LevelTap:
    """Takes the place of an aiortc receiver's jitter buffer, the one thing between a packet and its decoder.

    aiortc parses the level header and gives no access to it. Everything before the jitter buffer (decryption,
    routing, receiver statistics and reports) stays aiortc's own work; after it, nothing happens to a packet
    whose frame is never handed out. `JitterBuffer.add(packet) -> (picture loss, frame or None)` is all that
    the receiver calls.
    """

    def __init__(self, ear: Ear, decoding: JitterBuffer) -> None:
        self._ear = ear
        self._decoding = decoding

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Read the level and drop the packet; only without a level is it handed on to be decoded."""
        ear = self._ear
        if not ear.listening:
            return False, None
        level = packet.extensions.audio_level
        if level is not None:
            ear.take_level(packet.timestamp, level[1])
            return False, None
        if ear.path == "level":
            return False, None
        return self._decoding.add(packet)
