"""Jitsi Meet on own servers: who joins and leaves, from Prosody's `mod_event_sync_component`.

The module (jitsi-contrib/prosody-plugins, `event_sync/`) posts JSON to `{api_prefix}/events/room/created` and
three more addresses, with a fixed header as only proof: no signature, no time, no number. It tries four times
within seconds; then an event is lost. When a room is closed, it repeats everybody's times.

A room has no id but its name. What stands for its instance is the name with the day on which a presence began
(UTC), so that a name can be used again on another day; both days of a call over midnight find its session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import combinations
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
from alliancekit.signatures import check_token, json_object

__all__ = ["Jitsi", "JitsiSettings", "JitsiWebhooks"]

BOTS: Final = frozenset({"focus", "jibri", "jigasi", "jvb", "recorder", "transcriber"})
"""Accounts under which Jitsi's own components join; the names that its installers give."""

BOT_DOMAINS: Final = frozenset({"hidden", "recorder"})
"""First labels of the domains from which recorders join, likewise."""

YEAR_5138: Final = 10**11
"""The latest time that is taken for one, in seconds since 1970 UTC."""

DAY: Final = 86400

MOST: Final = 1000
"""Occupants of one room that are read."""


class JitsiSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: tokens that Prosody's `api_headers` may carry as `Authorization`; old and new one while they
            are rotated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    secrets: tuple[SecretStr, ...] = ()


class Jitsi(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: JitsiSettings) -> None:
        self.adapter = JitsiWebhooks(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


Seconds = Annotated[int, Field(ge=0, le=YEAR_5138)]


class _Occupant(BaseModel):
    person: str = Field(default="", alias="id")
    jid: str = Field(min_length=1, alias="occupant_jid")
    joined_at: Seconds
    left_at: Seconds | None = None

    def meets(self, other: _Occupant) -> bool:
        """Whether both, two different people, were there at the same time."""
        if (self.person or self.jid) == (other.person or other.jid):
            return False
        ends = [YEAR_5138 if one.left_at is None else one.left_at for one in (self, other)]
        return min(ends) > max(self.joined_at, other.joined_at)

    @property
    def human(self) -> bool:
        """Whether it is no component of Jitsi's own."""
        node, _, rest = self.jid.partition("@")
        return node.lower() not in BOTS and rest.partition(".")[0].lower() not in BOT_DOMAINS


class _Event(BaseModel):
    room_jid: str = Field(min_length=1)
    room_name: str = ""
    is_breakout: bool = False
    breakout_room_id: str = ""


class _Created(_Event):
    created_at: Seconds


class _Destroyed(_Created):
    destroyed_at: Seconds
    # Prosody writes an empty Lua table as an object.
    all_occupants: (
        Annotated[list[_Occupant], Field(max_length=MOST)]
        | Annotated[dict[str, _Occupant], Field(max_length=0)]
    )

    @property
    def people(self) -> Sequence[_Occupant]:
        """Everybody who was in the room at some time."""
        return [one for one in self.all_occupants if isinstance(one, _Occupant) and one.human]


class _Presence(_Event):
    occupant: _Occupant


class JitsiWebhooks(WebhookAdapter):
    """Event-sync messages: the id in the JWT's user context is the person.

    `total_dominant_speaker_time` is not read: it is a sum over the call, and says neither when somebody spoke
    nor who spoke at the same time.
    """

    name = "jitsi"
    title = "Jitsi Meet"
    capabilities = Capabilities(presence=True, webhooks=True, identity=True, trust="static_token")

    def __init__(self, settings: JitsiSettings) -> None:
        self._tokens = [secret.get_secret_value().encode() for secret in settings.secrets]

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
        check_token(request.header("authorization").removeprefix("Bearer "), self._tokens)
        content = json_object(request.body)
        return Verified(content=content, message=hashlib.sha256(request.body).hexdigest(), at=now)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        said, kind = message.content, message.content.get("event_name")
        if not isinstance(kind, str):
            raise Rejected("malformed")
        try:
            match kind:
                case "muc-room-created":
                    return _created(_Created.model_validate(said))
                case "muc-room-destroyed":
                    return _destroyed(_Destroyed.model_validate(said))
                case "muc-occupant-joined":
                    there = _Presence.model_validate(said)
                    return tuple(_of(there.occupant, there))
                case "muc-occupant-left":
                    gone = _Presence.model_validate(said)
                    if gone.occupant.left_at is None:
                        raise Rejected("malformed")
                    return tuple(_of(gone.occupant, gone, left_at=gone.occupant.left_at))
                case _:
                    return ()
        except ValidationError:
            raise Rejected("malformed") from None


def _room(event: _Event, since: int) -> str:
    return _key(f"{event.room_jid}|{since // DAY}")


def _key(text: str) -> str:
    """Addresses of rooms and people may carry names, so that a digest leaves the adapter."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _created(event: _Created) -> Sequence[Happening]:
    return () if event.is_breakout else (_of_room("started", event, event.created_at),)


def _destroyed(event: _Destroyed) -> Sequence[Happening]:
    """Everybody's times once more, and the end of the call.

    Jitsi closes a room as soon as it is empty. Where nobody met anybody, somebody came too early: no end. A
    breakout room is a part of the meeting, which goes on.
    """
    said = [
        one
        for each in event.people
        for one in _of(each, event, left_at=event.destroyed_at if each.left_at is None else each.left_at)
    ]
    if not event.is_breakout and any(one.meets(other) for one, other in combinations(event.people, 2)):
        said.append(_of_room("over", event, event.destroyed_at))
    return said


def _of_room(kind: Literal["started", "over"], event: _Created, at: int) -> Happening:
    return Happening(kind=kind, room=_room(event, event.created_at), name=event.room_name, at=float(at))


def _of(who: _Occupant, event: _Event, *, left_at: int | None = None) -> Iterator[Happening]:
    """What is known of one presence; `left_at` is None while it lasts.

    Whoever changes between the meeting and its breakout rooms keeps the address, within the same second; so
    each of these rooms gets connections of its own.
    """
    if not who.human:
        return
    at = who.joined_at if left_at is None else left_at
    yield Happening(
        kind="joined" if left_at is None else "left",
        room=_room(event, who.joined_at),
        name=event.room_name,
        at=float(at),
        # An id that is an e-mail address stays here.
        person="" if "@" in who.person else who.person,
        connection=_key(f"{who.jid}|{event.breakout_room_id if event.is_breakout else ''}"),
        joined_at=float(min(who.joined_at, at)),
    )
