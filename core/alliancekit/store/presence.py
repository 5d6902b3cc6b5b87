"""What was observed of a call: who was there when, and who was heard.

Reports of presence may come twice, late and in any order; merging them gives the same row whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, case, or_, select, update

from alliancekit.events import Role, SpeechSpan, SpeechTotal, TalkBalance, TalkShare
from alliancekit.store.compiled import insert_into
from alliancekit.store.tables import presence, session
from alliancekit.store.text import dump, load

How = Literal["left", "dropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What is known of one connection to a call; seconds since 1970 UTC, None where nothing was reported."""

    connection: str
    participant: str
    joined_at: float | None = None
    seen_at: float | None = None
    left_at: float | None = None
    how: How | None = None


def merge_presence(conn: Connection, tenant: str, session_id: str, reported: Presence) -> None:
    """Add a report to what is known of this connection.

    The earliest `joined_at`, the latest `seen_at` and the latest `left_at` stay, the last with its `how`; of
    two reports of the same moment `left` outweighs `dropped`.
    """
    insert = insert_into(conn, presence).values(
        tenant=tenant,
        session=session_id,
        connection=reported.connection,
        participant=reported.participant,
        joined_at=reported.joined_at,
        seen_at=reported.seen_at,
        left_at=reported.left_at,
        how=reported.how,
    )
    old, new = presence.c, insert.excluded
    later = and_(
        new.left_at.is_not(None),
        or_(
            old.left_at.is_(None),
            new.left_at > old.left_at,
            and_(new.left_at == old.left_at, new.how == "left"),
        ),
    )
    changes = {
        "joined_at": _least(old.joined_at, new.joined_at),
        "seen_at": _greatest(old.seen_at, new.seen_at),
        "left_at": _greatest(old.left_at, new.left_at),
        "how": case((later, new.how), else_=old.how),
    }
    conn.execute(insert.on_conflict_do_update(index_elements=["session", "connection"], set_=changes))


def set_called(conn: Connection, session_id: str, connection: str, person: str, platform_id: str) -> None:
    """Note what the platform calls a person and their connection, so that they can be sent a message."""
    here = (presence.c.session == session_id) & (presence.c.connection == connection)
    conn.execute(update(presence).where(here).values(platform_person=person, platform_connection=platform_id))


def presences(conn: Connection, session_id: str) -> tuple[Presence, ...]:
    """Return what is known of every connection to a session, in the order of connection names."""
    columns = [presence.c[name] for name in Presence.__dataclass_fields__]
    query = select(*columns).where(presence.c.session == session_id).order_by(presence.c.connection)
    return tuple(Presence(**row) for row in conn.execute(query).mappings())


def presences_in(conn: Connection, episode_id: str, *, since: int = 0) -> dict[str, list[Presence]]:
    """Return what is known of every connection to an episode's sessions from `since` on, by session."""
    columns = [presence.c[name] for name in Presence.__dataclass_fields__]
    query = select(presence.c.session, *columns).join(session, session.c.id == presence.c.session)
    found: dict[str, list[Presence]] = {}
    here = query.where(session.c.episode == episode_id, session.c.number >= since)
    for where, *values in conn.execute(here.order_by(presence.c.session, presence.c.connection)).all():
        one = Presence(**dict(zip(Presence.__dataclass_fields__, values, strict=True)))
        found.setdefault(where, []).append(one)
    return found


def set_speech(conn: Connection, tenant: str, session_id: str, spans: Iterable[SpeechSpan]) -> None:
    """Replace what was heard in a session."""
    text = dump([[span.role, span.start, span.end] for span in spans])
    query = update(session).where(session.c.id == session_id, session.c.tenant == tenant)
    conn.execute(query.values(speech=text))


def speech(conn: Connection, tenant: str, session_id: str) -> tuple[SpeechSpan, ...]:
    """Return what was heard in a session; empty if nobody listened."""
    query = select(session.c.speech).where(session.c.id == session_id, session.c.tenant == tenant)
    text = conn.execute(query).scalar()
    return tuple(SpeechSpan(role=role, start=start, end=end) for role, start, end in load(text or "[]"))


def add_totals(
    conn: Connection, tenant: str, session_id: str, said: Mapping[str, tuple[Role, float]]
) -> bool:
    """Keep how long each connection was heard in all, as connection → (whose, seconds); True if that is news.

    Of several totals of a connection the largest stays.
    """
    here = (session.c.id == session_id) & (session.c.tenant == tenant)
    text = conn.execute(select(session.c.speech_totals).where(here).with_for_update()).scalar()
    known: dict[str, list[Any]] = load(text or "{}")
    whole = dict(known)
    for connection, (role, seconds) in said.items():
        if connection not in whole or seconds > whole[connection][1]:
            whole[connection] = [role, seconds]
    if whole == known:
        return False
    conn.execute(update(session).where(here).values(speech_totals=dump(whole)))
    return True


def totals(conn: Connection, tenant: str, session_id: str) -> tuple[SpeechTotal, ...]:
    """Return how long each connection was heard in all, where a platform told totals."""
    query = select(session.c.speech_totals).where(session.c.id == session_id, session.c.tenant == tenant)
    known = load(conn.execute(query).scalar() or "{}")
    return tuple(SpeechTotal(role=known[key][0], seconds=known[key][1]) for key in sorted(known))


def set_talk_balance(conn: Connection, tenant: str, session_id: str, balance: TalkBalance | None) -> None:
    """Replace a session's talk balance."""
    text = None if balance is None else dump(asdict(balance))
    query = update(session).where(session.c.id == session_id, session.c.tenant == tenant)
    conn.execute(query.values(talk_balance=text))


@lru_cache(maxsize=2048)
def talk_balance_of(text: str | None) -> TalkBalance | None:
    """Return the talk balance that a session's column holds."""
    if text is None:
        return None
    values: dict[str, Any] = load(text)
    return TalkBalance(
        client=TalkShare(**values.pop("client")), therapist=TalkShare(**values.pop("therapist")), **values
    )


def _least(old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((old.is_(None), new), (new < old, new), else_=old)


def _greatest(old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((old.is_(None), new), (new > old, new), else_=old)
