"""Who joins and leaves, from Prosody's `mod_event_sync_component`.

The module (jitsi-contrib/prosody-plugins, `event_sync/`) posts JSON to `{api_prefix}/events/room/created` and
three more addresses, with a fixed header as only proof: no signature, no time, no number. It tries four times
within seconds; then an event is lost. When a room is closed, it repeats everybody's times.

A room has no id but its name. What stands for its instance is the name with the day on which a presence began
(UTC), so that a name can be used again on another day; both days of a call over midnight find its session.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from alliancekit.adapters import Happening, Rejected

BOTS: Final = frozenset({"focus", "jibri", "jigasi", "jvb", "recorder", "transcriber"})
"""Accounts under which Jitsi's own components join; the names that its installers give."""

BOT_DOMAINS: Final = frozenset({"hidden", "recorder"})
"""First labels of the domains from which recorders join, likewise."""

YEAR_5138: Final = 10**11
"""The latest time that is taken for one, in seconds since 1970 UTC."""

DAY: Final = 86400

MOST: Final = 1000
"""Occupants of one room that are read."""

NOBODY: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""The part before the @ of an address that Prosody made up: of an anonymous person, or one with a token."""


Seconds = Annotated[int, Field(ge=0, le=YEAR_5138)]


class _Occupant(BaseModel):
    person: str = Field(default="", alias="id")
    jid: str = Field(min_length=1, alias="occupant_jid")
    joined_at: Seconds
    left_at: Seconds | None = None
    dominant: Annotated[int, Field(ge=0, le=YEAR_5138)] | None = Field(
        default=None, alias="total_dominant_speaker_time"
    )
    """Milliseconds, where Prosody is told to count them."""

    def meets(self, other: _Occupant) -> bool:
        """Whether both, two different people, were there at the same time."""
        if (self.person or self.jid) == (other.person or other.jid):
            return False
        ends = [YEAR_5138 if one.left_at is None else one.left_at for one in (self, other)]
        return min(ends) > max(self.joined_at, other.joined_at)

    @property
    def human(self) -> bool:
        """Whether it is no component of Jitsi's own."""
        node, _, rest = self.jid.partition("@")
        return node.lower() not in BOTS and rest.partition(".")[0].lower() not in BOT_DOMAINS


class _Event(BaseModel):
    room_jid: str = Field(min_length=1)
    room_name: str = ""
    is_breakout: bool = False
    breakout_room_id: str = ""


class _Created(_Event):
    created_at: Seconds


class _Destroyed(_Created):
    destroyed_at: Seconds
    # Prosody writes an empty Lua table as an object.
    all_occupants: (
        Annotated[list[_Occupant], Field(max_length=MOST)]
        | Annotated[dict[str, _Occupant], Field(max_length=0)]
    )

    @property
    def people(self) -> Sequence[_Occupant]:
        """Everybody who was in the room at some time."""
        return [one for one in self.all_occupants if isinstance(one, _Occupant) and one.human]


class _Presence(_Event):
    occupant: _Occupant


def parse(content: Mapping[str, Any]) -> Sequence[Happening]:
    """What a message says; empty for kinds that do not matter here.

    Raises:
        Rejected: `malformed`.
    """
    kind = content.get("event_name")
    if not isinstance(kind, str):
        raise Rejected("malformed")
    try:
        match kind:
            case "muc-room-created":
                return _created(_Created.model_validate(content))
            case "muc-room-destroyed":
                return _destroyed(_Destroyed.model_validate(content))
            case "muc-occupant-joined":
                there = _Presence.model_validate(content)
                return tuple(_of(there.occupant, there))
            case "muc-occupant-left":
                gone = _Presence.model_validate(content)
                if gone.occupant.left_at is None:
                    raise Rejected("malformed")
                return tuple(_of(gone.occupant, gone, left_at=gone.occupant.left_at))
            case _:
                return ()
    except ValidationError:
        raise Rejected("malformed") from None


def _room(event: _Event, since: int) -> str:
    return _key(f"{event.room_jid}|{since // DAY}")


def _key(text: str) -> str:
    """Addresses of rooms and people may carry names, so that a digest leaves the adapter."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _created(event: _Created) -> Sequence[Happening]:
    return () if event.is_breakout else (_of_room("started", event, event.created_at),)


def _destroyed(event: _Destroyed) -> Sequence[Happening]:
    """Everybody's times once more, and the end of the call.

    Jitsi closes a room as soon as it is empty. Where nobody met anybody, somebody came too early: no end. A
    breakout room is a part of the meeting, which goes on.
    """
    said = [
        one
        for each in event.people
        for one in _of(each, event, left_at=event.destroyed_at if each.left_at is None else each.left_at)
    ]
    if not event.is_breakout and any(one.meets(other) for one, other in combinations(event.people, 2)):
        said.append(_of_room("over", event, event.destroyed_at))
    return said


def _of_room(kind: Literal["started", "over"], event: _Created, at: int) -> Happening:
    return Happening(kind=kind, room=_room(event, event.created_at), name=event.room_name, at=float(at))


def _of(who: _Occupant, event: _Event, *, left_at: int | None = None) -> Iterator[Happening]:
    """What is known of one presence; `left_at` is None while it lasts."""
    if not who.human:
        return
    at = who.joined_at if left_at is None else left_at
    said = Happening(
        kind="joined" if left_at is None else "left",
        room=_room(event, who.joined_at),
        name=event.room_name,
        at=float(at),
        # An id that is an e-mail address stays here.
        person="" if "@" in who.person else who.person,
        connection=connection_of(who.jid, event.breakout_room_id if event.is_breakout else ""),
        joined_at=float(min(who.joined_at, at)),
    )
    yield said
    if who.dominant is not None:
        yield replace(said, kind="spoke_total", seconds=who.dominant / 1000)


def connection_of(jid: str, breakout: str) -> str:
    """What a presence is called: the address without its @ where Prosody made it up, else a digest.

    Whoever changes between the meeting and its breakout rooms keeps the address, within the same second; so
    each of these rooms gets connections of its own.
    """
    node, _, rest = jid.partition("@")
    known = NOBODY.fullmatch(node) is not None and "@" not in rest
    shown = f"{node}/{rest}" if known else _key(jid)
    return f"{shown}|{_key(breakout)}" if breakout else shown


def address_of(connection: str) -> str | None:
    """The address of a presence in the meeting's own room; None where it is not known."""
    node, _, rest = connection.partition("/")
    if NOBODY.fullmatch(node) is None or "|" in rest:
        return None
    return f"{node}@{rest}"


def endpoint_of(connection: str) -> str | None:
    """What the bridge calls the sender: the address's first eight characters; None where it is made up.

    Jitsi's page (lib-jitsi-meet, `JitsiConference.resourceCreator`) takes a random one for people with an
    account of their own.
    """
    return connection[:8] if NOBODY.fullmatch(connection.partition("/")[0]) else None
