"""Health: what makes the service not ready, and that asking leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update
from tests.services import MakeSite, Site, bearer

from alliancekit.errors import StoreError
from alliancekit.server import health
from alliancekit.store.outbox import enqueue
from alliancekit.store.tables import metadata, outbox

TOKEN = "metrics-token-of-32-bytes-or-more"
READY = {"status": "ready", "problems": [], "dead_work": 0}


@pytest.fixture
async def stuck(make_site: MakeSite) -> AsyncIterator[Site]:
    """A site with one row of work that somebody has claimed and does not finish."""
    site = await make_site()
    now = site.clock()

    def work(conn: Connection) -> None:
        enqueue(conn, site.tenant, "lane", "rate", {"session": "ses_x"}, now=now)
        conn.execute(update(outbox).values(lease="held", leased_until=now + 86400.0))

    await site.service.database.write(work)
    yield site
    await site.service.database.write(lambda conn: conn.execute(outbox.delete()) and None)


async def problems(site: Site) -> tuple[int, list[str]]:
    reply = await site.http.get("/readyz")
    return reply.status_code, reply.json()["problems"]


async def test_ready_on_every_database_and_nothing_is_left_behind(each_site: Site) -> None:
    def rows(conn: Connection) -> dict[str, int]:
        return {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }

    before = await each_site.service.database.read(rows)
    replies = await asyncio.gather(*(each_site.http.get("/readyz") for _ in range(5)))
    assert [(reply.status_code, reply.json()) for reply in replies] == [(200, READY)] * 5
    assert await each_site.service.database.read(rows) == before


async def test_queued_work_that_is_late_makes_the_service_not_ready(stuck: Site) -> None:
    stuck.clock.now += 60
    assert await problems(stuck) == (200, [])
    stuck.clock.now += 1
    assert await problems(stuck) == (503, ["queued work is 61 s late"])


async def test_how_late_is_too_late_is_a_setting(make_site: MakeSite) -> None:
    site = await make_site(health={"late_after": 0.0})
    assert site.service.settings.health.late_after == 0.0


async def test_dead_work_is_shown_and_no_reason_to_stop_serving(stuck: Site) -> None:
    await stuck.service.database.write(
        lambda conn: conn.execute(update(outbox).values(dead_at=stuck.clock())) and None
    )
    reply = await stuck.http.get("/readyz")
    assert (reply.status_code, reply.json()) == (200, {**READY, "dead_work": 1})


async def test_a_service_that_stops_is_not_ready_at_once(site: Site) -> None:
    assert await problems(site) == (200, [])
    site.service.draining = True
    assert await problems(site) == (503, ["draining"])
    assert (await site.http.get("/healthz")).json() == {"status": "ok"}


async def test_a_database_that_reads_but_does_not_write_is_not_ready(
    each_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(work: Any) -> Any:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(each_site.service.database, "write", full)
    assert await problems(each_site) == (503, ["the database does not answer, or takes no writes"])


async def test_a_database_that_hangs_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    monkeypatch.setattr(site.service.database, "write", lambda work: asyncio.Event().wait())
    status, said = await problems(site)
    assert (status, said) == (503, ["the database does not answer, or takes no writes"])


async def set_revision(site: Site, revision: str) -> None:
    def work(conn: Connection) -> None:
        conn.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")

    await site.service.database.write(work)


async def test_a_schema_that_is_behind_is_not_ready_one_that_is_ahead_is(each_site: Site) -> None:
    await set_revision(each_site, "0001")
    assert await problems(each_site) == (
        503,
        ["the database is not at this release's schema: alliancekit db upgrade"],
    )
    each_site.clock.now += 2
    await set_revision(each_site, "9999")
    assert await problems(each_site) == (200, [])


async def test_many_who_ask_cause_few_writes(site: Site) -> None:
    await site.http.get("/readyz")
    before = sum(map(sum, site.service.database.writes.buckets.values()))
    for _ in range(20):
        await site.http.get("/readyz")
    assert sum(map(sum, site.service.database.writes.buckets.values())) == before


# metrics ------------------------------------------------------------------------------------------


async def test_without_a_token_in_the_settings_there_is_no_page(site: Site) -> None:
    assert (await site.http.get("/metrics")).status_code == 404
    assert (await site.http.get("/metrics", headers=bearer(""))).status_code == 404
    assert (await site.http.get("/metrics", headers=bearer("None"))).status_code == 404


async def test_the_page_opens_for_the_token_only(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS", TOKEN)
    site = await make_site(metrics={"token": {"env": "METRICS"}})
    for headers in ({}, bearer("wrong"), bearer(TOKEN + "x"), bearer(TOKEN[:-1]), {"Authorization": TOKEN}):
        assert (await site.http.get("/metrics", headers=headers)).status_code == 401
    assert (await site.http.get(f"/metrics?token={TOKEN}")).status_code == 401
    assert (await site.get("/metrics")).status_code == 401, "a tenant's key opens nothing here"
    reply = await site.http.get("/metrics", headers=bearer(TOKEN))
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert reply.headers["cache-control"] == "no-store"


async def test_the_page_is_there_also_when_the_database_is_not(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS", TOKEN)
    site = await make_site(metrics={"token": {"env": "METRICS"}})

    async def gone(work: Any) -> Any:
        raise StoreError("It is gone.")

    with monkeypatch.context() as broken:
        broken.setattr(site.service.database, "write", gone)
        page = (await site.http.get("/metrics", headers=bearer(TOKEN))).text
    assert "alliancekit_database_up 0.0" in page
    assert "alliancekit_outbox_waiting" not in page.replace("# ", "")
    site.clock.now += 2
    page = (await site.http.get("/metrics", headers=bearer(TOKEN))).text
    assert "alliancekit_database_up 1.0" in page
    assert "alliancekit_outbox_waiting 0.0" in page
