"""Rows of plugins in memory: a plugin under test keeps what it keeps, without a database."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.plugins.data import KeptData, Row, Rows


class FakeRows(Rows):
    """All rows in one dictionary, `rows`, by (plugin, tenant, episode, key)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str, str], Row] = {}

    @override
    async def read(self, plugin: str, tenant: str, episode: str, key: str) -> str | None:
        row = self.rows.get((plugin, tenant, episode, key))
        return None if row is None else row.value

    @override
    async def write(self, row: Row) -> None:
        self.rows[row.plugin, row.tenant, row.episode, row.key] = row

    @override
    async def delete(self, plugin: str, tenant: str, episode: str, key: str) -> bool:
        return self.rows.pop((plugin, tenant, episode, key), None) is not None

    @override
    async def matching(
        self, plugin: str, tenant: str, episode: str, prefix: str
    ) -> Sequence[tuple[str, str]]:
        place = (plugin, tenant, episode)
        return sorted(
            (key, row.value)
            for (*at, key), row in self.rows.items()
            if tuple(at) == place and key.startswith(prefix)
        )

    @override
    async def of_other_versions(self, plugin: str, version: int) -> Sequence[Row]:
        return [row for row in self.rows.values() if row.plugin == plugin and row.version != version]

    @override
    async def replace(self, pairs: Sequence[tuple[Row, Row]]) -> bool:
        for _, new in pairs:
            await self.write(new)
        return True


def fake_data(plugin: str, version: int = 1) -> KeptData:
    """A plugin's handle on rows in memory, for building the plugin by hand."""
    data = KeptData(plugin, version)
    data.open(FakeRows())
    return data
