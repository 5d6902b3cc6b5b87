"""What a webhook says, and whether LiveKit signed it. Pure: no I/O, no clock.

A webhook is JSON with a JWT in `Authorization`: HS256 with the API secret, the API key as issuer, the SHA-256
of the body as a claim, valid for five minutes (livekit/protocol `webhook/`, `livekit_webhook.proto` and
`livekit_models.proto`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import jwt
from pydantic import BaseModel, Field, ValidationError

from alliancekit.adapters import Happening, RawRequest, Rejected, Verified
from alliancekit.signatures import from_base64, json_object

LEEWAY: Final = 60.0
"""Seconds by which the server's clock may differ; LiveKit's own receivers allow the same."""

YEAR_5138: Final = 10**11
"""The latest time that is taken for one, in seconds since 1970 UTC."""

HowGone = Literal["left", "dropped", "ejected", "declined"]

HOW: Final[Mapping[str | int, HowGone]] = {
    "PARTICIPANT_REMOVED": "ejected",
    "DUPLICATE_IDENTITY": "dropped",
    "SERVER_SHUTDOWN": "dropped",
    "STATE_MISMATCH": "dropped",
    "JOIN_FAILURE": "dropped",
    "MIGRATION": "dropped",
    "SIGNAL_CLOSE": "dropped",
    "SIP_TRUNK_FAILURE": "dropped",
    "CONNECTION_TIMEOUT": "dropped",
    "MEDIA_FAILURE": "dropped",
    "USER_UNAVAILABLE": "declined",
    "USER_REJECTED": "declined",
}
"""`DisconnectReason` → how; every other one, and none at all, is leaving (older servers: livekit #1730)."""

NOBODY: Final = frozenset({"INGRESS", "EGRESS", "AGENT", "BRIDGE"})
"""`ParticipantInfo.Kind` that is no human."""


# Protocol buffers write 64-bit numbers as texts in JSON.
Seconds = Annotated[int, Field(ge=0, le=YEAR_5138)]
Milliseconds = Annotated[int, Field(ge=0, le=YEAR_5138 * 1000)]


class _Permission(BaseModel):
    hidden: bool = False
    recorder: bool = False
    agent: bool = False


class Participant(BaseModel):
    """`ParticipantInfo`, as webhooks and the server's API write it in JSON."""

    sid: str = Field(min_length=1)
    identity: str = Field(min_length=1)
    kind: str = "STANDARD"
    state: str = ""
    joined_at: Seconds = Field(default=0, alias="joinedAt")
    joined_at_ms: Milliseconds = Field(default=0, alias="joinedAtMs")
    disconnect_reason: str = Field(default="UNKNOWN_REASON", alias="disconnectReason")
    permission: _Permission = _Permission()

    @property
    def human(self) -> bool:
        """Whether it counts as somebody in the call; who is hidden only listens."""
        told = self.permission
        return self.kind not in NOBODY and not (told.hidden or told.recorder or told.agent)

    @property
    def person(self) -> str:
        """The identity, which is the vendor's id; one that is an e-mail address stays here."""
        return "" if "@" in self.identity else self.identity

    @property
    def since(self) -> float:
        """When this presence began, in seconds since 1970 UTC; 0 where it is not told."""
        return self.joined_at_ms / 1000 or float(self.joined_at)


class _Room(BaseModel):
    sid: str = Field(min_length=1)
    name: str = ""


class _RoomEvent(BaseModel):
    created_at: Seconds = Field(alias="createdAt")
    room: _Room


class _ParticipantEvent(_RoomEvent):
    participant: Participant


def verified(request: RawRequest, now: float, secrets: Sequence[str], keys: frozenset[str]) -> Verified:
    """A webhook that was signed with one of the secrets; for one of the keys, where any are given.

    Raises:
        Rejected: it is not the platform's own, recent and whole.
    """
    claims = _claims(request.header("authorization"), secrets, keys)
    if not hmac.compare_digest(_given_hash(claims), hashlib.sha256(request.body).digest()):
        raise Rejected("bad_signature")
    at = _check_validity(claims, now)
    content = json_object(request.body)
    message = content.get("id")
    if not (isinstance(message, str) and message):
        raise Rejected("malformed")
    return Verified(content=content, message=message, at=at)


def said(content: Mapping[str, Any]) -> Sequence[Happening]:
    """What a webhook says.

    Raises:
        Rejected: `malformed`.
    """
    kind = content.get("event")
    if not isinstance(kind, str):
        raise Rejected("malformed")
    try:
        if kind in {"room_started", "room_finished"}:
            event = _RoomEvent.model_validate(content)
            return (_of_room("started" if kind == "room_started" else "over", event),)
        if kind in {"participant_joined", "participant_left", "participant_connection_aborted"}:
            return _of_participant(kind, _ParticipantEvent.model_validate(content))
    except ValidationError:
        raise Rejected("malformed") from None
    return ()


def _claims(token: str, secrets: Sequence[str], keys: frozenset[str]) -> Mapping[str, Any]:
    """What a token says that was signed with one of the secrets, for one of the keys."""
    if not secrets:
        raise Rejected("no_secret")
    if not token:
        raise Rejected("unsigned")
    payloads = [payload for secret in secrets if (payload := _signed_payload(token, secret))]
    if not payloads:
        raise Rejected("bad_signature")
    claims = json_object(payloads[0])
    issuer = claims.get("iss")
    if keys and not (isinstance(issuer, str) and issuer in keys):
        raise Rejected("bad_signature")
    return claims


def _signed_payload(token: str, secret: str) -> bytes:
    """The payload of a token that this secret signed, else nothing. The validity is checked with our time."""
    try:
        payload: bytes = jwt.PyJWS().decode(token, secret, algorithms=["HS256"])
    except (jwt.PyJWTError, ValueError, RecursionError):
        return b""
    return payload


def _given_hash(claims: Mapping[str, Any]) -> bytes:
    """The claim `sha256`; access tokens of participants have the same secret, but not this claim."""
    given = claims.get("sha256", "")
    if not (isinstance(given, str) and given.isascii()):
        raise Rejected("bad_signature")
    return from_base64(given)


def _check_validity(claims: Mapping[str, Any], now: float) -> float:
    """Since when the token is valid, in seconds since 1970 UTC; `now` where it does not say."""
    until, since = _time(claims.get("exp")), _time(claims.get("nbf", now))
    if now > until + LEEWAY:
        raise Rejected("stale")
    if now < since - LEEWAY:
        raise Rejected("from_the_future")
    return since


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= YEAR_5138:
        raise Rejected("malformed")
    return float(value)


def _of_room(kind: Literal["started", "over"], event: _RoomEvent) -> Happening:
    return Happening(kind=kind, room=event.room.sid, name=event.room.name, at=float(event.created_at))


def _of_participant(kind: str, event: _ParticipantEvent) -> Sequence[Happening]:
    who = event.participant
    if not who.human:
        return ()
    at = float(event.created_at)
    how: HowGone = "left"
    if kind == "participant_left":
        how = HOW.get(who.disconnect_reason, "left")
    elif kind == "participant_connection_aborted":
        how = "dropped"
    return (
        Happening(
            kind="joined" if kind == "participant_joined" else "left",
            room=event.room.sid,
            name=event.room.name,
            at=at,
            person=who.person,
            connection=who.sid,
            how=how,
            # `at` has whole seconds, rounded down.
            joined_at=min(who.since, at) if who.since else None,
        ),
    )
