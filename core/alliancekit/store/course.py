"""What happens between the ratings of a course: talks about findings, agreed tasks, private notes.

Texts are what somebody typed: they stay in these tables, and in no log, audit entry or message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, delete, insert, select, update

from alliancekit.errors import ConflictError, NotFoundError, RefusedError
from alliancekit.store import audit
from alliancekit.store.compiled import insert_into
from alliancekit.store.tables import agreed_task, note, session, talked
from alliancekit.store.tables import episode as episode_table
from alliancekit.store.text import new_id

Outcome = Literal["repaired", "not_yet"]
"""What the therapist says came of a talk about what a session showed."""

TaskStatus = Literal["open", "done", "partly", "not_done"]
"""`open` until therapist and client look back at it."""

NOTE_LENGTH: Final = 4000
"""Characters of a private note."""

TASK_LENGTH: Final = 300
"""Characters of an agreed task."""

MOST_TASKS: Final = 20
"""Tasks that one session may have."""


class TooLongError(RefusedError):
    """A text is longer than may be kept."""

    status = 422
    slug = "too-large"


class UnknownWordError(RefusedError):
    """An outcome or a status that there is not, or an empty task."""

    status = 422
    slug = "invalid-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Therapist and client talked about what `session` showed; `at` in seconds since 1970 UTC."""

    id: str
    episode: str
    session: str
    outcome: Outcome
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What was agreed in `session`; `decided_at` is when its status was last said, None while open."""

    id: str
    episode: str
    session: str
    text: str
    status: TaskStatus
    decided_at: float | None
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A therapist's private note on a session."""

    session: str
    text: str
    updated_at: float


def actor_of(therapist: str) -> str:
    """How audit entries name a therapist (the vendor's id)."""
    return f"therapist:{therapist}"


# talks ------------------------------------------------------------------------------------------------


def talks_of(conn: Connection, tenant: str, episode: str) -> tuple[Talk, ...]:
    """An episode's talks, oldest first; the last one about a session is what counts for it."""
    query = select(talked).where(talked.c.episode == episode, talked.c.tenant == tenant)
    rows = conn.execute(query.order_by(talked.c.at, talked.c.id)).mappings()
    return tuple(Talk(**_without_tenant(row)) for row in rows)


def all_talks(conn: Connection, tenant: str, therapist: str) -> dict[str, list[Talk]]:
    """The talks of all episodes of a therapist, by episode, oldest first."""
    own = select(episode_table.c.id).where(
        episode_table.c.tenant == tenant, episode_table.c.therapist == therapist
    )
    query = select(talked).where(talked.c.tenant == tenant, talked.c.episode.in_(own))
    found: dict[str, list[Talk]] = {}
    for row in conn.execute(query.order_by(talked.c.at, talked.c.id)).mappings():
        one = Talk(**_without_tenant(row))
        found.setdefault(one.episode, []).append(one)
    return found


def record_talk(
    conn: Connection, tenant: str, session_id: str, outcome: str, *, actor: str, now: float
) -> Talk:
    """Store that a session's findings were talked about; the same outcome twice in a row is one talk.

    Raises:
        UnknownWordError: there is no such outcome.
        NotFoundError: the tenant has no such session.
    """
    known: tuple[Outcome, ...] = get_args(Outcome)
    said: Outcome | None = next((one for one in known if one == outcome), None)
    if said is None:
        raise UnknownWordError("There is no such outcome.", fix=f"One of {', '.join(known)}.")
    episode = _lock(conn, tenant, session_id)
    last = next((t for t in reversed(talks_of(conn, tenant, episode)) if t.session == session_id), None)
    if last is not None and last.outcome == said:
        return last
    # Two talks within one tick of the clock keep their order.
    at = now if last is None else max(now, last.at + 1e-6)
    talk = Talk(id=new_id("tlk"), episode=episode, session=session_id, outcome=said, at=at)
    conn.execute(insert(talked).values(tenant=tenant, **_values(talk)))
    details = {"session": session_id, "outcome": said}
    audit.append(
        conn, tenant=tenant, actor=actor, action="talk.noted", object=talk.id, details=details, now=now
    )
    return talk


def undo_talk(conn: Connection, tenant: str, talk_id: str, *, actor: str, now: float) -> Talk:
    """Delete a talk that was noted by mistake; what was noted before it counts again.

    Raises:
        NotFoundError: the tenant has no such talk.
    """
    row = conn.execute(select(talked).where(talked.c.id == talk_id, talked.c.tenant == tenant)).mappings()
    found = row.one_or_none()
    if found is None:
        raise NotFoundError("This was taken back before.", fix="Open the page again to see what is noted.")
    talk = Talk(**_without_tenant(found))
    conn.execute(delete(talked).where(talked.c.id == talk_id))
    audit.append(
        conn,
        tenant=tenant,
        actor=actor,
        action="talk.undone",
        object=talk.id,
        details={"session": talk.session},
        now=now,
    )
    return talk


# tasks ------------------------------------------------------------------------------------------------


def tasks_of(conn: Connection, tenant: str, episode: str) -> tuple[Task, ...]:
    """An episode's agreed tasks, in the order in which they were agreed."""
    query = select(agreed_task).where(agreed_task.c.episode == episode, agreed_task.c.tenant == tenant)
    rows = conn.execute(query.order_by(agreed_task.c.at, agreed_task.c.id)).mappings()
    return tuple(Task(**_without_tenant(row)) for row in rows)


def add_task(conn: Connection, tenant: str, session_id: str, text: str, *, actor: str, now: float) -> Task:
    """Store a task that was agreed in a session; the same open text again is the same task.

    Raises:
        UnknownWordError: the text is empty.
        TooLongError: it is longer than `TASK_LENGTH`.
        ConflictError: the session has `MOST_TASKS` already.
        NotFoundError: the tenant has no such session.
    """
    text = " ".join(cleaned(text).split())
    if not text:
        raise UnknownWordError("The task is empty.", fix="Write what was agreed.")
    _check_length(text, TASK_LENGTH)
    episode = _lock(conn, tenant, session_id)
    here = [one for one in tasks_of(conn, tenant, episode) if one.session == session_id]
    same = next((one for one in here if one.text == text and one.status == "open"), None)
    if same is not None:
        return same
    if len(here) >= MOST_TASKS:
        raise ConflictError(f"This session has {MOST_TASKS} tasks.", fix="Remove one that is not needed.")
    at = max([now, *(one.at + 1e-6 for one in here)])
    task = Task(
        id=new_id("tsk"),
        episode=episode,
        session=session_id,
        text=text,
        status="open",
        decided_at=None,
        at=at,
    )
    conn.execute(insert(agreed_task).values(tenant=tenant, **_values(task)))
    audit.append(
        conn,
        tenant=tenant,
        actor=actor,
        action="task.agreed",
        object=task.id,
        details={"session": session_id},
        now=now,
    )
    return task


def decide_task(conn: Connection, tenant: str, task_id: str, status: str, *, actor: str, now: float) -> Task:
    """Say what became of a task; `open` takes back what was said.

    Raises:
        UnknownWordError: there is no such status.
        NotFoundError: the tenant has no such task.
    """
    known: tuple[TaskStatus, ...] = get_args(TaskStatus)
    said = next((one for one in known if one == status), None)
    if said is None:
        raise UnknownWordError("There is no such status.", fix=f"One of {', '.join(known)}.")
    task = _task(conn, tenant, task_id)
    if task.status == said:
        return task
    decided = None if said == "open" else now
    query = update(agreed_task).where(agreed_task.c.id == task_id)
    conn.execute(query.values(status=said, decided_at=decided))
    audit.append(
        conn,
        tenant=tenant,
        actor=actor,
        action="task.decided",
        object=task_id,
        details={"status": said},
        now=now,
    )
    return replace(task, status=said, decided_at=decided)


def remove_task(conn: Connection, tenant: str, task_id: str, *, actor: str, now: float) -> Task:
    """Delete a task that was added by mistake.

    Raises:
        ConflictError: something was said about it already.
        NotFoundError: the tenant has no such task.
    """
    task = _task(conn, tenant, task_id)
    if task.status != "open":
        raise ConflictError("It was said what became of this task.", fix="Take that back first.")
    conn.execute(delete(agreed_task).where(agreed_task.c.id == task_id))
    audit.append(
        conn,
        tenant=tenant,
        actor=actor,
        action="task.removed",
        object=task_id,
        details={"session": task.session},
        now=now,
    )
    return task


def _task(conn: Connection, tenant: str, task_id: str) -> Task:
    query = select(agreed_task).where(agreed_task.c.id == task_id, agreed_task.c.tenant == tenant)
    found = conn.execute(query.with_for_update()).mappings().one_or_none()
    if found is None:
        raise NotFoundError("There is no such task any more.", fix="Open the page again.")
    return Task(**_without_tenant(found))


# notes ------------------------------------------------------------------------------------------------


def notes_of(conn: Connection, tenant: str, episode: str, *, therapist: str) -> tuple[Note, ...]:
    """The private notes of one therapist (the vendor's id) on an episode's sessions, oldest session first."""
    query = (
        select(note.c.session, note.c.text, note.c.updated_at)
        .join(session, session.c.id == note.c.session)
        .where(session.c.episode == episode, note.c.tenant == tenant, note.c.therapist == therapist)
        .order_by(session.c.number)
    )
    return tuple(Note(**row) for row in conn.execute(query).mappings())


def write_note(
    conn: Connection, tenant: str, session_id: str, text: str, *, therapist: str, now: float
) -> None:
    """Replace a therapist's private note on a session; an empty text deletes it.

    Raises:
        TooLongError: it is longer than `NOTE_LENGTH`.
        NotFoundError: the tenant has no such session.
        ConflictError: the session has another therapist's note.
    """
    text = cleaned(text)
    _check_length(text, NOTE_LENGTH)
    _lock(conn, tenant, session_id)
    if not text:
        mine = (note.c.session == session_id, note.c.therapist == therapist)
        if conn.execute(delete(note).where(*mine)).rowcount:
            audit.append(
                conn,
                tenant=tenant,
                actor=actor_of(therapist),
                action="note.deleted",
                object=session_id,
                details={},
                now=now,
            )
        return
    whose = conn.execute(select(note.c.therapist).where(note.c.session == session_id)).scalar()
    if whose not in {None, therapist}:
        raise ConflictError("This session has another therapist's note.", fix="Keep your note elsewhere.")
    keys = {"tenant": tenant, "session": session_id, "therapist": therapist}
    changes = {"text": text, "updated_at": now}
    query = insert_into(conn, note).values(**keys, **changes)
    conn.execute(query.on_conflict_do_update(index_elements=["session"], set_=changes))
    audit.append(
        conn,
        tenant=tenant,
        actor=actor_of(therapist),
        action="note.written",
        object=session_id,
        details={},
        now=now,
    )


def cleaned(text: str) -> str:
    """A typed text with one kind of line end, without control characters and space around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in lines if one in "\n\t" or (ord(one) >= 32 and ord(one) != 127)).strip()


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise TooLongError(
            f"The text has {len(text)} characters, {most} can be kept; nothing was changed.",
            fix="Go back and make it shorter; it is still there.",
        )


def _lock(conn: Connection, tenant: str, session_id: str) -> str:
    """Return the session's episode; its row is held, so that two requests come one after the other."""
    query = select(session.c.episode).where(session.c.id == session_id, session.c.tenant == tenant)
    found: str | None = conn.execute(query.with_for_update()).scalar()
    if found is None:
        raise NotFoundError("There is no such session.", fix="Open the page again.")
    return found


def _values(one: Talk | Task) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def _without_tenant(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "tenant"}
