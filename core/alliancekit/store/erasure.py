"""An episode and everything that belongs to it, deleted; what was done to whom stays in the audit entries."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from alliancekit.errors import ConflictError, NotFoundError
from alliancekit.store import audit
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.tables import (
    agreed_task,
    client_choice,
    delivery,
    episode,
    guidance,
    not_computed,
    note,
    outbox,
    participant,
    plugin_data,
    presence,
    prompt,
    response,
    room,
    room_closed,
    score,
    session,
    signal,
    submission,
    talked,
    webhook_attempt,
    webhook_message,
)


def erase_episode(
    conn: Connection, tenant: str, episode_id: str, *, actor: str, now: float
) -> dict[str, int]:
    """Delete an episode: sessions, people, prompts, answers, scores, signals, guidance, plugins' rows.

    Queues the hook `episode_erased` and adds an audit entry; earlier entries name only identifiers and stay.

    Returns: how many sessions, responses and plugin rows there were.

    Raises:
        NotFoundError: the tenant has no such episode.
        ConflictError: one of its calls is going on; nothing was deleted.
    """
    course = select(episode.c.id).where(episode.c.id == episode_id, episode.c.tenant == tenant)
    if conn.execute(course.with_for_update()).scalar() is None:
        raise NotFoundError("There is no such episode.", fix="Check its id and whose key you use.")
    # Held until the end: what the outbox does meanwhile would add rows to what is being deleted.
    here = select(session.c.id, session.c.status).where(session.c.episode == episode_id)
    found = conn.execute(here.order_by(session.c.id).with_for_update()).all()
    if any(row.status == "live" for row in found):
        raise ConflictError(
            "A call of this episode is going on; nothing was deleted.",
            fix="End it with POST /v1/sessions/{id}/end and try again.",
        )
    ids = select(session.c.id).where(session.c.episode == episode_id)
    people = select(participant.c.id).where(participant.c.session.in_(ids))
    prompts = select(prompt.c.id).where(prompt.c.session.in_(ids))
    for each in (participant, prompt):
        conn.execute(select(each.c.id).where(each.c.session.in_(ids)).order_by(each.c.id).with_for_update())
    responses = select(response.c.id).where(response.c.session.in_(ids))
    conn.execute(delete(score).where(score.c.response.in_(responses)))
    answered = conn.execute(delete(response).where(response.c.session.in_(ids))).rowcount
    conn.execute(delete(submission).where(submission.c.participant.in_(people)))
    conn.execute(delete(delivery).where(delivery.c.prompt.in_(prompts)))
    told = select(webhook_message.c.id).where(webhook_message.c.session.in_(ids))
    conn.execute(delete(webhook_attempt).where(webhook_attempt.c.message.in_(told)))
    for table in (note, prompt, presence, room_closed, room, signal, guidance, not_computed, webhook_message):
        conn.execute(delete(table).where(table.c.session.in_(ids)))
    for table in (agreed_task, client_choice, talked):
        conn.execute(delete(table).where(table.c.episode == episode_id))
    conn.execute(update(room).where(room.c.earlier.in_(ids)).values(earlier=None))
    conn.execute(delete(outbox).where(outbox.c.tenant == tenant, outbox.c.lane.in_(ids)))
    conn.execute(delete(participant).where(participant.c.session.in_(ids)))
    conn.execute(delete(session).where(session.c.episode == episode_id))
    kept = conn.execute(
        delete(plugin_data).where(plugin_data.c.tenant == tenant, plugin_data.c.episode == episode_id)
    ).rowcount
    conn.execute(delete(episode).where(episode.c.id == episode_id))
    counts = {"sessions": len(found), "responses": answered, "plugin_rows": kept}
    audit.append(
        conn,
        tenant=tenant,
        actor=actor,
        action="episode.erased",
        object=episode_id,
        details=counts,
        now=now,
    )
    work = Work(lane=episode_id, kind="episode_erased", payload={"episode": episode_id})
    add_work(conn, tenant, [work], now)
    return counts
