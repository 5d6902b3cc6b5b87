from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text

from alliancekit.errors import StoreBusyError, StoreError
from alliancekit.store import groupcommit
from alliancekit.store.database import open_database
from alliancekit.store.migrate import upgrade
from alliancekit.store.tables import tenant

from .test_database import add, names

_HOLDER = """
import asyncio, sys
from alliancekit.store import groupcommit
from alliancekit.store.database import open_database
from tests.store.test_database import add
async def main():
    database = open_database(sys.argv[1])
    number = 0
    while True:
        await database.write(lambda conn: add(conn, f"t{number}"))
        print(number, flush=True)
        number += 1
        if sys.argv[2] == "hold":
            await asyncio.sleep(3600)
asyncio.run(main())
"""


def start(url: str, how: str) -> subprocess.Popen[bytes]:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, url, how], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"0\n"
    return holder


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/test.db"
    upgrade(url)
    return url


async def test_a_second_process_is_refused_until_the_first_is_killed(file_url: str) -> None:
    holder = start(file_url, "hold")
    try:
        with pytest.raises(StoreBusyError, match=f"in use by process {holder.pid}"):
            open_database(file_url)
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    database = open_database(file_url)
    assert await database.read(names) == {"t0"}
    await database.close()


async def test_every_acknowledged_write_survives_a_kill(file_url: str) -> None:
    holder = start(file_url, "storm")
    assert holder.stdout is not None
    for _ in range(200):
        holder.stdout.readline()
    holder.send_signal(signal.SIGKILL)
    rest, _ = holder.communicate()
    acknowledged = 201 + len(rest.splitlines())
    database = open_database(file_url)
    stored = await database.read(names)
    check = await database.read(lambda conn: conn.execute(text("PRAGMA integrity_check")).scalar())
    await database.close()
    assert {f"t{n}" for n in range(acknowledged - 1)} <= stored
    assert check == "ok"


def test_one_process_opens_a_file_once(file_url: str) -> None:
    database = open_database(file_url)
    with pytest.raises(StoreBusyError, match=str(os.getpid())):
        open_database(file_url)
    asyncio.run(database.close())


def test_a_missing_directory_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Make the directory"):
        open_database(f"sqlite:///{tmp_path}/none/test.db")


def test_the_file_is_private(file_url: str) -> None:
    path = Path(file_url.removeprefix("sqlite:///"))
    path.chmod(0o644)
    asyncio.run(open_database(file_url).close())
    assert path.stat().st_mode & 0o077 == 0


async def test_the_settings_are_durable(file_url: str) -> None:
    database = open_database(file_url)

    def settings(conn: Connection) -> dict[str, object]:
        asked = (
            "journal_mode",
            "synchronous",
            "foreign_keys",
            "query_only",
            "wal_autocheckpoint",
            "mmap_size",
        )
        return {name: conn.execute(text(f"PRAGMA {name}")).scalar() for name in asked}

    writer, reader = await database.write(settings), await database.read(settings)
    await database.close()
    shared = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert {name: writer[name] for name in shared} == shared
    assert {name: reader[name] for name in shared} == shared
    assert (writer["query_only"], reader["query_only"]) == (0, 1)
    assert (writer["wal_autocheckpoint"], reader["wal_autocheckpoint"]) == (1000, 0)


@pytest.mark.parametrize("verb", ["COMMIT", "ROLLBACK"])
async def test_a_job_that_ends_the_shared_transaction_is_found_out(file_url: str, verb: str) -> None:
    database = open_database(file_url)

    def rude(conn: Connection) -> None:
        conn.exec_driver_sql(verb)

    outcomes = await asyncio.gather(
        database.write(rude), database.write(lambda conn: add(conn, "next")), return_exceptions=True
    )
    assert isinstance(outcomes[0], StoreError)
    assert "ended the transaction" in str(outcomes[0])
    assert outcomes[1] == "next"
    assert await database.read(names) == {"next"}
    await database.close()


async def test_a_job_that_ends_the_process_leaves_no_caller_waiting(
    file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groupcommit, "perf_counter", lambda: 0.0)  # so that one batch holds all three
    database = open_database(file_url)
    loop = asyncio.get_running_loop()
    seen: list[BaseException] = []
    loop.set_exception_handler(lambda loop, context: seen.append(context["exception"]))

    class Unexpected(BaseException):
        pass

    def crash(conn: Connection) -> None:
        raise Unexpected

    outcomes = await asyncio.gather(
        database.write(lambda conn: add(conn, "before")),
        database.write(crash),
        database.write(lambda conn: add(conn, "after")),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [StoreError, StoreError, str]
    assert [type(error) for error in seen] == [Unexpected]
    assert await database.read(names) == {"after"}
    await database.close()


async def test_a_failed_commit_fails_every_job_of_the_batch(file_url: str) -> None:
    database = open_database(file_url)

    def orphan(conn: Connection) -> None:
        conn.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        conn.exec_driver_sql(
            "INSERT INTO tenant_key (id, tenant, hash, created_at) VALUES ('k', 'none', 'h', 0)"
        )

    outcomes = await asyncio.gather(
        database.write(lambda conn: add(conn, "a")), database.write(orphan), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StoreError, StoreError]
    assert await database.write(lambda conn: add(conn, "b")) == "b"
    assert await database.read(names) == {"b"}
    await database.close()


async def test_a_full_queue_makes_callers_wait_and_loses_nothing(file_url: str) -> None:
    database = open_database(file_url)
    waiting: list[int] = []

    def observe(conn: Connection, number: int) -> None:
        add(conn, f"t{number}")
        waiting.append(database.waiting)

    await asyncio.gather(*(database.write(lambda conn, n=n: observe(conn, n)) for n in range(1500)))
    count = await database.read(lambda conn: len(conn.execute(select(tenant.c.id)).all()))
    await database.close()
    assert count == 1500
    assert max(waiting) < 1024
