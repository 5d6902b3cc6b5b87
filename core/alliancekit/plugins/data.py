"""The rows that plugins keep: the handle that each one gets, and their migrations at start."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from alliancekit.data import MAX_KEY, MAX_VALUE, PluginData
from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stored row; `value` is JSON text, `version` the `data_version` it was written for."""

    plugin: str
    tenant: str
    episode: str
    key: str
    value: str
    version: int


class Rows(ABC):
    """Where the rows are; the store has them in the database."""

    @abstractmethod
    async def read(self, plugin: str, tenant: str, episode: str, key: str) -> str | None:
        """The value of a row."""

    @abstractmethod
    async def write(self, row: Row) -> None:
        """Store a row, in the place of the one before."""

    @abstractmethod
    async def delete(self, plugin: str, tenant: str, episode: str, key: str) -> bool:
        """Take a row away; whether there was one."""

    @abstractmethod
    async def matching(
        self, plugin: str, tenant: str, episode: str, prefix: str
    ) -> Sequence[tuple[str, str]]:
        """(key, value) of the rows whose key begins with `prefix`, sorted by key."""

    @abstractmethod
    async def of_other_versions(self, plugin: str, version: int) -> Sequence[Row]:
        """All rows of a plugin that were written for another version."""

    @abstractmethod
    async def replace(self, pairs: Sequence[tuple[Row, Row]]) -> bool:
        """Put new rows in the place of old ones, all or none; none where an old one has changed since."""


class KeptData(PluginData):
    """One plugin's handle on its rows; usable once the host has `open`ed it."""

    def __init__(self, plugin: str, version: int) -> None:
        self._plugin = plugin
        self._version = version
        self._rows: Rows | None = None

    def open(self, rows: Rows) -> None:
        """Say where the rows are."""
        self._rows = rows

    @override
    async def get(self, key: str, *, tenant: str, episode: str = "") -> Any:
        value = await self._open().read(self._plugin, tenant, episode, key)
        return None if value is None else json.loads(value)

    @override
    async def set(self, key: str, value: Any, *, tenant: str, episode: str = "") -> None:
        if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
            raise PluginError(f"A key of a plugin's data has 1 to {MAX_KEY} printable characters.")
        row = Row(
            plugin=self._plugin,
            tenant=tenant,
            episode=episode,
            key=key,
            value=as_json(value),
            version=self._version,
        )
        await self._open().write(row)

    @override
    async def delete(self, key: str, *, tenant: str, episode: str = "") -> bool:
        return await self._open().delete(self._plugin, tenant, episode, key)

    @override
    async def list(self, prefix: str = "", *, tenant: str, episode: str = "") -> Mapping[str, Any]:
        found = await self._open().matching(self._plugin, tenant, episode, prefix)
        return {key: json.loads(value) for key, value in found}

    def _open(self) -> Rows:
        if self._rows is None:
            raise PluginError(
                "A plugin's data can be read and written once the service has started.",
                fix="Use it in the event hooks, not in __init__ or the register hooks.",
            )
        return self._rows


def as_json(value: Any) -> str:
    """The text of a value.

    Raises:
        PluginError: it is nothing that JSON can say, or too large. The value is not repeated.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        raise PluginError(
            "A value of a plugin's data is not JSON; nothing was stored.",
            fix="Use only texts, finite numbers, true, false, None, lists and dictionaries of these.",
        ) from None
    if size > MAX_VALUE:
        raise PluginError(
            f"A value of a plugin's data has {size} bytes, more than {MAX_VALUE}; nothing was stored.",
            fix="Keep less, or share it out over several keys.",
        )
    return text


async def migrate(plugin: str, hooks: AllianceHooks, rows: Rows) -> None:
    """Bring a plugin's rows to its `data_version`, all of them or none.

    The plugin's code runs on what was read, and one transaction then puts every new value in its place: no
    transaction waits for a plugin.

    Raises:
        PluginError: the rows are of a later version, or others keep changing them.
        BaseException: whatever `migrate_data` raises.
    """
    version = hooks.data_version
    for _ in range(3):
        old = await rows.of_other_versions(plugin, version)
        if newest := max((row.version for row in old if row.version > version), default=0):
            raise PluginError(
                f"its rows are of version {newest}, and this plugin knows versions up to {version}.",
                fix="Install the newer version of the plugin again.",
            )
        if not old or await rows.replace([(row, _migrated(hooks, row)) for row in old]):
            return
    raise PluginError(
        "its rows change while they are migrated.", fix="Stop the other services and start again."
    )


def _migrated(hooks: AllianceHooks, row: Row) -> Row:
    value = as_json(hooks.migrate_data(row.key, json.loads(row.value), row.version))
    return Row(
        plugin=row.plugin,
        tenant=row.tenant,
        episode=row.episode,
        key=row.key,
        value=value,
        version=hooks.data_version,
    )
