"""What adapters did, in counts: over restarts and processes, and never at the price of a message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alliancekit.adapters import Capabilities, Happening
from alliancekit.errors import StoreError
from alliancekit.inbound import doing
from alliancekit.inbound.doing import Counts, Doing
from alliancekit.store.adapter_counts import Count
from alliancekit.store.tables import adapter_count
from tests.services import MakeSite, Site, running_site
from tests.toy_platform import ToyPlatform, counts, post, said


@pytest.fixture
async def site(make_site: MakeSite, url: str) -> Site:
    return await make_site(url=url, extra=[("toy", ToyPlatform())])


async def noted(site: Site) -> dict[tuple[str, str, str], int]:
    rows = (await site.rows())["adapter_count"]
    columns = [column.name for column in adapter_count.c]
    named = [dict(zip(columns, row, strict=True)) for row in rows]
    return {(one["adapter"], one["tenant"], one["what"]): one["count"] for one in named}


async def test_counts_of_several_processes_add_up(site: Site) -> None:
    database, clock = site.service.database, site.clock
    one, other = Counts(database, clock), Counts(database, clock)
    began = clock.now
    one.refused("toy", "stale")
    clock.now += 60
    other.refused("toy", "stale", times=2)
    other.add("toy", "taken", tenant=site.tenant)
    other.add("toy", "strangers", tenant=site.tenant, times=0)
    await other.save()
    await one.save()
    for each in (one, other):
        await each.save()
        found = each.doing("toy")
        assert (found.taken, found.refused) == (1, {"stale": 3})
        assert (found.since, found.refused_at) == (began, {"stale": began + 60})
    assert set(await noted(site)) == {("toy", "", "refused:stale"), ("toy", site.tenant, "taken")}


async def test_what_is_being_stored_is_told_meanwhile(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, database = Counts(site.service.database, site.clock), site.service.database
    kept.refused("toy", "stale", times=3)
    meanwhile: list[dict[str, int]] = []
    write, read = database.write, database.read

    async def writing(work: Callable[[Any], Any]) -> Any:
        done = await write(work)
        meanwhile.append(dict(kept.doing("toy").refused))
        return done

    async def reading(work: Callable[[Any], Any]) -> Any:
        meanwhile.append(dict(kept.doing("toy").refused))
        return await read(work)

    monkeypatch.setattr(database, "write", writing)
    monkeypatch.setattr(database, "read", reading)
    await kept.save()
    assert meanwhile == [{"stale": 3}, {"stale": 3}]
    assert kept.doing("toy").refused == {"stale": 3}


async def test_what_cannot_be_stored_now_is_stored_later(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Counts(site.service.database, site.clock)
    kept.refused("toy", "stale")

    async def away(work: Callable[[Any], Any]) -> Any:
        raise StoreError("The database is away.")

    with monkeypatch.context() as patched:
        patched.setattr(site.service.database, "write", away)
        await kept.save()
    assert "not stored, trying again: StoreError" in caplog.text
    kept.refused("toy", "stale")
    await kept.save()
    assert await noted(site) == {("toy", "", "refused:stale"): 2}


async def test_counts_are_stored_now_and_then(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing, "SAVE_EVERY", 0.01)
    kept = Counts(site.service.database, site.clock)
    task = asyncio.create_task(kept.keep())
    for total in (1, 2):
        kept.add("toy", "heard")
        async with asyncio.timeout(10):
            while (await noted(site)).get(("toy", "", "heard")) != total:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_they_survive_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    for number in (1, 2):
        async with running_site(tmp_path, url=url, extra=[("toy", ToyPlatform())]) as site:
            meeting = await site.session(adapter="toy", room=f"visit-{number}")
            assert meeting.id
            await post(site, said("joined", site.clock(), f"inst-{number}", f"visit-{number}", person="c1"))
            await post(site, token="wrong")
            await post(site, said("joined", site.clock(), "inst-9", "unknown", person="c1"))
            everybodys = site.service.inbound.counts.doing("toy")
            if number == 1:
                assert everybodys.taken == 1
    assert (everybodys.taken, everybodys.refused) == (2, {"bad_signature": 2})
    assert everybodys.unknown_rooms == 2


async def test_a_message_costs_no_write_for_its_count(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_write(work: Callable[[Any], Any]) -> Any:
        raise AssertionError("a refused message wrote something")

    with monkeypatch.context() as patched:
        patched.setattr(site.service.database, "write", no_write)
        for _ in range(20):
            assert (await post(site, token="wrong")).status_code == 503
    assert (await counts(site))["refused"] == {"bad_signature": 20}


async def test_one_tenant_learns_nothing_of_when_another_has_calls(site: Site) -> None:
    other, key = await site.another_tenant()
    await site.session(adapter="toy", room="theirs", key=key)
    await post(site, said("joined", site.clock(), "inst-1", "theirs", person="c1"))
    await post(site, said("joined", site.clock(), "inst-1", "theirs", person="somebody"))
    await post(site, said("joined", site.clock(), "inst-2", "nobodys", person="c1"))
    await post(site, token="wrong")
    mine = await counts(site)
    assert (mine["taken"], mine["last_at"], mine["strangers"], mine["since"]) == (0, None, 0, None)
    assert (mine["unknown_rooms"], mine["refused"]) == (1, {"bad_signature": 1})
    (theirs,) = (await site.get("/v1/adapters", key=key)).json()["adapters"]
    assert (theirs["taken"], theirs["last_at"], theirs["strangers"]) == (2, site.clock(), 1)
    assert other not in str(mine)


async def test_an_only_tenant_sees_also_what_is_nobodys(site: Site) -> None:
    await post(site, said("joined", site.clock(), "inst-2", "nobodys", person="c1"))
    assert (await counts(site))["last_at"] == site.clock()


# a tenant's demand ------------------------------------------------------------------------------------


async def demand(site: Site, wanted: Any, key: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key or site.key}"}
    return await site.http.patch("/v1/tenant", json=wanted, headers=headers)


async def test_a_tenant_demands_signatures_by_the_api(site: Site) -> None:
    _, key = await site.another_tenant()
    shown = (await site.get("/v1/tenant")).json()
    assert shown == {
        "id": site.tenant,
        "name": "Clinic",
        "require_signed": False,
        "layout": "card",
        "ratings": "on",
        "refused_adapters": [],
    }
    reply = await demand(site, {"require_signed": True})
    assert reply.json() == shown | {"require_signed": True, "refused_adapters": ["toy"]}
    assert (await site.get("/v1/tenant", key=key)).json()["require_signed"] is False
    (entry,) = [one for one in (await site.rows())["audit"] if "tenant.changed" in one]
    assert site.tenant in entry
    await site.session(adapter="toy", room="visit-1")
    assert (await post(site, said("joined", site.clock(), person="c1"))).status_code == 400
    found = await counts(site)
    assert (found["refused"], found["taken"]) == ({"weak": 1}, 0)
    await demand(site, {"require_signed": False})
    assert (await post(site, said("joined", site.clock(), person="c1"))).status_code == 200


@pytest.mark.parametrize("wrong", [{}, {"require_signed": "yes"}, {"require_signed": True, "name": "x"}, []])
async def test_a_wrong_demand_changes_nothing(site: Site, wrong: Any) -> None:
    before = await site.rows()
    assert (await demand(site, wrong)).status_code == 422
    assert (await demand(site, {"require_signed": True}, key="ak_wrong")).status_code == 401
    assert await site.rows() == before


async def test_what_a_weak_adapter_says_by_itself_is_refused_too(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    await demand(site, {"require_signed": True})
    told = Happening(kind="joined", room="inst-1", name="visit-1", at=site.clock(), person="c1")
    await site.service.happened("toy", [told])
    assert (await site.get(f"/v1/sessions/{meeting.id}")).json()["segments"] == []
    assert (await counts(site))["refused"] == {"weak": 1}
    strong = replace(site.service.plugins.adapters[0].capabilities, trust="signed")
    assert isinstance(strong, Capabilities)
    site.service.plugins.adapters[0].capabilities = strong
    await site.service.happened("toy", [told])
    assert len((await site.get(f"/v1/sessions/{meeting.id}")).json()["segments"]) == 1


def test_counts_of_one_kind_are_added() -> None:
    one = Count(count=2, first_at=10.0, last_at=20.0)
    found = doing.doing(
        {("toy", "a", "taken"): one, ("toy", "b", "taken"): one, ("x", "a", "taken"): one}, "toy"
    )
    assert found == Doing(taken=4, since=10.0)
