"""PostgreSQL through psycopg 3: a transaction a job, in a pool of threads."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TypeVar

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from alliancekit.errors import ConfigError, StoreError
from alliancekit.store.base import Database, Work, store_error
from alliancekit.store.workers import Workers

T = TypeVar("T")


def postgres_engine(url: URL, *, pool_size: int = 1) -> Engine:
    """Return an engine that never shows parameters in its messages.

    Raises:
        ConfigError: the driver is not installed.
    """
    try:
        return create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"connect_timeout": 10, "application_name": "alliancekit"},
        )
    except ImportError:
        raise ConfigError(
            "The database URL is PostgreSQL's, but its driver is not installed.",
            fix="Run: pip install 'alliancekit[postgres]'",
        ) from None


class PostgresDatabase(Database):
    """A PostgreSQL database; as many jobs at a time as the pool has connections, the others wait."""

    dialect = "postgresql"

    def __init__(self, url: URL, *, pool_size: int = 8, max_waiting: int = 1024) -> None:
        super().__init__()
        self._engine = postgres_engine(url, pool_size=pool_size)
        self._workers: Workers[Engine] = Workers(
            "postgres", pool_size, lambda: self._engine, lambda engine: None
        )
        self._max_waiting = max_waiting
        self._room: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    @property
    @override
    def waiting(self) -> int:
        return self._workers.waiting

    @override
    async def write(self, work: Work[T]) -> T:
        began = perf_counter()
        async with self._semaphore():
            result = await self._workers.run(lambda engine: _in_transaction(engine, work))
        self.writes.take(perf_counter() - began)
        return result

    @override
    async def read(self, work: Work[T]) -> T:
        async with self._semaphore():
            return await self._workers.run(lambda engine: _in_transaction(engine, work, read_only=True))

    @override
    async def close(self) -> None:
        await asyncio.to_thread(self._workers.close)
        self._engine.dispose()

    def _semaphore(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._room is None or self._room[0] is not loop:
            self._room = (loop, asyncio.Semaphore(self._max_waiting))
        return self._room[1]


def _in_transaction(engine: Engine, work: Work[T], *, read_only: bool = False) -> T:
    try:
        return _attempt(engine, work, read_only)
    except _LostError:
        engine.dispose()  # the server went away: every pooled connection is as dead as this one
    try:
        return _attempt(engine, work, read_only)
    except _LostError as lost:
        raise lost.shown from None


class _LostError(Exception):
    """The connection was lost before the commit was sent: the transaction cannot have happened."""

    def __init__(self, shown: StoreError) -> None:
        super().__init__()
        self.shown = shown


def _attempt(engine: Engine, work: Work[T], read_only: bool) -> T:
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise _LostError(store_error(error)) from None
    with connection:
        try:
            if read_only:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            transaction = connection.begin()
            result = work(connection)
        except DBAPIError as error:
            if _lost(engine, error):
                connection.invalidate()
                raise _LostError(store_error(error)) from None
            raise store_error(error) from None
        try:
            transaction.commit()
        except DBAPIError as error:
            if _lost(engine, error):
                connection.invalidate()
                raise StoreError(
                    "The connection was lost during the commit; it is unknown whether the change was stored.",
                    fix="Send it again with the same Idempotency-Key.",
                ) from None
            raise store_error(error) from None
        return result


def _lost(engine: Engine, error: DBAPIError) -> bool:
    return error.connection_invalidated or (
        error.orig is not None and engine.dialect.is_disconnect(error.orig, None, None)  # type: ignore[arg-type]
    )
