"""Webhooks about meetings, sessions and who is in them, checked and read. Pure: no network, no clock.

Signature and address check: developers.zoom.us, "Using webhooks"; the bytes that are hashed are those that
came, because a body that was parsed and written again differs as soon as somebody's name is not ASCII.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from typing_extensions import override

from alliancekit.adapters import (
    AdapterHost,
    Challenge,
    Happening,
    RawRequest,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.fields import identifier, inside, moment, needed, text
from alliancekit.signatures import check, check_age, digest, from_hex, json_object, number

VERSION = "v0"
"""Zoom's only version of the signature; the signed text begins with it."""

PLAIN_TOKEN = 256
"""Characters that the token of an address check may have; Zoom's have 22."""

Kind = Literal["started", "joined", "left", "over"]

KINDS: Mapping[str, Kind] = {
    "meeting.started": "started",
    "meeting.participant_joined": "joined",
    "meeting.participant_left": "left",
    "meeting.ended": "over",
    "session.started": "started",
    "session.user_joined": "joined",
    "session.user_left": "left",
    "session.ended": "over",
}

TIMES: Mapping[Kind, str] = {
    "started": "start_time",
    "joined": "join_time",
    "left": "leave_time",
    "over": "end_time",
}


class ZoomWebhooks(WebhookAdapter):
    """Zoom's webhooks as happenings.

    The room is the instance: `uuid` of a meeting, `session_id` of a Video SDK session. A meeting number that
    is used again has a new `uuid`; Zoom may say twice that the same one ended.

    Args:
        secrets: the *Secret Tokens*, all of which are valid.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = list(secrets)

    @abstractmethod
    @override
    async def start(self, host: AdapterHost) -> None: ...

    @abstractmethod
    @override
    async def stop(self) -> None: ...

    @override
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        stated = request.header("x-zm-request-timestamp")
        signature = request.header("x-zm-signature")
        if not (stated and signature):
            raise Rejected("unsigned")
        at = number(stated)
        version, _, hexadecimal = signature.partition("=")
        if version != VERSION:
            raise Rejected("bad_signature")
        given, signed = from_hex(hexadecimal), f"{VERSION}:{stated}:".encode() + request.body
        check(given, lambda secret: digest(secret, signed), self._secrets)
        check_age(at, now)
        content = json_object(request.body)
        if content.get("event") == "endpoint.url_validation":
            valid = [secret for secret in self._secrets if digest(secret, signed) == given]
            return _answered(content, valid[0])
        return Verified(content=content, message=hashlib.sha256(request.body).hexdigest(), at=at)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        kind = KINDS.get(text(message.content, "event"))
        if kind is None:
            return ()
        about = inside(message.content, "payload", "object")
        room = room_of(about)
        # Never the topic of a meeting: people write names into it.
        name = text(about, "session_key", "session_name", "id")
        if kind in {"started", "over"}:
            at = moment(about, TIMES[kind]) or moment(message.content, "event_ts") or message.at
            return (Happening(kind=kind, room=room, name=name, at=at),)
        somebody = somebody_in(about)
        how = _how(text(somebody, "leave_reason")) if kind == "left" else "left"
        if how is None:
            return ()
        return (
            Happening(
                kind=kind,
                room=room,
                name=name,
                at=moment(somebody, TIMES[kind]) or moment(message.content, "event_ts") or message.at,
                person=person_of(somebody),
                connection=connection_of(somebody),
                how=how,
            ),
        )


def room_of(about: Mapping[str, Any]) -> str:
    """The instance that a message is about; a session of the Video SDK has both, its `uuid` is deprecated.

    Raises:
        Rejected: `malformed`.
    """
    return needed(about, "session_id", "uuid")


def _answered(content: Mapping[str, Any], secret: bytes) -> Challenge:
    """The answer to Zoom's check of the address, at its creation and every 72 hours.

    A token that begins as a signed text does is refused: its answer would be a signature.
    """
    plain = needed(inside(content, "payload"), "plainToken")
    if len(plain) > PLAIN_TOKEN or plain.startswith(f"{VERSION}:"):
        raise Rejected("malformed")
    answer = {"plainToken": plain, "encryptedToken": digest(secret, plain.encode()).hex()}
    return Challenge(body=json.dumps(answer).encode())


def somebody_in(about: Mapping[str, Any]) -> Mapping[str, Any]:
    """Who joined or left."""
    return inside(about, "user") or inside(about, "participant")


def person_of(somebody: Mapping[str, Any]) -> str:
    """What the vendor gave to Zoom, else Zoom's id of a registrant or an account, which a vendor may know."""
    own = identifier(text(somebody, "customer_key", "user_key"))
    return own or text(somebody, "registrant_id", "participant_user_id")


def connection_of(somebody: Mapping[str, Any]) -> str:
    """`participant_uuid` stays the same in breakout rooms, `user_id` does not; each join has new ones."""
    return needed(somebody, "participant_uuid", "user_id", "id")


def _how(reason: str) -> Literal["left", "dropped", "ejected", "declined"] | None:
    """How somebody left, by the sentence that Zoom gives; None when they only changed the room.

    The sentences are those of `leave_reason` in Zoom's published API description; what is not known there is
    taken for leaving. They may hold a name, therefore they go no further.
    """
    said = reason.lower()
    if "breakout room" in said:
        return None
    if "waiting room" in said:
        return "declined"
    if "removed by host" in said:
        return "ejected"
    lost = ("got disconnected", "network connection error", "unknown reason")
    return "dropped" if any(words in said for words in lost) else "left"
