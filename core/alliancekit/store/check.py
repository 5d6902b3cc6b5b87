"""Whether a database is whole: the file, the schema, and what the rows say of each other."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import Connection, Select, create_engine, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from alliancekit.store import migrate
from alliancekit.store.base import parse_url, store_error
from alliancekit.store.postgres import postgres_engine
from alliancekit.store.sqlite import sqlite_path
from alliancekit.store.tables import (
    metadata,
    outbox,
    prompt,
    response,
    session,
    submission,
)

MOST_ROWS = 20
"""Problems of one kind that are listed; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a look into a database found.

    Attributes:
        revision: of its schema; None where it has none, or where it is not known.
        tables: rows by table.
        problems: what is wrong, in sentences with ids and numbers only; empty when it is whole.
        remarks: what an operator may want to look at although nothing is wrong.
    """

    revision: str | None
    tables: Mapping[str, int]
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def check(url: str) -> Findings:
    """Look into a database without changing it; the service may run meanwhile.

    Raises:
        ConfigError: the URL is not understood.
        StoreError: the database cannot be reached.
    """
    revision = None
    try:
        with _reading(url) as conn:
            problems = list(_damage(conn))
            if problems:
                return Findings(revision=None, tables={}, problems=tuple(problems))
            revision = _revision(conn)
            if revision is None:
                return Findings(revision=None, tables={}, problems=("It holds no tables of AllianceKit.",))
            if revision not in migrate.revisions():
                later = f"Its schema is at revision {revision}, which a later release wrote; use that one."
                return Findings(revision=revision, tables={}, problems=(later,))
            if revision != migrate.head():
                older = (
                    f"Its schema is at revision {revision}, of an earlier release; rows are not looked at."
                )
                return Findings(revision=revision, tables={}, problems=(), remarks=(older,))
            tables = {
                table.name: int(conn.execute(select(func.count()).select_from(table)).scalar_one())
                for table in metadata.sorted_tables
            }
            return Findings(
                revision=revision,
                tables=tables,
                problems=tuple(_contradictions(conn)),
                remarks=tuple(_remarks(conn)),
            )
    except (DBAPIError, sqlite3.Error) as error:
        if isinstance(error, DBAPIError) and not _is_damage(error):
            raise store_error(error) from None
        return Findings(revision=revision, tables={}, problems=("The file is damaged: it cannot be read.",))


def is_ours(url: str) -> bool:
    """Whether a database holds our tables already."""
    with _reading(url) as conn:
        return bool(set(inspect(conn).get_table_names()) & set(metadata.tables))


def _is_damage(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorname", "") in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    """A connection that sees one moment of the database and cannot write."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        address = f"file:{quote(str(sqlite_path(parsed).absolute()))}?mode=ro"
        driver = sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)
        engine = create_engine(
            "sqlite://", creator=lambda: driver, poolclass=StaticPool, hide_parameters=True
        )
        with closing(driver), engine.connect() as conn:
            conn.exec_driver_sql("BEGIN")
            yield conn
            conn.exec_driver_sql("ROLLBACK")
        return
    engine = postgres_engine(parsed)
    try:
        with engine.connect() as conn:
            conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield conn
    finally:
        engine.dispose()


def _damage(conn: Connection) -> Iterator[str]:
    """What SQLite itself finds wrong with the file; PostgreSQL checks its pages as it reads them."""
    if conn.dialect.name != "sqlite":
        return
    lines = [str(row[0]) for row in conn.exec_driver_sql(f"PRAGMA integrity_check({MOST_ROWS})")]
    if lines != ["ok"]:
        yield f"SQLite finds the file damaged, in {len(lines)} places."
    broken = len(list(conn.exec_driver_sql("PRAGMA foreign_key_check")))
    if broken:
        yield f"{broken} rows name rows that are not there."


def _revision(conn: Connection) -> str | None:
    if "alembic_version" not in inspect(conn).get_table_names():
        return None
    return conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _contradictions(conn: Connection) -> Iterator[str]:
    """What cannot be true together, by ids."""
    answered = select(response.c.prompt)
    rules: tuple[tuple[str, Select[tuple[str]]], ...] = (
        (
            "answered prompts without an answer",
            select(prompt.c.id).where(prompt.c.status == "answered", prompt.c.id.not_in(answered)),
        ),
        (
            "answers to prompts that are not answered",
            select(response.c.id)
            .join(prompt, prompt.c.id == response.c.prompt)
            .where(prompt.c.status != "answered"),
        ),
        (
            "answers of another session than their prompt",
            select(response.c.id)
            .join(prompt, prompt.c.id == response.c.prompt)
            .where(prompt.c.session != response.c.session),
        ),
        (
            "ended sessions without an end",
            select(session.c.id).where(session.c.status == "ended", session.c.ended_at.is_(None)),
        ),
    )
    for what, query in rules:
        found = [str(one) for one in conn.execute(query.limit(1000)).scalars()]
        if found:
            more = f" and {len(found) - MOST_ROWS} more" if len(found) > MOST_ROWS else ""
            yield f"{len(found)} {what}: {', '.join(found[:MOST_ROWS])}{more}."
    for column, identifier in ((response.c.answers, response.c.id), (submission.c.reply, submission.c.key)):
        unreadable = [
            str(key) for key, text in conn.execute(select(identifier, column)) if not _is_json(str(text))
        ]
        if unreadable:
            yield f"{len(unreadable)} rows of {column.table.name} cannot be read: {unreadable[:MOST_ROWS]}."


def _remarks(conn: Connection) -> Iterator[str]:
    given_up = conn.execute(select(func.count()).where(outbox.c.dead_at.is_not(None))).scalar_one()
    if given_up:
        yield f"{given_up} pieces of queued work were given up; what they were is in the table outbox."


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
