from __future__ import annotations

import asyncio
from dataclasses import replace

from alliancekit.store.database import Database
from alliancekit.store.prompts import (
    Delivery,
    NewPrompt,
    close_prompt,
    create_prompt,
    current_prompt,
    deliveries,
    open_prompts,
    postpone,
    read_prompt,
    record_delivery,
)

from .case import NOW, Case, make_case


def asked(case: Case, occasion: str = "end", **more: object) -> NewPrompt:
    new = NewPrompt(
        tenant=case.tenant,
        session=case.session,
        participant=case.therapist,
        moment="end_of_call",
        occasion=occasion,
        instruments=("check-in", "fit-supportive"),
    )
    return replace(new, **more)  # type: ignore[arg-type]


async def test_an_occasion_asks_a_participant_once(database: Database) -> None:
    case = await database.write(make_case)
    made = await asyncio.gather(
        *(database.write(lambda conn: create_prompt(conn, asked(case), NOW)) for _ in range(8))
    )
    (prompt,) = [one for one in made if one is not None]
    assert prompt.instruments == ("check-in", "fit-supportive")
    assert await database.write(lambda conn: close_prompt(conn, case.tenant, prompt.id, "dismissed", NOW))
    assert await database.write(lambda conn: create_prompt(conn, asked(case), NOW)) is None


async def test_the_newest_open_prompt_is_current(database: Database) -> None:
    case = await database.write(make_case)

    async def current(now: float) -> str | None:
        found = await database.read(lambda conn: current_prompt(conn, case.therapist, now))
        return found.id if found else None

    assert await current(NOW) is None
    first = await database.write(lambda conn: create_prompt(conn, asked(case, "a"), NOW))
    second = await database.write(
        lambda conn: create_prompt(conn, asked(case, "b", expires_at=NOW + 100), NOW + 1)
    )
    assert first is not None
    assert second is not None
    assert await current(NOW + 2) == second.id
    assert await current(NOW + 100) == first.id
    assert await database.write(lambda conn: postpone(conn, case.tenant, second.id, NOW + 50))
    assert await current(NOW + 49) == first.id
    assert await current(NOW + 50) == second.id
    assert await database.write(lambda conn: close_prompt(conn, case.tenant, second.id, "expired", NOW + 60))
    assert await current(NOW + 60) == first.id
    opened = await database.read(lambda conn: open_prompts(conn, case.session))
    assert {one.id for one in opened} == {first.id, *case.prompts}


async def test_only_an_open_prompt_of_this_tenant_is_closed_or_postponed(database: Database) -> None:
    case = await database.write(make_case)
    other = await database.write(make_case)
    (prompt,) = case.prompts
    assert not await database.write(lambda conn: close_prompt(conn, other.tenant, prompt, "expired", NOW))
    assert await database.read(lambda conn: read_prompt(conn, other.tenant, prompt)) is None
    closed = await asyncio.gather(
        *(
            database.write(lambda conn: close_prompt(conn, case.tenant, prompt, "cancelled", NOW + 7))
            for _ in range(6)
        )
    )
    assert sorted(closed) == [False] * 5 + [True]
    assert not await database.write(lambda conn: postpone(conn, case.tenant, prompt, NOW + 99))
    read = await database.read(lambda conn: read_prompt(conn, case.tenant, prompt))
    assert read is not None
    assert (read.status, read.closed_at, read.postponed_until) == ("cancelled", NOW + 7, None)


async def test_deliveries_are_kept_in_order(database: Database) -> None:
    case = await database.write(make_case)
    (prompt,) = case.prompts
    for channel, status in (("live", "sent"), ("live", "seen"), ("link", "sent")):
        await database.write(
            lambda conn, c=channel, s=status: record_delivery(
                conn, case.tenant, prompt, channel=c, status=s, now=NOW
            )
        )
    assert await database.read(lambda conn: deliveries(conn, prompt)) == (
        Delivery(channel="live", status="sent", at=NOW),
        Delivery(channel="live", status="seen", at=NOW),
        Delivery(channel="link", status="sent", at=NOW),
    )
