"""A recorded call of a platform, told to an adapter: what the session machine makes of it."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alliancekit import happenings, sessions
from alliancekit.adapters import Happening, RawRequest, Verified, WebhookAdapter
from alliancekit.errors import RecordingError
from alliancekit.events import Role, Segment
from alliancekit.sessions import CallPolicy, CallState

LONG_AFTER = 8 * 86400.0
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

    def find(person: str, _: str) -> str | None:
        return person if person in people else None

    for one in messages:
        found = adapter.verify(one.request, one.at)
        if not isinstance(found, Verified):
            continue
        for room, said in _by_room(adapter, found).items():
            told = happenings.told(said, room, find, tuple(people))
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


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str = "POST"
    url: str
    headers: dict[str, str | list[str]] = {}
    body: str = ""
    text: str | None = None
    received_at: Annotated[float, Field(ge=0, allow_inf_nan=False)]


def read_recorded(file: Path) -> list[Recorded]:
    """Requests from a file of JSON lines: method, url, headers, body (base64) or text, received_at.

    Raises:
        RecordingError: the file cannot be read, or a line is no such request; names the line, never its text.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{file} cannot be read ({type(error).__name__}).") from None
    found = [_recorded(file, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise RecordingError(f"{file} holds no request.", fix=_FIX)
    return found


def _recorded(file: Path, number: int, text: str) -> Recorded:
    try:
        line = _Line.model_validate_json(text)
        body = base64.b64decode(line.body, validate=True) if line.text is None else line.text.encode()
    except ValidationError as error:
        wrong = ", ".join(sorted({str(one["loc"][0]) if one["loc"] else "JSON" for one in error.errors()}))
        raise RecordingError(f"{file}, line {number}: not a recorded request ({wrong}).", fix=_FIX) from None
    except ValueError:
        raise RecordingError(f"{file}, line {number}: the body is not base64.", fix=_FIX) from None
    headers: dict[str, tuple[str, ...]] = {}
    for name, given in line.headers.items():
        values = (given,) if isinstance(given, str) else tuple(given)
        headers[name.lower()] = (*headers.get(name.lower(), ()), *values)
    request = RawRequest(method=line.method, url=line.url, headers=headers, body=body)
    return Recorded(request=request, at=line.received_at)


def written(one: Recorded) -> str:
    """A request as one line of such a file; a body that is text can be read in it."""
    request = one.request
    try:
        content = {"text": request.body.decode()}
    except UnicodeDecodeError:
        content = {"body": base64.b64encode(request.body).decode()}
    return json.dumps(
        {
            "method": request.method,
            "url": request.url,
            "headers": {name: list(values) for name, values in request.headers.items()},
            **content,
            "received_at": one.at,
        },
        ensure_ascii=False,
    )


_FIX = "A line is JSON: method, url, headers, body (base64) or text, received_at (seconds since 1970 UTC)."
