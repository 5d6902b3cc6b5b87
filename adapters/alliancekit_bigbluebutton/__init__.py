"""BigBlueButton: what `bbb-webhooks` posts about meetings and the people in them.

Signature, form and events: bigbluebutton/bbb-webhooks 3.5.0 (src/out/webhooks/callback-emitter.js,
src/process/event.js, example/events/mapped-events.json).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    Challenge,
    Happening,
    OpenRoom,
    RawRequest,
    Reason,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.fields import identifier, inside, moment, needed, text
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.rest import Rest, RestError
from alliancekit.signatures import check, check_age, from_hex, json_object, number
from alliancekit_bigbluebutton import asking

__all__ = ["BigBlueButton", "BigBlueButtonSettings", "BigBlueButtonWebhooks"]

DAY: Final = 86400.0
"""Seconds after which a message is too old. A permanent hook sends a message with its first time again until
it is taken, therefore the limit is not minutes; that nothing is taken twice is known by its digest."""

ALGORITHMS: Final[Mapping[int, str]] = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
"""`hookChecksumAlgorithm` by the length of the checksum."""

MOST_EVENTS: Final = 1000
"""Events of one message (`multiEvent`)."""

CHECKSUM = re.compile(r"(?P<address>.*)[?&]checksum=(?P<checksum>[0-9A-Fa-f]*)", re.DOTALL)

KINDS: Mapping[str, Literal["started", "joined", "left", "over"]] = {
    "meeting-created": "started",
    "user-joined": "joined",
    "user-left": "left",
    "meeting-ended": "over",
}


class BigBlueButtonSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: the server's shared secret; during a rotation the old and the new one.
        public_url: the address exactly as the hook has it, when it is not `<public address>/v1/adapters/…`.
        algorithms: which checksums are taken; BigBlueButton makes `sha1` unless it is told otherwise.
        api: the address of its API, such as `https://bbb.example/bigbluebutton/api`; with it the service asks
            who is in the open meetings. The first of `secrets` opens it.
        api_algorithm: the checksum that its API is asked with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[Annotated[SecretStr, Field(min_length=8)], ...] = ()
    public_url: str = ""
    algorithms: frozenset[Literal["sha1", "sha256", "sha384", "sha512"]] = frozenset(
        {"sha1", "sha256", "sha384", "sha512"}
    )
    api: Annotated[str, Field(pattern=r"^(https?://[^/@?#]+[^@?#]*)?$")] = ""
    api_algorithm: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"

    @model_validator(mode="after")
    def _opens_the_api(self) -> Self:
        if self.api and not self.secrets:
            raise ValueError("api needs the server's secret, first in secrets")
        return self


class BigBlueButton(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: BigBlueButtonSettings) -> None:
        self.adapter = BigBlueButtonWebhooks(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


class BigBlueButtonWebhooks(WebhookAdapter):
    """BigBlueButton's webhooks as happenings; the room is the meeting's internal id, new with each meeting.

    The statuses are for a sender that takes 401 for success, and holds all later messages back until one is
    taken: what a correct secret or address heals is 503; what no repetition heals is answered with 200,
    though it is refused.

    Args:
        settings: the adapter's table.
        clock: seconds since 1970 UTC.
    """

    name = "bigbluebutton"
    title = "BigBlueButton"
    max_body = 1024 * 1024
    snapshot_every = 30.0
    capabilities = Capabilities(
        presence=True, webhooks=True, snapshot=True, identity=True, trust="signed", replay_safe=True
    )
    statuses: Mapping[Reason, int] = {
        "unsigned": 503,
        "bad_signature": 503,
        "no_secret": 503,
        "wrong_address": 503,
        "weak": 503,
        "from_the_future": 503,
        "stale": 200,
        "too_large": 200,
        "malformed": 200,
    }

    def __init__(self, settings: BigBlueButtonSettings, *, clock: Callable[[], float] = time.time) -> None:
        self.capabilities = replace(type(self).capabilities, snapshot=bool(settings.api))
        self._settings = settings
        self._clock = clock
        self._api: Rest | None = None
        self._secrets = [secret.get_secret_value().encode() for secret in settings.secrets]
        self._public_url = settings.public_url
        self._algorithms = settings.algorithms

    @override
    async def start(self, host: AdapterHost) -> None:
        if self._settings.api:
            self._api = Rest(self._settings.api)

    @override
    async def stop(self) -> None:
        if self._api is not None:
            await self._api.close()
        self._api = None

    @override
    async def snapshot(self, room: OpenRoom) -> Happening | None:
        if self._api is None or not room.name:
            return None
        secret, algorithm = self._settings.secrets[0].get_secret_value(), self._settings.api_algorithm
        try:
            seen = await asking.look(self._api, room, secret, algorithm, self._clock())
        except RestError as error:
            self.trouble = str(error)
            raise
        self.trouble = ""
        return seen

    @override
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        found = CHECKSUM.fullmatch(request.url)
        if found is None or "checksum=" in found["address"]:
            raise Rejected("bad_signature" if "?" in request.url or "checksum" in request.url else "unsigned")
        address = found["address"]
        if self._public_url and not hmac.compare_digest(_path(address), _path(self._public_url)):
            raise Rejected("wrong_address")
        given = from_hex(found["checksum"])
        algorithm = ALGORITHMS.get(2 * len(given), "")
        if algorithm not in self._algorithms:
            raise Rejected("bad_signature")
        signed = (self._public_url or address).encode("utf-8", "surrogatepass") + request.body
        check(given, lambda secret: hashlib.new(algorithm, signed + secret).digest(), self._secrets)
        form = _form(request.body)
        at = number(form.get("timestamp", ""))
        check_age(at, now, window=DAY)
        events = json_object(b'{"events":' + form.get("event", "").encode() + b"}")
        return Verified(content=events, message=hashlib.sha256(request.body).hexdigest(), at=at)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        events = message.content.get("events")
        if not isinstance(events, list) or len(events) > MOST_EVENTS:
            raise Rejected("malformed")
        return [said for event in events if (said := _happening(event, message.at)) is not None]


def _happening(event: Any, sent: float) -> Happening | None:
    if not isinstance(event, Mapping):
        raise Rejected("malformed")
    data = inside(event, "data")
    kind = KINDS.get(text(data, "id"))
    if kind is None:
        return None
    meeting, user = inside(data, "attributes", "meeting"), inside(data, "attributes", "user")
    room, name = needed(meeting, "internal-meeting-id"), text(meeting, "external-meeting-id")
    at = moment(inside(data, "event"), "ts") or sent
    if kind in {"started", "over"}:
        return Happening(kind=kind, room=room, name=name, at=at)
    return Happening(
        kind=kind,
        room=room,
        name=name,
        at=at,
        person=identifier(text(user, "external-user-id")),
        connection=needed(user, "internal-user-id"),
    )


def _form(body: bytes) -> Mapping[str, str]:
    """The fields of the form.

    Raises:
        Rejected: `malformed`: no form, or a field that stands there twice.
    """
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=10)
    except ValueError:
        raise Rejected("malformed") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Rejected("malformed")
    return fields


def _path(url: str) -> bytes:
    """What follows scheme and host, which a proxy may change."""
    return re.sub(r"^[a-zA-Z]+://[^/]*", "", url).encode("utf-8", "surrogatepass")
