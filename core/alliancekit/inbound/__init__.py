"""What platforms post: refused, answered at once, or taken with everything that follows, exactly once.

A message and all that it says are applied in one transaction together with the note that it was taken. A
crash before the commit loses nothing (the platform sends it again); one after it doubles nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, get_args

from sqlalchemy import Connection

from alliancekit import calls, happenings, sessions
from alliancekit.adapters import (
    Adapter,
    Challenge,
    Happening,
    RawRequest,
    Reason,
    Rejected,
    SocketAdapter,
    Verified,
    WebhookAdapter,
    Whereabouts,
)
from alliancekit.events import Participant, Role, SpeechSpan
from alliancekit.inbound import rooms
from alliancekit.inbound.doing import Counts
from alliancekit.inbound.looking import keep_looking, look
from alliancekit.inbound.reading import begin, parsed, verified
from alliancekit.metrics import Metrics
from alliancekit.store import inbound as store
from alliancekit.store import presence, tenants
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database
from alliancekit.store.inbound import Room
from alliancekit.store.outbox import Work, add_work

KEEP_SECONDS: Final = 30 * 86400.0
"""How long it is known which messages were taken; platforms stop sending again after hours."""

PRUNE_EVERY: Final = 3600.0

REASONS: Final = frozenset(get_args(Reason))

USUAL: Final[Mapping[Reason, int]] = {
    "unsigned": 401,
    "bad_signature": 401,
    "no_secret": 401,
    "stale": 401,
    "from_the_future": 401,
    "too_large": 413,
    "repeated": 200,
}
"""The status of a refusal; 400 for every other reason, and whatever an adapter's platform needs instead."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a platform; `reason` is empty unless the message was refused."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    reason: str = ""


@dataclass
class _Applied:
    """What one transaction did, for the counts (by tenant) and for the calls' clock."""

    due: dict[tuple[str, str], float | None] = field(default_factory=dict)
    unknown: int = 0
    weak: Counter[str] = field(default_factory=Counter)
    strangers: Counter[str] = field(default_factory=Counter)
    corrected: Counter[str] = field(default_factory=Counter)


class Inbound:
    """Takes what platforms post, for all adapters of this process.

    Args:
        database: where it is stored.
        live: the calls of this process.
        adapters: all of them; those of platforms that post what happens are also reached by name.
        clock: seconds since 1970 UTC.
        metrics: also counts what was taken and what was refused.
    """

    def __init__(
        self,
        database: Database,
        live: calls.Calls,
        adapters: Sequence[Adapter],
        *,
        clock: Callable[[], float],
        metrics: Metrics | None = None,
    ) -> None:
        self._database = database
        self._calls = live
        self._clock = clock
        self._all = {adapter.name: adapter for adapter in adapters}
        self._adapters = {one.name: one for one in adapters if isinstance(one, WebhookAdapter)}
        self.counts = Counts(database, clock, metrics)
        self._prune_at = 0.0

    def adapter(self, name: str) -> WebhookAdapter | None:
        """The adapter that takes what its platform posts; None when there is none of this name."""
        return self._adapters.get(name)

    def socket_adapter(self, name: str) -> SocketAdapter | None:
        """The adapter whose platform dials in; None when there is none of this name."""
        found = self._all.get(name)
        return found if isinstance(found, SocketAdapter) else None

    def refuse(self, adapter: Adapter, reason: Reason) -> Reply:
        """Count a refusal; the answer has the status that the platform needs."""
        if reason not in REASONS:
            reason = "malformed"
        self.counts.refused(adapter.name, reason)
        return self._refusal(adapter, reason)

    @staticmethod
    def _refusal(adapter: Adapter, reason: Reason) -> Reply:
        statuses = adapter.statuses if isinstance(adapter, WebhookAdapter) else {}
        return Reply(statuses.get(reason, USUAL.get(reason, 400)), b"{}", reason=reason)

    async def take(self, adapter: WebhookAdapter, request: RawRequest) -> Reply:
        """Verify a message and apply it; repeated ones are answered as if they were new.

        Raises:
            StoreError: the database failed, nothing was applied; the platform has to send it again.
        """
        now = self._clock()
        try:
            found = verified(adapter, request, now)
            if isinstance(found, Challenge):
                return Reply(found.status, found.body, found.content_type, tuple(found.headers.items()))
            said = parsed(adapter, found, now)
            self.counts.add(adapter.name, "heard")
            if said:
                applied = await self._database.write(
                    lambda conn: self._apply(conn, adapter, found, said, now)
                )
                self._count(adapter, applied)
                if applied.weak and not applied.due:
                    return self._refusal(adapter, "weak")
        except Rejected as refused:
            return self.refuse(adapter, refused.reason)
        begin(adapter, found)
        return Reply(200, b"{}")

    async def happened(self, adapter: str, said: Sequence[Happening]) -> None:
        """Apply what an adapter says by itself, as if its platform had posted it.

        Raises:
            Rejected: `malformed`; nothing was applied.
            StoreError: the database failed, nothing was applied.
        """
        now = self._clock()
        happenings.check(said, now)
        if not said:
            return
        known = self._all[adapter]
        applied = await self._database.write(lambda conn: self._apply(conn, known, None, said, now))
        self.counts.add(adapter, "heard")
        self._count(known, applied)

    async def rooms(self, adapter: str) -> dict[str, str]:
        """The rooms that sessions of an adapter wait for or are in."""
        return await self._database.read(lambda conn: store.wanted_rooms(conn, adapter))

    async def whereabouts(self, adapter: str, participant: str) -> Whereabouts | None:
        """Where a participant is in a call of this adapter; None when they are in none."""
        return await self._database.read(lambda conn: store.whereabouts(conn, adapter, participant))

    async def who(self, adapter: str, room: str, person: str, connection: str) -> Participant | None:
        """The participant whom a platform means; None for everybody else and for calls that are over."""

        def work(conn: Connection) -> Participant | None:
            found = store.session_of(conn, adapter, room)
            if found is None:
                return None
            people = {one.id: one for one in rows.participants_of(conn, *found)}
            find = _finder(tuple(people.values()), calls.load_state(conn, found[1]))
            key = happenings.connection_key(happenings.room_key(adapter, room), connection or person)
            one = people.get(find(person, key) or "")
            return None if one is None else Participant(id=one.id, role=one.role, language=one.language)

        return await self._database.read(work)

    async def run(self) -> None:
        """Ask platforms that can be asked who is in their open rooms, until cancelled."""
        async with asyncio.TaskGroup() as looking:
            for one in self._adapters.values():
                if one.capabilities.snapshot:
                    looking.create_task(keep_looking(one, partial(self.reconcile, [one.name])))

    async def reconcile(self, adapters: Sequence[str]) -> None:
        """Ask each of these adapters' platforms once who is in every open room.

        Raises:
            StoreError: the database failed.
        """
        for adapter in [self._adapters[name] for name in adapters]:
            found = await self._database.read(partial(store.open_rooms, adapter=adapter.name))
            failed = await look(adapter, found, partial(self._seen, adapter), self._clock)
            self.counts.add(adapter.name, "looks", times=len(found) - failed)
            self.counts.add(adapter.name, "failed_looks", times=failed)

    async def _seen(self, adapter: WebhookAdapter, seen: Happening) -> None:
        work = partial(self._apply, adapter=adapter, message=None, said=(seen,), now=self._clock())
        self._count(adapter, await self._database.write(work), asked=True)

    def _count(self, adapter: Adapter, applied: _Applied, *, asked: bool = False) -> None:
        name, counts = adapter.name, self.counts
        counts.add(name, "unknown_rooms", times=applied.unknown)
        for tenant in sorted({tenant for tenant, _ in applied.due}):
            if not asked:
                counts.add(name, "heard", tenant=tenant)
                counts.add(name, "taken", tenant=tenant)
            counts.add(name, "strangers", tenant=tenant, times=applied.strangers[tenant])
            counts.add(name, "reconciliations", tenant=tenant, times=applied.corrected[tenant])
        for tenant, times in applied.weak.items():
            counts.refused(name, "weak", tenant=tenant, times=times)
        for (tenant, session), due in applied.due.items():
            self._calls.applied(tenant, session, due)

    def _apply(
        self,
        conn: Connection,
        adapter: Adapter,
        message: Verified | None,
        said: Sequence[Happening],
        now: float,
    ) -> _Applied:
        """All that a message says, in the caller's transaction.

        A message about unknown rooms only is not noted: sent again, it may find its session.
        """
        applied = _Applied()
        by_room: dict[str, list[Happening]] = defaultdict(list)
        for one in said:
            by_room[one.room].append(one)
        for instance in sorted(by_room):
            for room, part in rooms.sessions_of(
                conn, adapter.name, by_room[instance], self._calls.policy, now
            ):
                if room is None:
                    applied.unknown += 1
                elif self._too_weak(conn, adapter, room.tenant):
                    applied.weak[room.tenant] += 1
                else:
                    if message is not None and not applied.due:
                        self._once(conn, adapter, message, now)
                    self._apply_room(conn, room, part, applied, now)
        return applied

    def _once(self, conn: Connection, adapter: Adapter, message: Verified, now: float) -> None:
        if now >= self._prune_at:
            self._prune_at = now + PRUNE_EVERY
            store.forget_messages(conn, before=now - KEEP_SECONDS)
        if not store.take_message(conn, adapter.name, message.message, now):
            raise Rejected("repeated")

    @staticmethod
    def _too_weak(conn: Connection, adapter: Adapter, tenant: str) -> bool:
        if adapter.capabilities.trust == "signed":
            return False
        found = tenants.read_tenant(conn, tenant)
        return found is not None and bool(found.settings.get("require_signed"))

    def _apply_room(
        self, conn: Connection, room: Room, said: Sequence[Happening], applied: _Applied, now: float
    ) -> None:
        key = happenings.room_key(room.adapter, room.instance)
        people = rows.participants_of(conn, room.tenant, room.session)
        before = calls.load_state(conn, room.session)
        able = self._all[room.adapter].capabilities
        told = happenings.told(
            said,
            key,
            _finder(people, before),
            [one.id for one in people],
            # Where nobody can be seen to meet, the platform's word has to do.
            final=not (able.presence and able.identity),
        )
        applied.strangers[room.tenant] += told.strangers
        for person, at in told.sent_out.items():
            store.set_sent_out(conn, room.tenant, person, at)
        rosters = happenings.latest((*room.rosters, *told.rosters))
        if rosters != room.rosters and not room.past:
            store.set_rosters(conn, room.adapter, room.instance, rosters)
        state = sessions.merge_all(before, told.facts)
        lost = happenings.missing(state, key, rosters)
        if not room.past:
            store.set_over(conn, room.adapter, room.instance, rooms.over_since(state, key))
        if told.rosters and (lost or _known(before) != _known(state)):
            applied.corrected[room.tenant] += 1
        due = calls.apply(
            conn, room.tenant, room.session, (*told.facts, *lost), policy=self._calls.policy, now=now
        )
        if told.sent_out:
            work = Work(lane=room.session, kind="sent_out", payload={"session": room.session})
            add_work(conn, room.tenant, [work], now)
        applied.due[room.tenant, room.session] = due
        for connection, (person, platform_id) in told.called.items():
            presence.set_called(conn, room.session, connection, person, platform_id)
        roles: dict[str, Role] = {one.id: one.role for one in people}
        spans = [SpeechSpan(role=roles[who], start=start, end=end) for who, start, end in told.spoke]
        if spans:
            _heard(conn, room, spans, now)
        if told.totals:
            totals: dict[str, tuple[Role, float]] = {
                key: (roles[who], seconds) for key, (who, seconds) in told.totals.items()
            }
            if presence.add_totals(conn, room.tenant, room.session, totals):
                _describe_again(conn, room, now)


def _finder(
    people: Sequence[rows.StoredParticipant], state: sessions.CallState
) -> Callable[[str, str], str | None]:
    """(person, connection) → participant: by our own id, the vendor's id, or a presence known already."""
    by_name: dict[str, str | None] = {}
    for one in people:
        # The same vendor's id in two roles names nobody.
        by_name[one.external_id] = None if one.external_id in by_name else one.id
    by_name |= {one.id: one.id for one in people}

    def find(person: str, connection: str) -> str | None:
        if person:
            return by_name.get(person)
        known = state.connections.get(connection)
        return None if known is None else known.participant

    return find


def _known(state: sessions.CallState) -> frozenset[tuple[str, bool]]:
    return frozenset((connection, one.gone) for connection, one in state.connections.items())


def _heard(conn: Connection, room: Room, spans: Sequence[SpeechSpan], now: float) -> None:
    """Add what was heard to what is known; overlapping stretches of one side are one."""
    known = presence.speech(conn, room.tenant, room.session)
    united: list[SpeechSpan] = []
    for span in sorted({*known, *spans}, key=lambda one: (one.role, one.start, one.end)):
        last = united[-1] if united else None
        if last is not None and last.role == span.role and span.start <= last.end:
            united[-1] = SpeechSpan(role=span.role, start=last.start, end=max(last.end, span.end))
        else:
            united.append(span)
    whole = tuple(sorted(united, key=lambda one: (one.start, one.end, one.role)))
    if whole == known:
        return
    presence.set_speech(conn, room.tenant, room.session, whole)
    _describe_again(conn, room, now)


def _describe_again(conn: Connection, room: Room, now: float) -> None:
    """What is known of the talk changed; before the end nobody has described it yet."""
    if rows.read_session(conn, room.tenant, room.session).status == "ended":
        again = Work(lane=room.session, kind="heard", payload={"session": room.session})
        add_work(conn, room.tenant, [again], now)
