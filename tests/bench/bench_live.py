"""What a connected page costs, and how fast a hint reaches one of thousands.

Run it: `python -m tests.bench.bench_live`. The service runs in a process of its own; the pages are sockets in
this one that say hello with a real token. Memory is the service's resident memory after a collection of
garbage, before and after. A hint is timed from `LiveHub.hint` to its arrival here; both processes read the
same monotonic clock.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import statistics
import struct
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.people import Asked, make_people
from tests.bench.servers import OUTPUT, Server, running

CONNECTED = 5000
HINTS = 400
AT_ONCE = 50
HEAD = (
    "GET /v1/live HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)


def frame(message: object) -> bytes:
    """A masked text frame of a message."""
    text = json.dumps(message).encode()
    mask = os.urandom(4)
    length = (
        bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + struct.pack("!H", len(text))
    )
    return b"\x81" + length + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(text))


class Page:
    """One connected page: a handshake, a hello, then frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int, token: str) -> Page:
        """Connect and wait for `ready` and for the prompt that is open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        writer.write(HEAD.format(key=base64.b64encode(os.urandom(16)).decode()).encode())
        status = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in status:
            raise RuntimeError(f"no WebSocket: {status[:40]!r}")
        writer.write(frame({"type": "hello", "token": token, "seq": 0}))
        page = cls(reader, writer)
        for expected in ("ready", "prompt"):
            message = await page.receive()
            if message["type"] != expected:
                raise RuntimeError(f"{expected} expected, got {message['type']}")
        return page

    async def receive(self) -> dict[str, Any]:
        """The next message; pings are answered."""
        while True:
            first, length = await self._reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self._reader.readexactly(2))
            text = await self._reader.readexactly(length)
            if first == 0x81:
                found: dict[str, Any] = json.loads(text)
                return found
            if first == 0x89:
                self._writer.write(b"\x8a\x80" + b"\0\0\0\0")
            else:
                raise RuntimeError(f"frame {first:#x}: the service closed the connection")

    def close(self) -> None:
        """Leave without a word, as pages do."""
        self._writer.close()


async def connect_all(port: int, people: Sequence[Asked]) -> list[Page]:
    """Connect a page for everybody, some at a time."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(person: Asked) -> Page:
        async with room:
            return await Page.connect(port, person.token)

    return list(await asyncio.gather(*(one(person) for person in people)))


async def hint_times(server: Server, people: Sequence[Asked], pages: Sequence[Page]) -> list[float]:
    """Milliseconds from the hint to its arrival, one page after the other, all others idle; sorted."""
    late = []
    for number in range(HINTS):
        chosen = number * 7919 % len(pages)
        server.control.send(("hint", people[chosen].participant))
        message = await pages[chosen].receive()
        late.append((time.monotonic() - message["sent"]) * 1000)
        await asyncio.sleep(0.005)
    return sorted(late)


async def measure(directory: Path) -> list[dict[str, Any]]:
    """Connect, weigh, hint."""
    people = await make_people(directory, CONNECTED + 100)
    with running("product", str(directory)) as server:
        warm = await connect_all(server.port, people[CONNECTED:])
        for page in warm:
            page.close()
        await asyncio.sleep(1)
        empty = server.memory()
        begun = time.perf_counter()
        pages = await connect_all(server.port, people[:CONNECTED])
        seconds = time.perf_counter() - begun
        await asyncio.sleep(1)
        full = server.memory()
        cpu, wall = server.cpu(), time.perf_counter()
        late = await hint_times(server, people, pages)
        used = (server.cpu() - cpu) / (time.perf_counter() - wall)
        for page in pages:
            page.close()
    return [
        {
            "name": f"{CONNECTED} connected pages",
            "connected": len(pages),
            "kib_each": round((full - empty) / len(pages) / 1024, 1),
            "connects_a_second": round(len(pages) / seconds),
            "hint_p50_ms": round(statistics.median(late), 2),
            "hint_p99_ms": round(late[len(late) * 99 // 100], 2),
            "core_used": round(used, 2),
        }
    ]


def run() -> list[dict[str, Any]]:
    """One row."""
    import uvloop

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536) if most > 0 else 65536, most))
    OUTPUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=OUTPUT) as directory:
        return uvloop.run(measure(Path(directory)))


if __name__ == "__main__":
    for row in run():
        print(row)
