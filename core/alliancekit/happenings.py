"""What platforms say, as facts about presence. Pure: no I/O, no clock.

Messages of a platform come late, twice, in any order or not at all. What is made of them here depends on
which of them came, never on the order: facts merge (`alliancekit.sessions`), and of the lists of who is in a
room the two latest are kept.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alliancekit.adapters import Happening, Rejected
from alliancekit.sessions import CallState, Fact, Gone, Over, Present

AHEAD = 300.0
"""Seconds by which a platform's clock may be ahead of ours."""

LONGEST = 1000
"""Characters that a platform's identifier may have."""

Roster = tuple[float, frozenset[str]]
"""When the platform listed a room, and the keys of the connections that were in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What happenings of one room say about its session.

    Attributes:
        facts: presence and the end.
        spoke: (participant, from, to) of everybody who was heard; seconds since 1970 UTC.
        sent_out: participant → when they were sent out, never admitted, or the visit was called off; the
            latest time.
        rosters: the lists of who was there.
        strangers: how many mentions were of nobody in the session, such as bots and visitors.
        called: connection key → (person, connection) in the platform's words.
    """

    facts: tuple[Fact, ...] = ()
    spoke: tuple[tuple[str, float, float], ...] = ()
    sent_out: Mapping[str, float] = field(default_factory=dict)
    rosters: tuple[Roster, ...] = ()
    strangers: int = 0
    called: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def room_key(adapter: str, room: str) -> str:
    """What a room instance is stored under: a digest, since platforms choose their identifiers freely."""
    return _digest(f"{adapter}\0{room}")


def room_prefix(room: str) -> str:
    """How the keys of all presences in a room begin, by its `room_key`."""
    return f"{room[:16]}-"


def connection_key(room: str, one: str) -> str:
    """What a presence is stored under.

    Args:
        room: the `room_key`.
        one: the platform's id of the presence, else the person; then all presences of a person are one.
    """
    return f"{room_prefix(room)}{_digest(one)[:24]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check(happenings: Iterable[Happening], now: float) -> None:
    """Refuse what no platform can mean: no room, no number, a time before 1970 or too far ahead.

    Raises:
        Rejected: `malformed`.
    """
    for one in happenings:
        times = [one.at, one.seconds, *([] if one.joined_at is None else [one.joined_at])]
        texts = [
            one.room,
            one.name,
            one.person,
            one.connection,
            *(part for pair in one.people for part in pair),
        ]
        if not all(_is_time(value, now) for value in times):
            raise Rejected("malformed")
        if not all(_is_text(text) for text in texts) or not one.room:
            raise Rejected("malformed")


def _is_text(value: object) -> bool:
    """Whether both databases can hold it: no NUL, no half of a surrogate pair, not endless."""
    if not isinstance(value, str) or len(value) > LONGEST or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_time(value: object, now: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and 0 <= value <= now + AHEAD


def told(
    happenings: Sequence[Happening],
    room: str,
    who: Callable[[str, str], str | None],
    everybody: Sequence[str],
    *,
    final: bool = False,
) -> Told:
    """What happenings of one room instance say.

    Args:
        happenings: all of the same room.
        room: its `room_key`.
        who: the participant of (person, connection key); None for somebody who is not in the session.
        everybody: the session's participants.
        final: whether the platform's word that the call is over counts although nobody was seen to meet: for
            platforms that do not say who is there. That a visit was called off always counts.
    """
    facts: list[Fact] = []
    spoke: list[tuple[str, float, float]] = []
    sent_out: dict[str, float] = {}
    rosters: list[Roster] = []
    strangers = 0
    called: dict[str, tuple[str, str]] = {}
    for one in happenings:
        if one.kind == "started":
            continue
        if one.kind in {"over", "cancelled"}:
            sure = final or one.kind == "cancelled"
            facts.append(Over(at=one.at, room="" if sure else room_prefix(room)))
            if one.kind == "cancelled":
                sent_out |= {person: max(one.at, sent_out.get(person, 0.0)) for person in everybody}
            continue
        people = one.people if one.kind == "roster" else ((one.person, one.connection),)
        keys = [connection_key(room, connection or person) for person, connection in people]
        if one.kind == "roster":
            rosters.append((one.at, frozenset(keys)))
        for (person, connection), key in zip(people, keys, strict=True):
            participant = who(person, key)
            if participant is not None and one.kind in {"joined", "roster"}:
                called[key] = (person, connection)
            if participant is None:
                strangers += 1
            elif one.kind == "spoke":
                spoke.append((participant, one.at - one.seconds, one.at))
            elif one.kind == "left":
                facts.append(
                    Gone(
                        connection=key,
                        participant=participant,
                        at=one.at,
                        joined_at=one.joined_at,
                        how="dropped" if one.how == "dropped" else "left",
                    )
                )
                if one.how in {"ejected", "declined"}:
                    sent_out[participant] = max(one.at, sent_out.get(participant, 0.0))
            else:
                since = (one.joined_at or one.at) if one.kind == "joined" else None
                facts.append(Present(connection=key, participant=participant, at=one.at, joined_at=since))
    return Told(
        facts=tuple(facts),
        spoke=tuple(spoke),
        sent_out=sent_out,
        rosters=tuple(rosters),
        strangers=strangers,
        called=called,
    )


def latest(rosters: Iterable[Roster]) -> tuple[Roster, ...]:
    """The two latest lists of a room, of different times, earlier first; more is not needed."""
    by_time: dict[float, frozenset[str]] = {}
    for at, there in rosters:
        by_time[at] = by_time.get(at, frozenset()) | there
    return tuple(sorted(by_time.items())[-2:])


def missing(state: CallState, room: str, rosters: Sequence[Roster]) -> tuple[Gone, ...]:
    """Who was in neither of the two latest lists: lost when last seen, for nobody saw them leave.

    Once is not enough: a list may be made while somebody changes networks.
    """
    if len(rosters) < 2:
        return ()
    return tuple(
        Gone(connection=key, participant=known.participant, at=known.seen_at, how="dropped")
        for key, known in state.connections.items()
        if key.startswith(room_prefix(room))
        and not known.gone
        and all(at > known.seen_at and key not in there for at, there in rosters)
    )


def still_out(state: CallState, sent_out: Mapping[str, float]) -> frozenset[str]:
    """Participants whose last word of the call is that they were sent out, and who did not come back."""
    return frozenset(
        person
        for person, at in sent_out.items()
        if not any(c.participant == person and c.seen_at > at for c in state.connections.values())
    )
