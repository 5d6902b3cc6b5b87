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

from alliancekit.sessions.presence import explicit_end, met_at, seconds_together, segments
from alliancekit.sessions.state import CallState, Connection, Fact, Gone, Over, Present, merge, merge_all
from alliancekit.sessions.verdict import (
    ALL_LEFT,
    LAST_DROPPED,
    NO_NEWS,
    SURE,
    CallPolicy,
    Verdict,
    later_end,
    next_check,
    ratings_due,
    status,
)

__all__ = [
    "ALL_LEFT",
    "LAST_DROPPED",
    "NO_NEWS",
    "SURE",
    "CallPolicy",
    "CallState",
    "Connection",
    "Fact",
    "Gone",
    "Over",
    "Present",
    "Verdict",
    "explicit_end",
    "later_end",
    "merge",
    "merge_all",
    "met_at",
    "next_check",
    "ratings_due",
    "seconds_together",
    "segments",
    "status",
]
