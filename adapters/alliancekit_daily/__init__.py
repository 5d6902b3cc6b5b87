"""Daily: webhooks about meetings and participants.

Signature: HMAC-SHA256 over `X-Webhook-Timestamp`, a dot and the body, with the decoded base64 secret
(docs.daily.co, "Webhooks"). Daily does not say whether the time counts seconds or milliseconds; its size
does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    Challenge,
    Happening,
    RawRequest,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.fields import identifier, inside, moment, needed, text
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.signatures import check, check_age, digest, from_base64, json_object, number

__all__ = ["Daily", "DailySettings", "DailyWebhooks"]

PROBE: Mapping[str, Any] = {"test": "test"}
"""What Daily posts, unsigned, before it makes a webhook; any quick 200 is the right answer."""

SHORTEST_SECRET = 8
"""Bytes of a decoded secret; Daily's own have more."""

KINDS: Mapping[str, Literal["started", "joined", "left", "over"]] = {
    "meeting.started": "started",
    "participant.joined": "joined",
    "participant.left": "left",
    "meeting.ended": "over",
}


def _base64(secret: SecretStr) -> SecretStr:
    try:
        long_enough = len(_bytes(secret)) >= SHORTEST_SECRET
    except (ValueError, binascii.Error):
        long_enough = False
    if not long_enough:
        raise ValueError("This is not the webhook's hmac: it is base64, as Daily shows it.")
    return secret


def _bytes(secret: SecretStr) -> bytes:
    return base64.b64decode(secret.get_secret_value(), validate=True)


class DailySettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: the webhook's `hmac`, in base64 as Daily shows it; during a rotation the old and the new one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[Annotated[SecretStr, AfterValidator(_base64)], ...] = ()


class Daily(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: DailySettings) -> None:
        self.adapter = DailyWebhooks(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


class DailyWebhooks(WebhookAdapter):
    """Daily's webhooks as happenings.

    The room is Daily's room name, because messages about participants name no meeting; a room is therefore
    made for each session.
    """

    name = "daily"
    title = "Daily"
    capabilities = Capabilities(presence=True, webhooks=True, identity=True, trust="signed", replay_safe=True)

    def __init__(self, settings: DailySettings) -> None:
        self._secrets = [_bytes(secret) for secret in settings.secrets]

    @override
    async def start(self, host: AdapterHost) -> None:
        """Nothing to begin: Daily calls us."""

    @override
    async def stop(self) -> None:
        """Nothing to end."""

    @override
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        stated, signature = request.header("x-webhook-timestamp"), request.header("x-webhook-signature")
        if not (stated and signature):
            if not (stated or signature) and _is_probe(request.body):
                return Challenge(body=b"{}")
            raise Rejected("unsigned")
        at = number(stated)
        signed = f"{stated}.".encode() + request.body
        check(from_base64(signature), lambda secret: digest(secret, signed), self._secrets)
        check_age(at, now)
        content = json_object(request.body)
        if content == PROBE:
            return Challenge(body=b"{}")
        message = text(content, "id") or hashlib.sha256(request.body).hexdigest()
        return Verified(content=content, message=message, at=at)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        kind = KINDS.get(text(message.content, "type"))
        if kind is None:
            return ()
        payload = inside(message.content, "payload")
        room = needed(payload, "room")
        sent = moment(message.content, "event_ts") or message.at
        if kind in {"started", "over"}:
            at = moment(payload, "start_ts" if kind == "started" else "end_ts") or sent
            return (Happening(kind=kind, room=room, name=room, at=at),)
        joined_at = moment(payload, "joined_at")
        return (
            Happening(
                kind=kind,
                room=room,
                name=room,
                at=_when(kind, payload, joined_at, sent),
                person=identifier(text(payload, "user_id")),
                connection=needed(payload, "session_id"),
                joined_at=joined_at,
            ),
        )


def _when(kind: str, payload: Mapping[str, Any], joined_at: float | None, sent: float) -> float:
    """When somebody came or went: a leaving says since when they were there and for how long."""
    if joined_at is None:
        return sent
    if kind == "joined":
        return joined_at
    lasted = moment(payload, "duration")
    return sent if lasted is None else joined_at + lasted


def _is_probe(body: bytes) -> bool:
    return len(body) <= 2 * len(json.dumps(PROBE)) and json_object(body) == PROBE
