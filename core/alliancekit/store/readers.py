"""In which language and zone a therapist reads: what they chose, else what their last session was held in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from alliancekit.store.tables import episode, participant, session
from alliancekit.store.tables import therapist as chosen
from alliancekit.store.text import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A language tag and an IANA zone; either is empty where nothing tells it."""

    language: str = ""
    timezone: str = ""


def therapist(conn: Connection, tenant: str, name: str) -> Reader:
    """How the therapist `name` (the vendor's id) of a tenant reads."""
    query = select(chosen.c.settings).where(chosen.c.tenant == tenant, chosen.c.id == name)
    settings: dict[str, Any] = load(conn.execute(query).scalar() or "{}")
    language, zone = (settings.get(key) for key in ("language", "timezone"))
    return Reader(
        language=language if isinstance(language, str) and language else _of_last_session(conn, tenant, name),
        timezone=zone if isinstance(zone, str) else "",
    )


def of_episode(conn: Connection, tenant: str, episode_id: str) -> Reader:
    """How the therapist of an episode reads."""
    query = select(episode.c.therapist).where(episode.c.tenant == tenant, episode.c.id == episode_id)
    name = conn.execute(query).scalar()
    return therapist(conn, tenant, name) if name else Reader()


def _of_last_session(conn: Connection, tenant: str, name: str) -> str:
    query = (
        select(participant.c.language)
        .join(session, session.c.id == participant.c.session)
        .join(episode, episode.c.id == session.c.episode)
        .where(
            episode.c.tenant == tenant,
            episode.c.therapist == name,
            participant.c.role == "therapist",
            participant.c.external_id == name,
        )
        .order_by(session.c.created_at.desc(), session.c.id.desc())
        .limit(1)
    )
    return conn.execute(query).scalar() or ""
