"""Episodes, sessions and who takes part in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import Connection, case, func, or_, select, update

from alliancekit.errors import ConflictError, NotFoundError
from alliancekit.events import EndReason, Role
from alliancekit.store.compiled import insert_new
from alliancekit.store.tables import episode, participant, session
from alliancekit.store.text import new_id

SessionStatus = Literal["waiting", "live", "ended"]
"""`waiting`: nobody has come yet; `live`: somebody came; `ended`: final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewParticipant:
    """Somebody to come; `external_id` is the vendor's name for the person."""

    role: Role
    external_id: str
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What a vendor says about a session.

    `episode` is the vendor's id of the course of therapy, `room` what the room of the call is called on the
    platform of `adapter`.
    """

    tenant: str
    external_id: str
    episode: str
    style: str
    measure: str
    participants: tuple[NewParticipant, ...]
    therapist: str = ""
    adapter: str = ""
    room: str = ""
    example: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One course of therapy; `therapist` is the vendor's id of the therapist."""

    id: str
    tenant: str
    external_id: str
    therapist: str
    style: str
    example: bool
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One meeting; `number` counts from 1 in its episode, times are seconds since 1970 UTC."""

    id: str
    tenant: str
    episode: str
    external_id: str
    number: int
    style: str
    measure: str
    adapter: str
    status: SessionStatus
    started_at: float | None
    ended_at: float | None
    end_reason: EndReason | None
    end_confidence: float | None
    seconds: float
    example: bool
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParticipant:
    """Somebody in a session; `sent_out_at`: when the platform last said that they were sent out of it."""

    id: str
    tenant: str
    session: str
    role: Role
    external_id: str
    language: str
    sent_out_at: float | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A session with its participants; `created` is False if the vendor had named it before."""

    session: Session
    participants: tuple[StoredParticipant, ...]
    created: bool


SHOWN = tuple(session.c[name] for name in Session.__dataclass_fields__)
"""The columns of a `Session`."""


def create_session(conn: Connection, new: NewSession, now: float) -> Created:
    """Store a session, or return the one that this external id already names.

    The episode is made with its first session; its style stays what it was then. A participant who is new to
    a known session is added to it, and so is its room, if it had none.

    Raises:
        ConflictError: the external id names a session of another episode.
    """
    course = _episode(conn, new, now)
    found = _by_external_id(conn, new)
    created = False
    if found is None:
        created = _insert_session(conn, new, course, now)
        found = _by_external_id(conn, new)
    if found is None or found.episode != course:
        raise ConflictError(
            "This external_id already names a session of another episode. Nothing was stored.",
            fix="Send a new external_id for every session.",
        )
    if new.room and not created:
        unnamed = update(session).where(session.c.id == found.id, session.c.room == "")
        conn.execute(unnamed.values(adapter=new.adapter, room=new.room))
    for one in new.participants:
        values = {
            "id": new_id("par"),
            "tenant": new.tenant,
            "session": found.id,
            "role": one.role,
            "external_id": one.external_id,
            "language": one.language,
        }
        insert_new(conn, participant, values)
    return Created(found, participants_of(conn, new.tenant, found.id), created)


def _episode(conn: Connection, new: NewSession, now: float) -> str:
    """Return the episode's id, holding its row so that sessions are numbered one after the other."""
    values = {
        "id": new_id("epi"),
        "tenant": new.tenant,
        "external_id": new.episode,
        "therapist": new.therapist,
        "style": new.style,
        "example": new.example,
        "created_at": now,
    }
    insert_new(conn, episode, values)
    query = select(episode.c.id).where(episode.c.tenant == new.tenant, episode.c.external_id == new.episode)
    found: str = conn.execute(query.with_for_update()).scalar_one()
    return found


def _by_external_id(conn: Connection, new: NewSession) -> Session | None:
    query = select(*SHOWN).where(session.c.tenant == new.tenant, session.c.external_id == new.external_id)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Session(**row)


def _insert_session(conn: Connection, new: NewSession, course: str, now: float) -> bool:
    last = conn.execute(select(func.max(session.c.number)).where(session.c.episode == course)).scalar()
    values = {
        "id": new_id("ses"),
        "tenant": new.tenant,
        "episode": course,
        "external_id": new.external_id,
        "number": (last or 0) + 1,
        "style": new.style,
        "measure": new.measure,
        "adapter": new.adapter,
        "room": new.room,
        "status": "waiting",
        "seconds": 0.0,
        "example": new.example,
        "created_at": now,
    }
    return insert_new(conn, session, values)


def read_session(conn: Connection, tenant: str, session_id: str) -> Session:
    """Return one session of this tenant.

    Raises:
        NotFoundError: there is none.
    """
    query = select(*SHOWN).where(session.c.id == session_id, session.c.tenant == tenant)
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such session.", fix="Check its id (ses_…) and whose key you use.")
    return Session(**row)


def read_episode(conn: Connection, tenant: str, episode_id: str) -> Episode:
    """Return one episode of this tenant.

    Raises:
        NotFoundError: there is none.
    """
    query = select(episode).where(episode.c.id == episode_id, episode.c.tenant == tenant)
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such episode.", fix="Check its id (epi_…) and whose key you use.")
    return Episode(**row)


def counted(conn: Connection, tenant: str, therapist: str) -> dict[str, tuple[int, bool]]:
    """Return how many sessions each of a therapist's episodes has, and whether some are made up."""
    query = (
        select(session.c.episode, func.count(), func.max(case((session.c.example, 1), else_=0)))
        .join(episode, episode.c.id == session.c.episode)
        .where(episode.c.tenant == tenant, episode.c.therapist == therapist)
        .group_by(session.c.episode)
    )
    return {name: (count, bool(example)) for name, count, example in conn.execute(query)}


def last_number(conn: Connection, tenant: str, episode_id: str) -> int:
    """Return the number of an episode's newest session, 0 for none."""
    here = (session.c.episode == episode_id, session.c.tenant == tenant)
    return conn.execute(select(func.max(session.c.number)).where(*here)).scalar() or 0


def therapist_of(conn: Connection, tenant: str, external_id: str) -> str | None:
    """Return the therapist of the episode that the vendor calls so; None where there is none yet."""
    query = select(episode.c.therapist)
    found: str | None = conn.execute(
        query.where(episode.c.tenant == tenant, episode.c.external_id == external_id)
    ).scalar()
    return found


def tenant_of_episode(conn: Connection, episode_id: str) -> str:
    """Return whose episode this is, for an operator who has no key.

    Raises:
        NotFoundError: there is none.
    """
    found: str | None = conn.execute(select(episode.c.tenant).where(episode.c.id == episode_id)).scalar()
    if found is None:
        raise NotFoundError("There is no such episode.", fix="Its id begins with epi_.")
    return found


def episodes(conn: Connection, tenant: str, *, therapist: str | None = None) -> tuple[Episode, ...]:
    """Return a tenant's episodes, or those of one therapist (the vendor's id), oldest first."""
    query = select(episode).where(episode.c.tenant == tenant)
    if therapist is not None:
        query = query.where(episode.c.therapist == therapist)
    rows = conn.execute(query.order_by(episode.c.created_at, episode.c.id)).mappings()
    return tuple(Episode(**row) for row in rows)


def participants_of(conn: Connection, tenant: str, session_id: str) -> tuple[StoredParticipant, ...]:
    """Return who takes part in a session: therapists after clients, each in the order of external ids."""
    query = select(participant).where(participant.c.session == session_id, participant.c.tenant == tenant)
    rows = conn.execute(query.order_by(participant.c.role, participant.c.external_id)).mappings()
    return tuple(StoredParticipant(**row) for row in rows)


def is_client(conn: Connection, tenant: str, episode_id: str, external_id: str) -> bool:
    """Return whether the vendor's `external_id` names a client of an episode."""
    query = (
        select(participant.c.id)
        .join(session, session.c.id == participant.c.session)
        .where(
            session.c.episode == episode_id,
            participant.c.tenant == tenant,
            participant.c.role == "client",
            participant.c.external_id == external_id,
        )
    )
    return conn.execute(query.limit(1)).scalar() is not None


def roles_in(conn: Connection, tenant: str, episode_id: str, *, since: int = 0) -> dict[str, dict[str, Role]]:
    """Return the role of everybody who takes part in an episode, by session and participant.

    Only sessions from number `since` on.
    """
    query = (
        select(participant.c.session, participant.c.id, participant.c.role)
        .join(session, session.c.id == participant.c.session)
        .where(session.c.episode == episode_id, session.c.number >= since, participant.c.tenant == tenant)
    )
    found: dict[str, dict[str, Role]] = {}
    for where, person, role in conn.execute(query).all():
        found.setdefault(where, {})[person] = role
    return found


def read_participant(conn: Connection, participant_id: str) -> StoredParticipant | None:
    """Return one participant, for a token that names it."""
    query = select(participant).where(participant.c.id == participant_id)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else StoredParticipant(**row)


def sessions_in(conn: Connection, *statuses: SessionStatus) -> tuple[Session, ...]:
    """Return every tenant's sessions in these statuses, oldest first: what a restart has to take up again."""
    query = select(*SHOWN).where(session.c.status.in_(cast("Sequence[str]", statuses)))
    rows = conn.execute(query.order_by(session.c.created_at, session.c.id)).mappings()
    return tuple(Session(**row) for row in rows)


def start_session(conn: Connection, tenant: str, session_id: str, now: float) -> bool:
    """Make a waiting session live; True only for the one that did."""
    query = update(session).where(
        session.c.id == session_id, session.c.tenant == tenant, session.c.status == "waiting"
    )
    return conn.execute(query.values(status="live", started_at=now)).rowcount == 1


def revise_session(
    conn: Connection, tenant: str, session_id: str, *, started_at: float, seconds: float
) -> None:
    """Correct a session by what was reported late: an earlier beginning, and how long it was."""
    began = case(
        (or_(session.c.started_at.is_(None), session.c.started_at > started_at), started_at),
        else_=session.c.started_at,
    )
    query = update(session).where(session.c.id == session_id, session.c.tenant == tenant)
    conn.execute(query.values(started_at=began, seconds=seconds))


def move_end(conn: Connection, tenant: str, session_id: str, at: float) -> None:
    """Correct when a session ended, where that was inferred and late news say that it went on."""
    query = update(session).where(
        session.c.id == session_id, session.c.tenant == tenant, session.c.end_reason != "explicit"
    )
    conn.execute(query.values(ended_at=at))


def end_session(
    conn: Connection,
    tenant: str,
    session_id: str,
    *,
    at: float,
    reason: EndReason,
    confidence: float,
    seconds: float,
) -> bool:
    """End a session; True only for the one that ended it, so that what follows happens once.

    Args:
        conn: the caller's transaction.
        tenant: whose session.
        session_id: which session.
        at: when the call was over, seconds since 1970 UTC.
        reason: how the end was known.
        confidence: 0–1.
        seconds: how long client and therapist were in the call.
    """
    query = update(session).where(
        session.c.id == session_id, session.c.tenant == tenant, session.c.status != "ended"
    )
    values = {
        "status": "ended",
        "ended_at": at,
        "end_reason": reason,
        "end_confidence": confidence,
        "seconds": seconds,
    }
    return conn.execute(query.values(values)).rowcount == 1
