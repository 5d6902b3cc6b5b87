"""Calls on a real database: whatever order the platform's facts come in, one session ends once."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from alliancekit import calls
from alliancekit.calls import Calls
from alliancekit.sessions import ALL_LEFT, LAST_DROPPED, NO_NEWS, CallPolicy, Fact, Gone, Over, Present
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database, open_database
from alliancekit.store.outbox import claim, complete
from alliancekit.store.sessions import Session
from tests.services import MakeSite, Meeting, Site
from tests.store.case import NOW as START
from tests.store.case import Case, make_case

POLICY = CallPolicy()


def recorded(client: str, therapist: str) -> tuple[Fact, ...]:
    """A call: the client's network changes once, both leave, and the platform says that it is over."""
    lost = Gone(connection="c1", participant=client, joined_at=START, at=START + 300, how="dropped")
    client_left = Gone(connection="c2", participant=client, joined_at=START + 310, at=START + 1500)
    therapist_left = Gone(connection="t1", participant=therapist, joined_at=START + 5, at=START + 1505)
    return (
        Present(connection="c1", participant=client, at=START, joined_at=START),
        Present(connection="t1", participant=therapist, at=START + 5, joined_at=START + 5),
        lost,
        Present(connection="c2", participant=client, at=START + 310, joined_at=START + 310),
        client_left,
        therapist_left,
        Over(at=START + 1506, roster=(lost, client_left, therapist_left)),
    )


PIECES = [
    ("client", 0.0, 300.0, "dropped"),
    ("therapist", 5.0, 1505.0, "left"),
    ("client", 310.0, 1500.0, "left"),
]


class Call:
    """One session and its shell, on a clock of its own."""

    def __init__(self, database: Database, case: Case) -> None:
        self.database = database
        self.case = case
        self.now = START
        self.asked: list[str] = []
        self.ends = 0
        self.calls = Calls(database, POLICY, committed=lambda: None, clock=lambda: self.now)

    async def report(self, facts: Sequence[Fact]) -> None:
        await self.calls.report(self.case.tenant, self.case.session, facts)
        await self.work()

    async def session(self) -> Session:
        return await self.database.read(
            lambda conn: rows.read_session(conn, self.case.tenant, self.case.session)
        )

    async def work(self) -> None:
        """Run the queue as the service does, keeping only who is asked to rate."""

        def run(conn: Connection) -> None:
            while found := claim(conn, lease="test", now=self.now, until=self.now + 60, limit=8):
                for row in found:
                    if row.kind in {"session_ended", "rate"}:
                        session = rows.read_session(conn, row.tenant, row.lane)
                        due = calls.to_rate(conn, session, POLICY, self.now)
                        self.asked += [person for person in due if person not in self.asked]
                        self.ends += row.kind == "session_ended"
                    complete(conn, row.id, lease="test", now=self.now)

        await self.database.write(run)

    async def pieces(self) -> list[tuple[str, float, float, str]]:
        row = await self.session()
        found = await self.database.read(lambda conn: calls.segments_of(conn, row, self.now))
        return [(s.role, s.joined_at - START, s.left_at - START, s.how) for s in found]

    async def pass_time(self) -> None:
        """Let the shell look again until time alone changes nothing."""
        for _ in range(5):
            due = self.calls._due.get((self.case.tenant, self.case.session))
            if due is None:
                return
            self.now = max(self.now, due)
            await self.report(())
        raise AssertionError("the call never ends")


@contextlib.asynccontextmanager
async def recorded_call(file: Path) -> AsyncIterator[Call]:
    """A call on a fresh database file."""
    with tempfile.TemporaryDirectory(dir=file.parent) as directory:
        shutil.copy(file, Path(directory) / "call.db")
        database = open_database(f"sqlite:///{directory}/call.db")
        try:
            yield Call(database, await database.write(lambda conn: make_case(conn, prompts=0)))
        finally:
            await database.close()


@st.composite
def disordered(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """The numbers of the recorded facts with at most one lost, any repeated, in any order; and how to cut."""
    lost = draw(st.none() | st.sampled_from(range(7)))
    kept = [number for number in range(7) if number != lost]
    repeated = draw(st.lists(st.sampled_from(kept), max_size=4))
    order = draw(st.permutations(kept + repeated))
    return order, draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(disordered(), st.sampled_from([0.0, 1.0, 30.0]))
def test_every_disorder_of_a_call_is_stored_alike_and_asks_each_person_once(
    migrated_file: Path, order: tuple[list[int], list[int]], pace: float
) -> None:
    async def run() -> None:
        async with recorded_call(migrated_file) as call:
            facts = recorded(call.case.client, call.case.therapist)
            numbers, sizes = order
            call.now = START + 1506
            while numbers:
                size, sizes = sizes[0], [*sizes[1:], sizes[0]]
                await call.report([facts[number] for number in numbers[:size]])
                numbers = numbers[size:]
                call.now += pace
            await call.pass_time()
            row = await call.session()
            assert row.status == "ended"
            assert await call.pieces() == PIECES
            assert (row.started_at, row.seconds) == (START, 295.0 + 1190.0)
            assert (call.ends, sorted(call.asked)) == (1, sorted([call.case.client, call.case.therapist]))

    asyncio.run(run())


@pytest.fixture
async def call(migrated_file: Path) -> AsyncIterator[Call]:
    async with recorded_call(migrated_file) as one:
        yield one


async def test_a_call_is_not_over_before_the_grace_time(call: Call) -> None:
    facts = recorded(call.case.client, call.case.therapist)
    call.now = START + 1505
    await call.report(facts[:6])
    call.now += POLICY.grace - 0.5
    await call.report(())
    assert (await call.session()).status == "live"
    call.now += 0.5
    await call.report(())
    row = await call.session()
    assert (row.status, row.ended_at, row.end_reason) == ("ended", START + 1505, "everybody_left")
    assert row.end_confidence == ALL_LEFT


async def test_a_last_drop_makes_the_end_less_sure(call: Call) -> None:
    facts = list(recorded(call.case.client, call.case.therapist)[:6])
    assert isinstance(facts[5], Gone)
    facts[5] = replace(facts[5], how="dropped")
    call.now = START + 1505
    await call.report(facts)
    await call.pass_time()
    assert (await call.session()).end_confidence == LAST_DROPPED


async def test_who_returns_within_the_grace_time_goes_on(call: Call) -> None:
    facts = recorded(call.case.client, call.case.therapist)
    call.now = START + 1505
    await call.report(facts[:6])
    call.now += 10
    back = Present(connection="c3", participant=call.case.client, at=call.now, joined_at=call.now)
    await call.report([back])
    call.now += POLICY.grace + 60
    await call.report(())
    assert (await call.session()).status == "live"
    assert call.asked == []


async def test_a_silent_platform_ends_by_the_time_out(call: Call) -> None:
    facts = recorded(call.case.client, call.case.therapist)
    call.now = START + 310
    await call.report(facts[:4])
    call.now = START + 310 + POLICY.timeout - 1
    await call.report(())
    assert (await call.session()).status == "live"
    await call.pass_time()
    row = await call.session()
    assert (row.ended_at, row.end_reason, row.end_confidence) == (START + 310, "timed_out", NO_NEWS)


async def test_the_task_ends_calls_by_itself(call: Call) -> None:
    """Nobody calls: the task that lets time pass looks after the calls it finds in the database."""
    facts = recorded(call.case.client, call.case.therapist)
    call.now = START + 1505
    await call.report(facts[:6])
    call.now += POLICY.grace
    fresh = Calls(call.database, POLICY, committed=lambda: None, clock=lambda: call.now)
    task = asyncio.create_task(fresh.run())
    async with asyncio.timeout(60):
        while (await call.session()).status != "ended":  # noqa: ASYNC110 - the row tells nobody
            await asyncio.sleep(0.01)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


# in the service -----------------------------------------------------------------------------------


def prompts_of(state: dict[str, object]) -> list[tuple[str, str]]:
    found = state["prompts"]
    assert isinstance(found, list)
    return [(one["participant"], one["moment"]) for one in found]


def both(meeting: Meeting) -> list[tuple[str, str]]:
    return sorted((person.id, "end_of_call") for person in meeting.people)


async def test_a_vendor_that_only_says_the_end_gets_ratings(each_site: Site) -> None:
    meeting = await each_site.session()
    await each_site.post(f"/v1/sessions/{meeting.id}/end")
    await each_site.settle()
    state = (await each_site.get(f"/v1/sessions/{meeting.id}")).json()
    assert (state["status"], state["segments"], state["seconds"]) == ("ended", [], 0.0)
    assert sorted(prompts_of(state)) == both(meeting)


async def test_late_facts_ask_whom_they_show_and_nobody_twice(each_site: Site) -> None:
    site = each_site
    meeting = await site.session()
    began = site.clock()
    client, therapist = meeting.client.id, meeting.therapist.id
    await site.service.report(
        site.tenant, meeting.id, [Present(connection="c", participant=client, at=began)]
    )
    site.clock.now += 1800
    await site.post(f"/v1/sessions/{meeting.id}/end")
    await site.settle()
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert prompts_of(state) == [], "the client was alone as far as is known"
    late = Gone(connection="t", participant=therapist, joined_at=began, at=site.clock())
    for _ in range(2):
        await site.service.report(site.tenant, meeting.id, [late])
        await site.settle()
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert sorted(prompts_of(state)) == both(meeting)
    assert (state["seconds"], len(state["segments"])) == (1800.0, 2)


async def test_a_page_that_stays_open_after_the_end_is_not_in_the_call(site: Site) -> None:
    meeting = await site.held()
    before = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    site.clock.now += 30
    page = Present(connection="page", participant=meeting.client.id, at=site.clock(), joined_at=site.clock())
    await site.service.report(site.tenant, meeting.id, [page])
    await site.settle()
    assert (await site.get(f"/v1/sessions/{meeting.id}")).json() == before


async def test_a_missed_call_asks_nobody(make_site: MakeSite) -> None:
    site = await make_site()
    meeting = await site.session()
    await site.join(meeting)
    await site.wait(meeting, 59)
    await site.leave(meeting)
    assert prompts_of((await site.get(f"/v1/sessions/{meeting.id}")).json()) == []
