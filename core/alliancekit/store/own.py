"""What is a client's own in a course: their answers, their language, whether they are alone in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from alliancekit.store.tables import participant, session


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A client of a course: `episode` is our id, `client` the vendor's identifier of the person."""

    tenant: str
    episode: str
    client: str

    @property
    def actor(self) -> str:
        """How audit entries name them."""
        return f"client:{self.client}"

    def people(self) -> Select[tuple[str]]:
        """The ids under which they took part in the sessions of the course."""
        return (
            select(participant.c.id)
            .join(session, session.c.id == participant.c.session)
            .where(
                session.c.episode == self.episode,
                participant.c.tenant == self.tenant,
                participant.c.role == "client",
                participant.c.external_id == self.client,
            )
        )


def people_of(conn: Connection, own: Own) -> Sequence[str]:
    """Return the ids under which a client took part; empty for somebody who did not."""
    return [str(one) for one in conn.execute(own.people()).scalars()]


def language_of(conn: Connection, own: Own) -> str:
    """Return the language of a client in their latest session; empty where it is not known."""
    query = select(participant.c.language).join(session, session.c.id == participant.c.session)
    query = query.where(participant.c.id.in_(own.people())).order_by(session.c.number.desc())
    return conn.execute(query.limit(1)).scalar() or ""


def is_alone(conn: Connection, own: Own) -> bool:
    """Return whether nobody else is a client in this course."""
    query = (
        select(participant.c.external_id)
        .join(session, session.c.id == participant.c.session)
        .where(
            session.c.episode == own.episode,
            participant.c.tenant == own.tenant,
            participant.c.role == "client",
            participant.c.external_id != own.client,
        )
    )
    return conn.execute(query.limit(1)).scalar() is None
