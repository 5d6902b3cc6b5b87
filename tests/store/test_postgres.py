from __future__ import annotations

import pytest
from alliancekit.errors import StoreError
from alliancekit.store.database import open_database
from sqlalchemy import Connection, text

from tests.postgres import Server, new_database

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
