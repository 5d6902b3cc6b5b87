"""Twilio Video: who joins and leaves, from the status callbacks of rooms.

Callbacks are forms (twilio.com/docs/video/api/status-callbacks), signed together with the address. The room's
sid is the instance. A room ends when it was completed, else five minutes after the last one left.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    Happening,
    OpenRoom,
    RawRequest,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.rest import Rest, RestError
from alliancekit.signatures import check_age, json_object
from alliancekit_twilio import asking, signature

__all__ = ["Twilio", "TwilioCallbacks", "TwilioSettings"]

WINDOW: Final = 3600.0
"""Seconds after which a callback is not taken any more; Twilio sends at once, and names no limit."""


def _plain(url: str) -> str:
    parts = urlsplit(url)
    if url and not (parts.scheme in {"http", "https"} and parts.hostname):
        raise ValueError("it must begin with https:// and a host")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("it must have no user, query or fragment")
    return url


class TwilioSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: auth tokens of the account, and secrets of shared keys that sign webhooks; primary and
            secondary one while they are rotated.
        public_url: the address given to Twilio as `StatusCallback`, where that is not
            `<public_url of AllianceKit>/v1/adapters/twilio/events`. It is part of what is signed.
        account_sid: the account's SID; with it Twilio is asked who is in the open rooms. The first of
            `secrets` opens it, which then is the account's auth token.
        api: the address of Twilio's Video API.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[SecretStr, ...] = ()
    public_url: Annotated[str, AfterValidator(_plain)] = ""
    account_sid: str = ""
    api: Annotated[str, AfterValidator(_plain)] = "https://video.twilio.com"

    @model_validator(mode="after")
    def _opens_the_account(self) -> Self:
        if self.account_sid and not self.secrets:
            raise ValueError("account_sid needs the account's auth token, first in secrets")
        return self


class Twilio(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: TwilioSettings) -> None:
        self.adapter = TwilioCallbacks(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


class _Callback(BaseModel):
    room: str = Field(min_length=1, alias="RoomSid")
    name: str = Field(default="", alias="RoomName")
    at: AwareDatetime = Field(alias="Timestamp")


class _OfParticipant(_Callback):
    identity: str = Field(min_length=1, alias="ParticipantIdentity")
    sid: str = Field(min_length=1, alias="ParticipantSid")
    duration: Annotated[int, Field(ge=0, le=10**6)] | None = Field(default=None, alias="ParticipantDuration")


class TwilioCallbacks(WebhookAdapter):
    """Status callbacks of rooms: the identity in the access token is the person.

    Args:
        settings: the adapter's table.
        clock: seconds since 1970 UTC.
    """

    name = "twilio"
    title = "Twilio Video"
    snapshot_every = 30.0
    capabilities = Capabilities(
        presence=True, webhooks=True, snapshot=True, identity=True, trust="signed", replay_safe=True
    )

    def __init__(self, settings: TwilioSettings, *, clock: Callable[[], float] = time.time) -> None:
        self.capabilities = replace(type(self).capabilities, snapshot=bool(settings.account_sid))
        self._settings = settings
        self._clock = clock
        self._api: Rest | None = None
        self._secrets = [secret.get_secret_value().encode() for secret in settings.secrets]
        self._public_url = settings.public_url

    @override
    async def start(self, host: AdapterHost) -> None:
        if self._settings.account_sid:
            user = (self._settings.account_sid, self._settings.secrets[0].get_secret_value())
            self._api = Rest(self._settings.api, user=user)

    @override
    async def stop(self) -> None:
        if self._api is not None:
            await self._api.close()
        self._api = None

    @override
    async def snapshot(self, room: OpenRoom) -> Happening | None:
        if self._api is None:
            return None
        try:
            seen = await asking.look(self._api, room, self._clock())
        except RestError as error:
            self.trouble = str(error)
            raise
        self.trouble = ""
        return seen

    @override
    def verify(self, request: RawRequest, now: float) -> Verified:
        if len(request.body) > self.max_body:
            raise Rejected("too_large")
        url = self._called(request.url)
        hashed = bool(signature.body_hashes(url))
        signature.check(
            url,
            request.body,
            request.header("x-twilio-signature"),
            request.header("x-twilio-webhooks-signature-settings"),
            self._secrets,
            hashed=hashed,
        )
        content = json_object(request.body) if hashed else _form(request.body)
        at = _sent(content)
        if at is not None:
            check_age(at, now, window=WINDOW)
        return Verified(
            content=content, message=_message(content, request.body), at=now if at is None else at
        )

    def _called(self, url: str) -> str:
        """The address that Twilio called; a hash of the body stands in its query."""
        if not self._public_url:
            return url
        _, mark, query = url.partition("?")
        return self._public_url + mark + query

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        kind = message.content.get("StatusCallbackEvent", "")
        if not isinstance(kind, str):
            raise Rejected("malformed")
        try:
            if kind in {"room-created", "room-ended"}:
                return (_of_room(kind, _Callback.model_validate(message.content)),)
            if kind in {"participant-connected", "participant-disconnected"}:
                return (_of_participant(kind, _OfParticipant.model_validate(message.content)),)
        except ValidationError:
            raise Rejected("malformed") from None
        return ()


def _form(body: bytes) -> Mapping[str, Any]:
    """A form's parameters by name; of a name that comes several times a list, which nothing here reads."""
    found: dict[str, Any] = {}
    for name, value in signature.parameters(body):
        if name in found:
            known = found[name]
            found[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            found[name] = value
    return found


def _sent(content: Mapping[str, Any]) -> float | None:
    """When it happened, which is when it was sent; None for callbacks of Twilio's other products."""
    given = content.get("Timestamp")
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given)
        return at.timestamp() if at.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        raise Rejected("malformed") from None


def _message(content: Mapping[str, Any], body: bytes) -> str:
    parts = [content.get(name) for name in ("RoomSid", "SequenceNumber", "StatusCallbackEvent")]
    if all(isinstance(part, str) and part for part in parts):
        return ":".join(map(str, parts))
    return hashlib.sha256(body).hexdigest()


def _of_room(kind: str, event: _Callback) -> Happening:
    said: Literal["started", "over"] = "started" if kind == "room-created" else "over"
    return Happening(kind=said, room=event.room, name=event.name, at=event.at.timestamp())


def _of_participant(kind: str, event: _OfParticipant) -> Happening:
    at = event.at.timestamp()
    joined = kind == "participant-connected"
    return Happening(
        kind="joined" if joined else "left",
        room=event.room,
        name=event.name,
        at=at,
        person=asking.person_of(event.identity),
        connection=event.sid,
        joined_at=None if joined or event.duration is None else max(0.0, at - event.duration),
    )
