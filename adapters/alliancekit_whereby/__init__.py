"""Whereby Embedded: webhooks about who is in a room.

Signature: docs.whereby.com, "Tracking room events with Webhooks": time and signature stand in one header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
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
from alliancekit.signatures import check, check_age, digest, from_hex, json_object, number

__all__ = ["Whereby", "WherebySettings", "WherebyWebhooks"]

KINDS: Mapping[str, Literal["started", "joined", "left"]] = {
    "room.session.started": "started",
    "room.client.joined": "joined",
    "room.client.left": "left",
}
"""`room.session.ended` is not among them: it is Whereby's guess that fewer than two stayed for a while, and
would be taken for a certain end. That everybody left is known from `room.client.left`."""


class WherebySettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: the webhook's secret; while a new webhook replaces an old one, both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[Annotated[SecretStr, Field(min_length=8)], ...] = ()


class Whereby(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: WherebySettings) -> None:
        self.adapter = WherebyWebhooks(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


class WherebyWebhooks(WebhookAdapter):
    """Whereby's webhooks as happenings; the room is the meeting, which Whereby makes with the room.

    Its session id is no key: it is missing as long as somebody is alone. Whereby tries again after 5xx only,
    twice: what may be healed by a new secret here is answered so.
    """

    name = "whereby"
    title = "Whereby"
    capabilities = Capabilities(presence=True, webhooks=True, identity=True, trust="signed", replay_safe=True)
    statuses: Mapping[Reason, int] = {"unsigned": 503, "bad_signature": 503, "no_secret": 503, "stale": 400}

    def __init__(self, settings: WherebySettings) -> None:
        self._secrets = [secret.get_secret_value().encode() for secret in settings.secrets]

    @override
    async def start(self, host: AdapterHost) -> None:
        """Nothing to begin: Whereby calls us."""

    @override
    async def stop(self) -> None:
        """Nothing to end."""

    @override
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        stated, signature = _parts(request.header("whereby-signature"))
        at = number(stated)
        signed = f"{stated}.".encode() + request.body
        check(from_hex(signature), lambda secret: digest(secret, signed), self._secrets)
        check_age(at, now)
        content = json_object(request.body)
        message = text(content, "id") or hashlib.sha256(request.body).hexdigest()
        return Verified(content=content, message=message, at=at)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        content = message.content
        kind = KINDS.get(text(content, "type"))
        if kind is None:
            return ()
        data = inside(content, "data")
        room, name = needed(data, "meetingId", "roomName"), text(data, "roomName")
        at = moment(content, "createdAt") or message.at
        if kind == "started":
            return (Happening(kind=kind, room=room, name=name, at=at),)
        own = identifier(text(data, "externalId")) or identifier(text(data, "metadata"))
        return (
            Happening(
                kind=kind,
                room=room,
                name=name,
                at=at,
                person=own,
                connection=needed(data, "participantId", "externalId"),
            ),
        )


def _parts(header: str) -> tuple[str, str]:
    """Time and signature of `t=…,v1=…`.

    Raises:
        Rejected: `unsigned` when one is missing, `malformed` when one stands there twice.
    """
    found: dict[str, str] = {}
    for part in header.split(","):
        key, _, value = part.partition("=")
        if key in found:
            raise Rejected("malformed")
        found[key] = value
    if not (found.get("t") and found.get("v1")):
        raise Rejected("unsigned")
    return found["t"], found["v1"]
