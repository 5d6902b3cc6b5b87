"""Rows in memory: the same behaviour as the database's, which `tests/test_data.py` tests."""

from __future__ import annotations

from alliancekit.data import PluginData
from alliancekit.events import SessionStarted
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.plugins.data import Row
from alliancekit.testing.alliance import Alliance
from alliancekit.testing.fake_rows import FakeRows, fake_data
from alliancekit.testing.samples import EVENTS


class Counter(AllianceHooks):
    def __init__(self, data: PluginData) -> None:
        self.data = data

    @hookimpl
    async def session_started(self, event: SessionStarted) -> None:
        seen = await self.data.get("seen", tenant=event.tenant, episode=event.episode) or 0
        await self.data.set("seen", seen + 1, tenant=event.tenant, episode=event.episode)


async def test_a_plugin_under_test_keeps_rows() -> None:
    alliance = Alliance(counter=Counter)
    for _ in range(2):
        [outcome] = await alliance.hooks.session_started(EVENTS["session_started"])
        assert outcome.status == "ok"
    assert [(key, row.value) for key, row in alliance.rows.rows.items()] == [
        (("counter", "ten_1", "epi_1", "seen"), "2")
    ]


async def test_keys_are_listed_sorted_and_deleted() -> None:
    data = fake_data("notes")
    for key in ("b", "a2", "a1"):
        await data.set(key, key, tenant="t", episode="e")
    await data.set("a3", 1, tenant="t")
    assert await data.list("a", tenant="t", episode="e") == {"a1": "a1", "a2": "a2"}
    assert await data.delete("a1", tenant="t", episode="e")
    assert not await data.delete("a1", tenant="t", episode="e")
    assert await data.get("a1", tenant="t", episode="e") is None


async def test_rows_of_another_version_are_found_and_replaced() -> None:
    rows = FakeRows()
    old = Row(plugin="p", tenant="t", episode="", key="k", value="1", version=1)
    await rows.write(old)
    assert await rows.of_other_versions("p", 2) == [old]
    new = Row(plugin="p", tenant="t", episode="", key="k", value="2", version=2)
    assert await rows.replace([(old, new)])
    assert await rows.of_other_versions("p", 2) == []
