"""All answers that a tenant holds to one instrument, for statistics that name nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from alliancekit.store.tables import response
from alliancekit.store.text import load


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswers:
    """One response: the course it belongs to, when it came, and its answers, item id → value."""

    episode: str
    at: float
    answers: dict[str, Any]


def read_answers(conn: Connection, tenant: str, instrument: str, role: str) -> Iterator[GivenAnswers]:
    """Every response to one form of an instrument, whoever may see it, oldest first.

    Responses that the client gave as `aggregate_only` are among them: hand on nothing but statistics of many.
    """
    columns = (response.c.episode, response.c.at, response.c.answers)
    query = select(*columns).where(
        response.c.tenant == tenant, response.c.instrument == instrument, response.c.role == role
    )
    for row in conn.execute(query.order_by(response.c.at, response.c.id)):
        yield GivenAnswers(episode=row.episode, at=row.at, answers=load(row.answers))
