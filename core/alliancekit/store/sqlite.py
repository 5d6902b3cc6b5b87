"""SQLite: one process, one writing connection, a few reading ones."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from typing_extensions import override

from alliancekit.errors import StoreBusyError, StoreError
from alliancekit.store.base import Database, Work, shown, store_error, url_error
from alliancekit.store.groupcommit import GroupCommit
from alliancekit.store.workers import Workers

T = TypeVar("T")

# temp_store: a savepoint keeps a copy of each page it changes; in a file these are 30 writes an answer, and
# copies of answers outside the database.
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "mmap_size=0",
    "temp_store=MEMORY",
)


class FileLock:
    """The right to use one SQLite file; it ends with the process, however that ends.

    Two processes that write and checkpoint one file can corrupt it with SQLite before 3.51.3
    (https://sqlite.org/wal.html, "The WAL-Reset Bug"), and the group commit is the one writer by design.

    Raises:
        StoreBusyError: another process, or another open `Database`, holds it.
        StoreError: the directory is missing or not writable.
    """

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".lock")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"The lock file {path} cannot be opened ({error.strerror}).",
                fix="Make the directory and let this user write in it.",
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreBusyError(
                f"The SQLite database {database} is in use by process {holder}; SQLite is for one process.",
                fix="Stop that process, or use PostgreSQL for several.",
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the next process in; the lock file stays, since removing it would race."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def sqlite_path(url: URL) -> Path:
    """Return the database file of a URL.

    Raises:
        ConfigError: the URL names no file; a database in memory cannot have separate readers.
    """
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise url_error()
    return Path(url.database)


def sqlite_engine(url: URL) -> Engine:
    """Return an engine whose connections begin and end no transaction by themselves."""
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"check_same_thread": False, "cached_statements": 512},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def configure(driver: Any, record: object) -> None:
        for pragma in _PRAGMAS:
            driver.execute(f"PRAGMA {pragma}")

    return engine


class SQLiteDatabase(Database):
    """A SQLite file; `write` is grouped (see `alliancekit.store.groupcommit`), `read` runs in threads."""

    dialect = "sqlite"

    def __init__(self, url: URL, *, readers: int = 2) -> None:
        super().__init__()
        path = sqlite_path(url)
        self._lock = FileLock(path)
        self._engine = sqlite_engine(url)
        try:
            self._connection = self._engine.connect()
        except DBAPIError as error:
            self._lock.release()
            raise store_error(error) from None
        path.chmod(0o600)
        self._writer = GroupCommit(self._connection)
        self._readers = Workers("read", readers, self._open_reader, Connection.close)
        self._closed = False

    @property
    @override
    def waiting(self) -> int:
        return self._writer.waiting

    @override
    async def write(self, work: Work[T]) -> T:
        began = perf_counter()
        result = await self._writer.submit(work)
        self.writes.take(perf_counter() - began)
        return result

    @override
    async def read(self, work: Work[T]) -> T:
        return await self._readers.run(lambda connection: _read(connection, work))

    @override
    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            await self._writer.close()
            await asyncio.to_thread(self._readers.close)
        finally:
            self._connection.close()
            self._lock.release()

    def _open_reader(self) -> Connection:
        connection = self._engine.connect()
        driver = cast("Any", connection.connection.driver_connection)
        driver.execute("PRAGMA query_only=ON")
        driver.execute("PRAGMA wal_autocheckpoint=0")
        return connection


def _read(connection: Connection, work: Work[T]) -> T:
    driver = cast("Any", connection.connection.driver_connection)
    driver.execute("BEGIN")
    try:
        return work(connection)
    except Exception as error:
        raise shown(error) from None
    finally:
        driver.rollback()
