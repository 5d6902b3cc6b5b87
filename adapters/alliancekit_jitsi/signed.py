"""Who joins and leaves, from `mod_alliancekit` (in the folder `prosody`): signed, numbered and dated.

Signed are id, time and body as Standard Webhooks say (standardwebhooks.com): HMAC-SHA256 over
`id.timestamp.body` with the bytes after `whsec_`. A room's instance is the meeting's id, under which the
bridge knows it too; a presence is called what the bridge calls it. Neither names nor e-mail addresses are
sent. The id stays the same when a message is sent again, its time does not.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from alliancekit.adapters import Happening, RawRequest, Rejected
from alliancekit.signatures import digest

PREFIX: Final = "whsec_"

LONGEST: Final = 200

MOST: Final = 300
"""Occupants of one room that are read; mod_alliancekit sends no more."""

Time = Annotated[float, Field(ge=0, le=10**11, allow_inf_nan=False)]
"""Seconds since 1970 UTC."""

Text = Annotated[str, Field(max_length=LONGEST)]


class _Room(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    name: Text = ""
    breakout: bool = False


class _Occupant(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    person: Text = ""
    joined_at: Time
    left_at: Time | None = None
    how: Literal["left", "dropped", "ejected"] = "left"
    spoke_ms: Annotated[int, Field(ge=0, le=10**11)] | None = None


class _Message(BaseModel):
    type: str
    at: Time
    room: _Room
    occupant: _Occupant | None = None
    # Prosody writes an empty Lua table as an object.
    occupants: (
        Annotated[list[_Occupant], Field(max_length=MOST)]
        | Annotated[dict[str, _Occupant], Field(max_length=0)]
    ) = []


def key_of(secret: str) -> bytes:
    """The bytes that sign.

    Raises:
        ValueError: the secret is not `whsec_` and base64 of at least 24 bytes; it is not repeated.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError("a signing secret is whsec_ and base64") from None
    if len(key) < 24 or not secret.startswith(PREFIX):
        raise ValueError("a signing secret is whsec_ and base64 of at least 24 bytes")
    return key


def headers_of(key: bytes, identifier: str, at: float, body: bytes) -> dict[str, str]:
    """What a signed message to `mod_alliancekit` carries."""
    sent = str(int(at))
    signature = base64.b64encode(digest(key, f"{identifier}.{sent}.".encode() + body)).decode()
    return {
        "webhook-id": identifier,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
    }


def is_signed(request: RawRequest) -> bool:
    """Whether a request claims to be of `mod_alliancekit`."""
    return bool(request.header("webhook-signature"))


def parse(content: Mapping[str, Any]) -> Sequence[Happening]:
    """What a message says; empty for kinds that do not matter here.

    A breakout room is a room of its own that carries the meeting's name: it finds the same session, and its
    end is none of the call.

    Raises:
        Rejected: `malformed`.
    """
    try:
        said = _Message.model_validate(content)
    except ValidationError:
        raise Rejected("malformed") from None
    if said.type == "room.created":
        return () if said.room.breakout else (_of_room("started", said),)
    if said.type == "room.destroyed":
        everybody = [one for one in said.occupants if isinstance(one, _Occupant)]
        found = [each for one in everybody for each in _gone(one, said)]
        if not said.room.breakout and _met(everybody, said.at):
            found.append(_of_room("over", said))
        return tuple(found)
    if said.type not in {"occupant.joined", "occupant.left"}:
        return ()
    if said.occupant is None:
        raise Rejected("malformed")
    if said.type == "occupant.joined":
        return (_of("joined", said.occupant, said, said.occupant.joined_at),)
    return tuple(_gone(said.occupant, said))


def _met(everybody: Sequence[_Occupant], end: float) -> bool:
    """Whether two different people were there at the same time; else somebody came too early: no end."""
    return any(
        (one.person or one.id) != (other.person or other.id)
        and max(one.joined_at, other.joined_at) < min(one.left_at or end, other.left_at or end)
        for one in everybody
        for other in everybody
    )


def _gone(who: _Occupant, said: _Message) -> Iterator[Happening]:
    at = said.at if who.left_at is None else who.left_at
    yield _of("left", who, said, at)
    if who.spoke_ms is not None:
        yield _of("spoke_total", who, said, at)


def _of(
    kind: Literal["joined", "left", "spoke_total"], who: _Occupant, said: _Message, at: float
) -> Happening:
    return Happening(
        kind=kind,
        room=said.room.id,
        name=said.room.name,
        at=at,
        # An id that is an e-mail address stays here.
        person="" if "@" in who.person else who.person,
        connection=who.id,
        how=who.how if kind == "left" else "left",
        joined_at=min(who.joined_at, at),
        seconds=(who.spoke_ms or 0) / 1000 if kind == "spoke_total" else 0.0,
    )


def _of_room(kind: Literal["started", "over"], said: _Message) -> Happening:
    return Happening(kind=kind, room=said.room.id, name=said.room.name, at=said.at)
