from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import Connection, text

from alliancekit.errors import StoreError
from alliancekit.store.database import open_database
from alliancekit.store.outbox import claim, enqueue
from alliancekit.store.tenants import create_tenant
from tests.postgres import Server, new_database

from .case import NOW
from .test_database import add, names

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(migrated_server: Server) -> str:
    return new_database(migrated_server, template="migrated")


async def test_a_connection_lost_before_the_commit_is_replaced_and_the_work_done_once(
    url: str, postgres_server: Server
) -> None:
    database = open_database(url, pool_size=1)
    calls: list[int] = []

    def interrupted(conn: Connection) -> None:
        process = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
        calls.append(process)
        add(conn, f"t{len(calls)}")
        if len(calls) == 1:
            with postgres_server.connect() as other:
                other.execute("SELECT pg_terminate_backend(%s)", (process,))
        conn.execute(text("SELECT 1"))

    await database.write(interrupted)
    assert len(set(calls)) == 2
    assert await database.read(names) == {"t2"}
    await database.close()


async def test_a_server_that_is_away_is_a_store_error() -> None:
    database = open_database("postgresql+psycopg://user:hidden@/none?host=/nonexistent", pool_size=1)
    with pytest.raises(StoreError) as refused:
        await database.read(names)
    assert "hidden" not in str(refused.value)
    await database.close()


async def test_a_change_enters_a_lane_only_after_the_one_before_it_is_committed(url: str) -> None:
    database = open_database(url)
    tenant, _ = await database.write(lambda conn: create_tenant(conn, "Clinic", NOW))
    entered, go_on = threading.Event(), threading.Event()

    def slow(conn: Connection) -> None:
        enqueue(conn, tenant, "lane", "note", {"n": 1}, now=NOW)
        entered.set()
        assert go_on.wait(60)

    first = asyncio.create_task(database.write(slow))
    assert await asyncio.to_thread(entered.wait, 60)
    second = asyncio.create_task(
        database.write(lambda conn: enqueue(conn, tenant, "lane", "note", {"n": 2}, now=NOW))
    )
    await database.write(lambda conn: enqueue(conn, tenant, "other", "note", {"n": 3}, now=NOW))
    assert await asyncio.wait({second}, timeout=0.5) == (set(), {second})
    claimed = await database.write(lambda conn: claim(conn, lease="x", now=NOW, until=NOW + 9, limit=9))
    go_on.set()
    await asyncio.gather(first, second)
    later = await database.write(lambda conn: claim(conn, lease="y", now=NOW, until=NOW + 9, limit=9))
    assert [row.payload["n"] for row in claimed] == [3]
    assert [row.payload["n"] for row in later] == [1]
    await database.close()
