"""The rows that plugins keep for themselves, by plugin, tenant, episode and key."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update
from typing_extensions import override

from alliancekit.data import MAX_ROWS
from alliancekit.errors import NotFoundError, PluginError
from alliancekit.plugins.data import Row, Rows
from alliancekit.store.compiled import insert_into
from alliancekit.store.database import Database
from alliancekit.store.tables import episode as episode_table
from alliancekit.store.tables import plugin_data


class _ChangedError(Exception):
    """A row is not what it was: ends a transaction, and is caught where that began."""


class DatabaseRows(Rows):
    """The rows in the database; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def read(self, plugin: str, tenant: str, episode: str, key: str) -> str | None:
        query = select(plugin_data.c.value).where(_at(plugin, tenant, episode), plugin_data.c.key == key)
        return await self._database.read(lambda conn: conn.execute(query).scalar())

    @override
    async def write(self, row: Row) -> None:
        await self._database.write(lambda conn: write_row(conn, row))

    @override
    async def delete(self, plugin: str, tenant: str, episode: str, key: str) -> bool:
        query = delete(plugin_data).where(_at(plugin, tenant, episode), plugin_data.c.key == key)
        return await self._database.write(lambda conn: conn.execute(query).rowcount == 1)

    @override
    async def matching(
        self, plugin: str, tenant: str, episode: str, prefix: str
    ) -> Sequence[tuple[str, str]]:
        query = select(plugin_data.c.key, plugin_data.c.value).where(_at(plugin, tenant, episode))

        def work(conn: Connection) -> list[tuple[str, str]]:
            rows = [(row.key, row.value) for row in conn.execute(query)]
            # Sorted and chosen here: the two databases compare texts and letter case differently.
            return sorted(row for row in rows if row[0].startswith(prefix))

        return await self._database.read(work)

    @override
    async def of_other_versions(self, plugin: str, version: int) -> Sequence[Row]:
        query = select(plugin_data).where(plugin_data.c.plugin == plugin, plugin_data.c.version != version)
        return await self._database.read(lambda conn: [Row(**row) for row in conn.execute(query).mappings()])

    @override
    async def replace(self, pairs: Sequence[tuple[Row, Row]]) -> bool:
        def work(conn: Connection) -> None:
            for old, new in pairs:
                same = and_(
                    _at(old.plugin, old.tenant, old.episode),
                    plugin_data.c.key == old.key,
                    plugin_data.c.version == old.version,
                    plugin_data.c.value == old.value,
                )
                query = update(plugin_data).where(same).values(value=new.value, version=new.version)
                if conn.execute(query).rowcount != 1:
                    raise _ChangedError

        try:
            await self._database.write(work)
        except _ChangedError:
            return False
        return True


def write_row(conn: Connection, row: Row) -> None:
    """Store a row, in the place of the one before.

    Raises:
        NotFoundError: the tenant has no such episode.
        PluginError: the plugin keeps as many rows as it may.
    """
    if row.episode:
        # The row is held until the commit, so that an erasure at the same time cannot leave this one behind.
        course = select(episode_table.c.id).where(
            episode_table.c.id == row.episode, episode_table.c.tenant == row.tenant
        )
        if conn.execute(course.with_for_update(read=True)).scalar() is None:
            raise NotFoundError(
                "There is no such episode; nothing was stored.", fix="It may have been erased."
            )
    values = {name: getattr(row, name) for name in Row.__dataclass_fields__}
    query = insert_into(conn, plugin_data).values(values)
    keys = ["plugin", "tenant", "episode", "key"]
    changes = {"value": row.value, "version": row.version}
    conn.execute(query.on_conflict_do_update(index_elements=keys, set_=changes).inline())
    here = select(func.count()).select_from(plugin_data).where(_at(row.plugin, row.tenant, row.episode))
    if conn.execute(here).scalar_one() > MAX_ROWS:
        raise PluginError(
            f"The plugin {row.plugin} keeps {MAX_ROWS} rows here already; nothing was stored.",
            fix="Let it delete what it does not need, or keep several things in one row.",
        )


def rows_of_episode(conn: Connection, tenant: str, episode: str) -> tuple[Row, ...]:
    """Return what all plugins keep for an episode, sorted by plugin and key."""
    query = select(plugin_data).where(plugin_data.c.tenant == tenant, plugin_data.c.episode == episode)
    rows = [Row(**row) for row in conn.execute(query).mappings()]
    return tuple(sorted(rows, key=lambda row: (row.plugin, row.key)))


def _at(plugin: str, tenant: str, episode: str) -> ColumnElement[bool]:
    return and_(
        plugin_data.c.plugin == plugin, plugin_data.c.tenant == tenant, plugin_data.c.episode == episode
    )
