"""Bring a database to the schema of this release, and say where it is.

Migrations are explicit: `upgrade` is what `alliancekit db upgrade` calls; nothing else changes a schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from alliancekit.errors import StoreError
from alliancekit.store.base import parse_url, store_error
from alliancekit.store.postgres import postgres_engine
from alliancekit.store.sqlite import FileLock, sqlite_engine, sqlite_path

_UPGRADE_LOCK = 0x616C6C69  # "alli": the advisory lock that two upgrades at once share


def upgrade(url: str) -> None:
    """Run every migration that the database lacks; safe to call again.

    A SQLite file is made if it is missing. On PostgreSQL the whole upgrade is one transaction and a second
    upgrade waits for it.

    Raises:
        ConfigError: the URL is not understood.
        StoreBusyError: a process uses this SQLite file.
        StoreError: the database cannot be reached or refused.
    """
    parsed = parse_url(url)
    lock = FileLock(sqlite_path(parsed)) if parsed.get_backend_name() == "sqlite" else None
    try:
        with _connected(parsed) as connection:
            if lock is None:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            _refuse_later(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        if lock is not None:
            sqlite_path(parsed).chmod(0o600)
    finally:
        if lock is not None:
            lock.release()


def _refuse_later(connection: Connection) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in revisions():
        raise StoreError(
            f"A later release has brought this database to revision {revision}, which this one does not know;"
            " nothing was changed.",
            fix="Run that release again, or restore the backup from before it.",
        )


def current(url: str) -> str | None:
    """Return the revision the database is at; None if it has none (empty, or not ours).

    Raises:
        ConfigError: the URL is not understood.
        StoreError: the database cannot be reached.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not sqlite_path(parsed).exists():
        return None
    with _connected(parsed) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return the revision of this release."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def revisions() -> frozenset[str]:
    """Return every revision that this release knows."""
    return frozenset(one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions())


def is_at_head(url: str) -> bool:
    """Tell whether the database has exactly the schema of this release."""
    return current(url) == head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    engine: Engine = sqlite_engine(url) if url.get_backend_name() == "sqlite" else postgres_engine(url)
    try:
        with engine.connect() as connection:
            if url.get_backend_name() == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
            else:
                with connection.begin():
                    yield connection
    except DBAPIError as error:
        raise store_error(error) from None
    finally:
        engine.dispose()
