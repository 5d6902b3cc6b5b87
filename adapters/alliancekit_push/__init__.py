"""A host that posts what happens in its calls, in our words, signed by Standard Webhooks.

For platforms without an adapter, and for vendors that already gather the events of theirs. The body is a
`PushMessage` (`message.schema.json` beside this file), the signature that of https://www.standardwebhooks.com.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from pydantic import ValidationError
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
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.signatures import check_age, digest, from_base64, json_object, number
from alliancekit_push.message import PushMessage
from alliancekit_push.settings import PushSettings, key_of

__all__ = ["Push", "PushAdapter", "PushMessage", "PushSettings"]

SIGNATURES = 10
"""How many signatures one message may carry; more would only cost time."""

LONGEST_ID = 200


class PushAdapter(WebhookAdapter):
    """Takes messages of the vendor's own system."""

    name = "push"
    title = "Your own system"
    capabilities = Capabilities(
        presence=True, talk_balance=True, webhooks=True, identity=True, trust="signed", replay_safe=True
    )

    def __init__(self, settings: PushSettings) -> None:
        self._keys = [key_of(secret) for secret in settings.secrets]

    @override
    async def start(self, host: AdapterHost) -> None:
        """Nothing runs: messages come by the host."""

    @override
    async def stop(self) -> None:
        """Nothing to end."""

    @override
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        identifier, sent = request.header("webhook-id"), request.header("webhook-timestamp")
        given = request.header("webhook-signature").split()
        if not (identifier and sent and given):
            raise Rejected("unsigned")
        if not identifier.isascii() or len(identifier) > LONGEST_ID or len(given) > SIGNATURES:
            raise Rejected("malformed")
        if not self._keys:
            raise Rejected("no_secret")
        at = number(sent)
        signed = f"{identifier}.{sent}.".encode() + request.body
        expected = [digest(key, signed) for key in self._keys]
        ours = [from_base64(one.removeprefix("v1,")) for one in given if one.startswith("v1,")]
        if not any([hmac.compare_digest(one, each) for one in ours for each in expected]):
            raise Rejected("bad_signature")
        check_age(at, now)
        return Verified(content=json_object(request.body), message=identifier, at=at)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        try:
            posted = PushMessage.model_validate(message.content)
        except ValidationError:
            raise Rejected("malformed") from None
        return tuple(one.happening() for one in posted.happenings)


class Push(AllianceHooks):
    """The plugin: one adapter, at `POST /v1/adapters/push/events`."""

    def __init__(self, settings: PushSettings) -> None:
        self.adapter = PushAdapter(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)
