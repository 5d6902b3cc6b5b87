"""The session state machine: facts about presence in, segments and the end out. No I/O, no clock.

`merge` adds one fact to a `CallState`. It is commutative, associative and idempotent, so facts that arrive
twice, late or in any order lead to the same state. Everything else (`segments`, `status`, `next_check`,
`seconds_together`, `ratings_due`) is derived from that state and a time that the caller gives. All times are
seconds since 1970-01-01 UTC, all durations seconds.

Example:
    >>> roles = {"par_c": "client", "par_t": "therapist"}
    >>> state = merge_all(CallState(), [
    ...     Gone(connection="c1", participant="par_c", joined_at=0.0, at=1500.0),
    ...     Gone(connection="t1", participant="par_t", joined_at=5.0, at=1505.0),
    ... ])
    >>> status(state, 1526.0, CallPolicy(), roles=roles).reason
    'everybody_left'
    >>> ratings_due(state, roles, 1526.0, CallPolicy())
    ('par_c', 'par_t')
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from alliancekit.events import EndReason, Role, Segment

SURE = 1.0
"""Confidence of an explicit end. This and the three below are our judgement, not measured rates."""

ALL_LEFT = 0.95
"""Everybody pressed *leave*; they could still come back."""

LAST_DROPPED = 0.8
"""At least one was lost, not seen to leave: a common network failure looks the same."""

NO_NEWS = 0.5
"""Somebody was last known to be there, but the platform fell silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A connection of a participant was there at `at`.

    Sent on join, on return and as often as the platform lists who is in the room. `joined_at` is when this
    connection joined, where the platform knows.
    """

    connection: str
    participant: str
    at: float
    joined_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A connection of a participant ended at `at`: left on purpose, or dropped.

    `sent_out` says that somebody sent them out or never let them in: who does not come back is not asked how
    it went.
    """

    connection: str
    participant: str
    at: float
    joined_at: float | None = None
    how: Literal["left", "dropped"] = "left"
    sent_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """Somebody or the platform said the call is over at `at`; `roster` lists every presence it knows of."""

    at: float
    roster: tuple[Gone, ...] = ()


Fact = Present | Gone | Over
"""What an adapter reports. Facts may arrive twice, late, in any order, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPolicy:
    """The numbers that decide when a call is over and who is asked.

    Attributes:
        grace: how long everybody must be gone before that is an end. 20 s covers a page reload and a change
            of network.
        timeout: how long a platform may be silent about a call before it is taken for over. 4 h is longer
            than any usual session, because many platforms report only joining and leaving.
        minimum_together: how long a client and a therapist must have been there at the same time before
            anybody is asked to rate the session; a call of under a minute was a missed one.

    Raises:
        ValueError: a number is negative or not finite.
    """

    grace: float = 20.0
    timeout: float = 4 * 3600.0
    minimum_together: float = 60.0

    def __post_init__(self) -> None:
        for name in ("grace", "timeout", "minimum_together"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a finite number of seconds, at least 0; it is {value}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What is known of one connection; the fields are the columns of the table `presence`.

    `joined_at` is the earliest claim, `seen_at` the latest time of any fact, `left_at` the latest reported
    end. A connection that was seen after its reported end is still there (a drop that healed).
    """

    participant: str
    joined_at: float
    seen_at: float
    left_at: float | None = None
    how: Literal["left", "dropped"] | None = None

    @property
    def gone(self) -> bool:
        """Whether the connection has ended."""
        return self.left_at is not None and self.left_at >= self.seen_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CallState:
    """All that is known of a call: its connections by id, and the earliest time it was said to be over."""

    connections: Mapping[str, Connection] = field(default_factory=dict)
    over_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where a session stands.

    `waiting`: no call yet. `in_call`: somebody is there. `paused`: everybody is gone, but only just.
    `ended`: over; then `ended_at`, `reason` and `confidence` (0–1) are set. An inferred end is revised when
    somebody returns; an explicit one is final.
    """

    status: Literal["waiting", "in_call", "paused", "ended"]
    ended_at: float | None = None
    reason: EndReason | None = None
    confidence: float = 0.0


def merge(state: CallState, fact: Fact) -> CallState:
    """The state with one more fact; the order of facts and repeated ones make no difference.

    A connection belongs to one participant. If facts disagree, the alphabetically first wins, so that the
    result does not depend on their order.
    """
    if isinstance(fact, Over):
        ended = fact.at if state.over_at is None else min(state.over_at, fact.at)
        return merge_all(CallState(connections=state.connections, over_at=ended), fact.roster)
    news = Connection(
        participant=fact.participant,
        joined_at=fact.at if fact.joined_at is None else min(fact.joined_at, fact.at),
        seen_at=fact.at,
        left_at=fact.at if isinstance(fact, Gone) else None,
        how=fact.how if isinstance(fact, Gone) else None,
    )
    known = state.connections.get(fact.connection)
    joined = news if known is None else _join(known, news)
    return CallState(connections={**state.connections, fact.connection: joined}, over_at=state.over_at)


def merge_all(state: CallState, facts: Iterable[Fact]) -> CallState:
    """The state with all the facts."""
    for fact in facts:
        state = merge(state, fact)
    return state


def _join(a: Connection, b: Connection) -> Connection:
    last = max((a, b), key=_end_order)
    return Connection(
        participant=min(a.participant, b.participant),
        joined_at=min(a.joined_at, b.joined_at),
        seen_at=max(a.seen_at, b.seen_at),
        left_at=last.left_at,
        how=last.how,
    )


def _end_order(connection: Connection) -> tuple[float, bool]:
    at = -math.inf if connection.left_at is None else connection.left_at
    return at, connection.how == "left"


def segments(state: CallState, roles: Mapping[str, Role], now: float) -> tuple[Segment, ...]:
    """Every unbroken presence up to `now`, ordered by time and participant.

    Overlapping or touching connections of one participant are one presence (two devices, a quick change of
    network); a gap makes two. Nothing after an explicit end counts: a page that stays open or is reloaded to
    answer the rating is not in the call. A presence cut off by `now` or by the end has `how="ended"`.

    Args:
        state: what is known.
        roles: role by participant id; participants without a role are left out.
        now: for a session that ended, its `ended_at`.
    """
    until = now if state.over_at is None else min(now, state.over_at)
    found: list[Segment] = []
    for participant, role in roles.items():
        pieces = [
            _presence(connection, role, until)
            for connection in state.connections.values()
            if connection.participant == participant and connection.joined_at <= until
        ]
        found += _united(pieces)
    return tuple(sorted(found, key=lambda s: (s.joined_at, s.left_at, s.participant)))


def _presence(connection: Connection, role: Role, until: float) -> Segment:
    here = Segment(
        participant=connection.participant,
        role=role,
        joined_at=connection.joined_at,
        left_at=until,
        how="ended",
    )
    if not connection.gone or connection.left_at is None or connection.left_at > until:
        return here
    return Segment(
        participant=here.participant,
        role=role,
        joined_at=here.joined_at,
        left_at=connection.left_at,
        how=connection.how or "left",
    )


def _united(pieces: Iterable[Segment]) -> list[Segment]:
    """Overlapping and touching pieces of one participant as one; the last to end says how it ended."""
    united: list[Segment] = []
    for piece in sorted(pieces, key=lambda s: (s.joined_at, s.left_at, s.how)):
        if not united or piece.joined_at > united[-1].left_at:
            united.append(piece)
            continue
        before = united[-1]
        last = max(before, piece, key=lambda s: (s.left_at, s.how))
        united[-1] = Segment(
            participant=piece.participant,
            role=piece.role,
            joined_at=before.joined_at,
            left_at=last.left_at,
            how=last.how,
        )
    return united


def status(
    state: CallState, now: float, policy: CallPolicy, *, roles: Mapping[str, Role] | None = None
) -> Verdict:
    """Where the session stands at `now`, and if it ended, when, how that is known, and how surely.

    Args:
        state: what is known.
        now: the time to judge for.
        policy: the limits.
        roles: role by participant id. With it, observers do not keep a call going, and people who come and go
            before a client and a therapist have both been there leave the session `waiting` (somebody tried
            the link early) until the time-out. Without it, everybody counts alike.
    """
    return _judge(state, now, policy, roles)[0]


def next_check(
    state: CallState, now: float, policy: CallPolicy, *, roles: Mapping[str, Role] | None = None
) -> float | None:
    """When `status` could change by time alone; None when only a new fact can change it."""
    return _judge(state, now, policy, roles)[1]


def _judge(
    state: CallState, now: float, policy: CallPolicy, roles: Mapping[str, Role] | None
) -> tuple[Verdict, float | None]:
    """The verdict, and when it could change without news."""
    if state.over_at is not None:
        return Verdict(status="ended", ended_at=state.over_at, reason="explicit", confidence=SURE), None
    people = [
        connection
        for connection in state.connections.values()
        if roles is None or roles.get(connection.participant, "observer") != "observer"
    ]
    if not people:
        return Verdict(status="waiting"), None
    heard = max(connection.seen_at for connection in people)
    met = roles is None or {"client", "therapist"} <= {roles[c.participant] for c in people}
    there = any(not connection.gone for connection in people)
    if met and not there:
        dropped = any(c.how == "dropped" for c in _last_of_each(people))
        due = heard + policy.grace
        if now >= due:
            confidence = LAST_DROPPED if dropped else ALL_LEFT
            return (
                Verdict(status="ended", ended_at=heard, reason="everybody_left", confidence=confidence),
                None,
            )
        return Verdict(status="paused"), due
    due = heard + policy.timeout
    if now >= due:
        return Verdict(status="ended", ended_at=heard, reason="timed_out", confidence=NO_NEWS), None
    return Verdict(status="in_call" if there else "waiting"), due


def later_end(state: CallState, ended_at: float, gap: float, roles: Mapping[str, Role]) -> float:
    """When a call whose end was inferred too early really ended, by what was reported since.

    Presence that began before the end, or so soon after it that it would not have been inferred, belongs to
    the call. An explicit end limits it.

    Args:
        state: what is known by now.
        ended_at: the inferred end.
        gap: how long nobody had to be there: `CallPolicy.grace`, or `timeout` for a call that fell silent.
        roles: role by participant id; observers do not keep a call going.
    """
    people = [c for c in state.connections.values() if roles.get(c.participant, "observer") != "observer"]
    end, before = ended_at, -math.inf
    while end > before:
        before = end
        end = max([end, *(c.seen_at for c in people if c.joined_at <= before + gap)])
    return end if state.over_at is None else max(ended_at, min(end, state.over_at))


def _last_of_each(people: Iterable[Connection]) -> Iterable[Connection]:
    """Each participant's connection that ended last."""
    last: dict[str, Connection] = {}
    for connection in people:
        known = last.get(connection.participant)
        if known is None or _end_order(connection) > _end_order(known):
            last[connection.participant] = connection
    return last.values()


def seconds_together(state: CallState, roles: Mapping[str, Role], now: float) -> float:
    """How long, up to `now`, at least one client and a therapist were there at the same time; seconds."""
    found = segments(state, roles, now)
    clients, therapists = (_spans(s for s in found if s.role == role) for role in ("client", "therapist"))
    return sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in clients for b in therapists)


def _spans(found: Iterable[Segment]) -> list[tuple[float, float]]:
    """The time covered by the segments of one role, as spans that do not overlap."""
    spans: list[tuple[float, float]] = []
    for segment in sorted(found, key=lambda s: s.joined_at):
        if spans and segment.joined_at <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], segment.left_at))
        else:
            spans.append((segment.joined_at, segment.left_at))
    return spans


def ratings_due(
    state: CallState,
    roles: Mapping[str, Role],
    now: float,
    policy: CallPolicy,
    already: Collection[str] = (),
) -> tuple[str, ...]:
    """Who is to be asked now to rate the session.

    Every client and therapist who was in the call, once the session has ended, and only if a client and a
    therapist were there together for `policy.minimum_together`. Observers are never asked.

    Args:
        state: what is known.
        roles: role by participant id; the result keeps its order.
        now: the time to judge for.
        policy: the limits.
        already: participants who have been asked before; nobody is asked twice.
    """
    verdict = status(state, now, policy, roles=roles)
    if verdict.ended_at is None or (
        seconds_together(state, roles, verdict.ended_at) < policy.minimum_together
    ):
        return ()
    present = {s.participant for s in segments(state, roles, verdict.ended_at)}
    return tuple(
        participant
        for participant, role in roles.items()
        if role != "observer" and participant in present and participant not in already
    )
