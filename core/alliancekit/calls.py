"""The shell around the session machine: facts in, stored presence and one end out.

Facts are merged with what is stored in one transaction; what follows (hooks, prompts) is queued in the same
transaction and happens after the commit.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from alliancekit import happenings, sessions
from alliancekit.errors import StoreError
from alliancekit.events import Role, Segment
from alliancekit.sessions import CallPolicy, CallState, Fact, Gone, Over, Present
from alliancekit.store import inbound, presence
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.presence import Presence
from alliancekit.store.sessions import Session

log = logging.getLogger("alliancekit.calls")

Roles = Mapping[str, Role]

_SIDES: tuple[Role, ...] = ("client", "therapist")

RETRY_SECONDS = 5.0
"""How long to wait before a call is looked at again when the database was away."""


class Calls:
    """All calls of this process: applies facts and lets time pass.

    Args:
        database: where presence and sessions are stored.
        policy: when a call counts as over.
        committed: called after each commit that may have queued work.
        clock: seconds since 1970 UTC.
    """

    def __init__(
        self,
        database: Database,
        policy: CallPolicy,
        *,
        committed: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self.policy = policy
        self._committed = committed
        self._clock = clock
        self._due: dict[tuple[str, str], float] = {}
        self._changed = asyncio.Event()

    async def report(self, tenant: str, session: str, facts: Sequence[Fact]) -> None:
        """Merge facts into a session; duplicates, delays and disorder do no harm.

        Raises:
            NotFoundError: there is no such session.
        """
        now = self._clock()
        due = await self._database.write(
            lambda conn: apply(conn, tenant, session, facts, policy=self.policy, now=now)
        )
        self.applied(tenant, session, due)

    def applied(self, tenant: str, session: str, due: float | None) -> None:
        """Facts were applied and committed; `due` is what `apply` returned."""
        self._committed()
        if due is None:
            self._due.pop((tenant, session), None)
        else:
            self._due[tenant, session] = due
        self._changed.set()

    async def run(self) -> None:
        """Let time pass: end calls whose people stayed away. Runs until cancelled."""
        now = self._clock()
        for row in await self._database.read(lambda conn: rows.sessions_in(conn, "live")):
            self._due.setdefault((row.tenant, row.id), now)
        while True:
            self._changed.clear()
            await self._check_due()
            soonest = min(self._due.values(), default=None)
            wait = None if soonest is None else max(0.0, soonest - self._clock())
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _check_due(self) -> None:
        now = self._clock()
        for (tenant, session), due in list(self._due.items()):
            if due > now:
                continue
            try:
                await self.report(tenant, session, ())
            except StoreError as error:
                log.warning("call not checked, trying again: %s", type(error).__name__)
                self._due[tenant, session] = now + RETRY_SECONDS


def apply(
    conn: Connection,
    tenant: str,
    session: str,
    facts: Sequence[Fact],
    *,
    policy: CallPolicy,
    now: float,
) -> float | None:
    """Merge facts, store what they change, queue what follows.

    Facts about people who are not in the session are left out.

    Returns:
        When to look again (seconds since 1970 UTC), or None when time alone changes nothing.
    """
    row = rows.read_session(conn, tenant, session)
    roles = roles_of(conn, tenant, session)
    before = load_state(conn, session)
    facts = [fact for fact in _flat(facts) if isinstance(fact, Over) or fact.participant in roles]
    after = sessions.merge_all(before, facts)
    for fact in facts:
        if not isinstance(fact, Over):
            presence.merge_presence(conn, tenant, session, _row_of(fact))
        elif fact.room:
            inbound.close_room(conn, tenant, session, fact.room, fact.at)
        if isinstance(fact, Gone) and fact.sent_out:
            inbound.set_sent_out(conn, tenant, fact.participant, fact.at)
    if row.status == "ended":
        # A page that stays open to answer is not in the call. But a fact that came late may show that
        # somebody was, who then still has to be asked, or that the call went on after its inferred end.
        due_before = _due(before, row, roles, policy, now)
        if any(now - fact.at > policy.grace for fact in facts):
            row = _later(conn, row, after, roles, policy)
        if due_before != _due(after, row, roles, policy, now):
            add_work(conn, tenant, [Work(lane=session, kind="rate", payload={"session": session})], now)
        if after != before:
            ended = now if row.ended_at is None else row.ended_at
            together = sessions.seconds_together(after, roles, ended)
            rows.revise_session(conn, tenant, session, started_at=_began(after, ended), seconds=together)
        return None
    queue = _moves(session, before, after, roles)
    verdict = sessions.status(after, now, policy, roles=roles)
    if verdict.status != "waiting" and rows.start_session(
        conn, tenant, session, _began(after, verdict.ended_at or now)
    ):
        queue.insert(0, Work(lane=session, kind="session_started", payload={"session": session}))
    elif row.started_at is not None and _began(after, now) < row.started_at:
        rows.revise_session(conn, tenant, session, started_at=_began(after, now), seconds=row.seconds)
    due: float | None = sessions.next_check(after, now, policy, roles=roles)
    if verdict.status == "ended":
        due = None
        ended_at = now if verdict.ended_at is None else verdict.ended_at
        first = rows.end_session(
            conn,
            tenant,
            session,
            at=ended_at,
            reason=verdict.reason or "timed_out",
            confidence=verdict.confidence,
            seconds=sessions.seconds_together(after, roles, ended_at),
        )
        if first:
            queue.append(Work(lane=session, kind="session_ended", payload={"session": session}))
    add_work(conn, tenant, queue, now)
    return due


def _later(conn: Connection, row: Session, state: CallState, roles: Roles, policy: CallPolicy) -> Session:
    """The session with its inferred end moved to where late news say that it was."""
    if row.ended_at is None or row.end_reason == "explicit":
        return row
    gap = policy.timeout if row.end_reason == "timed_out" else policy.grace
    end = sessions.later_end(state, row.ended_at, gap, roles)
    if end > row.ended_at:
        rows.move_end(conn, row.tenant, row.id, end)
    return replace(row, ended_at=end)


def load_state(conn: Connection, session: str) -> CallState:
    """What is stored of a call, as the session machine's state."""
    return _state(presence.presences(conn, session), inbound.closings(conn, session))


def _state(found: Iterable[presence.Presence], closed: frozenset[tuple[str, float]]) -> CallState:
    return CallState(
        connections={
            one.connection: sessions.Connection(
                participant=one.participant,
                joined_at=one.joined_at or 0.0,
                seen_at=one.seen_at or 0.0,
                left_at=one.left_at,
                how=one.how,
            )
            for one in found
        },
        closed=closed,
    )


def roles_of(conn: Connection, tenant: str, session: str) -> dict[str, Role]:
    """Role by participant id."""
    return {one.id: one.role for one in rows.participants_of(conn, tenant, session)}


def segments_of(conn: Connection, row: Session, now: float) -> tuple[Segment, ...]:
    """A session's call segments, up to its end or to `now`."""
    until = now if row.ended_at is None else row.ended_at
    return sessions.segments(load_state(conn, row.id), roles_of(conn, row.tenant, row.id), until)


def segments_in(
    conn: Connection, tenant: str, episode: str, found: Iterable[Session], now: float
) -> dict[str, tuple[Segment, ...]]:
    """The call segments of an episode's sessions `found`, by session, in three queries."""
    found = tuple(found)
    since = min((row.number for row in found), default=0)
    there = presence.presences_in(conn, episode, since=since)
    closed = inbound.closings_in(conn, episode, since=since)
    roles = rows.roles_in(conn, tenant, episode, since=since)
    return {
        row.id: sessions.segments(
            _state(there.get(row.id, ()), closed.get(row.id, frozenset())),
            roles.get(row.id, {}),
            now if row.ended_at is None else row.ended_at,
        )
        for row in found
    }


def to_rate(conn: Connection, row: Session, policy: CallPolicy, now: float) -> tuple[str, ...]:
    """Participants to ask to rate an ended session.

    Where no presence is known at all (a vendor that connects no platform and only tells the end), the
    vendor's word that the session took place is enough, unless the client or the therapist is known not to
    have been let in. Who was sent out of the call, or never let in, is not asked how it went.
    """
    roles = roles_of(conn, row.tenant, row.id)
    state = load_state(conn, row.id)
    out = out_of(conn, row)
    if state.connections:
        asked = _due(state, row, roles, policy, now)
    elif any(_all_out(roles, role, out) for role in _SIDES):
        asked = ()
    else:
        asked = tuple(person for person, role in roles.items() if role != "observer")
    return tuple(person for person in asked if person not in out)


def leaving_due(conn: Connection, row: Session, participant: str, policy: CallPolicy, now: float) -> bool:
    """Whether somebody who leaves a call that goes on would be asked to rate it if it ended now."""
    roles = roles_of(conn, row.tenant, row.id)
    over = CallState(connections=load_state(conn, row.id).connections, over_at=now)
    due = sessions.ratings_due(over, roles, now, policy)
    return participant in due and participant not in out_of(conn, row)


def out_of(conn: Connection, row: Session) -> frozenset[str]:
    """Participants whose last word of the call is that they were sent out of it, or never let in."""
    people = rows.participants_of(conn, row.tenant, row.id)
    sent_out = {one.id: one.sent_out_at for one in people if one.sent_out_at is not None}
    return happenings.still_out(load_state(conn, row.id), sent_out)


def _all_out(roles: Roles, role: Role, out: frozenset[str]) -> bool:
    people = {person for person, one in roles.items() if one == role}
    return bool(people) and people <= out


def _due(state: CallState, row: Session, roles: Roles, policy: CallPolicy, now: float) -> tuple[str, ...]:
    over = replace(state, over_at=row.ended_at)
    return sessions.ratings_due(over, roles, now, policy)


def _flat(facts: Sequence[Fact]) -> list[Fact]:
    """The facts with the presences of every roster beside them, so that each is stored."""
    flat: list[Fact] = []
    for fact in facts:
        flat.append(fact)
        if isinstance(fact, Over):
            flat.extend(fact.roster)
    return flat


def _row_of(fact: Present | Gone) -> Presence:
    gone = isinstance(fact, Gone)
    return Presence(
        connection=fact.connection,
        participant=fact.participant,
        joined_at=fact.at if fact.joined_at is None else min(fact.joined_at, fact.at),
        seen_at=fact.at,
        left_at=fact.at if gone else None,
        how=fact.how if isinstance(fact, Gone) else None,
    )


def _began(state: CallState, now: float) -> float:
    return min((c.joined_at for c in state.connections.values()), default=now)


def _there(state: CallState) -> dict[str, bool]:
    """Whether each known participant is there."""
    there: dict[str, bool] = {}
    for connection in state.connections.values():
        there[connection.participant] = there.get(connection.participant, False) or not connection.gone
    return there


def _moves(session: str, before: CallState, after: CallState, roles: Roles) -> list[Work]:
    """Hooks to call for who came and who went."""
    was, now_there = _there(before), _there(after)
    moves = []
    for person in roles:
        if person not in now_there:
            continue
        came = person not in was or (now_there[person] and not was[person])
        if came:
            moves.append(_move(session, "participant_joined", person, ""))
        if not now_there[person] and (came or was[person]):
            how = max(
                (c.left_at or 0.0, c.how or "left")
                for c in after.connections.values()
                if c.participant == person
            )[1]
            moves.append(_move(session, "participant_left", person, how))
    return moves


def _move(session: str, kind: str, person: str, how: str) -> Work:
    return Work(lane=session, kind=kind, payload={"session": session, "participant": person, "how": how})
