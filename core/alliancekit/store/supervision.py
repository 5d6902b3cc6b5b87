"""Whose work a supervisor looks at, and which of their cases may be seen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from alliancekit.store import audit
from alliancekit.store.sessions import Episode
from alliancekit.store.tables import client_choice, episode, participant, session, supervision

LETTERS: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""What is easy to read out: no letter that looks like a digit or another letter."""


def assign(
    conn: Connection, tenant: str, supervisor: str, therapists: Sequence[str], now: float
) -> tuple[str, ...]:
    """Make these the therapists whose work a supervisor looks at; returns them, sorted, each once."""
    mine = (supervision.c.tenant == tenant) & (supervision.c.supervisor == supervisor)
    wanted = tuple(sorted(set(therapists)))
    conn.execute(delete(supervision).where(mine))
    if wanted:
        rows = [{"tenant": tenant, "supervisor": supervisor, "therapist": one} for one in wanted]
        conn.execute(insert(supervision), rows)
    audit.append(
        conn,
        tenant=tenant,
        actor="vendor",
        action="supervision.assigned",
        object=f"supervisor:{supervisor}",
        details={"therapists": len(wanted)},
        now=now,
    )
    return wanted


def therapists_of(conn: Connection, tenant: str, supervisor: str) -> tuple[str, ...]:
    """Return whose work a supervisor looks at, sorted."""
    query = select(supervision.c.therapist).where(
        supervision.c.tenant == tenant, supervision.c.supervisor == supervisor
    )
    return tuple(conn.execute(query.order_by(supervision.c.therapist)).scalars())


def cases(conn: Connection, tenant: str, supervisor: str) -> tuple[Episode, ...]:
    """Return the courses that a supervisor may see, oldest first.

    Those of their therapists whose client agrees, does not want the course erased, and is the only client in
    it: one person of a couple cannot agree for the other.
    """
    clients = (
        select(func.count(participant.c.external_id.distinct()))
        .join(session, session.c.id == participant.c.session)
        .where(session.c.episode == episode.c.id, participant.c.role == "client")
        .scalar_subquery()
    )
    query = (
        select(episode)
        .join(
            supervision,
            (supervision.c.tenant == episode.c.tenant) & (supervision.c.therapist == episode.c.therapist),
        )
        .join(client_choice, client_choice.c.episode == episode.c.id)
        .where(
            episode.c.tenant == tenant,
            supervision.c.supervisor == supervisor,
            client_choice.c.supervision_at.is_not(None),
            client_choice.c.erasure_asked_at.is_(None),
            clients == 1,
        )
    )
    rows = conn.execute(query.order_by(episode.c.created_at, episode.c.id)).mappings()
    return tuple(Episode(**row) for row in rows)


def case_name(episode_id: str) -> str:
    """Return what a case is called in supervision: six letters, always the same, that say nothing of it."""
    digest = int.from_bytes(hashlib.sha256(f"case\0{episode_id}".encode()).digest()[:8], "big")
    letters = []
    for _ in range(6):
        digest, rest = divmod(digest, len(LETTERS))
        letters.append(LETTERS[rest])
    return "".join(letters[:3]) + "-" + "".join(letters[3:])
