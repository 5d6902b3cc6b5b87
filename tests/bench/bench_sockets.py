"""How many two-party calls one core observes when a platform dials in with samples, as Vonage does.

A second process sends the recorded call in frames of 20 ms over WebSockets on 127.0.0.1 to a running service
in this one, whose processor time is counted; the yardstick is finding voice activity in the same samples and
nothing else. `python -m tests.bench.bench_sockets` prints the figures.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from websockets.asyncio.client import connect

from alliancekit.store import presence
from alliancekit.testing.site import running_site
from alliancekit.voice import Listener
from alliancekit_vonage import Vonage, VonageSettings
from alliancekit_vonage.streams import Stream
from alliancekit_vonage.tap import Line
from tests.adapters.fake_vonage import APPLICATION, HELLO, pem
from tests.adapters.speech import BOTH, frames
from tests.services import on_network

CALLS = 20
SECONDS = 8.0


def send_calls(pipe: Connection, address: str, calls: int) -> None:
    """Run the second process: a socket for each side of each call, until told to stop."""
    asyncio.run(_send_calls(pipe, address, calls))


async def _send_calls(pipe: Connection, address: str, calls: int) -> None:
    sockets = {}
    for number in range(2 * calls):
        sockets[number] = await connect(f"{address}?ticket={number}", compression=None)
        await sockets[number].send(HELLO)
    said = [frames(role) for role in BOTH]
    began, number = time.monotonic(), 0
    while not pipe.poll():
        for which, socket in sockets.items():
            mine = said[which % 2]
            await socket.send(mine[number % len(mine)])
        number += 1
        await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
    pipe.send(number / (time.monotonic() - began) / 50)
    for socket in sockets.values():
        await socket.close()


async def observe(calls: int = CALLS, seconds: float = SECONDS) -> dict[str, Any]:
    """Observe `calls` two-party calls for `seconds` and count this process's processor time."""
    key, nobody = SecretStr(pem()), "http://127.0.0.1:9"
    plugin = Vonage(
        VonageSettings(
            application_id=APPLICATION, private_key=key, listen=True, public_url=nobody, api=nobody
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running_site(Path(folder), extra=[("vonage", plugin)]) as site,
            on_network(site) as host,
        ):
            meetings = [await site.session(adapter="vonage", room=f"room-{n}") for n in range(calls)]
            tap = plugin.adapter._tap
            assert tap is not None
            for number in range(2 * calls):
                meeting, role = meetings[number // 2], BOTH[number % 2]
                stream = Stream(
                    id=str(number),
                    room=f"room-{number // 2}",
                    person=getattr(meeting, role).id,
                    connection=str(number),
                    screen=False,
                )
                tap._tickets[str(number)] = Line(stream)
            ours, theirs = multiprocessing.Pipe()
            address = f"ws://{host}/v1/adapters/vonage/socket"
            process = multiprocessing.get_context("spawn").Process(
                target=send_calls, args=(theirs, address, calls)
            )
            process.start()
            while tap._tickets:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
            await asyncio.sleep(1)
            cpu, wall = time.process_time(), time.monotonic()
            await asyncio.sleep(seconds)
            cpu, wall = time.process_time() - cpu, time.monotonic() - wall
            ours.send(None)
            pace = await asyncio.to_thread(ours.recv)
            process.join(10)
            await plugin.adapter.stop()
            heard = 0
            for meeting in meetings:
                spans = await site.service.database.read(
                    lambda conn, one=meeting: presence.speech(conn, site.tenant, one.id)
                )
                heard += len({span.role for span in spans})
    if heard != 2 * calls:
        raise RuntimeError(f"of {2 * calls} streams {heard} were heard")
    return {
        "path": "samples over WebSockets",
        "calls": calls,
        "sent at real time": round(pace, 2),
        "core used": round(cpu / wall, 3),
        "CPU s per stream-minute": round(cpu / wall * 60 / (2 * calls), 3),
        "calls a core": round(calls * wall / cpu),
    }


def alone() -> dict[str, Any]:
    """Voice activity in the recorded call, without any network."""
    said = [frames(role) for role in BOTH]
    cpu = time.process_time()
    for mine in said:
        listener = Listener()
        for number, frame in enumerate(mine):
            listener.pcm(number * 0.02, frame)
    cpu = time.process_time() - cpu
    seconds = max(len(mine) for mine in said) * 0.02
    return {"path": "voice activity alone", "calls a core": round(seconds / cpu)}


def run() -> list[dict[str, Any]]:
    """Measure both in the same run."""
    return [asyncio.run(observe()), alone()]


def main() -> None:
    """Print the figures."""
    for row in run():
        print("  ".join(f"{name}: {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
