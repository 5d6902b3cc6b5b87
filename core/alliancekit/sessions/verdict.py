"""Where a session stands, and whom to ask: derived from a call's state and a time."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from alliancekit.events import EndReason, Role
from alliancekit.sessions.presence import explicit_end, met_at, seconds_together, segments, settled
from alliancekit.sessions.state import CallState, Connection, end_order

SURE = 1.0
"""Confidence of an explicit end. This and the three below are our judgement, not measured rates."""

ALL_LEFT = 0.95
"""Everybody pressed *leave*; they could still come back."""

LAST_DROPPED = 0.8
"""At least one was lost, not seen to leave: a common network failure looks the same."""

NO_NEWS = 0.5
"""Somebody was last known to be there, but the platform fell silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPolicy:
    """The numbers that decide when a call is over and who is asked.

    Attributes:
        grace: how long everybody must be gone before that is an end. 20 s covers a page reload and a change
            of network.
        timeout: how long a platform may be silent about a call before it is taken for over. 4 h is longer
            than any usual session, because many platforms report only joining and leaving.
        unmet: how long a session waits after its last visitor where client and therapist never met: somebody
            may have tried the link days before. Then it counts as missed.
        minimum_together: how long a client and a therapist must have been there at the same time before
            anybody is asked to rate the session; a call of under a minute was a missed one.

    Raises:
        ValueError: a number is negative or not finite.
    """

    grace: float = 20.0
    timeout: float = 4 * 3600.0
    unmet: float = 7 * 86400.0
    minimum_together: float = 60.0

    def __post_init__(self) -> None:
        for name in ("grace", "timeout", "unmet", "minimum_together"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a finite number of seconds, at least 0; it is {value}.")


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


def status(
    state: CallState, now: float, policy: CallPolicy, *, roles: Mapping[str, Role] | None = None
) -> Verdict:
    """Where the session stands at `now`, and if it ended, when, how that is known, and how surely.

    Args:
        state: what is known.
        now: the time to judge for.
        policy: the limits.
        roles: role by participant id. With it, observers do not keep a call going, and people who come and go
            before a client and a therapist have been there together leave the session `waiting` (somebody
            tried the link early), for `CallPolicy.unmet`. Without it, everybody counts alike.
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
    over = explicit_end(state, roles)
    if over is not None:
        return Verdict(status="ended", ended_at=over, reason="explicit", confidence=SURE), None
    people = [
        connection
        for connection in settled(state).values()
        if roles is None or roles.get(connection.participant, "observer") != "observer"
    ]
    if not people:
        return Verdict(status="waiting"), None
    met = roles is None or met_at(state, roles) is not None
    return _by_presence(people, now, policy, met=met)


def _by_presence(
    people: Collection[Connection], now: float, policy: CallPolicy, *, met: bool
) -> tuple[Verdict, float | None]:
    """The verdict where nobody said that the call is over."""
    heard = max(connection.seen_at for connection in people)
    there = any(not connection.gone for connection in people)
    if met and not there:
        due = heard + policy.grace
        if now < due:
            return Verdict(status="paused"), due
        dropped = any(c.how == "dropped" for c in _last_of_each(people))
        confidence = LAST_DROPPED if dropped else ALL_LEFT
        return Verdict(status="ended", ended_at=heard, reason="everybody_left", confidence=confidence), None
    if there and now < heard + policy.timeout:
        return Verdict(status="in_call"), heard + policy.timeout
    due = heard + (policy.timeout if met else max(policy.timeout, policy.unmet))
    if now >= due:
        return Verdict(status="ended", ended_at=heard, reason="timed_out", confidence=NO_NEWS), None
    return Verdict(status="waiting"), due


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
    people = [c for c in settled(state).values() if roles.get(c.participant, "observer") != "observer"]
    end, before = ended_at, -math.inf
    while end > before:
        before = end
        end = max([end, *(c.seen_at for c in people if c.joined_at <= before + gap)])
    over = explicit_end(state, roles)
    return end if over is None else max(ended_at, min(end, over))


def _last_of_each(people: Iterable[Connection]) -> Iterable[Connection]:
    """Each participant's connection that ended last."""
    last: dict[str, Connection] = {}
    for connection in people:
        known = last.get(connection.participant)
        if known is None or end_order(connection) > end_order(known):
            last[connection.participant] = connection
    return last.values()


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
