"""How many two-party calls one core listens to at the taps of Janus, Jitsi and Vonage.

Run it: `python -m tests.bench.bench_taps`. Every tap gets recorded speech in real time, by the transport and
in the shape that its platform uses: Opus in RTP over UDP into the Janus adapter's tap; Opus in JSON over a
WebSocket into the running service with the Jitsi adapter; samples over WebSockets into the running service
with an adapter that reads them as Vonage's does. The services store what they hear. The sender is another
process; only the listening process' processor time counts. The yardstick is decoding and voice detection by
themselves, with nothing received.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import multiprocessing
import os
import socket
import sqlite3
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from alliancekit.events import Role
from alliancekit.voice import VAD_RATE, Listener
from alliancekit.voice.opus import OpusDecoder
from alliancekit_janus.tap import Tap
from tests.bench.rooms import PEOPLE, make_rooms
from tests.bench.rtp_streams import rtp
from tests.bench.servers import OUTPUT, TAP_TOKEN, running
from tests.ready_pages import encoded

CALLS = 20
SECONDS = 8.0
WARM = 2.0
FRAME = 0.02
TEXT, BINARY, CLOSE = 1, 2, 8
"""Opcodes of RFC 6455, section 5.2."""

BOTH: tuple[Role, Role] = ("client", "therapist")


MakeConnections = Callable[[Sequence[str]], Sequence["JitsiBridge | SamplesOfOne"]]


def streams() -> list[list[bytes]]:
    """The packets of every stream: both sides of every call, each begun elsewhere in its recording."""
    packets = {role: [payload for payload, _ in encoded(role)] for role in BOTH}
    found = []
    for number, role in itertools.product(range(CALLS), BOTH):
        at = number * 37 % len(packets[role])
        found.append(packets[role][at:] + packets[role][:at])
    return found


def alone() -> float:
    """Calls a core if nothing had to be received: decoding and voice detection only."""
    listeners = [(Listener(), packets) for packets in streams()[:4]]
    begun, count = time.process_time(), 500
    for number in range(count):
        for listener, packets in listeners:
            listener.opus(number * FRAME, packets[number % len(packets)])
    used = time.process_time() - begun
    return count * FRAME * len(listeners) / 2 / used


# Janus ------------------------------------------------------------------------------------------------


def send_rtp(pipe: Connection, port: int, ssrcs: Sequence[int]) -> None:
    """Send every stream as Janus forwards it, until told to stop; then tell how near to real time it was."""
    said = list(zip(ssrcs, streams(), strict=True))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        began, number = time.monotonic(), 0
        while not pipe.poll():
            for ssrc, packets in said:
                sock.send(rtp(packets[number % len(packets)], ssrc=ssrc, number=number))
            number += 1
            time.sleep(max(0.0, began + number * FRAME - time.monotonic()))
    pipe.send(number * FRAME / (time.monotonic() - began))


async def janus() -> dict[str, Any]:
    """Listen to `CALLS` calls at the Janus adapter's UDP port."""
    offset = time.time() - time.monotonic()
    tap = Tap(lambda: time.monotonic() + offset)
    await tap.open("127.0.0.1", 0)
    ssrcs = [tap.listen() for _ in range(2 * CALLS)]
    heard = dict.fromkeys(ssrcs, 0.0)

    async def take() -> None:
        while True:
            await asyncio.sleep(2.0)
            for ssrc in ssrcs:
                heard[ssrc] += sum(end - start for start, end in tap.take(ssrc))

    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=send_rtp, args=(theirs, tap.port, ssrcs))
    process.start()
    taking = asyncio.create_task(take())
    while tap.packets == 0:  # noqa: ASYNC110 - the tap tells nobody
        await asyncio.sleep(0.05)
    await asyncio.sleep(WARM)
    cpu, wall, packets = time.process_time(), time.monotonic(), tap.packets
    await asyncio.sleep(SECONDS)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    packets = tap.packets - packets
    ours.send(None)
    pace = await asyncio.to_thread(ours.recv)
    taking.cancel()
    tap.close()
    process.join(10)
    if not all(heard.values()):
        raise RuntimeError(f"of {2 * CALLS} streams {sum(map(bool, heard.values()))} were heard")
    return figures("Janus: RTP over UDP", pace, packets / (wall / FRAME * 2 * CALLS), cpu / wall)


# WebSockets -------------------------------------------------------------------------------------------


def frame(data: bytes, kind: int) -> bytes:
    """A WebSocket frame of a client; the mask is zero, which leaves the data as they are."""
    length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + struct.pack("!H", len(data))
    return bytes([0x80 | kind]) + length + bytes(4) + data


class PlatformConnection:
    """A connection that a platform opens to the service's socket route."""

    async def connect(self, port: int, address: str) -> None:
        """Open the WebSocket."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [
            f"GET /v1/adapters/{address} HTTP/1.1",
            "Host: bench",
            f"Authorization: Bearer {TAP_TOKEN}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer.split(b"\r\n")[0]:
            raise RuntimeError(f"the service refused the socket: {answer[:60]!r}")

    async def close(self) -> None:
        """Say goodbye."""
        self.writer.write(frame(b"", CLOSE))
        with contextlib.suppress(ConnectionError):
            await self.reader.read()
        self.writer.close()


class JitsiBridge(PlatformConnection):
    """The bridge's connection for one meeting: two people's Opus packets as JSON."""

    def __init__(self, meeting: str, said: Sequence[list[bytes]]) -> None:
        self._meeting = meeting
        self._said = [[base64.b64encode(packet).decode() for packet in packets] for packets in said]

    async def start(self, port: int) -> None:
        """Connect, and say whose streams will come."""
        await self.connect(port, f"jitsi/socket?sessionId={self._meeting}")
        for person in PEOPLE.values():
            form = {"encoding": "opus", "sampleRate": 48000, "channels": 2}
            start = {"tag": f"{person}-1", "mediaFormat": form, "customParameters": {"endpointId": person}}
            self.writer.write(frame(json.dumps({"event": "start", "start": start}).encode(), TEXT))

    def send(self, number: int) -> None:
        """Everybody's packet of the 20 ms with this number."""
        for person, packets in zip(PEOPLE.values(), self._said, strict=True):
            payload = packets[number % len(packets)]
            text = (
                f'{{"event": "media", "sequenceNumber": "{number}", "media": {{"tag": "{person}-1",'
                f' "chunk": "{number}", "timestamp": "{number * 960 % 2**32}", "payload": "{payload}"}}}}'
            )
            self.writer.write(frame(text.encode(), TEXT))


class SamplesOfOne(PlatformConnection):
    """One person's microphone as samples, as Vonage's Audio Connector sends it."""

    def __init__(self, meeting: str, person: str, packets: list[bytes]) -> None:
        self._address = f"pcm/socket?room={meeting}&person={person}"
        decoder = OpusDecoder(VAD_RATE)
        self._said = [frame(decoder.decode(packet), BINARY) for packet in packets]

    async def start(self, port: int) -> None:
        """Connect."""
        await self.connect(port, self._address)

    def send(self, number: int) -> None:
        """The 20 ms with this number."""
        self.writer.write(self._said[number % len(self._said)])


def bridges(rooms: Sequence[str]) -> list[JitsiBridge]:
    """One connection for each meeting."""
    said = streams()
    return [JitsiBridge(room, said[2 * at : 2 * at + 2]) for at, room in enumerate(rooms)]


def samples(rooms: Sequence[str]) -> list[SamplesOfOne]:
    """One connection for each person."""
    people = itertools.product(rooms, PEOPLE.values())
    return [SamplesOfOne(room, person, said) for (room, person), said in zip(people, streams(), strict=True)]


async def sockets(name: str, adapter: str, make: MakeConnections) -> dict[str, Any]:
    """Let a platform send `CALLS` calls to the running service."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=OUTPUT) as where:
        rooms = [f"meeting-{number}" for number in range(CALLS)]
        await make_rooms(Path(where), adapter, rooms, going_on=True)
        with running(adapter, where) as server:
            connections = make(rooms)
            for connection in connections:
                await connection.start(server.port)
            began, cpu, wall = time.monotonic(), 0.0, 0.0
            for number in range(round((WARM + SECONDS) / FRAME)):
                if number == round(WARM / FRAME):
                    cpu, wall = server.cpu(), time.monotonic()
                for connection in connections:
                    connection.send(number)
                await asyncio.sleep(max(0.0, began + (number + 1) * FRAME - time.monotonic()))
            cpu, wall = server.cpu() - cpu, time.monotonic() - wall
            for connection in connections:
                await connection.close()
            await asyncio.sleep(1.0)
        heard = list(speech(Path(where)))
    if len(heard) != CALLS or not all(heard):
        raise RuntimeError(f"of {CALLS} calls {sum(heard)} were heard on both sides")
    return figures(name, SECONDS / wall, 1.0, cpu / wall)


def speech(directory: Path) -> Iterator[bool]:
    """For every session, whether both sides' speech was stored."""
    with contextlib.closing(sqlite3.connect(directory / "alliancekit.db")) as reader:
        for (text,) in reader.execute("SELECT speech FROM session"):
            yield {role for role, _, _ in json.loads(text or "[]")} == set(BOTH)


# both -------------------------------------------------------------------------------------------------


def figures(name: str, pace: float, arrived: float, core: float) -> dict[str, Any]:
    """One row; `pace` and `arrived` tell whether the figure is of calls in real time, and whole."""
    return {
        "name": name,
        "calls": CALLS,
        "sent_at_real_time": round(pace, 2),
        "arrived": round(arrived, 2),
        "core_used": round(core, 3),
        "calls_a_core": round(CALLS * pace * arrived / core),
    }


def run() -> list[dict[str, Any]]:
    """One row a tap; `listening_alone` are the calls a core of decoding and detection by themselves."""
    import uvloop

    OUTPUT.mkdir(exist_ok=True)
    rows = []
    ways = (
        janus,
        partial(sockets, "Jitsi: Opus as JSON over a WebSocket", "jitsi", bridges),
        partial(sockets, "Vonage: samples over a WebSocket", "pcm", samples),
    )
    for way in ways:
        row, yardstick = uvloop.run(way()), round(alone())
        rows.append(row | {"listening_alone": yardstick, "ratio": round(row["calls_a_core"] / yardstick, 2)})
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
