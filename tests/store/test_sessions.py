from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from alliancekit.errors import ConflictError, NotFoundError
from alliancekit.store.database import Database
from alliancekit.store.sessions import (
    NewParticipant,
    create_session,
    end_session,
    episodes,
    participants_of,
    read_episode,
    read_participant,
    read_session,
    sessions_in,
    start_session,
)
from alliancekit.store.tenants import create_tenant

from .case import NOW, new_session


@pytest.fixture
async def tenant(database: Database) -> str:
    return (await database.write(lambda conn: create_tenant(conn, "Clinic", NOW)))[0]


async def test_the_same_external_id_is_the_same_session(database: Database, tenant: str) -> None:
    new = new_session(tenant)
    first = await database.write(lambda conn: create_session(conn, new, NOW))
    again = await database.write(lambda conn: create_session(conn, replace(new, style="directive"), NOW + 9))
    assert (first.created, again.created) == (True, False)
    assert again.session == first.session
    assert again.participants == first.participants
    assert [one.role for one in first.participants] == ["client", "therapist"]
    assert first.session.style == "supportive"


async def test_a_participant_named_later_is_added(database: Database, tenant: str) -> None:
    new = new_session(tenant)
    first = await database.write(lambda conn: create_session(conn, new, NOW))
    partner = NewParticipant(role="client", external_id="c2")
    more = replace(new, participants=(*new.participants, partner))
    second = await database.write(lambda conn: create_session(conn, more, NOW))
    assert set(first.participants) < set(second.participants)
    assert [one.external_id for one in second.participants] == ["c1", "c2", "t1"]


async def test_sessions_of_an_episode_are_numbered_without_gaps(database: Database, tenant: str) -> None:
    made = await asyncio.gather(
        *(
            database.write(lambda conn, n=n: create_session(conn, new_session(tenant, f"m{n}"), NOW))
            for n in range(12)
        )
    )
    assert sorted(one.session.number for one in made) == list(range(1, 13))
    assert len({one.session.episode for one in made}) == 1
    other = await database.write(
        lambda conn: create_session(conn, new_session(tenant, "other", episode="course-2"), NOW)
    )
    assert other.session.number == 1


async def test_one_session_made_at_once_many_times_exists_once(database: Database, tenant: str) -> None:
    made = await asyncio.gather(
        *(database.write(lambda conn: create_session(conn, new_session(tenant), NOW)) for _ in range(12))
    )
    assert len({one.session.id for one in made}) == 1
    assert sum(one.created for one in made) == 1
    assert len({one.participants for one in made}) == 1


async def test_an_external_id_of_another_episode_is_a_conflict(database: Database, tenant: str) -> None:
    await database.write(lambda conn: create_session(conn, new_session(tenant), NOW))
    with pytest.raises(ConflictError):
        await database.write(lambda conn: create_session(conn, new_session(tenant, episode="course-2"), NOW))
    assert len(await database.read(lambda conn: episodes(conn, tenant))) == 1


async def test_tenants_do_not_see_each_other(database: Database, tenant: str) -> None:
    other, _ = await database.write(lambda conn: create_tenant(conn, "Practice", NOW))
    mine = await database.write(lambda conn: create_session(conn, new_session(tenant), NOW))
    theirs = await database.write(lambda conn: create_session(conn, new_session(other), NOW))
    assert mine.session.id != theirs.session.id
    with pytest.raises(NotFoundError):
        await database.read(lambda conn: read_session(conn, other, mine.session.id))
    with pytest.raises(NotFoundError):
        await database.read(lambda conn: read_episode(conn, other, mine.session.episode))
    assert await database.read(lambda conn: participants_of(conn, other, mine.session.id)) == ()
    assert await database.write(lambda conn: start_session(conn, other, mine.session.id, NOW)) is False


async def test_a_session_starts_and_ends_once(database: Database, tenant: str) -> None:
    made = await database.write(lambda conn: create_session(conn, new_session(tenant), NOW))
    session = made.session.id

    def end(reason: str) -> asyncio.Task[bool]:
        return asyncio.create_task(
            database.write(
                lambda conn: end_session(
                    conn, tenant, session, at=NOW + 3000, reason=reason, confidence=0.9, seconds=2900.0
                )
            )
        )

    assert await database.write(lambda conn: start_session(conn, tenant, session, NOW + 5)) is True
    assert await database.write(lambda conn: start_session(conn, tenant, session, NOW + 9)) is False
    assert [one.id for one in await database.read(lambda conn: sessions_in(conn, "live"))] == [session]
    assert sorted(await asyncio.gather(*(end("explicit") for _ in range(8)))) == [False] * 7 + [True]
    assert await end("timed_out") is False
    assert await database.write(lambda conn: start_session(conn, tenant, session, NOW)) is False
    ended = await database.read(lambda conn: read_session(conn, tenant, session))
    assert (ended.status, ended.started_at, ended.ended_at) == ("ended", NOW + 5, NOW + 3000)
    assert (ended.end_reason, ended.end_confidence, ended.seconds) == ("explicit", 0.9, 2900.0)
    assert await database.read(lambda conn: sessions_in(conn, "waiting", "live")) == ()


async def test_people_and_episodes_are_found(database: Database, tenant: str) -> None:
    made = await database.write(lambda conn: create_session(conn, new_session(tenant), NOW))
    client = made.participants[0]
    assert await database.read(lambda conn: read_participant(conn, client.id)) == client
    assert await database.read(lambda conn: read_participant(conn, "par_none")) is None
    (episode,) = await database.read(lambda conn: episodes(conn, tenant, therapist="t1"))
    assert episode == await database.read(lambda conn: read_episode(conn, tenant, episode.id))
    assert await database.read(lambda conn: episodes(conn, tenant, therapist="t2")) == ()
