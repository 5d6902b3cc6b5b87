"""What Janus's event handlers post: the sample event handler (`janus.eventhandler.sampleevh`), over HTTP.

Basic authentication with a fixed password is all the proof there is. Events come one by one or as an array;
five attempts within seconds, then they are lost (`conf/janus.eventhandler.sampleevh.jcfg.sample`).

A room has no id but its name. What stands for its instance is the name with the day (UTC) of the event, so
that a name can be used again on another day.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from alliancekit.adapters import Happening, RawRequest, Rejected, Verified
from alliancekit.signatures import check_token, json_object
from alliancekit_janus.client import OPAQUE_ID
from alliancekit_janus.people import Identity, id_of, someone
from alliancekit_janus.videoroom import ROOM_AND

PLUGIN_EVENT: Final = 64
"""The type of events that plugins bring (`events/eventhandler.h`)."""

VIDEOROOM: Final = "janus.plugin.videoroom"
MICROSECONDS: Final = 1_000_000
DAY: Final = 86400
YEAR_5138: Final = 10**11
MOST: Final = 1000
"""Events of one post that are read."""


def verify(request: RawRequest, secrets: Sequence[bytes], max_body: int, now: float) -> Verified:
    """Check the password, and read the body.

    Raises:
        Rejected: it is not Janus's, too large or no JSON.
    """
    if len(request.body) > max_body:
        raise Rejected("too_large")
    scheme, _, given = request.header("authorization").partition(" ")
    check_token(given.strip() if scheme.lower() == "basic" else "", [b64encode(one) for one in secrets])
    body = request.body
    grouped = body.lstrip()[:1] == b"["
    content = json_object(b'{"events":' + body + b"}" if grouped else body)
    events = content.get("events") if grouped else [content]
    if not isinstance(events, list) or not 0 < len(events) <= MOST:
        raise Rejected("malformed")
    message = hashlib.sha256(body).hexdigest()
    return Verified(content={"events": events}, message=message, at=now)


def parse(message: Verified, identity: Identity) -> list[Happening]:
    """What the events of a post say.

    Raises:
        Rejected: `malformed`.
    """
    return [said for event in message.content["events"] for said in _said(_mapping(event), identity)]


def _said(event: Mapping[str, Any], identity: Identity) -> Sequence[Happening]:
    if event.get("type") != PLUGIN_EVENT:
        return ()
    body = _mapping(event.get("event"))
    if body.get("plugin") != VIDEOROOM:
        return ()
    data = _mapping(body.get("data"))
    at = _time(event.get("timestamp"))
    kind = data.get("event")
    ours = event.get("opaque_id") == OPAQUE_ID
    if kind in ("joined", "published") and not ours:
        return _presence("joined", data, at, identity)
    if kind in ("leaving", "kicked"):
        return _presence("left", data, at, identity, how="left" if kind == "leaving" else "ejected")
    if kind in ("created", "destroyed"):
        return (_of_room("started" if kind == "created" else "over", data, at),)
    return ()


def _presence(
    kind: Literal["joined", "left"],
    data: Mapping[str, Any],
    at: float,
    identity: Identity,
    how: Literal["left", "ejected"] = "left",
) -> Sequence[Happening]:
    if not id_of(data.get("id")):
        raise Rejected("malformed")
    who = someone(data, identity)
    if who is None:
        return ()
    name = _room(data)
    return (
        Happening(
            kind=kind,
            room=_instance(name, at),
            name=name,
            at=at,
            person=who.person,
            connection=who.connection,
            how=how,
        ),
    )


def _of_room(kind: Literal["started", "over"], data: Mapping[str, Any], at: float) -> Happening:
    name = _room(data)
    return Happening(kind=kind, room=_instance(name, at), name=name, at=at)


def _instance(name: str, at: float) -> str:
    return f"{name}{ROOM_AND}{int(at // DAY)}"


def _room(data: Mapping[str, Any]) -> str:
    name = id_of(data.get("room"))
    if not name:
        raise Rejected("malformed")
    return name


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Rejected("malformed")
    return value


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Rejected("malformed")
    at = value / MICROSECONDS
    if not 0 <= at <= YEAR_5138:
        raise Rejected("malformed")
    return at
