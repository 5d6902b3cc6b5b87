"""The vendor's view: sessions and episodes as the HTTP API gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from alliancekit import calls, visibility
from alliancekit.errors import NotFoundError
from alliancekit.events import Response
from alliancekit.store import choices, outbox, prompts, series
from alliancekit.store import course as noted
from alliancekit.store import sessions as rows
from alliancekit.store.presence import talk_balance_of
from alliancekit.store.series import SeriesSession
from alliancekit.store.sessions import Session
from alliancekit.store.tables import participant, prompt, session


def session_state(conn: Connection, tenant: str, session_id: str, now: float) -> dict[str, Any]:
    """One session: status, segments, end and its confidence, talk balance, prompts.

    Raises:
        NotFoundError: the tenant has no such session.
    """
    row = rows.read_session(conn, tenant, session_id)
    asked = select(prompt.c.id, prompt.c.participant, prompt.c.moment, prompts.status_at(now))
    asked = asked.where(prompt.c.session == row.id).order_by(prompt.c.created_at, prompt.c.id)
    balance = conn.execute(select(session.c.talk_balance).where(session.c.id == row.id)).scalar()
    talk = talk_balance_of(balance)
    shown = {
        name: value
        for name, value in asdict(row).items()
        if name not in {"tenant", "adapter", "example", "created_at"}
    }
    return {
        **shown,
        "segments": [asdict(one) for one in calls.segments_of(conn, row, now)],
        "talk_balance": None if talk is None else asdict(talk),
        "prompts": [dict(one) for one in conn.execute(asked).mappings()],
    }


def prompt_state(conn: Connection, tenant: str, prompt_id: str, now: float) -> dict[str, Any]:
    """One prompt and how it was brought to its person; nothing of what was answered.

    Raises:
        NotFoundError: the tenant has no such prompt.
    """
    columns = (
        prompt.c.id,
        prompt.c.session,
        prompt.c.participant,
        participant.c.role,
        prompt.c.moment,
        prompts.status_at(now),
        prompt.c.created_at,
        prompt.c.expires_at,
    )
    query = select(*columns).join(participant, participant.c.id == prompt.c.participant)
    found = conn.execute(query.where(prompt.c.id == prompt_id, prompt.c.tenant == tenant)).mappings().first()
    if found is None:
        raise NotFoundError("There is no such prompt.", fix="Check its id and whose key you use.")
    return {**found, "deliveries": [asdict(one) for one in prompts.deliveries(conn, prompt_id)]}


def episode_series(conn: Connection, tenant: str, episode_id: str, now: float) -> dict[str, Any]:
    """An episode's sessions with scores, signals and guidance, as far as each client allowed.

    With them what the therapist said: `talks` about what a session showed, `tasks` that were agreed in it.
    `attended` is None until the session is over. A private note is the therapist's alone. A response that is
    not to be seen appears with its visibility and without scores. `settled` tells whether everything that
    follows the stored answers has been computed, `erasure_asked_at` since when the client wants the course
    erased.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    course = rows.read_episode(conn, tenant, episode_id)
    found = series.read_series(conn, tenant, episode_id)
    ended = visibility.last_ended(found)
    talks = noted.talks_of(conn, tenant, episode_id)
    tasks = noted.tasks_of(conn, tenant, episode_id)
    return {
        "id": course.id,
        "external_id": course.external_id,
        "style": course.style,
        "example": course.example,
        "erasure_asked_at": choices.read_client_choice(conn, tenant, episode_id).erasure_asked_at,
        "sessions": [
            {
                **_point(one, ended),
                "talks": [_said(t) for t in talks if t.session == one.session.id],
                "tasks": [_said(t) for t in tasks if t.session == one.session.id],
                "settled": not outbox.pending(conn, tenant, one.session.id, now),
            }
            for one in found
        ],
    }


def _point(one: SeriesSession, ended: int) -> dict[str, Any]:
    row: Session = one.session
    return {
        "id": row.id,
        "external_id": row.external_id,
        "number": row.number,
        "style": row.style,
        "status": row.status,
        "example": row.example,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "seconds": row.seconds,
        "attended": row.started_at is not None if row.status == "ended" else None,
        "responses": [_response(r, row.number, ended) for r in one.responses],
        "talk_balance": None if one.talk_balance is None else asdict(one.talk_balance),
        "signals": [
            {**asdict(signal), "inputs": dict(signal.inputs), "plugin": plugin}
            for plugin, signal in one.signals
        ],
        "guidance": [{**asdict(advice), "plugin": plugin} for plugin, advice in one.guidance],
        "not_computed": [asdict(gap) for gap in one.not_computed],
        "not_asked": [asdict(gap) for gap in one.not_asked],
    }


def _said(one: noted.Talk | noted.Task) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name not in {"episode", "session"}}


def _response(response: Response, number: int, ended: int) -> dict[str, Any]:
    shown = visibility.state_of(response, number, ended) == "shown"
    return {
        "id": response.id,
        "role": response.role,
        "moment": response.moment,
        "instrument": response.instrument,
        "instrument_version": response.instrument_version,
        "visibility": response.visibility,
        "at": response.at,
        "scores": [asdict(score) for score in response.scores] if shown else None,
    }


def therapist_of(participants: Sequence[Any]) -> str:
    """The external id of the first therapist, who owns the episode's page; empty when there is none."""
    return next((one.external_id for one in participants if one.role == "therapist"), "")
