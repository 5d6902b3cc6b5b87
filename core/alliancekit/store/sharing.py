"""A client changes who sees an answer that was given: at once, with everything that was made of it."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from alliancekit.errors import NotFoundError
from alliancekit.events import Visibility
from alliancekit.store import audit
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.own import Own
from alliancekit.store.tables import guidance, response, session, signal
from alliancekit.store.text import load

WIDTH: dict[Visibility, int] = {"aggregate_only": 0, "therapist_later": 1, "therapist_now": 2}
"""How much the therapist sees."""


def share(conn: Connection, own: Own, response_id: str, to: Visibility, now: float) -> bool:
    """Let an answer be seen by more or fewer; False where it was like this already.

    What the rules found in this session and in later ones rests on what could be seen: it is made anew by the
    work that is queued here. Where less can be seen now, it goes at once, so that nothing in it gives away
    what was taken back. An audit entry stays.

    Args:
        conn: the caller's transaction.
        own: who has to have given it, in which course.
        response_id: the answer.
        to: who is to see it.
        now: seconds since 1970 UTC.

    Raises:
        NotFoundError: this client gave no such answer in this course.
    """
    query = (
        select(response.c.id, response.c.visibility, session.c.number)
        .join(session, session.c.id == response.c.session)
        .where(response.c.id == response_id, response.c.participant.in_(own.people()))
    )
    found = conn.execute(query.with_for_update(of=response)).one_or_none()
    if found is None:
        raise NotFoundError("There is no such answer of yours.", fix="Open your page again.")
    before: Visibility = found.visibility
    if before == to:
        return False
    conn.execute(update(response).where(response.c.id == response_id).values(visibility=to))
    held = select(session.c.id).where(
        session.c.episode == own.episode, session.c.number >= found.number, session.c.status != "waiting"
    )
    work = []
    for one in conn.execute(held.order_by(session.c.number)).scalars().all():
        work.append(Work(lane=one, kind="review", payload={"session": one, "told": _told(conn, one)}))
        if WIDTH[to] < WIDTH[before]:
            conn.execute(delete(signal).where(signal.c.session == one))
            conn.execute(delete(guidance).where(guidance.c.session == one))
    add_work(conn, own.tenant, work, now)
    audit.append(
        conn,
        tenant=own.tenant,
        actor=own.actor,
        action="response.shared",
        object=response_id,
        details={"from": before, "to": to},
        now=now,
    )
    return True


def _told(conn: Connection, session_id: str) -> list[list[str]]:
    """What was found in a session so far: nobody is told of it a second time."""
    rows = conn.execute(
        select(signal.c.kind, signal.c.rule, signal.c.details).where(signal.c.session == session_id)
    )
    found = []
    for kind, rule, details in rows:
        more = load(details)
        found.append([kind, rule, more["instrument"], more["scale"], more["role"]])
    return found
