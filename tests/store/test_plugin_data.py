from __future__ import annotations

from dataclasses import replace

import pytest

from alliancekit.data import MAX_ROWS
from alliancekit.errors import NotFoundError, PluginError, StoreError
from alliancekit.plugins.data import Row
from alliancekit.store.database import Database
from alliancekit.store.plugin_data import DatabaseRows, rows_of_episode, write_row

from .case import Case, make_case


@pytest.fixture
async def case(database: Database) -> Case:
    return await database.write(make_case)


def row(case: Case, key: str = "note", value: str = '"a"', **fields: object) -> Row:
    base = Row(plugin="notes", tenant=case.tenant, episode=case.episode, key=key, value=value, version=1)
    return replace(base, **fields)  # type: ignore[arg-type]


async def test_a_row_is_kept_replaced_and_deleted(database: Database, case: Case) -> None:
    rows = DatabaseRows(database)
    where = ("notes", case.tenant, case.episode)
    assert await rows.read(*where, "note") is None
    await rows.write(row(case))
    await rows.write(row(case, value='"b"'))
    assert await rows.read(*where, "note") == '"b"'
    assert await rows.delete(*where, "note")
    assert not await rows.delete(*where, "note")
    assert await rows.read(*where, "note") is None


async def test_plugins_tenants_and_episodes_are_apart(database: Database, case: Case) -> None:
    rows = DatabaseRows(database)
    for one in (row(case), row(case, plugin="other", value="1"), row(case, episode="", value="2")):
        await rows.write(one)
    assert await rows.matching("notes", case.tenant, case.episode, "") == [("note", '"a"')]
    assert await rows.matching("other", case.tenant, case.episode, "") == [("note", "1")]
    assert await rows.matching("notes", case.tenant, "", "") == [("note", "2")]
    assert await rows.matching("notes", "ten_other", case.episode, "") == []
    kept = await database.read(lambda conn: rows_of_episode(conn, case.tenant, case.episode))
    assert [(one.plugin, one.value) for one in kept] == [("notes", '"a"'), ("other", "1")]


async def test_keys_are_found_by_their_exact_beginning(database: Database, case: Case) -> None:
    rows = DatabaseRows(database)
    for key in ("b%1", "B_2", "b_2", "a"):
        await rows.write(row(case, key=key))
    found = await rows.matching("notes", case.tenant, case.episode, "b")
    assert [key for key, _ in found] == ["b%1", "b_2"]


async def test_an_episode_that_is_not_there_keeps_nothing(database: Database, case: Case) -> None:
    rows = DatabaseRows(database)
    with pytest.raises(NotFoundError):
        await rows.write(row(case, episode="epi_gone"))
    with pytest.raises(NotFoundError):
        await rows.write(row(case, tenant="ten_other"))
    with pytest.raises(StoreError):
        await rows.write(row(case, tenant="ten_other", episode=""))


async def test_too_many_rows_are_refused(database: Database, case: Case) -> None:
    def fill(conn: object) -> None:
        for number in range(MAX_ROWS):
            write_row(conn, row(case, key=str(number)))  # type: ignore[arg-type]

    await database.write(fill)
    rows = DatabaseRows(database)
    await rows.write(row(case, key="7", value="1"))
    with pytest.raises(PluginError, match="nothing was stored"):
        await rows.write(row(case, key="one more"))
    assert len(await rows.matching("notes", case.tenant, case.episode, "")) == MAX_ROWS


async def test_replacing_is_all_or_nothing(database: Database, case: Case) -> None:
    rows = DatabaseRows(database)
    first, second = row(case, key="1"), row(case, key="2")
    for one in (first, second):
        await rows.write(one)
    changed = replace(second, value='"changed meanwhile"')
    await rows.write(changed)
    assert not await rows.replace([(one, replace(one, value="0", version=2)) for one in (first, second)])
    assert await rows.of_other_versions("notes", 1) == []
    assert await rows.replace([(one, replace(one, value="0", version=2)) for one in (first, changed)])
    assert [one.value for one in await rows.of_other_versions("notes", 1)] == ["0", "0"]
