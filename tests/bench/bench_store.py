"""How fast and how evenly answers are stored; run as `python -m tests.bench.bench_store [--answers 2000]`.

Rates of one machine vary by 1.7 between runs of the same code: compare the ratios of one run. The writers:

- `loop + commit thread`: what `alliancekit.store.groupcommit` does;
- `all in a thread`: the same batches, statements in the writing thread too;
- `all on the loop`: the same batches, the event loop waits for the disk.

`busy` is what the event loop computes for each request besides (parsing, validation); a writing thread
competes with it for the interpreter's lock. `baseline` inserts one row where an answer stores eight.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable
from time import perf_counter, process_time

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from alliancekit.store.database import Database, open_database
from alliancekit.store.feedback import save_submission
from alliancekit.store.groupcommit import GroupCommit, Outcome
from alliancekit.store.migrate import upgrade
from alliancekit.store.sqlite import SQLiteDatabase
from alliancekit.store.tables import tenant
from tests.store.case import Case, make_case, submission

CONNECTIONS = 16


class AllInAThread(GroupCommit):
    """Statements and commit in one thread."""

    def _run_batch(self) -> None:
        outcomes: list[Outcome] = []

        def batch(driver: sqlite3.Connection) -> None:
            driver.execute("BEGIN IMMEDIATE")
            self._run_jobs(outcomes)
            driver.commit()

        done = self._committer.start(batch)
        done.add_done_callback(lambda future: self._end_batch(outcomes, future.exception()))


class AllOnTheLoop(GroupCommit):
    """Statements and commit on the event loop."""

    def _run_batch(self) -> None:
        outcomes: list[Outcome] = []
        self._driver.execute("BEGIN IMMEDIATE")
        self._run_jobs(outcomes)
        self._driver.commit()
        self._end_batch(outcomes, None)


def fresh(directory: str) -> str:
    url = f"sqlite:///{tempfile.mkdtemp(dir=directory)}/bench.db"
    upgrade(url)
    return url


def keep_busy(seconds: float) -> None:
    until = perf_counter() + seconds
    while perf_counter() < until:
        pass


async def measure(
    one: Callable[[int], Awaitable[object]], count: int, busy: float
) -> tuple[float, float, float]:
    """Return (a second, median ms, 99th percentile ms) of `count` calls from 16 tasks."""
    numbers, took = iter(range(count)), []

    async def connection() -> None:
        for number in numbers:
            begun = perf_counter()
            keep_busy(busy)
            await one(number)
            took.append((perf_counter() - begun) * 1000)
            await asyncio.sleep(0)

    begun = perf_counter()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    seconds = perf_counter() - begun
    took.sort()
    return count / seconds, took[count // 2], took[int(count * 0.99)]


async def answers(
    url: str, count: int, busy: float, writer: type[GroupCommit] | None = None
) -> tuple[float, float, float]:
    database = open_database(url)
    try:
        case = await database.write(lambda conn: make_case(conn, count))
        if writer is not None:
            assert isinstance(database, SQLiteDatabase)
            database._writer = writer(database._connection)
        gc.collect()
        gc.freeze()
        return await measure(lambda number: save(database, case, number), count, busy)
    finally:
        await database.close()


async def save(database: Database, case: Case, number: int) -> None:
    sent = submission(case, number)
    await database.write(lambda conn: save_submission(conn, sent))


async def cost(url: str, count: int) -> float:
    """Microseconds of processor time a submission, without its commit."""
    database = open_database(url)
    case = await database.write(lambda conn: make_case(conn, count))
    sent = [submission(case, number) for number in range(count)]
    begun = process_time()
    await database.write(lambda conn: [save_submission(conn, one) for one in sent])
    spent = process_time() - begun
    await database.close()
    return spent / count * 1e6


def raw(url: str, count: int) -> float:
    """Rows a second of a plain sqlite3 loop that commits each row."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    statement = "INSERT INTO tenant (id, name, settings, created_at) VALUES (?, 'x', '{}', 0.0)"
    begun = perf_counter()
    for number in range(count):
        connection.execute(statement, (str(number),))
    rate = count / (perf_counter() - begun)
    connection.close()
    return rate


async def aiosqlite(url: str, count: int, busy: float, *, single: bool) -> tuple[float, float, float]:
    """One row a call through async SQLAlchemy; on one shared connection, or its default pool."""
    address = url.replace("sqlite:", "sqlite+aiosqlite:")
    engine = create_async_engine(address, poolclass=StaticPool) if single else create_async_engine(address)
    alone = asyncio.Lock()

    async def one(number: int) -> None:
        if single:
            async with alone:
                await store(number)
        else:
            await store(number)

    async def store(number: int) -> None:
        async with engine.begin() as connection:
            await connection.execute(
                insert(tenant).values(id=f"t{number}", name="x", settings="{}", created_at=0.0)
            )

    try:
        return await measure(one, count, busy)
    finally:
        await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--answers", type=int, default=2000)
    parser.add_argument("--busy", type=float, default=300.0, help="microseconds a request")
    parser.add_argument("--directory", default="/var/tmp", help="on the disk to measure")
    parser.add_argument("--postgresql", help="the URL of an empty PostgreSQL database to measure as well")
    options = parser.parse_args()
    count, busy = options.answers, options.busy / 1e6
    with tempfile.TemporaryDirectory(dir=options.directory, prefix="bench-store-") as directory:
        print(f"{count} answers, {CONNECTIONS} tasks, {options.busy:.0f} µs busy, pid {os.getpid()}")
        print(f"CPU of save_submission without commit: {asyncio.run(cost(fresh(directory), count)):.0f} µs")
        base = raw(fresh(directory), count)
        print(f"{'sqlite3 loop, commit a row':46}{base:8.0f}/s   ratio 1.00")
        standard = sys.getswitchinterval()
        for name, writer, interval in (
            ("loop + commit thread", None, standard),
            ("all in a thread", AllInAThread, standard),
            ("all in a thread, switch interval 0.5 ms", AllInAThread, 0.0005),
            ("all on the loop", AllOnTheLoop, standard),
        ):
            sys.setswitchinterval(interval)
            show(name, asyncio.run(answers(fresh(directory), count, busy, writer)), base)
        sys.setswitchinterval(standard)
        few = min(count, 600)
        for name, single in (
            ("baseline aiosqlite, one connection", True),
            ("baseline aiosqlite, pool", False),
        ):
            show(name, asyncio.run(aiosqlite(fresh(directory), few, busy, single=single)), base)
    if options.postgresql:
        upgrade(options.postgresql)
        show("PostgreSQL, 8 connections", asyncio.run(answers(options.postgresql, count, busy)), base)


def show(name: str, measured: tuple[float, float, float], base: float) -> None:
    rate, median, late = measured
    print(f"{name:46}{rate:8.0f}/s   ratio {rate / base:4.2f}   p50 {median:6.1f} ms   p99 {late:6.1f} ms")


if __name__ == "__main__":
    main()
