"""Memory over ten simulated minutes of a call: the slope of the resident memory, for every way of listening.

Run it: `python -m tests.bench.bench_memory`. A call's packets go as fast as they can into the very objects
that get them in a real call, on a clock that they move: at Janus's port, in Jitsi's frames, behind the WebRTC
adapter's decryption. Two minutes warm up; then the resident memory is read every ten simulated seconds, and a
line is fitted through it. One way more counts connections instead of minutes.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np

from alliancekit.adapters import Caller, RouteRequest
from alliancekit.events import Participant, Role
from alliancekit.testing import RecordingHost
from alliancekit_janus.tap import Tap as JanusTap
from alliancekit_jitsi.tap import Tap as JitsiTap
from alliancekit_webrtc import WebRTCSettings
from alliancekit_webrtc.adapter import SideConnections
from tests.bench.rtp_streams import rtp
from tests.ready_pages import ReadyPage, encoded
from tests.simulated_call import Microphone, SimulatedClock

FRAME = 0.02
WARM_MINUTES = 2
MINUTES = 10
EVERY = 10.0
"""Simulated seconds between two readings."""

CYCLES = 40
"""Connections that are made and closed again while the memory is read."""

BOTH: tuple[Role, Role] = ("client", "therapist")
TOLD = 250
"""Packets (five seconds) after which what was heard is taken, as the adapters do."""


def resident() -> int:
    """Bytes that this process has in memory, after a collection of garbage."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def slope(readings: list[int]) -> float:
    """Megabytes (10⁶ bytes) from the first reading to the last, on the line of least squares."""
    at = np.linspace(0.0, 1.0, len(readings))
    return float(np.polyfit(at, np.array(readings) / 1e6, 1)[0])


async def janus() -> AsyncIterator[None]:
    """Packets into the port's own receiver, one each step."""
    now = 0.0
    tap = JanusTap(lambda: now)
    ssrcs = [tap.listen() for _ in BOTH]
    packets = [[payload for payload, _ in encoded(role)] for role in BOTH]
    for number in steps():
        now = number * FRAME
        for ssrc, said in zip(ssrcs, packets, strict=True):
            tap.datagram_received(rtp(said[number % len(said)], ssrc=ssrc, number=number), None)
            if number % TOLD == 0:
                tap.take(ssrc)
        yield


async def jitsi() -> AsyncIterator[None]:
    """Frames into what reads a bridge's connection."""
    now = 0.0
    tap = JitsiTap(lambda: now, most=2)
    packets = [[base64.b64encode(payload).decode() for payload, _ in encoded(role)] for role in BOTH]
    for role in BOTH:
        tap.frame(json.dumps({"event": "start", "start": {"tag": f"{role}-1"}}))
    for number in steps():
        now = number * FRAME
        for role, said in zip(BOTH, packets, strict=True):
            media = {"tag": f"{role}-1", "timestamp": str(number * 960), "payload": said[number % len(said)]}
            tap.frame(json.dumps({"event": "media", "media": media}))
        if number % TOLD == 0:
            for stream in tap.streams:
                stream.take()
        yield


async def webrtc_level() -> AsyncIterator[None]:
    """Packets with levels, behind the decryption of a real side connection."""
    async for _ in _webrtc(with_level=True):
        yield


async def webrtc_decode() -> AsyncIterator[None]:
    """The same without levels, through the jitter buffer and the decoder's thread."""
    async for _ in _webrtc(with_level=False):
        yield


async def _webrtc(*, with_level: bool) -> AsyncIterator[None]:
    host, adapter = RecordingHost(), _adapter()
    await adapter.start(host)
    pages = [ReadyPage(with_level=with_level) for _ in BOTH]
    for role, page in zip(BOTH, pages, strict=True):
        await _connect(adapter, role, page)
    for page in pages:
        await page.observed.wait()
    clock = SimulatedClock(adapter)
    began = clock.now
    microphones = [Microphone(connection) for connection in adapter.connections]
    packets = [encoded(role) for role in BOTH]
    (room,) = adapter._rooms.values()
    for number in steps():
        clock.now = began + number * FRAME
        for microphone, said in zip(microphones, packets, strict=True):
            payload, level = said[number % len(said)]
            await microphone.hear(number, payload, level if with_level else None)
        if number % 50 == 0:
            while any(one.waiting > 8 for one in microphones):  # noqa: ASYNC110 - aiortc tells nobody
                await asyncio.sleep(0.001)
        if number % TOLD == 0 and room.due(clock.now):
            await room.report(host, clock.now)
        yield
    if not with_level and not all(connection.ear.spans for connection in adapter.connections):
        raise RuntimeError("nothing was heard")
    await adapter.stop()
    for page in pages:
        await page.close()


async def webrtc_connections() -> AsyncIterator[None]:
    """Side connections that are made, used and closed again; one each step."""
    adapter = _adapter()
    await adapter.start(RecordingHost())
    for number in range(3 * CYCLES):
        page = ReadyPage()
        await _connect(adapter, "client", page)
        await page.send(number, b"\xf8" + bytes(60), 25)
        page.say(type="leave")
        await page.closed.wait()
        await page.close()
        yield
    await adapter.stop()


def _adapter() -> SideConnections:
    patient = {"ping_seconds": 1000.0, "report_seconds": 1000.0, "offers_per_minute": 10_000}
    return SideConnections(WebRTCSettings.model_validate({"loopback": True, **patient}))


async def _connect(adapter: SideConnections, role: Role, page: ReadyPage) -> None:
    caller = Caller(tenant="bench", session="ses_1", participant=Participant(id=f"par_{role}", role=role))

    async def post(offer: dict[str, Any]) -> Any:
        reply = await adapter.offer(RouteRequest(caller=caller, body=json.dumps(offer).encode()))
        return json.loads(reply.body)

    await page.connect(post)


def steps() -> range:
    """The numbers of all packets of one side."""
    return range(round((WARM_MINUTES + MINUTES) * 60 / FRAME))


Way = Callable[[], AsyncIterator[None]]


async def measure(way: Way, skip: int, every: int) -> float:
    """The slope over the steps after the first `skip`, read at every so many."""
    readings: list[int] = []
    number = 0
    async for _ in way():
        number += 1
        if number >= skip and number % every == 0:
            readings.append(resident())
    return slope(readings)


def run() -> list[dict[str, Any]]:
    """One row a way; the slope is over ten simulated minutes, or over the connections after the warm-up."""
    rows = []
    every, warm = round(EVERY / FRAME), round(WARM_MINUTES * 60 / FRAME)
    ways: dict[str, Way] = {
        "Janus: RTP": janus,
        "Jitsi: frames": jitsi,
        "webrtc by level": webrtc_level,
        "webrtc by decoding": webrtc_decode,
    }
    for name, way in ways.items():
        mb = asyncio.run(measure(way, warm, every))
        rows.append({"name": name, "over": f"{MINUTES} simulated minutes", "mb": round(mb, 2)})
    mb = asyncio.run(measure(webrtc_connections, CYCLES, 2))
    over = f"{2 * CYCLES} side connections"
    rows.append({"name": "webrtc: connect and leave", "over": over, "mb": round(mb, 2)})
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
