"""The adapter: callbacks in, signals out, and the microphones of those who are in our sessions."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from alliancekit.adapters import (
    AdapterHost,
    Capabilities,
    PlatformSocket,
    PromptHint,
    RawRequest,
    Rejected,
    SocketAdapter,
    Verified,
)
from alliancekit.errors import StoreError
from alliancekit.fields import inside, text
from alliancekit.hearing import Hearing
from alliancekit.voice import detector
from alliancekit_vonage.settings import VonageSettings
from alliancekit_vonage.webhooks import Stream, VonageWebhooks, stream_of

if TYPE_CHECKING:
    from alliancekit_vonage.rest import VonageRest
    from alliancekit_vonage.tap import Tap

log = logging.getLogger("alliancekit.vonage")

SIGNAL: Final = "alliancekit"
"""The type of our signals: pages listen to `signal:alliancekit`."""

REMEMBERED: Final = 10_000
"""Prompts of which it is known where they were sent, so that they can be taken back."""


class VonageVideo(VonageWebhooks, SocketAdapter):
    """Vonage Video: presence from its callbacks, prompts as signals, talk balance from its Audio Connector.

    What is not configured is not among the capabilities of the object; the class has all of them.

    Raises:
        ExtraMissingError: `alliancekit[vonage]` is not installed, and needed.
        PluginError: the private key is none.
    """

    name = "vonage"
    title = "Vonage Video"
    capabilities = Capabilities(
        in_call_prompts=True,
        presence=True,
        talk_balance=True,
        webhooks=True,
        identity=True,
        trust="signed",
        replay_safe=True,
        media="websocket",
    )

    def __init__(self, settings: VonageSettings) -> None:
        super().__init__([secret.get_secret_value().encode() for secret in settings.secrets])
        self._settings = settings
        self.capabilities = replace(
            type(self).capabilities,
            in_call_prompts=settings.calls,
            talk_balance=settings.listen,
            media="websocket" if settings.listen else "",
        )
        self._host: AdapterHost | None = None
        # Not in `start`: to load the HTTP client and the certificates takes half a second of a busy machine.
        self._rest = _rest(settings) if settings.calls else None
        self._tap: Tap | None = None
        self._hearing: Hearing | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent: OrderedDict[str, tuple[str, str]] = OrderedDict()

    @override
    async def start(self, host: AdapterHost) -> None:
        """Get ready to listen, where that is configured.

        Raises:
            PluginError: voice activity cannot be found.
        """
        self._host = host
        if self._rest is not None and self._settings.listen:
            from alliancekit_vonage.tap import Tap  # noqa: PLC0415 - an extra

            detector()
            self._hearing = Hearing(self.name, host)
            address = f"{self._settings.socket_url}/v1/adapters/{self.name}/socket"
            self._tap = Tap(self._rest, self._hearing, address)
            self._spawn(self._hearing.run())

    @override
    async def stop(self) -> None:
        """End the Audio Connectors, tell what was heard, close the connections."""
        if self._tap is not None:
            await self._tap.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._hearing is not None:
            await self._hearing.tell()
        if self._rest is not None:
            await self._rest.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"alliancekit-{self.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # prompts -------------------------------------------------------------------------------------------

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        """Signal a prompt to the participant's latest connection: ids only, under a kilobyte."""
        if self._host is None or self._rest is None:
            return False
        where = await self._host.whereabouts(self.name, hint.participant)
        if where is None or not where.connections:
            return False
        said = {"type": "prompt", "prompt": hint.prompt, "moment": hint.moment, "session": hint.session}
        connection = where.connections[0]
        if not await self._rest.signal(where.room, connection, SIGNAL, json.dumps(said)):
            return False
        self._sent[hint.prompt] = where.room, connection
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        return True

    @override
    async def withdraw(self, prompt: str) -> None:
        """Signal that a prompt is done with, to where it was sent."""
        sent = self._sent.pop(prompt, None)
        if sent is not None and self._rest is not None:
            await self._rest.signal(*sent, SIGNAL, json.dumps({"type": "prompt_closed", "prompt": prompt}))

    # microphones ---------------------------------------------------------------------------------------

    @override
    def taken(self, message: Verified) -> None:
        """Listen to the streams of those who are in our sessions, until they end."""
        tap, content = self._tap, message.content
        if tap is None:
            return
        event, room = text(content, "event"), text(content, "sessionId")
        if event == "streamCreated":
            self._spawn(self._listen(stream_of(content), tap))
        elif event == "streamDestroyed":
            ended = stream_of(content).id
            tap.end(lambda stream: stream.id == ended)
        elif event == "connectionDestroyed":
            gone = text(inside(content, "connection"), "id")
            tap.end(lambda stream: stream.connection == gone)
        elif event == "sessionDestroyed":
            tap.end(lambda stream: stream.room == room)

    async def _listen(self, stream: Stream, tap: Tap) -> None:
        """Begin with a stream if it is a microphone of a client or a therapist of one of our sessions."""
        if self._host is None or stream.screen:
            return
        try:
            somebody = await self._host.who(
                self.name, stream.room, person=stream.person, connection=stream.connection
            )
        except StoreError as error:
            log.warning("a stream is not listened to: %s", type(error).__name__)
            return
        if somebody is not None and somebody.role != "observer":
            tap.begin(stream)

    @override
    def admit(self, request: RawRequest, now: float) -> str:
        """The ticket of a socket that we asked Vonage to open.

        Raises:
            Rejected: `bad_signature`: we did not, or it has come already.
        """
        tickets = parse_qs(urlsplit(request.url).query).get("ticket", [])
        if self._tap is None or len(tickets) != 1 or not self._tap.expects(tickets[0]):
            raise Rejected("bad_signature")
        return tickets[0]

    @override
    async def attend(self, call: str, socket: PlatformSocket) -> None:
        """Listen to a microphone until either side ends the socket."""
        if self._tap is not None:
            await self._tap.attend(call, socket)


def _rest(settings: VonageSettings) -> VonageRest:
    from alliancekit_vonage.rest import VonageRest  # noqa: PLC0415 - an extra

    key = settings.private_key.get_secret_value()
    return VonageRest(settings.application_id, key, settings.api)
