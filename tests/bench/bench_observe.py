"""How many two-party calls one core observes: by the level in the packet headers, and by decoding.

A second process sends real DTLS-SRTP audio over 127.0.0.1 to the adapter in this one, whose processor time is
counted. `python tests/bench/bench_observe.py` prints the table. Trust the ratio more than the numbers.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from alliancekit.adapters import Caller, PromptHint, RouteRequest
from alliancekit.events import Participant, Role, SpeechSpan
from alliancekit.sessions import Fact
from alliancekit_webrtc import WebRTCSettings
from alliancekit_webrtc.adapter import SideConnections
from tests.ready_pages import ReadyPage, encoded

BOTH: tuple[Role, Role] = ("client", "therapist")
SECONDS = 8.0


def send_calls(pipe: Connection, calls: int, with_level: bool) -> None:
    """Run the second process: connect both sides of each call, then send until told to stop."""
    asyncio.run(_send_calls(pipe, calls, with_level))


async def _send_calls(pipe: Connection, calls: int, with_level: bool) -> None:
    roles = [role for _ in range(calls) for role in BOTH]
    senders = [ReadyPage(with_level=with_level) for _ in roles]
    for number, (sender, role) in enumerate(zip(senders, roles, strict=True)):
        pipe.send((f"call_{number // 2}", role, await sender.offer()))
        await sender.take(await asyncio.to_thread(pipe.recv))
    for sender in senders:
        await asyncio.wait_for(sender.observed.wait(), 30)
    pipe.send(None)
    packets = {role: encoded(role) for role in BOTH}
    began, number = time.monotonic(), 0
    while not pipe.poll():
        for sender, role in zip(senders, roles, strict=True):
            payload, level = packets[role][number % len(packets[role])]
            await sender.send(number, payload, level)
        number += 1
        await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
    pipe.send(number / (time.monotonic() - began) / 50)
    await asyncio.gather(*(sender.close() for sender in senders))


class SilentHost:
    """A host that costs nothing."""

    async def report(self, tenant: str, session: str, facts: Sequence[Fact]) -> None:
        """Take it."""

    async def heard(self, tenant: str, session: str, spans: Sequence[SpeechSpan]) -> None:
        """Take it."""

    async def waiting(self, tenant: str, participant: str) -> PromptHint | None:
        """Nothing is asked."""

    async def delivered(self, tenant: str, prompt: str, channel: str) -> None:
        """Take it."""


async def observe(calls: int, with_level: bool) -> dict[str, Any]:
    """Observe `calls` two-party calls for `SECONDS` and count this process's processor time."""
    patient = {"dead_after_pings": 30, "connect_seconds": 60.0}
    settings = WebRTCSettings.model_validate({"loopback": True, "max_connections": 2 * calls, **patient})
    adapter = SideConnections(settings)
    await adapter.start(SilentHost())
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=send_calls, args=(theirs, calls, with_level)
    )
    process.start()
    while (asked := await asyncio.to_thread(ours.recv)) is not None:
        session, role, offer = asked
        who = Participant(id=f"{session}_{role}", role=role)
        caller = Caller(tenant="bench", session=session, participant=who)
        reply = await adapter.offer(RouteRequest(caller=caller, body=json.dumps(offer).encode()))
        ours.send(json.loads(reply.body))
    await asyncio.sleep(2)
    paths = {connection.ear.path for connection in adapter.connections}
    cpu, wall = time.process_time(), time.monotonic()
    await asyncio.sleep(SECONDS)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    alive = len(adapter.connections)
    heard = sum(bool(connection.ear.spans) for connection in adapter.connections)
    ours.send(None)
    pace = await asyncio.to_thread(ours.recv)
    await adapter.stop()
    process.join(10)
    if alive != 2 * calls or heard != 2 * calls or len(paths) != 1:
        raise RuntimeError(f"of {2 * calls} streams {alive} were alive and {heard} heard, by {paths}")
    return {
        "path": paths.pop(),
        "calls": calls,
        "sent at real time": round(pace, 2),
        "core used": round(cpu / wall, 3),
        "CPU s per stream-minute": round(cpu / wall * 60 / (2 * calls), 3),
        "calls a core": round(calls * wall / cpu),
    }


def run() -> list[dict[str, Any]]:
    """Measure both ways in the same run; the last row is the ratio."""
    level = asyncio.run(observe(20, with_level=True))
    decode = asyncio.run(observe(5, with_level=False))
    ratio = round(level["calls a core"] / decode["calls a core"], 1)
    return [level, decode, {"path": "level ÷ decode", "calls a core": ratio}]


def main() -> None:
    """Print the table."""
    rows = run()
    columns = list(rows[0])
    for row in [dict(zip(columns, columns, strict=True)), *rows]:
        print("  ".join(str(row.get(column, "")).rjust(max(8, len(column))) for column in columns))


if __name__ == "__main__":
    main()
