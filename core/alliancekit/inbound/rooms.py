"""Which session a room's news belongs to: bound once, or again where the platform's rooms are permanent.

Some platforms have no id for one meeting: the room itself is all there is, week after week. Once its session
has ended and a newer one waits for it, whoever comes in begins that one. What the platform says late of the
call before still goes there, told apart by time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from alliancekit import calls, happenings
from alliancekit.adapters import Happening
from alliancekit.sessions import CallPolicy, CallState
from alliancekit.store import inbound as store
from alliancekit.store.inbound import Room

Part = tuple[Room | None, list[Happening]]


def sessions_of(
    conn: Connection, adapter: str, said: Sequence[Happening], policy: CallPolicy, now: float
) -> list[Part]:
    """What of a room's news belongs to which session; None where no session waits for the room.

    Args:
        conn: the caller's transaction.
        adapter: of the platform.
        said: all about one room.
        policy: when a call is over.
        now: seconds since 1970 UTC.
    """
    instance, name = said[0].room, next((one.name for one in said if one.name), "")
    bound = store.find_room(conn, adapter, instance) or store.bind_room(conn, adapter, instance, name, now)
    if bound is None:
        return [(None, list(said))]
    if bound.ended_at is not None and _begins_anew(conn, bound, said, policy):
        following = store.next_session(conn, bound, name)
        if following is not None:
            bound = store.rebind_room(conn, bound, following, until=_until(bound, policy), now=now)
    if bound.earlier_until is None:
        return [(bound, list(said))]
    return _apart(conn, bound, said, bound.earlier_until)


def over_since(state: CallState, room: str) -> float | None:
    """When a room was closed, or the call was over, if nobody has been in the room since.

    Args:
        state: of the call.
        room: the `room_key`.
    """
    prefix = happenings.room_prefix(room)
    ends = [at for closed, at in state.closed if closed == prefix]
    if state.over_at is not None:
        ends.append(state.over_at)
    over = max(ends, default=math.inf)
    used = any(
        one.joined_at > over or (one.seen_at > over and not one.gone)
        for key, one in state.connections.items()
        if key.startswith(prefix)
    )
    return None if used or over == math.inf else over


def _until(bound: Room, policy: CallPolicy) -> float:
    """Up to when news belongs to a session that ended: who comes back so soon would not have ended it."""
    return (bound.ended_at or 0.0) + (policy.grace if bound.end_reason == "everybody_left" else 0.0)


def _begins_anew(conn: Connection, bound: Room, said: Sequence[Happening], policy: CallPolicy) -> bool:
    """Whether somebody came in after the end, while nobody of the call was left there."""
    until = _until(bound, policy)
    begun = [began for one in said if (began := _began(one)) is not None and began > until]
    if not begun:
        return False
    prefix = happenings.room_prefix(happenings.room_key(bound.adapter, bound.instance))
    state = calls.load_state(conn, bound.session)
    over = over_since(state, happenings.room_key(bound.adapter, bound.instance))
    return over is not None or not any(
        key.startswith(prefix)
        and not one.gone
        and one.joined_at <= until
        # Whoever fell silent so long ago was lost without a word.
        and max(begun) <= one.seen_at + policy.timeout
        for key, one in state.connections.items()
    )


def _began(one: Happening) -> float | None:
    """When a presence that is told of began, as far as it says so."""
    if one.kind == "left":
        return one.joined_at
    if one.kind in {"joined", "roster"}:
        return one.at if one.joined_at is None else one.joined_at
    return None


def _apart(conn: Connection, bound: Room, said: Sequence[Happening], until: float) -> list[Part]:
    """News of the call before and of the one now."""
    before = None if bound.earlier is None else calls.load_state(conn, bound.earlier)
    here = calls.load_state(conn, bound.session)
    old: list[Happening] = []
    new: list[Happening] = []
    for one in said:
        (old if _is_of_before(one, bound, until, before, here) else new).append(one)
    parts: list[Part] = [(bound, new)] if new else []
    # A list of who was there is about its own time; the call before is over.
    old = [one for one in old if one.kind != "roster"]
    if old and bound.earlier is not None:
        past = replace(bound, session=bound.earlier, rosters=(), earlier=None, earlier_until=None, past=True)
        parts.insert(0, (past, old))
    return parts


def _is_of_before(
    one: Happening, bound: Room, until: float, before: CallState | None, here: CallState
) -> bool:
    began = _began(one)
    if began is not None:
        return began <= until
    if one.at <= until:
        return True
    if one.kind not in {"left", "spoke"} or before is None:
        return False
    room = happenings.room_key(bound.adapter, bound.instance)
    key = happenings.connection_key(room, one.connection or one.person)
    return key in before.connections and key not in here.connections
