"""Who looked at a course, and what else was done with it: audit entries, read for the client it is about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, or_, select

from alliancekit.store.audit import Entry, append
from alliancekit.store.own import Own
from alliancekit.store.tables import audit, prompt, response, session
from alliancekit.store.text import load

VIEWED: Final = "episode.viewed"
"""The action of an entry that says that somebody opened a page about a course."""

BLUR: Final = 60.0
"""Seconds in which looking again is the same look: a page that renews itself is not told of each time."""


def record(
    conn: Connection, tenant: str, *, actor: str, episodes: Collection[str], page: str, now: float
) -> None:
    """Add an entry for each course that somebody's page shows; `actor` is such as `therapist:dr-7`."""
    for one in episodes:
        append(conn, tenant=tenant, actor=actor, action=VIEWED, object=one, details={"page": page}, now=now)


def looks(conn: Connection, tenant: str, episode: str) -> tuple[Entry, ...]:
    """Return who looked at a course, oldest first."""
    query = select(audit).where(audit.c.tenant == tenant, audit.c.object == episode, audit.c.action == VIEWED)
    rows = conn.execute(query.order_by(audit.c.seq)).mappings()
    return tuple(Entry(**{**row, "details": load(row["details"])}) for row in rows)


def of_client(conn: Connection, own: Own) -> tuple[Entry, ...]:
    """Return the entries about a client's course and about what they answered in it, oldest first."""
    people = own.people()
    objects = (
        select(prompt.c.id).where(prompt.c.participant.in_(people)),
        select(response.c.id).where(response.c.participant.in_(people)),
        select(session.c.id).where(session.c.episode == own.episode),
    )
    about = or_(audit.c.object == own.episode, *(audit.c.object.in_(each) for each in objects))
    query = select(audit).where(audit.c.tenant == own.tenant, about)
    rows = conn.execute(query.order_by(audit.c.seq)).mappings()
    return tuple(Entry(**{**row, "details": load(row["details"])}) for row in rows)
