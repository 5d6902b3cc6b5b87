"""Webhooks verified and applied a second: signature, replay note, facts about the session, durable commit.

Run it: `python -m tests.bench.bench_webhooks`. The messages are those of whole calls (`CALL`: twelve, one of
them sent twice), of many rooms at once, signed by Standard Webhooks. They are given to `Inbound.take` by
sixteen tasks, and over HTTP by sixteen connections; the plugins' work after a call's end runs beside. The
yardstick does the least that a receiver must: check the signature, parse the JSON, commit a row.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from alliancekit.adapters import RawRequest
from alliancekit.server.run import tune_process
from alliancekit.service import Service
from tests.bench.load import Figures, load, medians, post
from tests.bench.rooms import make_rooms
from tests.bench.servers import OUTPUT, PUSH_PATH, PUSH_SECRET, push_settings, running

AT_ONCE = 16
ROOMS = 40
ROUNDS = 3
KEY = base64.b64decode(PUSH_SECRET.removeprefix("whsec_"))

CALL: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("started", 0, {}),
    ("joined", 5, {"person": "t1", "connection": "t"}),
    ("joined", 10, {"person": "c1", "connection": "a"}),
    ("spoke", 60, {"person": "c1", "seconds": 20.0}),
    ("spoke", 90, {"person": "t1", "seconds": 25.0}),
    ("left", 300, {"person": "c1", "connection": "a", "how": "dropped"}),
    ("joined", 310, {"person": "c1", "connection": "b"}),
    ("roster", 600, {"people": [{"person": "t1", "connection": "t"}, {"person": "c1", "connection": "b"}]}),
    ("spoke", 900, {"person": "c1", "seconds": 30.0}),
    ("left", 1800, {"person": "c1", "connection": "b"}),
    ("left", 1805, {"person": "t1", "connection": "t"}),
    ("over", 1810, {}),
)
"""Half an hour in which the client's connection is lost once: kind, seconds from the start, the rest."""

SENT_TWICE = 6
"""The number of the message that the platform repeats."""


def messages(rooms: Sequence[str], seed: int) -> list[tuple[dict[str, str], bytes]]:
    """Headers and body of every message, calls mixed, each call's messages in order."""
    luck, now = random.Random(seed), time.time()
    began = {room: now - 3600 + luck.random() * 600 for room in rooms}
    order = [room for room in rooms for _ in range(len(CALL) + 1)]
    luck.shuffle(order)
    steps = dict.fromkeys(rooms, 0)
    made = []
    for room in order:
        step = steps[room]
        steps[room] += 1
        kind, after, more = CALL[step - (step > SENT_TWICE)]
        number = step - (step > SENT_TWICE)
        happening = {"kind": kind, "room": f"inst-{room}", "name": room, "at": began[room] + after, **more}
        made.append(signed(f"msg-{room}-{number}", now, json.dumps({"happenings": [happening]}).encode()))
    return made


def signed(identifier: str, now: float, body: bytes) -> tuple[dict[str, str], bytes]:
    """A message with the headers of Standard Webhooks."""
    sent = str(int(now))
    mac = hmac.digest(KEY, f"{identifier}.{sent}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": identifier, "webhook-timestamp": sent, "webhook-signature": signature}, body


async def rooms_of(directory: Path, count: int) -> list[str]:
    """Sessions that wait for their calls; returns what their rooms are called."""
    rooms = [f"visit-{number}" for number in range(count)]
    await make_rooms(directory, "push", rooms)
    return rooms


def check(directory: Path, rooms: int) -> None:
    """Every message of every call must have been applied, and once.

    Raises:
        RuntimeError: it was not.
    """
    with contextlib.closing(sqlite3.connect(directory / "alliancekit.db")) as reader:
        found = {
            what: reader.execute(f"SELECT count(*) FROM {what}").fetchone()[0]
            for what in ("inbound_message", "presence", "session WHERE status = 'ended'")
        }
    if list(found.values()) != [rooms * len(CALL), rooms * 3, rooms]:
        raise RuntimeError(f"of {rooms} calls this was applied: {found}")


async def in_process(rounds: int = ROUNDS) -> tuple[float, float]:
    """Messages a second through `Inbound.take`, and microseconds of processor time each; medians."""
    rates, costs = [], []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=OUTPUT) as where:
        directory = Path(where)
        rooms = await rooms_of(directory, ROOMS * (rounds + 1))
        service = Service(push_settings(directory))
        await service.start()
        tune_process()
        adapter = service.inbound.adapter("push")
        assert adapter is not None
        for number in range(rounds + 1):  # the first one warms up
            requests = [
                RawRequest(
                    method="POST",
                    url="http://127.0.0.1" + PUSH_PATH,
                    headers={name: (value,) for name, value in headers.items()},
                    body=body,
                )
                for headers, body in messages(rooms[number * ROOMS : (number + 1) * ROOMS], number)
            ]
            waiting = iter(requests)

            async def work(waiting: Iterator[RawRequest] = waiting) -> None:
                for request in waiting:
                    reply = await service.inbound.take(adapter, request)
                    assert reply.status == 200

            begun, cpu = perf_counter(), time.process_time()
            await asyncio.gather(*(work() for _ in range(AT_ONCE)))
            if number:
                rates.append(len(requests) / (perf_counter() - begun))
                costs.append((time.process_time() - cpu) / len(requests) * 1e6)
        await service.stop()
        check(directory, len(rooms))
    return statistics.median(rates), statistics.median(costs)


async def over_http(rounds: int = ROUNDS) -> Figures:
    """The same over real HTTP, to a service in a process of its own."""
    measured = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=OUTPUT) as where:
        directory = Path(where)
        rooms = await rooms_of(directory, ROOMS * (rounds + 1))
        with running("push", where) as server:
            for number in range(rounds + 1):
                said = messages(rooms[number * ROOMS : (number + 1) * ROOMS], number)
                requests = [post(PUSH_PATH, body, **headers) for headers, body in said]
                before = server.cpu()
                one = await load(server.port, requests, AT_ONCE)
                assert set(one.statuses) == {200}
                if number:
                    measured.append(replace(one, cpu=server.cpu() - before))
        check(directory, len(rooms))
    return medians(measured)


def least() -> float:
    """Messages a second of the least that a receiver must do: signature, JSON, one committed row each."""
    said = messages([f"visit-{number}" for number in range(ROOMS)], 0)
    rates = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=OUTPUT) as where:
        for number in range(ROUNDS):
            with contextlib.closing(sqlite3.connect(f"{where}/{number}.db", isolation_level=None)) as store:
                store.execute("PRAGMA journal_mode=WAL")
                store.execute("PRAGMA synchronous=FULL")
                store.execute("CREATE TABLE message (id TEXT PRIMARY KEY, at REAL, body TEXT)")
                begun = perf_counter()
                for headers, body in said:
                    identifier, sent = headers["webhook-id"], headers["webhook-timestamp"]
                    mac = hmac.digest(KEY, f"{identifier}.{sent}.".encode() + body, hashlib.sha256)
                    given = base64.b64decode(headers["webhook-signature"].removeprefix("v1,"))
                    assert hmac.compare_digest(mac, given)
                    assert json.loads(body)["happenings"]
                    row = (identifier, float(sent), body.decode())
                    store.execute("INSERT OR IGNORE INTO message VALUES (?, ?, ?)", row)
                rates.append(len(said) / (perf_counter() - begun))
    return statistics.median(rates)


def run() -> list[dict[str, Any]]:
    """One row a way; `ratio` is to the yardstick of the same run."""
    import uvloop

    OUTPUT.mkdir(exist_ok=True)
    bare = least()
    rate, cost = uvloop.run(in_process())
    http = uvloop.run(over_http())
    again = least()
    yardstick = (bare + again) / 2
    return [
        {
            "name": "webhooks verified and applied, on the disk",
            "rate": round(rate),
            "cpu_us": round(cost),
            "yardstick": round(yardstick),
            "ratio": round(rate / yardstick, 2),
        },
        {
            "name": f"the same over HTTP, {AT_ONCE} connections",
            "rate": round(http.rate),
            "cpu_us": round(http.cpu),
            "p99_ms": round(http.p99, 1),
            "yardstick": round(yardstick),
            "ratio": round(http.rate / yardstick, 2),
        },
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
