"""An episode's series: what the therapist's page shows and what hooks receive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, delete, func, select

from alliancekit.errors import NotFoundError
from alliancekit.events import Guidance, Response, Role, Score, SeriesPoint, Signal, TalkBalance
from alliancekit.store.compiled import Prepared, insert_all, insert_into
from alliancekit.store.feedback import score_values
from alliancekit.store.presence import talk_balance_of
from alliancekit.store.sessions import SHOWN, Session
from alliancekit.store.tables import (
    audit,
    guidance,
    not_computed,
    response,
    score,
    session,
    signal,
)
from alliancekit.store.tables import (
    episode as episode_table,
)
from alliancekit.store.text import dump, load


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComputed:
    """What a plugin failed to give: shown as *not scored (name: status)*, never as 0."""

    hook: str
    plugin: str
    status: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAsked:
    """An instrument that a plan asked and that could not be asked; `reason` says why and what to do."""

    instrument: str
    form: Role
    reason: str
    at: float


NOT_ASKED = "ask"
"""The `hook` of the rows of `not_computed` that hold a `NotAsked`: no hook has this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSession:
    """One session of an episode with everything known about it; `signals` and `guidance` by plugin."""

    session: Session
    responses: tuple[Response, ...] = ()
    signals: tuple[tuple[str, Signal], ...] = ()
    guidance: tuple[tuple[str, Guidance], ...] = ()
    not_computed: tuple[NotComputed, ...] = ()
    not_asked: tuple[NotAsked, ...] = ()
    talk_balance: TalkBalance | None = None

    def point(self) -> SeriesPoint:
        """Return the session as hooks see it; `at` is the start where known, `attended` whether it began."""
        at = self.session.started_at or self.session.created_at
        return SeriesPoint(
            session=self.session.id,
            number=self.session.number,
            at=at,
            attended=self.session.started_at is not None,
            responses=self.responses,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """A response and where it belongs."""

    tenant: str
    episode: str
    session: str
    prompt: str
    response: Response


def _delete(table: Table, *columns: str) -> Prepared:
    """A DELETE of the rows whose columns have these values."""
    return Prepared(lambda _: delete(table).where(*(table.c[name] == bindparam(name) for name in columns)))


# A review runs them once for each plugin.
_insert_signal = Prepared(insert_all(signal, without="id"))
_insert_guidance = Prepared(insert_all(guidance, without="id"))
_forget_signals = _delete(signal, "session", "plugin")
_forget_guidance = _delete(guidance, "session", "plugin")
_forget_failure = _delete(not_computed, "session", "hook", "plugin")


def read_series(
    conn: Connection, tenant: str, episode: str, *, answers: bool = False, advice_since: int = 0
) -> tuple[SeriesSession, ...]:
    """Return an episode's sessions, oldest first.

    Args:
        conn: within a transaction.
        tenant: whose.
        episode: its id.
        answers: whether `Response.answers` are filled.
        advice_since: the number of the first session of which `guidance` is read.
    """
    return _series(
        conn,
        (session.c.episode == episode, session.c.tenant == tenant),
        (response.c.episode == episode, response.c.tenant == tenant),
        answers=answers,
        advice_since=advice_since,
    )


def among_latest(tenant: str, therapist: str, latest: int) -> tuple[ColumnElement[bool], ...]:
    """What a session has to be, to be among the latest ones of an episode of this therapist."""
    other = session.alias()
    newest = select(func.max(other.c.number)).where(other.c.episode == session.c.episode).scalar_subquery()
    own = session.c.episode.in_(_own(tenant, therapist))
    return session.c.tenant == tenant, own, session.c.number > newest - latest


def _own(tenant: str, therapist: str) -> Select[tuple[str]]:
    return select(episode_table.c.id).where(
        episode_table.c.tenant == tenant, episode_table.c.therapist == therapist
    )


def read_latest(
    conn: Connection, tenant: str, therapist: str, *, latest: int
) -> dict[str, tuple[SeriesSession, ...]]:
    """Return the latest sessions of each of a therapist's episodes, by episode, oldest first; no answers.

    In as many queries as for one episode.
    """
    own = _own(tenant, therapist)
    here = among_latest(tenant, therapist, latest)
    ids = select(session.c.id).where(*here)
    found: dict[str, list[SeriesSession]] = {}
    in_them = (response.c.episode.in_(own), response.c.tenant == tenant, response.c.session.in_(ids))
    for one in _series(conn, here, in_them):
        found.setdefault(one.session.episode, []).append(one)
    return {name: tuple(sessions) for name, sessions in found.items()}


def _series(
    conn: Connection,
    here: tuple[ColumnElement[bool], ...],
    answered: tuple[ColumnElement[bool], ...],
    *,
    answers: bool = False,
    advice_since: int = 0,
) -> tuple[SeriesSession, ...]:
    query = select(*SHOWN, session.c.talk_balance).where(*here).order_by(session.c.number)
    sessions, balances = [], []
    for *shown, balance in conn.execute(query).all():
        sessions.append(Session(**dict(zip(_SESSION, shown, strict=True))))
        balances.append(talk_balance_of(balance))
    ids = select(session.c.id).where(*here)
    advised = ids.where(session.c.number >= advice_since)
    responses = _by_session(
        (one.session, one.response) for one in _responses(conn, answered, answers=answers)
    )
    signals = _by_session(
        (where, (plugin, Signal(kind=kind, rule=rule, **load(details))))
        for where, plugin, kind, rule, details in conn.execute(
            select(signal.c.session, signal.c.plugin, signal.c.kind, signal.c.rule, signal.c.details)
            .where(signal.c.session.in_(ids))
            .order_by(signal.c.id)
        ).all()
    )
    advice = _by_session(
        (where, (plugin, Guidance(**load(details))))
        for where, plugin, details in conn.execute(
            select(guidance.c.session, guidance.c.plugin, guidance.c.details)
            .where(guidance.c.session.in_(advised))
            .order_by(guidance.c.id)
        ).all()
    )
    failures = _by_session(
        (
            row["session"],
            NotComputed(hook=row["hook"], plugin=row["plugin"], status=row["status"], at=row["at"]),
        )
        for row in conn.execute(
            select(not_computed)
            .where(not_computed.c.session.in_(ids))
            .order_by(not_computed.c.hook, not_computed.c.plugin)
        ).mappings()
    )
    return tuple(
        SeriesSession(
            session=one,
            responses=responses.get(one.id, ()),
            signals=signals.get(one.id, ()),
            guidance=advice.get(one.id, ()),
            not_computed=tuple(gap for gap in failures.get(one.id, ()) if gap.hook != NOT_ASKED),
            not_asked=tuple(_not_asked(gap) for gap in failures.get(one.id, ()) if gap.hook == NOT_ASKED),
            talk_balance=balance,
        )
        for one, balance in zip(sessions, balances, strict=True)
    )


def read_response(
    conn: Connection, tenant: str, response_id: str, *, answers: bool = False
) -> StoredResponse:
    """Return one response with its scores.

    Raises:
        NotFoundError: there is none.
    """
    here = (response.c.id == response_id, response.c.tenant == tenant)
    for found in _responses(conn, here, answers=answers):
        return found
    raise NotFoundError("There is no such response.", fix="Check its id and whose key you use.")


def add_scores(conn: Connection, tenant: str, response_id: str, scores: Iterable[Score]) -> None:
    """Store what a plugin (`Score.plugin`) computed for a response; the same scale again replaces it."""
    for one in scores:
        values = score_values(tenant, response_id, one)
        keys = [column.name for column in score.primary_key]
        changes = {name: value for name, value in values.items() if name not in (*keys, "tenant")}
        conn.execute(
            insert_into(conn, score)
            .values(values)
            .on_conflict_do_update(index_elements=keys, set_=changes)
            .inline()
        )


def replace_signals(
    conn: Connection, tenant: str, session_id: str, *, plugin: str, signals: Iterable[Signal], now: float
) -> None:
    """Make these the signals of a plugin in a session: the same call again changes nothing."""
    _forget_signals.run(conn, {"session": session_id, "plugin": plugin})
    for one in signals:
        details = {name: getattr(one, name) for name in _SIGNAL_DETAILS}
        values = {"tenant": tenant, "session": session_id, "plugin": plugin, "kind": one.kind}
        _insert_signal.run(conn, {**values, "rule": one.rule, "details": dump(details), "at": now})


def replace_guidance(
    conn: Connection, tenant: str, session_id: str, *, plugin: str, advice: Iterable[Guidance], now: float
) -> None:
    """Make this the guidance of a plugin in a session: the same call again changes nothing."""
    _forget_guidance.run(conn, {"session": session_id, "plugin": plugin})
    for one in advice:
        details = dump({name: getattr(one, name) for name in Guidance.__dataclass_fields__})
        values = {"tenant": tenant, "session": session_id, "plugin": plugin, "details": details, "at": now}
        _insert_guidance.run(conn, values)


def record_not_computed(
    conn: Connection, tenant: str, session_id: str, *, hook: str, plugin: str, status: str, now: float
) -> None:
    """Note that a plugin gave nothing for a hook (`status`: `timeout`, `error`, …); the latest counts."""
    keys = {"session": session_id, "hook": hook, "plugin": plugin}
    query = insert_into(conn, not_computed).values(**keys, tenant=tenant, status=status, at=now)
    changes = {"status": status, "at": now}
    conn.execute(query.on_conflict_do_update(index_elements=list(keys), set_=changes))


def record_not_asked(
    conn: Connection,
    tenant: str,
    session_id: str,
    *,
    instrument: str,
    form: str,
    reason: str,
    now: float,
) -> None:
    """Note that a plan asked an instrument that cannot be asked here; the latest reason counts."""
    record_not_computed(
        conn, tenant, session_id, hook=NOT_ASKED, plugin=f"{instrument} {form}", status=reason, now=now
    )


def clear_not_asked(conn: Connection, session_id: str, *, instrument: str, form: str) -> None:
    """Take the note back: the instrument is asked after all."""
    clear_not_computed(conn, session_id, hook=NOT_ASKED, plugin=f"{instrument} {form}")


def clear_not_computed(conn: Connection, session_id: str, *, hook: str, plugin: str) -> None:
    """Take the note back: the plugin gave its result after all."""
    _forget_failure.run(conn, {"session": session_id, "hook": hook, "plugin": plugin})


def last_change(conn: Connection, tenant: str) -> int:
    """Return a number that grows with a tenant's changes: the `seq` of its newest audit entry, 0 if none.

    For hints only: a page whose number is lower has something to fetch.
    """
    return conn.execute(select(func.max(audit.c.seq)).where(audit.c.tenant == tenant)).scalar() or 0


def _not_asked(row: NotComputed) -> NotAsked:
    instrument, _, form = row.plugin.rpartition(" ")
    role: Role = "therapist" if form == "therapist" else "client"
    return NotAsked(instrument=instrument, form=role, reason=row.status, at=row.at)


_SIGNAL_DETAILS = tuple(name for name in Signal.__dataclass_fields__ if name not in {"kind", "rule"})
_SESSION = tuple(Session.__dataclass_fields__)
_PLACE = attrgetter("plugin", "scale")
"""The order of a response's scores: sorting a few at a time costs less than the database's sorting of all."""

_SCORE = tuple(Score.__dataclass_fields__)
_RESPONSE = tuple(name for name in Response.__dataclass_fields__ if name not in {"scores", "answers"})


# A page reads hundreds of rows: columns by place are several times faster than by name; few scores differ.


@lru_cache(maxsize=8192)
def _score(*values: Any) -> Score:
    return Score(**dict(zip(_SCORE, values, strict=True)))


def _responses(
    conn: Connection, here: tuple[ColumnElement[bool], ...], *, answers: bool
) -> list[StoredResponse]:
    found = conn.execute(
        select(score.c.response, *(score.c[name] for name in _SCORE))
        .join(response, response.c.id == score.c.response)
        .where(*here)
    ).all()
    scores: dict[str, list[Score]] = {}
    for of, *values in found:
        scores.setdefault(of, []).append(_score(*values))
    for few in scores.values():
        few.sort(key=_PLACE)
    where = (response.c.tenant, response.c.episode, response.c.session, response.c.prompt, response.c.answers)
    rows = conn.execute(
        select(*where, *(response.c[name] for name in _RESPONSE))
        .where(*here)
        .order_by(response.c.at, response.c.id)
    ).all()
    return [
        StoredResponse(
            tenant=tenant,
            episode=episode,
            session=in_session,
            prompt=prompt,
            response=Response(
                **(shown := dict(zip(_RESPONSE, values, strict=True))),
                scores=tuple(scores.get(shown["id"], ())),
                answers=load(answered) if answers else {},
            ),
        )
        for tenant, episode, in_session, prompt, answered, *values in map(tuple, rows)
    ]


def _by_session(pairs: Iterable[tuple[str, Any]]) -> dict[str, tuple[Any, ...]]:
    grouped: dict[str, list[Any]] = {}
    for session_id, value in pairs:
        grouped.setdefault(session_id, []).append(value)
    return {session_id: tuple(values) for session_id, values in grouped.items()}
