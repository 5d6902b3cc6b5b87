"""The interface that both databases keep, and how their errors are shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal, TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from alliancekit.errors import AllianceKitError, ConfigError, StoreError
from alliancekit.metrics import Timing

T = TypeVar("T")

Dialect = Literal["sqlite", "postgresql"]
"""The two databases that are supported and tested."""

Work = Callable[[Connection], T]
"""What a caller wants done: a plain function on a Core connection. It returns values, not open results; it
never commits, rolls back or waits for anything but the database."""


class Database(ABC):
    """One open database; made by `open_database`, used from one event loop at a time."""

    dialect: Dialect

    def __init__(self) -> None:
        self.writes = Timing(
            "database_write_seconds", "How long writes took, from being asked for to being on the disk."
        )

    @property
    @abstractmethod
    def waiting(self) -> int:
        """How many writes are not done yet; background work steps back while others' are among them."""

    @abstractmethod
    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction and return its result after the commit.

        If `work` raises, only its own changes are rolled back and the exception propagates. A driver's error
        arrives as a `StoreError` without the values concerned. On PostgreSQL `work` is called a second time
        if the connection was lost before the commit.

        Raises:
            StoreError: the database failed or is closed; nothing was stored, unless the message says that it
                is unknown (a connection lost during the commit).
        """

    @abstractmethod
    async def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent, read-only view of what is committed and return its result.

        Raises:
            StoreError: the database failed or is closed.
        """

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun and close every connection; safe to call twice."""


def parse_url(url: str) -> URL:
    """Return a database URL with the driver's full name.

    Raises:
        ConfigError: it is neither SQLite nor PostgreSQL with psycopg.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise url_error() from None
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        return parsed.set(drivername="sqlite+pysqlite")
    if parsed.drivername in {"postgresql", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise url_error()


def url_error() -> ConfigError:
    """Return the error for a database URL of another kind; the URL itself may hold a password."""
    return ConfigError(
        "The database URL is not understood.",
        fix="Use sqlite:////path/to/file.db or postgresql+psycopg://user:password@host/name.",
    )


def store_error(error: DBAPIError) -> StoreError:
    """Return a driver's error without the values in it: they may be answers, and messages reach logs."""
    origin = error.orig
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None) or "no code"
    return StoreError(
        f"The database refused: {type(error).__name__} ({code}). Nothing was stored.",
        fix="Try again; if it stays, run `alliancekit db verify` and look at the database's own log.",
    )


def shown(error: Exception) -> Exception:
    """Return what the caller of `write` or `read` may see of an exception that `work` raised."""
    if isinstance(error, AllianceKitError) or not isinstance(error, DBAPIError):
        return error
    return store_error(error)
