from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from alliancekit.errors import StoreError
from alliancekit.store.audit import append, entries
from alliancekit.store.database import Database

from .case import NOW, make_case


def note(conn: Connection, tenant: str, number: int) -> None:
    append(
        conn,
        tenant=tenant,
        actor="host",
        action="test.done",
        object=f"o{number}",
        details={"n": number},
        now=NOW,
    )


async def test_entries_come_back_in_order_and_in_pages(database: Database) -> None:
    case, other = await database.write(make_case), await database.write(make_case)
    for number in range(5):
        await database.write(lambda conn, n=number: note(conn, case.tenant, n))
        await database.write(lambda conn, n=number: note(conn, other.tenant, n))
    first = await database.read(lambda conn: entries(conn, case.tenant, limit=3))
    rest = await database.read(lambda conn: entries(conn, case.tenant, after=first[-1].seq))
    assert [entry.details["n"] for entry in (*first, *rest)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
async def test_an_entry_is_never_changed_or_removed(database: Database, statement: str) -> None:
    case = await database.write(make_case)
    await database.write(lambda conn: note(conn, case.tenant, 1))
    before = await database.read(lambda conn: entries(conn, case.tenant))
    with pytest.raises(StoreError):
        await database.write(lambda conn: conn.execute(text(statement)))
    assert await database.read(lambda conn: entries(conn, case.tenant)) == before
    assert len(before) == 1


async def test_postgresql_refuses_to_empty_the_table(database: Database) -> None:
    case = await database.write(make_case)
    await database.write(lambda conn: note(conn, case.tenant, 1))
    with pytest.raises(StoreError):  # SQLite has no TRUNCATE at all
        await database.write(lambda conn: conn.execute(text("TRUNCATE audit")))
    assert len(await database.read(lambda conn: entries(conn, case.tenant))) == 1
