"""Durable work after the commit: hooks, webhooks, exports.

What has to happen because of a change is put into the outbox in the transaction of that change (`enqueue`),
and the `Relay` runs it afterwards, at least once, in order within each lane. A handler must therefore be
idempotent. Rows that keep failing are kept as dead and can be looked at (`dead`) and tried again (`revive`).
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from alliancekit.errors import StoreError
from alliancekit.store.database import Database
from alliancekit.store.outbox import (
    Row,
    Work,
    claim,
    complete,
    dead,
    enqueue,
    fail,
    lag,
    prune,
    release,
    revive,
)

__all__ = ["Handler", "Relay", "Retry", "Work", "dead", "enqueue", "lag", "revive"]

logger = logging.getLogger(__name__)

Handler = Callable[[str, str, Mapping[str, Any]], Awaitable[None]]
"""Runs one row: `await handler(tenant, kind, payload)`; again after an error, a crash or a lost lease."""

_PRUNE_EVERY = 60.0
_YIELDS = 10
_NO_HANDLER = "NoHandler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and when a failed row is tried again.

    The n-th pause is `first * factor**(n-1)` seconds, at most `longest`, shortened by up to half at random,
    so that what failed together does not come back together. After `attempts` claims the row is dead.
    """

    attempts: int = 12
    first: float = 1.0
    factor: float = 2.0
    longest: float = 3600.0

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait after the `attempt`-th claim failed, counted from 1."""
        full = min(self.longest, self.first * self.factor ** (attempt - 1))
        return full * (1.0 - random.random() / 2)  # noqa: S311 - spreads load, guards nothing


class Relay:
    """Runs the rows of the outbox.

    Args:
        database: where the rows are.
        handlers: one for each kind.
        clock: seconds since 1970 UTC.
        concurrency: how many lanes at a time.
        lease_seconds: how long a claim holds without its completion; a handler is stopped at 80 % of it.
        retry: when a failed row is tried again.
        poll_seconds: how often to look without being woken.
        yield_seconds: for how long, at most, a claim steps back while writes wait.
        keep_seconds: how long done rows stay.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        clock: Callable[[], float] = time.time,
        concurrency: int = 8,
        lease_seconds: float = 60.0,
        retry: Retry | None = None,
        poll_seconds: float = 1.0,
        yield_seconds: float = 0.05,
        keep_seconds: float = 7 * 86400.0,
    ) -> None:
        self._database, self._handlers, self._clock = database, handlers, clock
        self._concurrency, self._lease_seconds = concurrency, lease_seconds
        self._retry = retry or Retry()
        self._poll_seconds, self._yield_seconds, self._keep_seconds = (
            poll_seconds,
            yield_seconds,
            keep_seconds,
        )
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._round = self._idle_round = 0
        self._running = False
        self._prune_at = 0.0

    def wake(self) -> None:
        """Look for work now; called after a commit that put a row in."""
        self._woken.set()

    async def run(self) -> None:
        """Run rows until cancelled; then running handlers are cancelled and their leases given back.

        Raises:
            RuntimeError: this relay runs already.
        """
        if self._running:
            raise RuntimeError("This relay runs already.")
        self._running = True
        try:
            await self._take_up()
            while True:
                self._woken.clear()
                await self._step()
                await self._wait()
        finally:
            self._running = False
            await self._stop()

    async def drain(self) -> None:
        """Wait until nothing can run; rows that wait for a later time, and those behind them, do not count.

        Runs the relay meanwhile if nobody else does.
        """
        task = None if self._running else asyncio.create_task(self.run())
        target = self._round + 1
        try:
            while self._idle_round < target:
                self._idle.clear()
                self.wake()
                waiter = asyncio.create_task(self._idle.wait())
                await asyncio.wait([waiter, *([task] if task else [])], return_when=asyncio.FIRST_COMPLETED)
                waiter.cancel()
                if task is not None and task.done():
                    task.result()
        finally:
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def _take_up(self) -> None:
        """Free what a process that died had claimed: SQLite has one process, so every lease is such."""
        while self._database.dialect == "sqlite":
            try:
                await self._database.write(release)
            except StoreError as error:
                await self._pause_after(error)
            else:
                return

    async def _step(self) -> None:
        self._round += 1
        free = self._concurrency - len(self._tasks)
        if await self._pressed():
            free = 1 - len(self._tasks)
        if free <= 0:
            return
        now = self._clock()
        until = now + self._lease_seconds
        lease = secrets.token_urlsafe(12)
        # A handler that finishes while this claim looks has freed its lane too late to be seen by it.
        busy = bool(self._tasks)
        try:
            rows = await self._database.write(
                lambda conn: claim(conn, lease=lease, now=now, until=until, limit=free)
            )
            if now >= self._prune_at:
                self._prune_at = now + _PRUNE_EVERY
                await self._database.write(lambda conn: prune(conn, before=now - self._keep_seconds))
        except StoreError as error:
            await self._pause_after(error)
            return
        for row in rows:
            task = asyncio.create_task(self._run_row(row, lease), name=f"outbox-{row.id}")
            self._tasks[task] = lease
            task.add_done_callback(self._finished)
        if not rows and not busy:
            self._idle_round = self._round
            self._idle.set()

    def _finished(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self.wake()

    async def _pressed(self) -> bool:
        """Let answers that wait to be stored go first, but not for ever; whether they still come.

        A row costs many times what an answer does: while answers come, one row runs at a time.
        """
        for _ in range(_YIELDS):
            if self._database.waiting <= len(self._tasks):  # each row has one write at a time
                return False
            await asyncio.sleep(self._yield_seconds / _YIELDS)
        return True

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _run_row(self, row: Row, lease: str) -> None:
        handler = self._handlers.get(row.kind)
        failure = _NO_HANDLER if handler is None else None
        if handler is not None:
            try:
                async with asyncio.timeout(self._lease_seconds * 0.8):
                    await handler(row.tenant, row.kind, row.payload)
            except Exception as error:
                failure = type(error).__name__
        try:
            kept = await self._record(row, lease, failure)
        except StoreError as error:
            logger.warning("outbox row %d: outcome not stored (%s); runs again", row.id, type(error).__name__)
            return
        if not kept:
            logger.warning("outbox row %d: its lease ran out before it was finished", row.id)

    async def _record(self, row: Row, lease: str, failure: str | None) -> bool:
        now = self._clock()
        if failure is None:
            return await self._database.write(lambda conn: complete(conn, row.id, lease=lease, now=now))
        last = row.attempts >= self._retry.attempts
        retry_at = None if last else now + self._retry.pause(row.attempts)
        logger.warning(
            "outbox row %d (%s): attempt %d failed (%s)%s",
            row.id,
            row.kind,
            row.attempts,
            failure,
            "; given up" if last else "",
        )
        return await self._database.write(
            lambda conn: fail(conn, row.id, lease=lease, error=failure, retry_at=retry_at, now=now)
        )

    async def _pause_after(self, error: StoreError) -> None:
        logger.warning("outbox: the database is not available (%s)", type(error).__name__)
        await asyncio.sleep(self._poll_seconds)

    async def _stop(self) -> None:
        running = dict(self._tasks)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        try:
            for lease in set(running.values()):
                await self._database.write(partial(release, lease=lease))
        except StoreError:
            logger.warning("outbox: leases not given back; they run out by themselves")
