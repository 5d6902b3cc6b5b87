"""What is known of a call: facts about presence, merged in any order into one state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal


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
    """A connection of a participant ended at `at`: left on purpose, or dropped."""

    connection: str
    participant: str
    at: float
    joined_at: float | None = None
    how: Literal["left", "dropped"] = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """Somebody or the platform said the call is over at `at`.

    Attributes:
        at: when.
        roster: every presence that it knows of.
        room: how the ids of the connections in the room begin that a platform closed. Platforms close rooms
            of people who came too early, tested their camera or left again, so this is an end only if a
            client and a therapist had met in the room by then. Empty for a word that is final.
    """

    at: float
    roster: tuple[Gone, ...] = ()
    room: str = ""


Fact = Present | Gone | Over
"""What an adapter reports. Facts may arrive twice, late, in any order, or not at all."""


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

    @property
    def until(self) -> float:
        """When it ended; endless while nobody saw that."""
        return self.left_at if self.left_at is not None and self.gone else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class CallState:
    """All that is known of a call.

    Attributes:
        connections: by id.
        over_at: the earliest time at which it was finally said to be over.
        closed: every (room, time) at which a platform closed a room; see `Over.room`.
    """

    connections: Mapping[str, Connection] = field(default_factory=dict)
    over_at: float | None = None
    closed: frozenset[tuple[str, float]] = frozenset()


def merge(state: CallState, fact: Fact) -> CallState:
    """The state with one more fact; the order of facts and repeated ones make no difference.

    A connection belongs to one participant. If facts disagree, the alphabetically first wins, so that the
    result does not depend on their order.
    """
    if isinstance(fact, Over):
        if fact.room:
            closed = replace(state, closed=state.closed | {(fact.room, fact.at)})
        else:
            closed = replace(state, over_at=earlier(state.over_at, fact.at))
        return merge_all(closed, fact.roster)
    news = Connection(
        participant=fact.participant,
        joined_at=fact.at if fact.joined_at is None else min(fact.joined_at, fact.at),
        seen_at=fact.at,
        left_at=fact.at if isinstance(fact, Gone) else None,
        how=fact.how if isinstance(fact, Gone) else None,
    )
    known = state.connections.get(fact.connection)
    joined = news if known is None else _join(known, news)
    return replace(state, connections={**state.connections, fact.connection: joined})


def earlier(one: float | None, other: float) -> float:
    """The earlier of two times, of which the first may be unknown."""
    return other if one is None else min(one, other)


def merge_all(state: CallState, facts: Iterable[Fact]) -> CallState:
    """The state with all the facts."""
    for fact in facts:
        state = merge(state, fact)
    return state


def _join(a: Connection, b: Connection) -> Connection:
    last = max((a, b), key=end_order)
    return Connection(
        participant=min(a.participant, b.participant),
        joined_at=min(a.joined_at, b.joined_at),
        seen_at=max(a.seen_at, b.seen_at),
        left_at=last.left_at,
        how=last.how,
    )


def end_order(connection: Connection) -> tuple[float, bool]:
    """Orders ends: the later one, and at the same time leaving before being dropped, is the last."""
    at = -math.inf if connection.left_at is None else connection.left_at
    return at, connection.how == "left"
