"""What platforms post: which messages were taken, and which session a room instance is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select, update

from alliancekit.adapters import Whereabouts
from alliancekit.happenings import Roster, room_key
from alliancekit.store.compiled import insert_new
from alliancekit.store.tables import inbound_message, participant, presence, room, session
from alliancekit.store.text import dump, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A platform's room instance, the session it is, and the two latest lists of who was there."""

    adapter: str
    instance: str
    tenant: str
    session: str
    rosters: tuple[Roster, ...] = ()


def take_message(conn: Connection, adapter: str, message: str, now: float) -> bool:
    """Note that a message is being taken; False if it was taken before.

    Only a digest is kept: platforms choose their identifiers freely.
    """
    digest = hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()
    values = {"adapter": adapter, "message": digest, "received_at": now}
    return insert_new(conn, inbound_message, values)


def forget_messages(conn: Connection, *, before: float) -> int:
    """Delete the notes of messages that came before a time; returns how many."""
    return conn.execute(delete(inbound_message).where(inbound_message.c.received_at < before)).rowcount


def find_room(conn: Connection, adapter: str, instance: str) -> Room | None:
    """Return what a room instance is bound to, holding its row against other messages of the room."""
    query = select(room.c.adapter, room.c.instance, room.c.tenant, room.c.session, room.c.rosters)
    query = query.where(room.c.adapter == adapter, room.c.instance == instance)
    row = conn.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        return None
    rosters = tuple((at, frozenset(there)) for at, there in load(row["rosters"]))
    return Room(**{**row, "rosters": rosters})


def bind_room(conn: Connection, adapter: str, instance: str, name: str, now: float) -> Room | None:
    """Bind a room instance to the newest session that waits for a room of this name, or of this instance.

    None when there is none, and also when sessions of several tenants claim the name: nobody's call may end
    up with another tenant.
    """
    names = [instance] if not name else [name, instance]
    query = select(session.c.id, session.c.tenant).where(
        session.c.adapter == adapter,
        or_(*(session.c.room == one for one in names)),
        session.c.status != "ended",
    )
    found = conn.execute(query.order_by(session.c.created_at.desc(), session.c.id)).all()
    if len({one.tenant for one in found}) != 1:
        return None
    newest = found[0]
    values = {
        "adapter": adapter,
        "instance": instance,
        "tenant": newest.tenant,
        "session": newest.id,
        "name": name,
        "rosters": "[]",
        "over_at": None,
        "bound_at": now,
    }
    insert_new(conn, room, values)
    return find_room(conn, adapter, instance)


def set_rosters(conn: Connection, adapter: str, instance: str, rosters: Sequence[Roster]) -> None:
    """Keep the latest lists of who was in a room."""
    query = update(room).where(room.c.adapter == adapter, room.c.instance == instance)
    conn.execute(query.values(rosters=dump([[at, sorted(there)] for at, there in rosters])))


def set_over(conn: Connection, adapter: str, instance: str, at: float) -> None:
    """Note that a room instance is over, so that the platform is not asked about it again."""
    query = update(room).where(
        room.c.adapter == adapter, room.c.instance == instance, room.c.over_at.is_(None)
    )
    conn.execute(query.values(over_at=at))


def open_rooms(conn: Connection, adapters: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return (adapter, instance) of every room that is not over and whose session is going on."""
    query = select(room.c.adapter, room.c.instance).join(session, session.c.id == room.c.session)
    query = query.where(room.c.adapter.in_(adapters), room.c.over_at.is_(None), session.c.status == "live")
    return tuple((row.adapter, row.instance) for row in conn.execute(query.order_by(room.c.bound_at)))


def whereabouts(conn: Connection, adapter: str, participant_id: str) -> Whereabouts | None:
    """Return where a participant is now in a room of this adapter, by the presence that was seen last."""
    known = presence.c
    query = (
        select(
            room.c.tenant,
            room.c.session,
            room.c.instance,
            room.c.name,
            known.connection,
            known.platform_person,
            known.platform_connection,
        )
        .join(presence, known.session == room.c.session)
        .where(
            room.c.adapter == adapter,
            room.c.over_at.is_(None),
            known.participant == participant_id,
            known.platform_person.is_not(None),
            or_(known.left_at.is_(None), known.left_at < known.seen_at),
        )
        .order_by(known.seen_at.desc(), known.connection)
    )
    found = [
        row
        for row in conn.execute(query)
        if row.connection.startswith(f"{room_key(adapter, row.instance)[:16]}-")
    ]
    if not found:
        return None
    first = found[0]
    return Whereabouts(
        tenant=first.tenant,
        session=first.session,
        room=first.instance,
        name=first.name,
        person=first.platform_person,
        connections=tuple(
            row.platform_connection
            for row in found
            if row.instance == first.instance and row.platform_connection
        ),
    )


def set_sent_out(conn: Connection, tenant: str, participant_id: str, at: float) -> None:
    """Note that somebody was sent out of a call, or never let in; the latest time stays."""
    query = update(participant).where(participant.c.id == participant_id, participant.c.tenant == tenant)
    earlier = or_(participant.c.sent_out_at.is_(None), participant.c.sent_out_at < at)
    conn.execute(query.where(earlier).values(sent_out_at=at))
