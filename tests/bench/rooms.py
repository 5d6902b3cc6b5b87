"""Sessions that wait for their calls on a platform, or whose calls are going on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from alliancekit.events import Role
from alliancekit.happenings import connection_key, room_key
from alliancekit.store.database import open_database
from alliancekit.store.inbound import bind_room
from alliancekit.store.migrate import upgrade
from alliancekit.store.presence import Presence, merge_presence
from alliancekit.store.sessions import NewParticipant, NewSession, create_session
from alliancekit.store.tenants import create_tenant

PEOPLE: dict[Role, str] = {"client": "c1", "therapist": "t1"}
"""The vendor's ids of the two people of every session."""


async def make_rooms(directory: Path, adapter: str, rooms: Sequence[str], *, going_on: bool = False) -> None:
    """Store one session for each room.

    Args:
        directory: of the service's database, which is made if needed.
        adapter: the platform.
        rooms: what the sessions' rooms are called.
        going_on: both people are in the room already; its instance is called as the room is, and a person's
            connection as the person.
    """
    url = f"sqlite:///{directory / 'alliancekit.db'}"
    upgrade(url)

    def make(conn: Connection) -> None:
        now = time.time()
        tenant, _ = create_tenant(conn, "Clinic", now)
        for room in rooms:
            new = NewSession(
                tenant=tenant,
                external_id=f"meeting-{room}",
                episode=f"course-{room}",
                style="supportive",
                measure="check-in",
                adapter=adapter,
                room=room,
                participants=tuple(
                    NewParticipant(role=role, external_id=person) for role, person in PEOPLE.items()
                ),
            )
            created = create_session(conn, new, now)
            if not going_on:
                continue
            bind_room(conn, adapter, room, room, now)
            for one in created.participants:
                there = Presence(
                    connection=connection_key(room_key(adapter, room), one.external_id),
                    participant=one.id,
                    joined_at=now,
                    seen_at=now,
                    left_at=None,
                    how=None,
                )
                merge_presence(conn, tenant, created.session.id, there)

    database = open_database(url)
    try:
        await database.write(make)
    finally:
        await database.close()
