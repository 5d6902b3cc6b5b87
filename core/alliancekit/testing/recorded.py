"""A recorded call of a platform, told to an adapter: what the session machine makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliancekit import happenings, sessions
from alliancekit.adapters import Happening, RawRequest, Verified, WebhookAdapter
from alliancekit.events import Role, Segment
from alliancekit.sessions import CallPolicy, CallState

LONG_AFTER = 2 * 86400.0
"""Seconds after the last message at which the call is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A request of a platform, and when it came (seconds since 1970 UTC)."""

    request: RawRequest
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a call: its segments, whether it ended, who was asked to rate."""

    segments: tuple[Segment, ...]
    ended: bool
    asked: frozenset[str]


def outcome(adapter: WebhookAdapter, messages: Sequence[Recorded], people: Mapping[str, Role]) -> Outcome:
    """Tell messages in this order, all of them taken, and judge the call long after.

    Raises:
        Rejected: a message is refused.
    """
    state = CallState()
    sent_out: dict[str, float] = {}
    rosters: dict[str, tuple[happenings.Roster, ...]] = {}
    for one in messages:
        found = adapter.verify(one.request, one.at)
        if not isinstance(found, Verified):
            continue
        for room, said in _by_room(adapter, found).items():
            known = {person: person for person in people}
            told = happenings.told(
                said, room, lambda person, _, known=known: known.get(person), tuple(people)
            )
            state = sessions.merge_all(state, told.facts)
            rosters[room] = happenings.latest((*rosters.get(room, ()), *told.rosters))
            state = sessions.merge_all(state, happenings.missing(state, room, rosters[room]))
            for person, at in told.sent_out.items():
                sent_out[person] = max(at, sent_out.get(person, 0.0))
    now = max((one.at for one in messages), default=0.0) + LONG_AFTER
    verdict = sessions.status(state, now, CallPolicy(), roles=people)
    due = sessions.ratings_due(state, people, now, CallPolicy())
    return Outcome(
        segments=sessions.segments(state, people, verdict.ended_at or now),
        ended=verdict.status == "ended",
        asked=frozenset(due) - happenings.still_out(state, sent_out),
    )


def _by_room(adapter: WebhookAdapter, message: Verified) -> Mapping[str, list[Happening]]:
    rooms: defaultdict[str, list[Happening]] = defaultdict(list)
    for one in adapter.parse(message):
        rooms[happenings.room_key(adapter.name, one.room)].append(one)
    return rooms
