"""Backups: one moment of a database in use, whole or not there; restored only into a safe place."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from alliancekit.errors import StoreBusyError, StoreError
from alliancekit.store import backup, check, migrate
from alliancekit.store.database import Database, open_database
from alliancekit.store.feedback import save_submission
from alliancekit.store.tables import prompt, response, score, session
from tests.postgres import Server, new_database

from .case import Case, make_case, submission

ANSWERS = 40


@pytest.fixture
async def case(database: Database) -> Case:
    return await database.write(lambda conn: make_case(conn, ANSWERS))


@pytest.fixture
def empty_place(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Another database of the same kind, without tables."""
    if dialect == "sqlite":
        return f"sqlite:///{tmp_path}/other/alliancekit.db"
    server: Server = request.getfixturevalue("postgres_server")
    return new_database(server, template="template0")


async def answer(database: Database, case: Case) -> None:
    for number in range(ANSWERS):
        sent = submission(case, number)
        await database.write(lambda conn, sent=sent: save_submission(conn, sent))


async def counts(url: str) -> tuple[int, int]:
    opened = open_database(url)
    try:
        return await opened.read(
            lambda conn: (
                conn.execute(select(func.count()).select_from(response)).scalar_one(),
                conn.execute(select(func.count()).select_from(score)).scalar_one(),
            )
        )
    finally:
        await opened.close()


async def test_a_backup_under_load_is_one_moment_and_can_be_restored(
    database: Database, case: Case, url: str, empty_place: str, tmp_path: Path
) -> None:
    writing = asyncio.create_task(answer(database, case))
    await asyncio.to_thread(backup.backup, url, tmp_path / "first")
    await writing
    await asyncio.to_thread(backup.backup, url, tmp_path / "second")
    assert (tmp_path / "first").stat().st_mode & 0o777 == 0o600
    assert backup.check_backup(tmp_path / "first").problems == ()
    assert backup.restore(tmp_path / "second", empty_place) is None
    found = check.check(empty_place)
    assert (found.problems, found.revision) == ((), migrate.head())
    assert (found.tables["response"], found.tables["score"]) == (ANSWERS, 3 * ANSWERS)
    assert await counts(empty_place) == (ANSWERS, 3 * ANSWERS)
    assert [name for name in os.listdir(tmp_path) if name.endswith(".part")] == []


async def test_a_backup_replaces_nothing(url: str, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    target.write_text("mine")
    with pytest.raises(StoreError, match="replaces nothing"):
        backup.backup(url, target)
    assert target.read_text() == "mine"


async def test_what_is_no_backup_is_refused_and_nothing_changes(
    database: Database, case: Case, url: str, tmp_path: Path
) -> None:
    await database.close()
    before = check.check(url).tables
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(os.urandom(5000))
    for source in (nonsense, tmp_path / "missing", tmp_path):
        with pytest.raises(StoreError):
            backup.restore(source, url)
    assert check.check(url).tables == before


async def test_a_database_in_use_is_not_replaced(
    database: Database, case: Case, url: str, dialect: str, tmp_path: Path
) -> None:
    backup.backup(url, tmp_path / "copy")
    with pytest.raises(StoreBusyError if dialect == "sqlite" else StoreError):
        backup.restore(tmp_path / "copy", url)
    await answer(database, case)


async def test_a_damaged_copy_is_found_and_not_restored(
    database: Database, case: Case, url: str, empty_place: str, tmp_path: Path
) -> None:
    await answer(database, case)
    copy = tmp_path / "copy"
    backup.backup(url, copy)
    whole = copy.read_bytes()
    damaged = 0
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        middle = int(len(whole) * part)
        copy.write_bytes(whole[:middle] + os.urandom(2000) + whole[middle + 2000 :])
        if backup.check_backup(copy).problems:
            damaged += 1
            with pytest.raises(StoreError, match="damaged"):
                backup.restore(copy, empty_place)
    assert damaged >= 2
    copy.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError):
        backup.restore(copy, empty_place)
    assert not (tmp_path / "other" / "alliancekit.db").exists()


async def test_rows_that_contradict_each_other_are_named_by_their_ids(
    database: Database, case: Case, url: str
) -> None:
    await answer(database, case)
    lost = f"rsp_{case.prompts[3][4:]}"

    def spoil(conn):
        conn.execute(delete(score).where(score.c.response == lost))
        conn.execute(delete(response).where(response.c.id == lost))
        conn.execute(update(prompt).where(prompt.c.id == case.prompts[5]).values(status="open"))
        conn.execute(update(session).values(status="ended", ended_at=None))
        conn.execute(update(response).where(response.c.prompt == case.prompts[7]).values(answers="{"))

    await database.write(spoil)
    problems = check.check(url).problems
    assert len(problems) == 4
    assert case.prompts[3] in problems[0]
    assert f"rsp_{case.prompts[5][4:]}" in problems[1]
    assert case.session in problems[2]
    assert f"rsp_{case.prompts[7][4:]}" in problems[3]


def test_a_former_sqlite_database_is_kept(tmp_path: Path, migrated_file: Path) -> None:
    url = f"sqlite:///{tmp_path}/alliancekit.db"
    migrate.upgrade(url)
    backup.backup(f"sqlite:///{migrated_file}", tmp_path / "copy")
    with contextlib.closing(sqlite3.connect(tmp_path / "alliancekit.db")) as connection:
        connection.execute("CREATE TABLE mark (x)")
        connection.commit()
    names = [backup.restore(tmp_path / "copy", url) for _ in range(2)]
    assert [one.name for one in names if one] == [
        "alliancekit.db.before-restore-1",
        "alliancekit.db.before-restore-2",
    ]
    with contextlib.closing(sqlite3.connect(names[0])) as connection:
        assert connection.execute("SELECT count(*) FROM mark").fetchone() == (0,)
    assert check.check(url).problems == ()


def test_a_backup_of_an_earlier_release_can_be_restored_and_one_of_a_later_cannot(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/alliancekit.db"
    migrate.upgrade(url)

    def now_at(revision: str, name: str) -> Path:
        with contextlib.closing(sqlite3.connect(tmp_path / "alliancekit.db")) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            connection.commit()
        found = tmp_path / name
        with contextlib.suppress(StoreError):
            backup.backup(url, found)
        return found

    earlier, later = now_at("0001", "earlier"), now_at("9999", "later")
    assert backup.check_backup(earlier).remarks
    backup.restore(earlier, f"sqlite:///{tmp_path}/other.db")
    assert not later.exists()


def test_two_kinds_of_database_are_not_mixed(tmp_path: Path, migrated_file: Path) -> None:
    backup.backup(f"sqlite:///{migrated_file}", tmp_path / "copy")
    with pytest.raises(StoreError, match="a backup of sqlite"):
        backup.restore(tmp_path / "copy", "postgresql+psycopg://nobody@127.0.0.1:1/none")


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="pg_dump is not installed"):
        backup.backup("postgresql+psycopg://nobody@127.0.0.1:1/none", tmp_path / "copy")
