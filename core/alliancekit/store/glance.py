"""Look into a database that a running service may have open, without getting in its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from alliancekit.store.base import parse_url, store_error
from alliancekit.store.migrate import is_at_head
from alliancekit.store.postgres import postgres_engine
from alliancekit.store.sqlite import sqlite_engine, sqlite_path

T = TypeVar("T")


def glance(url: str, work: Callable[[Connection], T]) -> T | None:
    """Read something; None where there is no database yet, or one of another release.

    Raises:
        ConfigError: the URL is not understood.
        StoreError: the database cannot be reached.
    """
    parsed = parse_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if (sqlite and not sqlite_path(parsed).exists()) or not is_at_head(url):
        return None
    engine = sqlite_engine(parsed) if sqlite else postgres_engine(parsed)
    try:
        with engine.connect() as connection:
            if sqlite:
                connection.exec_driver_sql("BEGIN")
            found = work(connection)
            connection.rollback()
            return found
    except DBAPIError as error:
        raise store_error(error) from None
    finally:
        engine.dispose()
