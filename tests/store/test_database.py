from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from alliancekit.errors import ConfigError, NotFoundError, StoreError
from alliancekit.store.database import Database, open_database
from alliancekit.store.tables import tenant

from .case import NOW


def add(conn: Connection, name: str) -> str:
    conn.execute(insert(tenant).values(id=name, name=name, created_at=NOW))
    return name


def names(conn: Connection) -> set[str]:
    return set(conn.execute(select(tenant.c.name)).scalars())


async def test_a_write_returns_its_result_and_is_seen_by_reads(database: Database) -> None:
    assert await database.write(lambda conn: add(conn, "a")) == "a"
    assert await database.read(names) == {"a"}


async def test_a_failing_write_takes_back_only_its_own_work(database: Database) -> None:
    def half(conn: Connection) -> None:
        add(conn, "half")
        raise NotFoundError("no such thing")

    jobs = [database.write(lambda conn, n=n: add(conn, f"t{n}")) for n in range(20)]
    jobs.insert(7, database.write(half))
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert isinstance(outcomes.pop(7), NotFoundError)
    assert outcomes == [f"t{n}" for n in range(20)]
    assert await database.read(names) == {f"t{n}" for n in range(20)}


async def test_a_refused_row_shows_no_value_and_leaves_the_others(database: Database) -> None:
    def twice(conn: Connection) -> None:
        add(conn, "secret-word")
        add(conn, "secret-word")

    outcomes = await asyncio.gather(
        database.write(lambda conn: add(conn, "before")),
        database.write(twice),
        database.write(lambda conn: add(conn, "after")),
        return_exceptions=True,
    )
    assert outcomes[0] == "before"
    assert outcomes[2] == "after"
    error = outcomes[1]
    assert isinstance(error, StoreError)
    assert "IntegrityError" in str(error)
    assert "secret-word" not in str(error)
    assert await database.read(names) == {"before", "after"}


async def test_a_caught_database_error_within_a_savepoint_keeps_the_rest(database: Database) -> None:
    def careful(conn: Connection) -> None:
        add(conn, "kept")
        with pytest.raises(IntegrityError), conn.begin_nested():
            add(conn, "kept")

    await database.write(careful)
    assert await database.read(names) == {"kept"}


async def test_reading_refuses_to_write(database: Database) -> None:
    with pytest.raises(StoreError):
        await database.read(lambda conn: add(conn, "a"))
    assert await database.read(names) == set()


async def test_a_read_sees_one_moment(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def count_twice(conn: Connection) -> tuple[int, int]:
        query = select(func.count()).select_from(tenant)
        first = conn.execute(query).scalar_one()
        begun.set()
        assert go_on.wait(20)
        return first, conn.execute(query).scalar_one()

    reading = asyncio.create_task(database.read(count_twice))
    assert await asyncio.to_thread(begun.wait, 20)
    await database.write(lambda conn: add(conn, "a"))
    go_on.set()
    assert await reading == (0, 0)


async def test_many_writers_lose_nothing(database: Database) -> None:
    async def writer(number: int) -> None:
        for step in range(20):
            await database.write(lambda conn, name=f"{number}-{step}": add(conn, name))

    await asyncio.gather(*(writer(number) for number in range(16)))
    assert len(await database.read(names)) == 320
    assert database.waiting == 0


async def test_a_cancelled_caller_harms_nobody_else(database: Database) -> None:
    tasks = [asyncio.create_task(database.write(lambda conn, n=n: add(conn, f"t{n}"))) for n in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] in ([3], [])
    assert {f"t{n}" for n in range(10) if n != 3} <= await database.read(names)


async def test_closing_finishes_what_was_begun_and_refuses_the_rest(url: str) -> None:
    database = open_database(url)
    begun = [asyncio.create_task(database.write(lambda conn, n=n: add(conn, f"t{n}"))) for n in range(50)]
    await asyncio.sleep(0)
    await database.close()
    await database.close()
    assert await asyncio.gather(*begun) == [f"t{n}" for n in range(50)]
    with pytest.raises(StoreError, match="was closed"):
        await database.write(lambda conn: add(conn, "late"))
    with pytest.raises(StoreError, match="was closed"):
        await database.read(names)
    again = open_database(url)
    assert len(await again.read(names)) == 50
    await again.close()


async def test_a_database_without_a_schema_says_so_and_stays_usable(empty_url: str) -> None:
    database = open_database(empty_url)
    with pytest.raises(StoreError, match="The database refused"):
        await database.read(names)
    assert await database.read(lambda conn: conn.execute(text("SELECT 1")).scalar()) == 1
    await database.close()


def test_the_database_serves_one_event_loop_after_the_other(url: str) -> None:
    opened: list[Database] = []

    async def first() -> None:
        opened.append(open_database(url))
        await opened[0].write(lambda conn: add(conn, "a"))

    async def second() -> set[str]:
        await opened[0].write(lambda conn: add(conn, "b"))
        found = await opened[0].read(names)
        await opened[0].close()
        return found

    asyncio.run(first())
    assert asyncio.run(second()) == {"a", "b"}


def test_an_unknown_url_is_refused_without_its_password() -> None:
    with pytest.raises(ConfigError) as refused:
        open_database("mysql://user:hidden@host/name")
    assert "hidden" not in str(refused.value)
