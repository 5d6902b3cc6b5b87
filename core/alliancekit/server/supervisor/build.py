"""From the database to the supervisor's views; each look at a case is audited in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from sqlalchemy import Connection

from alliancekit.errors import NotFoundError
from alliancekit.events import SignalKind
from alliancekit.languages.pages import Words
from alliancekit.server.supervisor import views
from alliancekit.server.therapist import build as pages
from alliancekit.server.therapist.views import EpisodeView
from alliancekit.server.tokens import SupervisorClaims
from alliancekit.service import Service
from alliancekit.store import looks, supervision
from alliancekit.store.sessions import Episode


async def cases(service: Service, claims: SupervisorClaims, words: Words) -> views.CasesView:
    """All cases that a supervisor may see: open strains first, then the latest week, never by a score."""
    shown = await _looked_at(service, claims, words, page="cases")
    assigned = await service.database.read(
        lambda conn: bool(supervision.therapists_of(conn, claims.tenant, claims.supervisor))
    )
    first = sorted(shown, key=lambda one: (not one.strained, not one.open, -one.last_week, one.name))
    return views.CasesView(cases=tuple(first), assigned=assigned)


async def case(service: Service, claims: SupervisorClaims, name: str, words: Words) -> views.CaseView:
    """One case.

    Raises:
        NotFoundError: there is no such case, it is not this supervisor's, or its client does not agree.
    """
    for one in await _looked_at(service, claims, words, page="case", name=name):
        return one
    raise NotFoundError("There is no such case.", fix="Go back to all cases.")


def lessons(service: Service) -> tuple[views.Lesson, ...]:
    """Every kind of finding that some rule here looks for."""
    rules = service.plugins.rules
    kinds: tuple[SignalKind, ...] = get_args(SignalKind)
    return tuple(
        views.Lesson(kind=kind, rules=tuple(one for one in rules if one.kind == kind))
        for kind in kinds
        if any(one.kind == kind for one in rules)
    )


async def _looked_at(
    service: Service, claims: SupervisorClaims, words: Words, *, page: str, name: str | None = None
) -> Sequence[views.CaseView]:
    """The cases, or the one of this name, each with an entry about who looked."""
    now = service.clock()

    def work(conn: Connection) -> tuple[Episode, ...]:
        found = supervision.cases(conn, claims.tenant, claims.supervisor)
        wanted = tuple(one for one in found if name in (None, supervision.case_name(one.id)))
        ids = [one.id for one in wanted]
        actor = f"supervisor:{claims.supervisor}"
        looks.record(conn, claims.tenant, actor=actor, episodes=ids, page=page, now=now)
        return wanted

    wanted = await service.database.write(work)
    in_therapists = words.section_of("therapist")
    return [_case(one, await pages.for_others(service, one, in_therapists)) for one in wanted]


def _case(course: Episode, view: EpisodeView) -> views.CaseView:
    return views.CaseView(
        name=supervision.case_name(course.id),
        example=view.example,
        style=view.style.name,
        measure=view.measure,
        validated=view.validated,
        total=view.total,
        sessions=tuple(
            replace(
                one,
                id="",
                at=week_of(one.at),
                seconds=0.0,
                pulses=(),
                segments=(),
                talk_balance=None,
                responses=(),
            )
            for one in view.sessions
        ),
        findings=view.signals,
        talks=tuple(
            views.TalkView(session=one.session, outcome=one.outcome, week=week_of(one.at))
            for one in view.course.talks
        ),
    )


def week_of(at: float) -> float:
    """The beginning of the Monday of a time's week."""
    day = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day - timedelta(days=day.weekday())).timestamp()
