"""A participant made of code: plays a recording into a real call and speaks the side connection.

Two of them make the scripted call. Everything stays on 127.0.0.1 unless told otherwise. Needs
`alliancekit[webrtc]`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from typing_extensions import override

from alliancekit_webrtc.loopback import loopback_only

RATE = 48000
FRAME = 960
"""Samples of a 20 ms frame."""

OPEN_SECONDS = 10.0
LEAVE_SECONDS = 2.0

RECORDINGS = Path(__file__).with_name("recordings")

Signal = Callable[[dict[str, Any]], Awaitable[Mapping[str, Any]]]
"""Takes an offer, gives the answer; both are `{sdp, type}`."""


@dataclass(frozen=True, slots=True)
class PeerHint:
    """A prompt the side connection told of (`open`) or took back."""

    prompt: str
    moment: str = ""
    open: bool = True


class Recording:
    """A recording as 20 ms frames of 16-bit mono at 48 kHz, and the time its playing began.

    Args:
        path: an audio file that PyAV reads.
    """

    def __init__(self, path: Path) -> None:
        self.began: float | None = None
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        samples = bytearray()
        with av.open(str(path)) as container:
            for decoded in container.decode(audio=0):
                for part in resampler.resample(decoded):
                    samples += bytes(part.planes[0])[: part.samples * 2]
        size = FRAME * 2
        self._frames = [bytes(samples[i : i + size]).ljust(size, b"\0") for i in range(0, len(samples), size)]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self._frames) * FRAME / RATE

    def at(self, moment: float) -> bytes:
        """Return the frame that sounds at `moment` (seconds, `time.monotonic`); silence before and after."""
        if self.began is None or moment < self.began:
            return bytes(FRAME * 2)
        number = int((moment - self.began) * RATE / FRAME + 1e-6)
        return self._frames[number] if number < len(self._frames) else bytes(FRAME * 2)


class RecordingTrack(MediaStreamTrack):
    """A microphone into which the recording is played; one frame each 20 ms, paced by the monotonic clock."""

    kind = "audio"

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording
        self._started = 0.0
        self._number = 0

    @override
    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        if self._number == 0:
            self._started = now
        due = self._started + self._number * FRAME / RATE
        if due > now:
            await asyncio.sleep(due - now)
        frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(self._recording.at(due))
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = self._number * FRAME
        self._number += 1
        return frame


class CallPeer:
    """One participant of a scripted call.

    Args:
        recording: what they say.
        loopback: use 127.0.0.1 only.
        consent: whether they agree to have their speaking time observed.

    Attributes:
        hints: the prompts the side connection told of, in order.
        frames_heard: 20 ms frames of the other's audio that were received and decoded.
        observed: whether the microphone goes to the side connection now.
        side_open: set while the side connection's data channel is open.
        replaced: set when another side connection of the same participant took over.
    """

    def __init__(self, recording: Path, *, loopback: bool = True, consent: bool = True) -> None:
        self.hints: asyncio.Queue[PeerHint] = asyncio.Queue()
        self.frames_heard = 0
        self.observed = False
        self.side_open = asyncio.Event()
        self.replaced = asyncio.Event()
        self.mute_pongs = False
        self._recording = Recording(recording)
        self._loopback = loopback
        self._consent = consent
        self._call = self._peer()
        self._side: RTCPeerConnection | None = None
        self._channel: RTCDataChannel | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return self._recording.seconds

    async def call(self, signal: Signal) -> None:
        """Call the other peer; `signal` brings the offer there, `other.answer` in the simplest case."""
        self._join()
        with loopback_only(self._loopback):
            await self._call.setLocalDescription(await self._call.createOffer())
        await self._call.setRemoteDescription(_description(await signal(_message(self._call))))

    async def answer(self, offer: dict[str, Any]) -> dict[str, Any]:
        """Take the other peer's offer and return the answer."""
        self._join()
        await self._call.setRemoteDescription(_description(offer))
        with loopback_only(self._loopback):
            await self._call.setLocalDescription(await self._call.createAnswer())
        return _message(self._call)

    async def connect_side(self, post_offer: Signal) -> None:
        """Open the side connection; `post_offer` sends the body of `POST offer` and returns its answer.

        Raises:
            TimeoutError: the data channel did not open within `OPEN_SECONDS`.
        """
        side = self._side = self._peer()
        self.side_open.clear()
        channel = self._channel = side.createDataChannel("alliancekit")
        sender = side.addTransceiver("audio", direction="sendonly").sender

        def on_message(text: str) -> None:
            message = json.loads(text)
            match message["type"]:
                case "ping" if not self.mute_pongs:
                    self._send(channel, type="pong", n=message["n"])
                case "prompt":
                    self.hints.put_nowait(PeerHint(message["prompt"], message["moment"]))
                    self._send(channel, type="ack", prompt=message["prompt"])
                case "withdraw":
                    self.hints.put_nowait(PeerHint(message["prompt"], open=False))
                case "observe":
                    self.observed = message["on"]
                    sender.replaceTrack(RecordingTrack(self._recording) if self.observed else None)
                case "replaced":
                    self.replaced.set()

        channel.on("message", on_message)
        channel.on("open", self.side_open.set)
        channel.on("close", self.side_open.clear)
        with loopback_only(self._loopback):
            await side.setLocalDescription(await side.createOffer())
        body = {**_message(side), "call": {"consent": self._consent}}
        await side.setRemoteDescription(_description(await post_offer(body)))
        async with asyncio.timeout(OPEN_SECONDS):
            await self.side_open.wait()

    async def play(self) -> float:
        """Say everything, in real time; return when it began, in seconds since 1970 UTC."""
        began = time.time()
        self._recording.began = time.monotonic()
        await asyncio.sleep(self._recording.seconds)
        return began

    async def packets_received(self) -> int:
        """Count the RTP packets of the other's audio, by aiortc's own statistics."""
        reports = [await receiver.getStats() for receiver in self._call.getReceivers()]
        return sum(
            stats.packetsReceived
            for report in reports
            for stats in report.values()
            if stats.type == "inbound-rtp"
        )

    def set_consent(self, agreed: bool) -> None:
        """Agree, or no longer agree, to have the speaking time observed."""
        self._consent = agreed
        if self._channel is not None:
            self._send(self._channel, type="consent", talk_balance=agreed)

    async def leave(self) -> None:
        """Leave on purpose: say so on the side connection, wait until it closes, close the call."""
        if self._channel is not None and self.side_open.is_set():
            closed = asyncio.Event()
            self._channel.on("close", closed.set)
            self._send(self._channel, type="leave")
            try:
                async with asyncio.timeout(LEAVE_SECONDS):
                    await closed.wait()
            except TimeoutError:
                self.side_open.clear()
        await self.close()

    async def close(self) -> None:
        """Close the call and the side connection; may be called twice."""
        for peer in (self._call, self._side):
            if peer is not None:
                await peer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _peer(self) -> RTCPeerConnection:
        return RTCPeerConnection(RTCConfiguration(iceServers=[]))

    def _join(self) -> None:
        self._call.addTrack(RecordingTrack(self._recording))
        self._call.on("track", lambda track: self._tasks.add(asyncio.create_task(self._hear(track))))

    async def _hear(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                await track.recv()
            except MediaStreamError:
                return
            self.frames_heard += 1

    @staticmethod
    def _send(channel: RTCDataChannel, **message: object) -> None:
        if channel.readyState == "open":
            channel.send(json.dumps(message))


def _message(peer: RTCPeerConnection) -> dict[str, Any]:
    return {"sdp": peer.localDescription.sdp, "type": peer.localDescription.type}


def _description(message: Mapping[str, Any]) -> RTCSessionDescription:
    return RTCSessionDescription(sdp=message["sdp"], type=message["type"])
