"""What platforms post: which messages were taken, and which session a room instance is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, or_, select, update

from alliancekit.adapters import OpenRoom, Whereabouts
from alliancekit.events import EndReason
from alliancekit.happenings import Roster, room_key
from alliancekit.store.compiled import insert_new
from alliancekit.store.tables import inbound_message, participant, presence, room, room_closed, session
from alliancekit.store.text import dump, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A platform's room instance, the session it is, and the two latest lists of who was there.

    Attributes:
        adapter: of the platform.
        instance: the platform's id of the room.
        tenant: whose session it is.
        session: the session.
        rosters: who was there, twice.
        ended_at: when that session ended; None while it goes on.
        end_reason: how that is known.
        earlier: the session that the room was before, if it is used again.
        earlier_until: what happened up to this time belongs to the earlier session.
        past: this is what the room was for its earlier session.
    """

    adapter: str
    instance: str
    tenant: str
    session: str
    rosters: tuple[Roster, ...] = ()
    ended_at: float | None = None
    end_reason: EndReason | None = None
    earlier: str | None = None
    earlier_until: float | None = None
    past: bool = False


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
    query = select(
        room.c.adapter,
        room.c.instance,
        room.c.tenant,
        room.c.session,
        room.c.rosters,
        room.c.earlier,
        room.c.earlier_until,
        session.c.ended_at,
        session.c.end_reason,
    ).join(session, session.c.id == room.c.session)
    query = query.where(room.c.adapter == adapter, room.c.instance == instance)
    row = conn.execute(query.with_for_update(of=room)).mappings().one_or_none()
    if row is None:
        return None
    rosters = tuple((at, frozenset(there)) for at, there in load(row["rosters"]))
    return Room(**{**row, "rosters": rosters})


def bind_room(conn: Connection, adapter: str, instance: str, name: str, now: float) -> Room | None:
    """Bind a room instance to the newest session that waits for a room of this name, or of this instance.

    None when there is none, and also when sessions of several tenants claim the name: nobody's call may end
    up with another tenant.
    """
    newest = _waiting(conn, adapter, instance, name)
    if newest is None:
        return None
    values = {
        "adapter": adapter,
        "instance": instance,
        "tenant": newest[1],
        "session": newest[0],
        "name": name,
        "rosters": "[]",
        "over_at": None,
        "bound_at": now,
    }
    insert_new(conn, room, values)
    return find_room(conn, adapter, instance)


def _waiting(conn: Connection, adapter: str, instance: str, name: str) -> tuple[str, str, float] | None:
    """The newest session that waits for this room, its tenant and when it was made; None: no one tenant's."""
    names = [instance] if not name else [name, instance]
    query = select(session.c.id, session.c.tenant, session.c.created_at).where(
        session.c.adapter == adapter,
        or_(*(session.c.room == one for one in names)),
        session.c.status != "ended",
    )
    found = conn.execute(query.order_by(session.c.created_at.desc(), session.c.id)).all()
    if len({one.tenant for one in found}) != 1:
        return None
    return found[0].id, found[0].tenant, found[0].created_at


def next_session(conn: Connection, bound: Room, name: str) -> str | None:
    """Return the session that waits for a room whose own has ended: a newer one of the same tenant."""
    found = _waiting(conn, bound.adapter, bound.instance, name)
    made = conn.execute(select(session.c.created_at).where(session.c.id == bound.session)).scalar()
    if found is None or found[1] != bound.tenant or made is None or found[2] < made:
        return None
    return found[0]


def rebind_room(conn: Connection, bound: Room, next_one: str, *, until: float, now: float) -> Room:
    """Bind a room to the next session; what happened up to `until` still belongs to the one before."""
    values = {
        "session": next_one,
        "rosters": "[]",
        "over_at": None,
        "bound_at": now,
        "earlier": bound.session,
        "earlier_until": until,
    }
    query = update(room).where(room.c.adapter == bound.adapter, room.c.instance == bound.instance)
    conn.execute(query.values(values))
    return replace(
        bound,
        session=next_one,
        rosters=(),
        ended_at=None,
        end_reason=None,
        earlier=bound.session,
        earlier_until=until,
    )


def close_room(conn: Connection, tenant: str, session_id: str, prefix: str, at: float) -> None:
    """Note that a platform closed a room of a session."""
    insert_new(conn, room_closed, {"session": session_id, "room": prefix, "at": at, "tenant": tenant})


def closings(conn: Connection, session_id: str) -> frozenset[tuple[str, float]]:
    """Return every (room, time) at which a platform closed a room of a session."""
    query = select(room_closed.c.room, room_closed.c.at).where(room_closed.c.session == session_id)
    return frozenset((row.room, row.at) for row in conn.execute(query))


def closings_in(
    conn: Connection, episode_id: str, *, since: int = 0
) -> dict[str, frozenset[tuple[str, float]]]:
    """Return every (room, time) at which a platform closed a room of an episode's sessions, by session.

    Only sessions from number `since` on.
    """
    query = (
        select(room_closed.c.session, room_closed.c.room, room_closed.c.at)
        .join(session, session.c.id == room_closed.c.session)
        .where(session.c.episode == episode_id, session.c.number >= since)
    )
    found: dict[str, set[tuple[str, float]]] = {}
    for where, name, at in conn.execute(query):
        found.setdefault(where, set()).add((name, at))
    return {where: frozenset(closed) for where, closed in found.items()}


def set_rosters(conn: Connection, adapter: str, instance: str, rosters: Sequence[Roster]) -> None:
    """Keep the latest lists of who was in a room."""
    query = update(room).where(room.c.adapter == adapter, room.c.instance == instance)
    conn.execute(query.values(rosters=dump([[at, sorted(there)] for at, there in rosters])))


def set_over(conn: Connection, adapter: str, instance: str, at: float | None) -> None:
    """Note since when a room instance is over, so that nobody asks about it; None: it is used again."""
    query = update(room).where(room.c.adapter == adapter, room.c.instance == instance)
    conn.execute(query.where(room.c.over_at.is_distinct_from(at)).values(over_at=at))


def open_rooms(conn: Connection, adapter: str) -> tuple[OpenRoom, ...]:
    """Return every room of an adapter that is not over and whose session is going on."""
    query = select(room.c.instance, room.c.name).join(session, session.c.id == room.c.session)
    query = query.where(room.c.adapter == adapter, room.c.over_at.is_(None), session.c.status == "live")
    return tuple(
        OpenRoom(instance=row.instance, name=row.name)
        for row in conn.execute(query.order_by(room.c.bound_at))
    )


def wanted_rooms(conn: Connection, adapter: str) -> dict[str, str]:
    """Return room name → session, of the sessions of an adapter that have not ended; see `bind_room`."""
    query = select(session.c.id, session.c.tenant, session.c.room).where(
        session.c.adapter == adapter, session.c.room != "", session.c.status != "ended"
    )
    found: dict[str, str] = {}
    tenants: dict[str, set[str]] = {}
    for row in conn.execute(query.order_by(session.c.created_at.desc(), session.c.id)):
        found.setdefault(row.room, row.id)
        tenants.setdefault(row.room, set()).add(row.tenant)
    return {name: found[name] for name in sorted(found) if len(tenants[name]) == 1}


def session_of(conn: Connection, adapter: str, instance: str) -> tuple[str, str] | None:
    """Return (tenant, session) that an open room instance is bound to."""
    query = select(room.c.tenant, room.c.session).where(
        room.c.adapter == adapter, room.c.instance == instance, room.c.over_at.is_(None)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else (row.tenant, row.session)


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
            participant.c.language,
        )
        .join(presence, known.session == room.c.session)
        .join(participant, participant.c.id == known.participant)
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
        language=first.language,
    )


def set_sent_out(conn: Connection, tenant: str, participant_id: str, at: float) -> None:
    """Note that somebody was sent out of a call, or never let in; the latest time stays."""
    query = update(participant).where(participant.c.id == participant_id, participant.c.tenant == tenant)
    earlier = or_(participant.c.sent_out_at.is_(None), participant.c.sent_out_at < at)
    conn.execute(query.where(earlier).values(sent_out_at=at))
