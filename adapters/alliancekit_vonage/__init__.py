"""Vonage Video (formerly OpenTok): session monitoring, with signed callbacks.

Signature: developer.vonage.com, "Secure callbacks": a JWT in `Authorization`, signed with HS256. It covers
the body by `payload_hash` alone, and its freshness by `iat`; checking its signature checks neither.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from jwt import PyJWS, PyJWTError
from pydantic import BaseModel, ConfigDict
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    Challenge,
    Happening,
    RawRequest,
    Reason,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.fields import identifier, inside, moment, needed, text
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.signatures import LongSecret, check_age, json_object

__all__ = ["Vonage", "VonageSettings", "VonageWebhooks"]

ALGORITHM: Final = "HS256"
"""The only one; what the token says of itself decides nothing."""

HOW: Mapping[str, Literal["left", "dropped", "ejected"]] = {
    "clientDisconnected": "left",
    "forceDisconnected": "ejected",
    "networkDisconnected": "dropped",
}
"""Why a connection ended; what is not listed counts as lost."""


class VonageSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: the signature secret of the callback, 32 bytes at least (RFC 7518, section 3.2); during
            a rotation the old and the new one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[LongSecret, ...] = ()


class Vonage(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: VonageSettings) -> None:
        self.adapter = VonageWebhooks(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


class VonageWebhooks(WebhookAdapter):
    """Vonage's session monitoring as happenings; the room is the `sessionId`, which is its name as well.

    Now and then Vonage sends a callback unsigned, and signs it when it has to send it again: hence 503.
    """

    name = "vonage"
    title = "Vonage Video"
    capabilities = Capabilities(presence=True, webhooks=True, identity=True, trust="signed", replay_safe=True)
    statuses: Mapping[Reason, int] = {"unsigned": 503}

    def __init__(self, settings: VonageSettings) -> None:
        self._secrets = [secret.get_secret_value().encode() for secret in settings.secrets]
        self._jws = PyJWS(algorithms=[ALGORITHM])

    @override
    async def start(self, host: AdapterHost) -> None:
        """Nothing to begin: Vonage calls us."""

    @override
    async def stop(self) -> None:
        """Nothing to end."""

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
        if event not in {"sessionCreated", "connectionCreated", "connectionDestroyed", "sessionDestroyed"}:
            return ()
        room = needed(content, "sessionId")
        at = moment(content, "timestamp") or message.at
        if event in {"sessionCreated", "sessionDestroyed"}:
            kind: Literal["started", "over"] = "started" if event == "sessionCreated" else "over"
            return (Happening(kind=kind, room=room, name=room, at=at),)
        return (self._presence(content, room, at, joined=event == "connectionCreated"),)

    @staticmethod
    def _presence(content: Mapping[str, Any], room: str, at: float, *, joined: bool) -> Happening:
        connection = inside(content, "connection")
        return Happening(
            kind="joined" if joined else "left",
            room=room,
            name=room,
            at=at,
            # The data of the token; at the end of a connection Vonage leaves it out.
            person=_person(connection.get("data")),
            connection=needed(connection, "id"),
            how="left" if joined else HOW.get(text(content, "reason"), "dropped"),
        )


def _person(data: object) -> str:
    """The connection data when it is an identifier; vendors put names and JSON there too, which stay here."""
    return identifier(data) if isinstance(data, str) else ""
