"""Daily: webhooks about meetings and participants.

Signature: HMAC-SHA256 over `X-Webhook-Timestamp`, a dot and the body, with the decoded base64 secret
(docs.daily.co, "Webhooks"). Daily does not say whether the time counts seconds or milliseconds; its size
does.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    Challenge,
    Happening,
    OpenRoom,
    RawRequest,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.fields import identifier, inside, moment, needed, text
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.rest import Rest, RestError
from alliancekit.signatures import check, check_age, digest, from_base64, json_object, number
from alliancekit_daily import asking

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


CHECK_EVERY: Final = 600.0
"""Seconds between two questions whether the webhook is still on."""

log = logging.getLogger("alliancekit.daily")


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
        api_key: of the Daily domain; with it Daily is asked who is in the open rooms, and whether it switched
            the webhook off.
        api: the address of Daily's API.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[Annotated[SecretStr, AfterValidator(_base64)], ...] = ()
    api_key: SecretStr | None = None
    api: str = "https://api.daily.co/v1"


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

    Args:
        settings: the adapter's table.
        clock: seconds since 1970 UTC.
    """

    name = "daily"
    title = "Daily"
    snapshot_every = 30.0
    capabilities = Capabilities(
        presence=True, webhooks=True, snapshot=True, identity=True, trust="signed", replay_safe=True
    )

    def __init__(self, settings: DailySettings, *, clock: Callable[[], float] = time.time) -> None:
        self.capabilities = replace(type(self).capabilities, snapshot=settings.api_key is not None)
        self._secrets = [_bytes(secret) for secret in settings.secrets]
        self._settings = settings
        self._clock = clock
        self._api: Rest | None = None
        self._checking: asyncio.Task[None] | None = None

    @override
    async def start(self, host: AdapterHost) -> None:
        if self._settings.api_key is None:
            return
        key = self._settings.api_key.get_secret_value()
        self._api = Rest(self._settings.api, headers={"Authorization": f"Bearer {key}"})
        self._checking = asyncio.create_task(self._check(self._api), name="alliancekit:daily:check")

    @override
    async def stop(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._checking
        if self._api is not None:
            await self._api.close()
        self._api = self._checking = None

    async def _check(self, api: Rest) -> None:
        """Ask again and again whether the webhook is on: a failed one says nothing by itself."""
        while True:
            try:
                self.trouble = await asking.trouble(api)
            except RestError as error:
                self.trouble = str(error)
            if self.trouble:
                log.warning("%s", self.trouble)
            await asyncio.sleep(CHECK_EVERY)

    @override
    async def snapshot(self, room: OpenRoom) -> Happening | None:
        return None if self._api is None else await asking.roster(self._api, room.instance, self._clock())

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
