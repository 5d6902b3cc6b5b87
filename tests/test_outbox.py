from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, update

from alliancekit.errors import StoreError
from alliancekit.outbox import Relay, Retry, dead, enqueue, lag, revive
from alliancekit.store.database import Database
from alliancekit.store.outbox import claim, complete, fail, prune, release
from alliancekit.store.tables import outbox
from alliancekit.store.tenants import create_tenant

NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Log:
    """A handler that notes what it was given, and fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.seen: list[Any] = []
        self.failures = failures

    async def __call__(self, tenant: str, kind: str, payload: Mapping[str, Any]) -> None:
        self.seen.append(payload["n"])
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise ValueError("a secret answer")


@pytest.fixture
async def tenant(database: Database) -> str:
    return (await database.write(lambda conn: create_tenant(conn, "Clinic", NOW)))[0]


async def put(database: Database, tenant: str, lane: str, n: int, due_at: float | None = None) -> None:
    await database.write(lambda conn: enqueue(conn, tenant, lane, "note", {"n": n}, now=NOW, due_at=due_at))


async def taken(database: Database, lease: str = "mine", now: float = NOW, limit: int = 10) -> list[int]:
    rows = await database.write(lambda conn: claim(conn, lease=lease, now=now, until=now + 60, limit=limit))
    return [row.payload["n"] for row in rows]


async def test_rows_run_in_order_within_a_lane_and_lanes_side_by_side(
    database: Database, tenant: str
) -> None:
    for n in range(6):
        await put(database, tenant, f"lane{n % 2}", n)
    order: list[int] = []
    running = 0
    most = 0

    async def handler(tenant: str, kind: str, payload: Mapping[str, Any]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        order.append(payload["n"])
        await asyncio.sleep(0.02)
        running -= 1

    await Relay(database, {"note": handler}, clock=Clock()).drain()
    assert [n for n in order if n % 2 == 0] == [0, 2, 4]
    assert [n for n in order if n % 2 == 1] == [1, 3, 5]
    assert most == 2


async def test_concurrency_is_bounded(database: Database, tenant: str) -> None:
    for n in range(9):
        await put(database, tenant, f"lane{n}", n)
    running: list[int] = [0, 0]

    async def handler(tenant: str, kind: str, payload: Mapping[str, Any]) -> None:
        running[0] += 1
        running[1] = max(running)
        await asyncio.sleep(0.01)
        running[0] -= 1

    await Relay(database, {"note": handler}, clock=Clock(), concurrency=3).drain()
    assert running == [0, 3]


async def test_a_row_of_a_rolled_back_change_never_runs(database: Database, tenant: str) -> None:
    def change(conn: Any) -> None:
        enqueue(conn, tenant, "a", "note", {"n": 1}, now=NOW)
        raise KeyError

    with pytest.raises(KeyError):
        await database.write(change)
    log = Log()
    await Relay(database, {"note": log}, clock=Clock()).drain()
    assert log.seen == []


async def test_a_failed_row_holds_up_its_lane_until_its_retry(database: Database, tenant: str) -> None:
    for lane, n in (("a", 1), ("a", 2), ("b", 3)):
        await put(database, tenant, lane, n)
    clock, log = Clock(), Log(failures=1)
    relay = Relay(database, {"note": log}, clock=clock, concurrency=1, retry=Retry(first=100.0))
    await relay.drain()
    assert log.seen == [1, 3]
    clock.now += 49.9
    await relay.drain()
    assert log.seen == [1, 3]
    clock.now += 50.2
    await relay.drain()
    assert log.seen == [1, 3, 1, 2]


async def test_a_row_for_later_holds_up_nobody(database: Database, tenant: str) -> None:
    await put(database, tenant, "a", 1, due_at=NOW + 3600)
    await put(database, tenant, "a", 2)
    clock, log = Clock(), Log()
    relay = Relay(database, {"note": log}, clock=clock)
    await relay.drain()
    assert log.seen == [2]
    clock.now += 3600
    await relay.drain()
    assert log.seen == [2, 1]


async def test_what_keeps_failing_is_kept_as_dead_and_can_be_revived(
    database: Database, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await put(database, tenant, "a", 1)
    await put(database, tenant, "a", 2)
    clock, log = Clock(), Log(failures=3)
    relay = Relay(database, {"note": log}, clock=clock, retry=Retry(attempts=3, first=1.0))
    for _ in range(4):
        await relay.drain()
        clock.now += 10
    assert log.seen == [1, 1, 1, 2]
    (row,) = await database.read(dead)
    assert (row.payload, row.attempts, row.last_error) == ({"n": 1}, 3, "ValueError")
    assert row.dead_at is not None
    assert await database.read(lambda conn: dead(conn, "ten_other")) == ()
    assert "secret" not in caplog.text
    assert "given up" in caplog.text
    assert await database.write(lambda conn: revive(conn, row.id, clock.now))
    assert not await database.write(lambda conn: revive(conn, row.id, clock.now))
    await relay.drain()
    assert log.seen == [1, 1, 1, 2, 1]
    assert await database.read(dead) == ()


async def test_a_kind_without_a_handler_is_not_lost(database: Database, tenant: str) -> None:
    await put(database, tenant, "a", 1)
    await Relay(database, {}, clock=Clock(), retry=Retry(attempts=1)).drain()
    (row,) = await database.read(dead)
    assert row.last_error == "NoHandler"


async def test_a_handler_that_hangs_is_stopped_within_its_lease(database: Database, tenant: str) -> None:
    await put(database, tenant, "a", 1)
    stopped = asyncio.Event()

    async def hang(tenant: str, kind: str, payload: Mapping[str, Any]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    relay = Relay(database, {"note": hang}, clock=Clock(), lease_seconds=0.1, retry=Retry(attempts=1))
    await relay.drain()
    assert stopped.is_set()
    assert (await database.read(dead))[0].last_error == "TimeoutError"


async def test_a_lease_keeps_others_away_until_it_runs_out_and_fences_the_late(
    database: Database, tenant: str
) -> None:
    await put(database, tenant, "a", 1)
    await put(database, tenant, "a", 2)
    assert await taken(database, "first") == [1]
    assert await taken(database, "second", NOW + 59) == []
    assert await taken(database, "second", NOW + 60) == [1]
    row = (
        await database.read(
            lambda conn: conn.execute(select(outbox.c.id).order_by(outbox.c.id)).scalars().all()
        )
    )[0]
    assert not await database.write(lambda conn: complete(conn, row, lease="first", now=NOW))
    assert not await database.write(
        lambda conn: fail(conn, row, lease="first", error="X", retry_at=None, now=NOW)
    )
    assert await taken(database, "third", NOW + 61) == []
    assert await database.write(lambda conn: complete(conn, row, lease="second", now=NOW))
    assert not await database.write(lambda conn: complete(conn, row, lease="second", now=NOW))
    assert await taken(database, "third", NOW + 61) == [2]


async def test_many_claimers_share_rows_without_a_double(database: Database, tenant: str) -> None:
    for n in range(30):
        await put(database, tenant, f"lane{n % 15}", n)
    claims = await asyncio.gather(*(taken(database, f"c{n}", limit=4) for n in range(8)))
    claimed = [n for rows in claims for n in rows]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= set(range(15))


async def test_leases_of_a_process_that_died_are_taken_up(
    database: Database, tenant: str, dialect: str
) -> None:
    await put(database, tenant, "a", 1)
    assert await taken(database, "the dead") == [1]
    clock, log = Clock(), Log()
    relay = Relay(database, {"note": log}, clock=clock)
    await relay.drain()
    assert log.seen == ([1] if dialect == "sqlite" else [])
    clock.now += 61
    await relay.drain()
    assert log.seen == [1]


async def test_cancelling_gives_leases_back(database: Database, tenant: str) -> None:
    await put(database, tenant, "a", 1)
    begun = asyncio.Event()

    async def hang(tenant: str, kind: str, payload: Mapping[str, Any]) -> None:
        begun.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(Relay(database, {"note": hang}, clock=Clock()).run())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await taken(database) == [1]


async def test_waking_beats_polling(database: Database, tenant: str) -> None:
    done = asyncio.Event()

    async def handler(tenant: str, kind: str, payload: Mapping[str, Any]) -> None:
        done.set()

    relay = Relay(database, {"note": handler}, clock=Clock(), poll_seconds=3600.0)
    running = asyncio.create_task(relay.run())
    await asyncio.sleep(0.05)
    await put(database, tenant, "a", 1)
    relay.wake()
    await asyncio.wait_for(done.wait(), 20)
    with pytest.raises(RuntimeError):
        await relay.run()
    running.cancel()
    await asyncio.wait([running])


async def test_polling_finds_what_nobody_announced(database: Database, tenant: str) -> None:
    done = asyncio.Event()

    async def handler(tenant: str, kind: str, payload: Mapping[str, Any]) -> None:
        done.set()

    running = asyncio.create_task(Relay(database, {"note": handler}, clock=Clock(), poll_seconds=0.02).run())
    await asyncio.sleep(0.05)
    await put(database, tenant, "a", 1)
    await asyncio.wait_for(done.wait(), 20)
    running.cancel()
    await asyncio.wait([running])


async def test_the_relay_goes_on_after_the_database_failed(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, tenant, "a", 1)
    log, write, failures = Log(), database.write, [1, 2, 3]

    async def sometimes(work: Any) -> Any:
        if failures:
            failures.pop()
            raise StoreError("away")
        return await write(work)

    monkeypatch.setattr(database, "write", sometimes)
    await Relay(database, {"note": log}, clock=Clock(), poll_seconds=0.01).drain()
    assert log.seen == [1]
    assert failures == []


async def test_answers_go_first_but_the_relay_is_never_starved(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, tenant, "a", 1)
    asked: list[int] = []

    def busy(self: Database) -> int:
        asked.append(1)
        return 5

    monkeypatch.setattr(type(database), "waiting", property(busy))
    log = Log()
    await Relay(database, {"note": log}, clock=Clock(), yield_seconds=0.02).drain()
    assert log.seen == [1]
    assert len(asked) >= 10


async def test_while_answers_come_one_row_runs_at_a_time(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await put(database, tenant, f"lane{n}", n)
    running: list[int] = []
    most: list[int] = []

    async def handler(_tenant: str, _kind: str, payload: Mapping[str, Any]) -> None:
        running.append(payload["n"])
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.remove(payload["n"])

    await Relay(database, {"note": handler}, clock=Clock(), poll_seconds=0.05).drain()
    assert max(most) > 1
    most.clear()
    for n in range(3):
        await put(database, tenant, f"lane{n}", n)
    monkeypatch.setattr(type(database), "waiting", property(lambda _: 5))
    await Relay(database, {"note": handler}, clock=Clock(), poll_seconds=0.05, yield_seconds=0.01).drain()
    assert most == [1, 1, 1]


async def test_lag_is_the_age_of_the_oldest_due_row(database: Database, tenant: str) -> None:
    assert await database.read(lambda conn: lag(conn, NOW)) == 0.0
    await put(database, tenant, "a", 1, due_at=NOW + 10)
    await put(database, tenant, "b", 2, due_at=NOW + 20)
    assert await database.read(lambda conn: lag(conn, NOW + 9)) == 0.0
    assert await database.read(lambda conn: lag(conn, NOW + 25)) == 15.0
    clock = Clock()
    clock.now = NOW + 25
    await Relay(database, {"note": Log()}, clock=clock).drain()
    assert await database.read(lambda conn: lag(conn, NOW + 99)) == 0.0


async def test_done_rows_are_pruned_and_ids_are_not_used_again(database: Database, tenant: str) -> None:
    await put(database, tenant, "a", 1)
    await put(database, tenant, "b", 2)
    log = Log(failures=1)
    clock = Clock()
    await Relay(database, {"note": log}, clock=clock, concurrency=1, retry=Retry(attempts=1)).drain()
    assert await database.write(lambda conn: prune(conn, before=NOW)) == 0
    assert await database.write(lambda conn: prune(conn, before=NOW + 1)) == 1
    (kept,) = await database.read(dead)
    assert kept.payload == {"n": 1}
    await database.write(lambda conn: conn.execute(update(outbox).values(dead_at=None, done_at=NOW)))
    await database.write(lambda conn: prune(conn, before=NOW + 1))
    await put(database, tenant, "a", 3)
    last = await database.read(lambda conn: conn.execute(select(outbox.c.id)).scalar_one())
    assert last > kept.id + 1


async def test_releasing_frees_one_holders_rows_only(database: Database, tenant: str) -> None:
    for n in range(2):
        await put(database, tenant, f"lane{n}", n)
    assert await taken(database, "a", limit=1) == [0]
    assert await taken(database, "b", limit=1) == [1]
    assert await database.write(lambda conn: release(conn, lease="a")) == 1
    assert await taken(database, "c") == [0]


def test_pauses_grow_up_to_the_longest_and_vary() -> None:
    retry = Retry(first=2.0, factor=3.0, longest=20.0)
    for attempt, full in ((1, 2.0), (2, 6.0), (3, 18.0), (4, 20.0), (9, 20.0)):
        pauses = {retry.pause(attempt) for _ in range(50)}
        assert all(full / 2 <= pause <= full for pause in pauses)
        assert len(pauses) > 1
