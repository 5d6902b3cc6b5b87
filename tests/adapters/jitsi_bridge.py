"""What plays Jitsi's bridge: a WebSocket client that sends real Opus in frames of the published shape."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import subprocess
import time
from collections.abc import Sequence

import av
from websockets.asyncio.client import ClientConnection

PACKET = 960
"""RTP ticks, and samples, of one packet of 20 ms."""


def spoken(text: str, *, pitch: int = 50) -> list[bytes]:
    """What espeak makes of a text, as Opus packets of 20 ms."""
    command = ["espeak-ng", "-v", "en", "-p", str(pitch), "--stdout", text]
    wave = subprocess.run(command, check=True, capture_output=True).stdout
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48000, "stereo", "s16"
    encoder.open()
    resampler = av.AudioResampler("s16", "stereo", 48000, frame_size=PACKET)
    packets = []
    with av.open(io.BytesIO(wave)) as container:
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                packets += [bytes(packet) for packet in encoder.encode(piece)]
    return packets


def start(tag: str, endpoint: str | None = None, encoding: str = "opus") -> str:
    """As in the recording of jitsi/opus-transcriber-proxy: one key stands twice."""
    form = {"encoding": encoding, "sampleRate": 48000, "channels": 2}
    more = {} if endpoint is None else {"customParameters": {"endpointId": endpoint}}
    said = json.dumps(
        {"event": "start", "sequenceNumber": "1", "start": {"tag": tag, "mediaFormat": form, **more}}
    )
    return said[:-1] + ', "event": "start"}'


def media(tag: str, timestamp: object, packet: bytes, chunk: int = 1) -> str:
    payload = base64.b64encode(packet).decode()
    said = {"tag": tag, "chunk": str(chunk), "timestamp": timestamp, "payload": payload}
    return json.dumps({"event": "media", "sequenceNumber": str(chunk), "media": said})


async def speak(bridge: ClientConnection, tag: str, packets: Sequence[bytes], first: int = 268_460) -> None:
    """Send packets in the time in which they were spoken."""
    begun = time.monotonic()
    for number, packet in enumerate(packets):
        await asyncio.sleep(max(0.0, begun + number * 0.02 - time.monotonic()))
        await bridge.send(media(tag, str(first + number * PACKET), packet, number))
