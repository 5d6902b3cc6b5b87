"""Jitsi as a Service (8x8): who joins and leaves, from the webhooks that it signs.

`X-Jaas-Signature: t=<unix>,v1=<base64>`: HMAC-SHA256 with the whole secret, `whsec_` included, over `t`, a
dot and the raw body (developer.8x8.com/jaas/docs: webhooks-signatures, webhooks-payload, webhooks-events).
Events come repeatedly and in any order; the body's `timestamp` says when they happened.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    Happening,
    RawRequest,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.signatures import check_age, digest, from_base64, json_object, number

__all__ = ["JaaS", "JaaSSettings", "JaaSWebhooks"]

PARTS: Final = 10
"""How many parts the signature header may have; more would only cost time."""

MOST: Final = 1000
"""Speakers of one meeting that are read."""

YEAR_5138: Final = 10**14
"""The latest time that is taken for one, in milliseconds since 1970 UTC."""

HowGone = Literal["left", "dropped", "ejected"]

HOW: Final[Mapping[str, HowGone]] = {"kicked": "ejected", "unrecoverable_error": "dropped"}
"""`disconnectReason` → how; every other one, such as moving to a breakout room, is leaving."""


class JaaSSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: signing secrets of the webhook, with their `whsec_`; old and new one while they are rotated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    secrets: tuple[SecretStr, ...] = ()


class JaaS(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: JaaSSettings) -> None:
        self.adapter = JaaSWebhooks(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


class _Where(BaseModel):
    breakout: bool = Field(default=False, alias="isBreakout")
    breakout_room: str = Field(default="", alias="breakoutRoomId")


class _Participant(_Where):
    person: str = Field(default="", alias="id")
    jid: str = Field(min_length=1, alias="participantJid")
    reason: str = Field(default="", alias="disconnectReason")

    @property
    def connection(self) -> str:
        """One presence in one room: the same person has another one in each breakout room."""
        node = self.jid.partition("@")[0]
        return f"{node}/{self.breakout_room.partition('@')[0]}" if self.breakout else node


class _Event(BaseModel):
    session: str = Field(min_length=1, alias="sessionId")
    fqn: str
    timestamp: Annotated[int, Field(ge=0, le=YEAR_5138)]

    @property
    def name(self) -> str:
        """The room's name without the application's id."""
        return self.fqn.partition("/")[2]


class _RoomEvent(_Event):
    data: _Where


class _ParticipantEvent(_Event):
    data: _Participant


class _Speaker(BaseModel):
    person: str = Field(default="", alias="id")
    milliseconds: Annotated[int, Field(ge=0, le=YEAR_5138, alias="time")]


class _SpeakersEvent(_Event):
    data: Annotated[dict[str, _Speaker], Field(max_length=MOST)]


class JaaSWebhooks(WebhookAdapter):
    """JaaS webhooks: `sessionId` is the instance, `context.user.id` of the JWT the person.

    `SPEAKER_STATS` says how long each was the dominant speaker, by full address; not when.
    """

    name = "jaas"
    title = "JaaS (8x8)"
    capabilities = Capabilities(
        presence=True, talk_balance=True, webhooks=True, identity=True, trust="signed", replay_safe=True
    )

    def __init__(self, settings: JaaSSettings) -> None:
        self._secrets = [secret.get_secret_value().encode() for secret in settings.secrets]

    @override
    async def start(self, host: AdapterHost) -> None:
        """Nothing runs: the platform calls."""

    @override
    async def stop(self) -> None:
        """Nothing to end."""

    @override
    def verify(self, request: RawRequest, now: float) -> Verified:
        if len(request.body) > self.max_body:
            raise Rejected("too_large")
        if not self._secrets:
            raise Rejected("no_secret")
        sent, given = _parts(request.header("x-jaas-signature"))
        at = number(sent)
        signed = f"{sent}.".encode() + request.body
        expected = [digest(secret, signed) for secret in self._secrets]
        fits = [hmac.compare_digest(one, each) for one in given for each in expected]
        if not any(fits):
            raise Rejected("bad_signature")
        check_age(at, now)
        content = json_object(request.body)
        message = content.get("idempotencyKey")
        if not (isinstance(message, str) and message):
            raise Rejected("malformed")
        return Verified(content=content, message=message, at=at)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        kind = message.content.get("eventType")
        if not isinstance(kind, str):
            raise Rejected("malformed")
        try:
            if kind in {"ROOM_CREATED", "ROOM_DESTROYED"}:
                return _of_room(kind, _RoomEvent.model_validate(message.content))
            if kind in {"PARTICIPANT_JOINED", "PARTICIPANT_LEFT"}:
                return (_of_participant(kind, _ParticipantEvent.model_validate(message.content)),)
            if kind == "SPEAKER_STATS":
                return _of_speakers(_SpeakersEvent.model_validate(message.content))
        except ValidationError:
            raise Rejected("malformed") from None
        return ()


def _parts(header: str) -> tuple[str, Sequence[bytes]]:
    """The time and the signatures of scheme `v1`; other schemes are no proof."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(parts) > PARTS or len(times) > 1:
        raise Rejected("malformed")
    if not (times and signatures):
        raise Rejected("unsigned")
    return times[0], [from_base64(value) for value in signatures]


def _of_room(kind: str, event: _RoomEvent) -> Sequence[Happening]:
    """A breakout room is a part of the meeting: that it is opened or closed says nothing about the call."""
    if event.data.breakout:
        return ()
    said: Literal["started", "over"] = "started" if kind == "ROOM_CREATED" else "over"
    return (Happening(kind=said, room=event.session, name=event.name, at=event.timestamp / 1000),)


def _of_participant(kind: str, event: _ParticipantEvent) -> Happening:
    who = event.data
    return Happening(
        kind="joined" if kind == "PARTICIPANT_JOINED" else "left",
        room=event.session,
        name=event.name,
        at=event.timestamp / 1000,
        person=_pseudonym(who.person),
        connection=who.connection,
        how=HOW.get(who.reason, "left") if kind == "PARTICIPANT_LEFT" else "left",
    )


def _of_speakers(event: _SpeakersEvent) -> Sequence[Happening]:
    return tuple(
        Happening(
            kind="spoke_total",
            room=event.session,
            name=event.name,
            at=event.timestamp / 1000,
            person=_pseudonym(who.person),
            connection=jid.partition("@")[0],
            seconds=who.milliseconds / 1000,
        )
        for jid, who in event.data.items()
    )


def _pseudonym(person: str) -> str:
    """An id that is an e-mail address stays here."""
    return "" if "@" in person else person
