"""What the database knows of an episode, read for its therapist's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from alliancekit import calls
from alliancekit.errors import NotFoundError
from alliancekit.events import Role, Segment
from alliancekit.server.therapist import course as between
from alliancekit.server.therapist.course import CourseView
from alliancekit.server.tokens import TherapistClaims
from alliancekit.store import course as noted
from alliancekit.store import prompts, series
from alliancekit.store import sessions as rows
from alliancekit.store.series import SeriesSession
from alliancekit.store.sessions import Episode
from alliancekit.store.tables import participant, prompt, session
from alliancekit.store.text import load


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt of a session."""

    role: Role
    moment: Any
    instruments: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that is stored of an episode and its page is made of; `asked` and `segments` by session."""

    course: Episode
    found: tuple[SeriesSession, ...]
    asked: Mapping[str, Sequence[Asked]]
    segments: Mapping[str, tuple[Segment, ...]]
    noted: CourseView
    with_answers: bool = False


def read(
    conn: Connection,
    claims: TherapistClaims,
    episode_id: str,
    now: float,
    *,
    latest: int | None = None,
    opened: int | None = None,
) -> Stored:
    """Read an episode of this therapist, in a number of queries that its length does not change.

    Args:
        conn: within a transaction.
        claims: who reads.
        episode_id: whose page.
        now: seconds since 1970 UTC.
        latest: of how many sessions, the latest, advice, prompts and segments are read; None for all.
        opened: the number of a session whose prompts and segments are read too.

    Raises:
        NotFoundError: there is no such episode, or it is another therapist's.
    """
    course = own_episode(conn, claims, episode_id)
    since = 0 if latest is None else 1 + rows.last_number(conn, claims.tenant, episode_id) - latest
    found = series.read_series(conn, claims.tenant, episode_id, answers=True, advice_since=since)
    shown = [one.session for one in found if one.session.number >= since or one.session.number == opened]
    since = min((one.number for one in shown), default=0)
    return Stored(
        course,
        found,
        _asked(conn, claims.tenant, and_(session.c.episode == episode_id, session.c.number >= since), now),
        calls.segments_in(
            conn,
            claims.tenant,
            episode_id,
            shown,
            now,
        ),
        between.view_of(
            {one.session.id: one.session.number for one in found},
            talks=noted.talks_of(conn, claims.tenant, episode_id),
            tasks=noted.tasks_of(conn, claims.tenant, episode_id),
            notes=noted.notes_of(conn, claims.tenant, episode_id, therapist=claims.therapist),
        ),
        with_answers=True,
    )


def read_latest(
    conn: Connection, claims: TherapistClaims, now: float, *, latest: int
) -> tuple[tuple[Stored, int, bool], ...]:
    """Read the latest sessions of all clients of a therapist, in as many queries as for one.

    Returns:
        For each what is stored, without answers, segments, notes and tasks; how many sessions there are in
        all; and whether some of them are made up.
    """
    found = series.read_latest(conn, claims.tenant, claims.therapist, latest=latest)
    counts = rows.counted(conn, claims.tenant, claims.therapist)
    talks = noted.all_talks(conn, claims.tenant, claims.therapist)
    shown = and_(*series.among_latest(claims.tenant, claims.therapist, latest))
    asked = _asked(conn, claims.tenant, shown, now)
    read = []
    for course in rows.episodes(conn, claims.tenant, therapist=claims.therapist):
        sessions = found.get(course.id, ())
        numbers = {one.session.id: one.session.number for one in sessions}
        said = [one for one in talks.get(course.id, ()) if one.session in numbers]
        view = between.view_of(numbers, talks=said)
        read.append((Stored(course, sessions, asked, {}, view), *counts.get(course.id, (0, False))))
    return tuple(read)


def ratings_only(conn: Connection, course: Episode) -> Stored:
    """Read what others who may look at an episode see of it: no notes, tasks, answers."""
    found = series.read_series(conn, course.tenant, course.id)
    numbers = {one.session.id: one.session.number for one in found}
    talks = noted.talks_of(conn, course.tenant, course.id)
    return Stored(course, found, {}, {}, between.view_of(numbers, talks=talks))


def own_episode(conn: Connection, claims: TherapistClaims, episode_id: str) -> Episode:
    """Return an episode of this therapist.

    Raises:
        NotFoundError: there is no such episode, or it is another therapist's.
    """
    course = rows.read_episode(conn, claims.tenant, episode_id)
    if course.therapist != claims.therapist:
        raise NotFoundError("There is no such client.", fix="Go back to Today and choose from your list.")
    return course


def _asked(conn: Connection, tenant: str, here: ColumnElement[bool], now: float) -> dict[str, list[Asked]]:
    query = (
        select(
            prompt.c.session,
            participant.c.role,
            prompt.c.moment,
            prompt.c.instruments,
            prompts.status_at(now),
        )
        .join(participant, participant.c.id == prompt.c.participant)
        .join(session, session.c.id == prompt.c.session)
        .where(here, prompt.c.tenant == tenant)
        .order_by(prompt.c.created_at, prompt.c.id)
    )
    found: dict[str, list[Asked]] = {}
    for where, role, moment, names, status in conn.execute(query).all():
        found.setdefault(where, []).append(Asked(role, moment, tuple(load(names)), status))
    return found
