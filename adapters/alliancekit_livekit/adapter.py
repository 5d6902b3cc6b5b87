"""The adapter: webhooks in, looks into open rooms, prompts out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from typing_extensions import override

from alliancekit.adapters import (
    AdapterHost,
    Capabilities,
    Happening,
    OpenRoom,
    PromptHint,
    RawRequest,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit_livekit import reading
from alliancekit_livekit.server import Server
from alliancekit_livekit.settings import LiveKitSettings
from alliancekit_livekit.speakers import Speakers

SEND_SECONDS: Final = 1.5
"""How long sending a prompt may take; the delivery ladder waits for it."""

REMEMBERED: Final = 10_000
"""Prompts of which it is known where they were sent, so that they can be taken back."""

log = logging.getLogger("alliancekit.livekit")


class LiveKitAdapter(WebhookAdapter):
    """LiveKit: the room's sid is the instance, the identity in the access token the person.

    Without `url` in the settings it takes webhooks and does nothing else.

    Args:
        settings: the adapter's table.
        clock: seconds since 1970 UTC.
    """

    name = "livekit"
    title = "LiveKit, OpenVidu 3"
    capabilities = Capabilities(
        in_call_prompts=True,
        acknowledged=True,
        presence=True,
        talk_balance=True,
        webhooks=True,
        snapshot=True,
        identity=True,
        trust="signed",
        replay_safe=True,
    )

    def __init__(self, settings: LiveKitSettings, *, clock: Callable[[], float] = time.time) -> None:
        asks = bool(settings.url)
        self.capabilities = replace(
            type(self).capabilities,
            in_call_prompts=asks,
            acknowledged=asks,
            snapshot=asks,
            talk_balance=settings.speakers,
        )
        self.snapshot_every = settings.snapshot_every
        self._settings = settings
        self._clock = clock
        self._secrets = [secret.get_secret_value() for secret in settings.secrets]
        self._keys = frozenset(settings.api_keys)
        self._sent: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._host: AdapterHost | None = None
        self._server: Server | None = None
        self._speakers: Speakers | None = None

    @override
    async def start(self, host: AdapterHost) -> None:
        self._host = host
        if not self._settings.url:
            return
        opens = (self._settings.url, self._settings.api_keys[0], self._secrets[0])
        self._server = Server(*opens)
        if self._settings.speakers:
            self._speakers = Speakers(*opens, tell=self._tell, clock=self._clock)

    @override
    async def stop(self) -> None:
        if self._speakers is not None:
            await self._speakers.close()
        if self._server is not None:
            await self._server.close()
        self._host = self._server = self._speakers = None

    async def _tell(self, happenings: Sequence[Happening]) -> None:
        if self._host is not None:
            await self._host.happened(self.name, happenings)

    # webhooks ------------------------------------------------------------------------------------------

    @override
    def verify(self, request: RawRequest, now: float) -> Verified:
        if len(request.body) > self.max_body:
            raise Rejected("too_large")
        return reading.verified(request, now, self._secrets, self._keys)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        return reading.said(message.content)

    # the server ----------------------------------------------------------------------------------------

    @override
    async def snapshot(self, room: OpenRoom) -> Happening | None:
        # The server is asked by the room's name; without it an open room would seem to be gone.
        if self._server is None or not room.name:
            return None
        try:
            seen = await self._server.roster(room, self._clock())
        except Exception as error:
            self.trouble = _trouble(error)
            raise
        self.trouble = ""
        if self._speakers is not None:
            self._speakers.attend(room, people=len(seen.people))
        return seen

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        if self._host is None or self._server is None:
            return False
        place = await self._host.whereabouts(self.name, hint.participant)
        if place is None or not (place.name and place.person):
            return False
        message = {
            "type": "prompt",
            "prompt": hint.prompt,
            "moment": hint.moment,
            "session": hint.session,
        }
        if not await self._send(place.name, place.person, message):
            return False
        self._sent[hint.prompt] = (place.name, place.person)
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        return True

    @override
    async def withdraw(self, prompt: str) -> None:
        place = self._sent.pop(prompt, None)
        if place is not None:
            await self._send(*place, {"type": "prompt_closed", "prompt": prompt})

    async def _send(self, room: str, person: str, message: dict[str, str]) -> bool:
        """Whether the server took a message; why it did not is in the log, by the error's kind."""
        if self._server is None:
            return False
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._server.send(room, person, message)
        except Exception as error:
            self.trouble = _trouble(error)
            log.warning("a message was not sent: %s", type(error).__name__)
            return False
        self.trouble = ""
        return True


def _trouble(error: Exception) -> str:
    """What to do about a failure; the text of other people's exceptions is not repeated."""
    status: Any = getattr(error, "status", None)
    if status in {401, 403}:
        return "LiveKit refuses the first of api_keys with the first of secrets: they must belong together."
    if status is not None:
        return f"LiveKit answers with status {status}; its own log says why."
    return f"LiveKit cannot be reached at the configured url ({type(error).__name__})."
