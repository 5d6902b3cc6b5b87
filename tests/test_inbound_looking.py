"""Looking into open rooms: how often, what is counted, and that one platform keeps no other waiting."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from alliancekit import inbound
from alliancekit.adapters import Happening, OpenRoom
from tests.services import MakeSite, Site, until
from tests.toy_platform import ToyPlatform, counts, post, said


@pytest.fixture
def toy() -> ToyPlatform:
    return ToyPlatform()


@pytest.fixture
async def site(make_site: MakeSite, toy: ToyPlatform) -> Site:
    return await make_site(extra=[("toy", toy)])


async def test_looks_are_counted_and_so_are_those_that_fail(site: Site, toy: ToyPlatform) -> None:
    await site.session(adapter="toy", room="visit-1")
    await post(site, said("joined", site.clock(), person="c1", connection="a"))
    await site.service.inbound.reconcile(["toy"])
    toy.adapter.rooms["inst-1"] = RuntimeError("Ana")
    await site.service.inbound.reconcile(["toy"])
    toy.adapter.trouble = "Its key is wrong."
    assert toy.adapter.looked_into == [OpenRoom(instance="inst-1", name="visit-1")] * 2
    found = await counts(site)
    assert (found["looks"], found["failed_looks"], found["trouble"]) == (1, 1, "Its key is wrong.")


async def test_every_platform_is_looked_at_as_often_as_its_adapter_says(
    make_site: MakeSite, toy: ToyPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that does not answer keeps the other one waiting for nothing."""
    monkeypatch.setattr(inbound.looking, "SHORTEST", 0.0)
    slow, asked = ToyPlatform(), asyncio.Event()

    async def never(room: OpenRoom) -> None:
        asked.set()
        await asyncio.Event().wait()

    for one, name in ((toy, "toy"), (slow, "slow")):
        one.adapter.name, one.adapter.snapshot_every = name, 0.01
        one.adapter.capabilities = replace(one.adapter.capabilities, snapshot=True)
    monkeypatch.setattr(slow.adapter, "snapshot", never)
    site = await make_site(extra=[("slow", slow), ("toy", toy)])
    for name in ("slow", "toy"):
        await site.session(adapter=name, room=f"visit-{name}")
        room = {"room": f"inst-{name}", "name": f"visit-{name}"}
        joined = Happening(kind="joined", at=site.clock(), person="c1", **room)
        await site.service.inbound.happened(name, [joined])
    await asked.wait()
    looked = len(toy.adapter.looked_into)
    await until(lambda: len(toy.adapter.looked_into) >= looked + 3)
