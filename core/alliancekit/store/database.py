"""Where repository functions run: one interface, SQLite and PostgreSQL behind it."""

from __future__ import annotations

from alliancekit.store.base import Database, Dialect, Work, parse_url
from alliancekit.store.postgres import PostgresDatabase
from alliancekit.store.sqlite import SQLiteDatabase

__all__ = ["Database", "Dialect", "Work", "open_database"]


def open_database(url: str, *, pool_size: int = 8, readers: int = 2) -> Database:
    """Open a database whose schema `alliancekit.store.migrate.upgrade` has prepared.

    Args:
        url: `sqlite:///relative/path.db`, `sqlite:////absolute/path.db` or `postgresql+psycopg://…`.
        pool_size: connections and threads for PostgreSQL.
        readers: reading connections and threads for SQLite.

    Raises:
        ConfigError: the URL is not one of these.
        StoreBusyError: another process uses this SQLite file.
        StoreError: the file cannot be opened.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SQLiteDatabase(parsed, readers=readers)
    return PostgresDatabase(parsed, pool_size=pool_size)
