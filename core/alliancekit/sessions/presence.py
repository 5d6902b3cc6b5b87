"""Who was there when, by a call's state: segments, the first meeting, time together, an end that was said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from alliancekit.events import Role, Segment
from alliancekit.sessions.state import CallState, Connection, earlier


def met_at(state: CallState, roles: Mapping[str, Role], room: str = "") -> float | None:
    """When a client and a therapist were first there at the same time; None if they never were.

    Args:
        state: what is known.
        roles: role by participant id.
        room: count only meetings in the room of which connection ids begin so.
    """
    there = [one for key, one in settled(state).items() if key.startswith(room)]
    meetings = [
        max(client.joined_at, therapist.joined_at)
        for client in there
        if roles.get(client.participant) == "client"
        for therapist in there
        if roles.get(therapist.participant) == "therapist"
        if max(client.joined_at, therapist.joined_at) <= min(client.until, therapist.until)
    ]
    return min(meetings, default=None)


def explicit_end(state: CallState, roles: Mapping[str, Role] | None) -> float | None:
    """When the call was said to be over, by a word that counts; None if by none.

    Args:
        state: what is known.
        roles: role by participant id; without it every word counts.
    """
    end = state.over_at
    for room, at in state.closed:
        met = at if roles is None else met_at(state, roles, room)
        if met is not None and met <= at:
            end = earlier(end, at)
    return end


def settled(state: CallState, before: float = math.inf) -> Mapping[str, Connection]:
    """The connections; whoever was not seen to leave a room that was closed `before` a time was lost then."""
    if not state.closed:
        return state.connections
    found = dict(state.connections)
    for room, at in sorted(state.closed, key=lambda one: one[1]):
        for key, one in state.connections.items():
            if key.startswith(room) and at < before and not one.gone and one.seen_at <= at:
                first = found[key] if found[key].gone else replace(one, seen_at=at, left_at=at, how="dropped")
                found[key] = first
    return found


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
    until = earlier(explicit_end(state, roles), now)
    known = settled(state, before=until)
    found: list[Segment] = []
    for participant, role in roles.items():
        pieces = [
            _presence(connection, role, until)
            for connection in known.values()
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
