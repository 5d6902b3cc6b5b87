"""A host that posts what happens in its calls, in our words, signed by Standard Webhooks.

For platforms without an adapter, and for vendors that already gather the events of theirs. The body is a
`PushMessage` (`message.schema.json` beside this file), the signature that of https://www.standardwebhooks.com.
"""

from __future__ import annotations

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
from alliancekit.signatures import standard_webhook
from alliancekit_push.message import PushMessage
from alliancekit_push.settings import PushSettings, key_of

__all__ = ["Push", "PushAdapter", "PushMessage", "PushSettings"]


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
        return standard_webhook(request, now, self._keys)

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
