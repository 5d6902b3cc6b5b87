"""Durable capture over HTTP against a POST without a database and against storing only the row.

Run it: `python -m tests.bench.bench_capture`. Every request to the product is a ten-item check-in of another
participant with a token and an Idempotency-Key of its own, whose page has asked for its prompt before, as
pages do; validation, scores, audit entry, outbox row and the relay that works on it are on. Rounds of the
servers alternate, figures are medians of the rounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.load import Load, get, load, medians, post
from tests.bench.people import make_people
from tests.bench.servers import OUTPUT, PATH, Server, running

CONNECTIONS = 16
ROUNDS = 5
ITEMS = (
    *("rapport", "goals", "expectations", "responsibility", "respect"),
    *("empathy", "genuineness", "safety", "hope", "culture"),
)
COUNTS = {"product": 1000, "without_database": 1500, "row_one_connection": 400, "row_pool": 400}
NAMES = {
    "product": "capture: validated, scored, audited, queued, on the disk",
    "without_database": "(a) FastAPI, POST without a database",
    "row_one_connection": "(b) FastAPI + async SQLAlchemy, row only, one connection",
    "row_pool": "(b) FastAPI + async SQLAlchemy, row only, default pool",
}


def body(prompt: str, luck: random.Random) -> bytes:
    """The answers of one check-in."""
    answers = {"check-in": {item: luck.randint(0, 4) for item in ITEMS}}
    return json.dumps({"prompt": prompt, "visibility": "therapist_now", "answers": answers}).encode()


async def prepare(directory: Path, count: int) -> list[tuple[bytes, bytes]]:
    """For each of `count` participants the two requests of a page: what is asked, and the answer."""
    luck = random.Random(20)
    requests: list[tuple[bytes, bytes]] = []
    for one in await make_people(directory, count):
        token = {"Authorization": f"Bearer {one.token}"}
        key = str(uuid.UUID(int=luck.getrandbits(128), version=4))
        answer = post(PATH, body(one.prompt, luck), **token, Idempotency_Key=key)
        requests.append((get("/v1/prompts/current", **token), answer))
    luck.shuffle(requests)
    return requests


async def one_round(server: Server, requests: Sequence[bytes]) -> Load:
    """Send the requests and count the server's processor time."""
    before = server.cpu()
    measured = await load(server.port, requests, CONNECTIONS)
    return replace(measured, cpu=server.cpu() - before)


def count_of(reader: sqlite3.Connection, table: str, where: str = "1") -> int:
    """How many rows a table has, seen from outside the service."""
    found: int = reader.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
    return found


async def drained(reader: sqlite3.Connection) -> float:
    """Wait until the outbox is empty; returns the seconds it took."""
    begun = time.perf_counter()
    while True:
        if count_of(reader, "outbox", "done_at IS NULL AND dead_at IS NULL") == 0:
            return time.perf_counter() - begun
        await asyncio.sleep(0.05)


async def measure(directory: Path) -> list[dict[str, Any]]:
    """All rounds and their table."""
    each = COUNTS["product"]
    ready = iter(await prepare(directory, each * (ROUNDS + 1)))
    plain = [
        post(PATH, body(f"prm_{number}", random.Random(number))) for number in range(max(COUNTS.values()))
    ]
    rounds: dict[str, list[Load]] = {name: [] for name in COUNTS}
    drains: list[float] = []
    accepted = 0
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(running(name, str(directory))) for name in COUNTS}
        reader = stack.enter_context(
            contextlib.closing(sqlite3.connect(f"file:{directory}/alliancekit.db?mode=ro", uri=True))
        )
        for number in range(ROUNDS + 1):  # the first one warms up
            for name, server in servers.items():
                own = name == "product"
                requests = plain[: COUNTS[name]]
                if own:
                    pages = [next(ready) for _ in range(each)]
                    await load(server.port, [page for page, _ in pages], CONNECTIONS)
                    requests = [answer for _, answer in pages]
                measured = await one_round(server, requests)
                if own:
                    accepted += measured.accepted()
                    drain = await drained(reader)
                    if number:
                        drains.append(drain / each * 1000)
                if number:
                    rounds[name].append(measured)
        stored = count_of(reader, "submission"), count_of(reader, "response"), count_of(reader, "audit")
    figures = {name: medians(of) for name, of in rounds.items()}
    rows = [
        {
            "name": NAMES[name],
            "rate": round(one.rate),
            "p50_ms": round(one.p50, 1),
            "p99_ms": round(one.p99, 1),
            "server_cpu_us": round(one.cpu),
            "product_is": round(figures["product"].rate / one.rate, 2),
        }
        for name, one in figures.items()
    ]
    rows[0] |= {
        "accepted": accepted,
        "stored": stored,
        "drain_ms_each": round(sorted(drains)[len(drains) // 2], 2),
    }
    return rows


def run() -> list[dict[str, Any]]:
    """Product first, then its yardsticks; `product_is` says how many times as fast the product is."""
    import uvloop

    OUTPUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=OUTPUT) as directory:
        return uvloop.run(measure(Path(directory)))


if __name__ == "__main__":
    for row in run():
        print(row)
