"""Nextcloud Talk: what a bot in a conversation is told about its calls.

Signature and messages: nextcloud/spreed, docs/bots.md and docs/chat.md ("System messages"). The signature
covers a random text instead of a time: only that a message was taken before makes a repetition known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.fields import identifier, inside, needed, text
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.signatures import check, digest, from_hex, json_object

__all__ = ["NextcloudTalk", "NextcloudTalkSettings", "NextcloudTalkWebhooks"]

RANDOM = re.compile(r"[\x21-\x7e]{32,128}")
"""The header that is signed with the body; Nextcloud's has 64 characters."""

PEOPLE = frozenset({"users", "guests", "emails", "federated_users", "phones"})
"""Kinds of attendees who are people; bots and bridges are not."""

KINDS: Mapping[str, Literal["started", "joined", "left", "over"]] = {
    "call_started": "started",
    "call_joined": "joined",
    "call_left": "left",
    "call_ended": "over",
    "call_ended_everyone": "over",
}
"""By the name of the system message. Who starts a call is in it."""


class NextcloudTalkSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: the secret with which the bot was installed, 40 to 128 characters; the old and the new one
            while a bot replaces another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[Annotated[SecretStr, Field(min_length=40, max_length=128)], ...] = ()


class NextcloudTalk(AllianceHooks):
    """The plugin: one adapter."""

    def __init__(self, settings: NextcloudTalkSettings) -> None:
        self.adapter = NextcloudTalkWebhooks(settings)

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


class NextcloudTalkWebhooks(WebhookAdapter):
    """The bot's messages as happenings.

    The room is the conversation's token, because Talk names no single call; a conversation is therefore made
    for each session. Times are those of arrival, because the messages carry none.
    """

    name = "nextcloud_talk"
    title = "Nextcloud Talk"
    capabilities = Capabilities(presence=True, webhooks=True, identity=True, trust="signed")

    def __init__(self, settings: NextcloudTalkSettings) -> None:
        self._secrets = [secret.get_secret_value().encode() for secret in settings.secrets]

    @override
    async def start(self, host: AdapterHost) -> None:
        """Nothing to begin: Nextcloud calls us."""

    @override
    async def stop(self) -> None:
        """Nothing to end."""

    @override
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        random = request.header("x-nextcloud-talk-random")
        signature = request.header("x-nextcloud-talk-signature")
        if not (random and signature):
            raise Rejected("unsigned")
        if RANDOM.fullmatch(random) is None:
            raise Rejected("malformed")
        signed = random.encode() + request.body
        check(from_hex(signature), lambda secret: digest(secret, signed), self._secrets)
        return Verified(content=json_object(request.body), message=random, at=now)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        content = message.content
        # Anybody can write "call_ended" into the chat: that is a message of type Create.
        if text(content, "type") != "Activity":
            return ()
        kind = KINDS.get(text(inside(content, "object"), "name"))
        if kind is None:
            return ()
        room = needed(inside(content, "target"), "id")
        plain = Happening(kind=kind, room=room, name=room, at=message.at)
        if kind == "over":
            return (plain,)
        sort, _, own = text(inside(content, "actor"), "id").partition("/")
        person = identifier(own)
        if sort not in PEOPLE or not person:
            return (plain,) if kind == "started" else ()
        presence = replace(plain, kind="joined", person=person, connection=f"{sort}/{person}")
        return (plain, presence) if kind == "started" else (replace(presence, kind=kind),)
