"""One writing connection for SQLite: many jobs, one commit.

A commit waits for the disk; the statements before it take microseconds. So all jobs that wait run in one
transaction, each in a savepoint of its own, and one COMMIT makes them durable together.

The statements run on the event loop's thread and only COMMIT runs in a thread. `sqlite3` gives up Python's
global lock at every statement; in a second thread each of them would wait for the busy event loop (up to
`sys.getswitchinterval()`). `tests/bench/bench_store.py` measures both.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from alliancekit.errors import StoreError
from alliancekit.store.base import Work, shown
from alliancekit.store.workers import Workers, closed_error, settle

T = TypeVar("T")
Outcome = tuple["asyncio.Future[Any]", Any, Exception | None]


class GroupCommit:
    """Runs writing jobs on one connection, in the order in which they came.

    Args:
        connection: in SQLAlchemy's AUTOCOMMIT mode: BEGIN, SAVEPOINT and COMMIT are sent from here only.
        max_jobs: the most jobs in one commit.
        max_seconds: no further job joins a batch whose statements have held the loop for this long.
        max_waiting: with this many jobs in hand, further callers wait for room.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        max_jobs: int = 64,
        max_seconds: float = 0.004,
        max_waiting: int = 1024,
    ) -> None:
        self._connection = connection
        self._driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        self._max_jobs, self._max_seconds, self._max_waiting = max_jobs, max_seconds, max_waiting
        self._jobs: deque[tuple[Work[Any], asyncio.Future[Any]]] = deque()
        self._committer: Workers[sqlite3.Connection] = Workers(
            "commit", 1, lambda: self._driver, lambda driver: None
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room = asyncio.Semaphore(max_waiting)
        self._running = False
        self._committing = 0
        self._stopped: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many jobs are not on the disk yet."""
        return len(self._jobs) + self._committing

    async def submit(self, work: Work[T]) -> T:
        """Run `work` in the next batch and return its result once it is on the disk."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._adopt(loop)
        async with self._room:
            if self._closed:
                raise closed_error()
            future = loop.create_future()
            self._jobs.append((work, future))
            if not self._running:
                self._running = True
                loop.call_soon(self._run_batch)
            result: T = await future
            return result

    async def close(self) -> None:
        """Commit what waits, refuse what comes later, end the thread."""
        self._closed = True
        loop = asyncio.get_running_loop()
        if self._running and loop is self._loop:
            self._stopped = loop.create_future()
            await self._stopped
        self._committer.close()

    def _adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._running and self._loop is not None and not self._loop.is_closed():
            raise StoreError("This database is in use on another event loop.", fix="Open one per event loop.")
        self._loop, self._room, self._running = loop, asyncio.Semaphore(self._max_waiting), False
        self._committing = 0
        self._jobs.clear()  # their loop is gone, and with it everybody who waited
        self._roll_back()

    def _run_batch(self) -> None:
        outcomes: list[Outcome] = []
        try:
            self._driver.execute("BEGIN IMMEDIATE")
            self._run_jobs(outcomes)
            self._committing = len(outcomes)
            commit = self._committer.start(sqlite3.Connection.commit)
        except BaseException as error:
            if not outcomes:  # BEGIN failed: nobody may wait for ever
                outcomes = [(future, None, None) for _, future in self._jobs]
                self._jobs.clear()
            self._end_batch(outcomes, error)
            if not isinstance(error, Exception):
                raise
        else:
            commit.add_done_callback(lambda done: self._end_batch(outcomes, done.exception()))

    def _end_batch(self, outcomes: list[Outcome], error: BaseException | None) -> None:
        self._committing = 0
        failure = None if error is None else _batch_error(error)
        if failure is not None:
            self._roll_back()
        for future, result, error_of_job in outcomes:
            settle(future, result, error_of_job or failure)
        if self._jobs and self._loop is not None:
            self._loop.call_soon(self._run_batch)  # after those whose answer is stored have gone on
        else:
            self._running = False
            if self._stopped is not None:
                settle(self._stopped, None, None)

    def _roll_back(self) -> None:
        if self._driver.in_transaction:
            self._driver.rollback()

    def _run_jobs(self, outcomes: list[Outcome]) -> None:
        execute: Callable[[str], object] = self._driver.execute
        until = perf_counter() + self._max_seconds
        while self._jobs and len(outcomes) < self._max_jobs:
            work, future = self._jobs.popleft()
            if future.cancelled():
                continue
            outcomes.append((future, None, None))
            execute("SAVEPOINT job")
            try:
                outcomes[-1] = (future, work(self._connection), None)
            except Exception as error:
                outcomes[-1] = (future, None, shown(error))
                if self._driver.in_transaction:
                    execute("ROLLBACK TO job")
            if not self._driver.in_transaction:
                raise StoreError(
                    "A job ended the transaction that it shares with others; none of them was stored.",
                    fix="If it calls commit or rollback, it must not; otherwise the disk may be full.",
                )
            execute("RELEASE job")
            if perf_counter() > until:
                break


def _batch_error(error: BaseException) -> StoreError:
    if isinstance(error, StoreError):
        return error
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StoreError(
        f"SQLite could not commit ({name}); nothing of this batch was stored.",
        fix="Look at free disk space and at who else has the file open, then try again.",
    )
