"""Session monitoring: what Vonage posts, checked and read. Pure: no network, no clock.

Signature: developer.vonage.com, "Secure callbacks": a JWT in `Authorization`, signed with HS256. It covers
the body by `payload_hash` alone, and its freshness by `iat`; checking its signature checks neither.
Messages: developer.vonage.com, "Session monitoring".
"""

from __future__ import annotations

import hashlib
import hmac
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from jwt import PyJWS, PyJWTError
from typing_extensions import override

from alliancekit.adapters import (
    AdapterHost,
    Challenge,
    Happening,
    RawRequest,
    Reason,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.fields import identifier, inside, moment, needed, text
from alliancekit.signatures import check_age, json_object

ALGORITHM: Final = "HS256"
"""The only one; what the token says of itself decides nothing."""

HOW: Mapping[str, Literal["left", "dropped", "ejected"]] = {
    "clientDisconnected": "left",
    "forceDisconnected": "ejected",
    "networkDisconnected": "dropped",
}
"""Why a connection ended; what is not listed counts as lost."""

JOINING: Final = frozenset({"connectionCreated", "streamCreated"})
"""Somebody is there. Who publishes is connected: a lost `connectionCreated` is made good by their stream."""

KINDS: Final = JOINING | {"sessionCreated", "connectionDestroyed", "sessionDestroyed"}


class VonageWebhooks(WebhookAdapter):
    """Vonage's session monitoring as happenings; the room is the `sessionId`, which is its name as well.

    Now and then Vonage sends a callback unsigned, and signs it when it has to send it again: hence 503.

    Args:
        secrets: the signature secrets, all of which are valid.
    """

    statuses: Mapping[Reason, int] = {"unsigned": 503}

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = list(secrets)
        self._jws = PyJWS(algorithms=[ALGORITHM])

    @abstractmethod
    @override
    async def start(self, host: AdapterHost) -> None: ...

    @abstractmethod
    @override
    async def stop(self) -> None: ...

    @override
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        scheme, _, token = request.header("authorization").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Rejected("unsigned")
        claims = json_object(self._payload(token))
        hashed = hashlib.sha256(request.body).hexdigest()
        if not hmac.compare_digest(text(claims, "payload_hash").encode(), hashed.encode()):
            raise Rejected("bad_signature")
        at = moment(claims, "iat")
        if at is None:
            raise Rejected("malformed")
        check_age(at, now)
        expires = moment(claims, "exp")
        if expires is not None and expires < now:
            raise Rejected("stale")
        return Verified(content=json_object(request.body), message=needed(claims, "jti"), at=at)

    def _payload(self, token: str) -> bytes:
        """What the token says, once one of the secrets has signed it."""
        if not self._secrets:
            raise Rejected("no_secret")
        for read in [self._signed_by(secret, token) for secret in self._secrets]:
            if read is not None:
                return read
        raise Rejected("bad_signature")

    def _signed_by(self, secret: bytes, token: str) -> bytes | None:
        try:
            payload = self._jws.decode_complete(token, secret, algorithms=[ALGORITHM])["payload"]
        except (PyJWTError, ValueError, RecursionError):
            return None
        return payload if isinstance(payload, bytes) else None

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        content = message.content
        event = text(content, "event")
        if event not in KINDS:
            return ()
        room = needed(content, "sessionId")
        at = moment(content, "timestamp") or message.at
        if event in {"sessionCreated", "sessionDestroyed"}:
            kind: Literal["started", "over"] = "started" if event == "sessionCreated" else "over"
            return (Happening(kind=kind, room=room, name=room, at=at),)
        stream = event == "streamCreated"
        joined = event in JOINING
        connection = inside(content, "stream", "connection") if stream else inside(content, "connection")
        began = moment(connection, "createdAt")
        return (
            Happening(
                kind="joined" if joined else "left",
                room=room,
                name=room,
                at=at,
                # The data of the token; at the end of a connection Vonage leaves it out.
                person=_person(connection.get("data")),
                connection=needed(connection, "id"),
                how="left" if joined else HOW.get(text(content, "reason"), "dropped"),
                joined_at=None if began is None else min(began, at),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What somebody publishes: one camera and microphone, or one screen.

    Attributes:
        id: Vonage's.
        room: the session it is published to.
        person: our id of who publishes it, as it came back; empty where Vonage does not say.
        connection: the connection that publishes it.
        screen: whether it is a screen.
    """

    id: str
    room: str
    person: str
    connection: str
    screen: bool


def stream_of(content: Mapping[str, Any]) -> Stream:
    """The stream of `streamCreated` or `streamDestroyed`.

    Raises:
        Rejected: `malformed`.
    """
    stream = inside(content, "stream")
    connection = inside(stream, "connection")
    return Stream(
        id=needed(stream, "id"),
        room=needed(content, "sessionId"),
        person=_person(connection.get("data")),
        connection=needed(connection, "id"),
        screen=text(stream, "videoType") == "screen",
    )


def _person(data: object) -> str:
    """The connection data when it is an identifier; vendors put names and JSON there too, which stay here."""
    return identifier(data) if isinstance(data, str) else ""
