"""Jitsi Meet: what Prosody posts, what the bridge lets be heard, and messages to people in the call."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from alliancekit.adapters import (
    AdapterHost,
    Capabilities,
    Happening,
    PlatformSocket,
    PromptHint,
    RawRequest,
    Rejected,
    SocketAdapter,
    Verified,
    WebhookAdapter,
)
from alliancekit.errors import StoreError
from alliancekit.signatures import check_token, json_object, standard_webhook
from alliancekit.voice import Listener, check_opus
from alliancekit_jitsi import event_sync, signed
from alliancekit_jitsi.messages import Messages
from alliancekit_jitsi.settings import JitsiSettings
from alliancekit_jitsi.tap import Tap

logger = logging.getLogger(__name__)

REPORT_SECONDS: Final = 5.0
"""Seconds between two reports of who was heard."""

MOST_ENDPOINTS: Final = 10_000
"""Senders that are remembered from event-sync messages; the oldest are forgotten."""

MOST_SPANS: Final = 1000
"""Stretches of speech that wait while the database fails; the oldest are dropped."""

MEETING: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bridge:
    """A bridge's connection, admitted; `meeting` is the id that Prosody gave the meeting."""

    meeting: str


class JitsiMeet(WebhookAdapter, SocketAdapter):
    """Jitsi Meet on own servers.

    Presence comes from `mod_event_sync_component`, proved by a fixed token, or from `mod_alliancekit`,
    signed; `context.user.id` of the JWT is the person. Who spoke when comes from the bridge's WebSocket; how
    long each spoke in all, from Prosody's speaker statistics.

    Args:
        settings: the table.
        clock: seconds since 1970 UTC.
        listener: makes what hears one stream.

    """

    name = "jitsi"
    title = "Jitsi Meet"
    capabilities = Capabilities(
        presence=True,
        talk_balance=True,
        webhooks=True,
        identity=True,
        media="websocket",
        trust="signed",
        replay_safe=True,
        in_call_prompts=True,
    )
    max_message = 16 * 1024

    def __init__(
        self,
        settings: JitsiSettings,
        *,
        clock: Callable[[], float] = time.time,
        listener: Callable[[], Listener] = Listener,
    ) -> None:
        self._settings = settings
        self._tokens = [secret.get_secret_value().encode() for secret in settings.secrets]
        self._tap_tokens = [secret.get_secret_value().encode() for secret in settings.tap_tokens]
        self._keys = tuple(signed.key_of(one.get_secret_value()) for one in settings.signing_secrets)
        self._clock = clock
        self._listener = listener
        self._host: AdapterHost | None = None
        self._endpoints: OrderedDict[str, Happening] = OrderedDict()
        if self._tokens or not self._keys:
            self.capabilities = replace(self.capabilities, trust="static_token", replay_safe=False)
        self.capabilities = replace(self.capabilities, in_call_prompts=settings.messages is not None)
        self._messages: Messages | None = None
        if settings.messages is not None:
            # Not in `start`, which must be quick: the client reads the system's certificates.
            self._messages = Messages(settings.messages, self._keys, clock=clock)

    @override
    async def start(self, host: AdapterHost) -> None:
        """Get ready to listen, where that is configured.

        Raises:
            PluginError: speech cannot be found in Opus packets.
        """
        if self._tap_tokens:
            check_opus()
        self._host = host

    @override
    async def stop(self) -> None:
        self._host = None
        messages, self._messages = self._messages, None
        if messages is not None:
            await messages.close()

    # what Prosody posts --------------------------------------------------------------------------------

    @override
    def verify(self, request: RawRequest, now: float) -> Verified:
        if len(request.body) > self.max_body:
            raise Rejected("too_large")
        if signed.is_signed(request):
            return standard_webhook(request, now, self._keys)
        check_token(request.header("authorization").removeprefix("Bearer "), self._tokens)
        content = json_object(request.body)
        return Verified(content=content, message=hashlib.sha256(request.body).hexdigest(), at=now)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        if "event_name" not in message.content:
            return signed.parse(message.content)
        said = event_sync.parse(message.content)
        for one in said:
            self._remember(one)
        return said

    def _remember(self, said: Happening) -> None:
        """Event-sync messages do not tell the meeting's id: a sender is who joined last under their id."""
        endpoint = event_sync.endpoint_of(said.connection) if said.kind == "joined" else None
        if endpoint is not None:
            self._endpoints.pop(endpoint, None)
            self._endpoints[endpoint] = said
            if len(self._endpoints) > MOST_ENDPOINTS:
                self._endpoints.popitem(last=False)

    # what the bridge lets be heard ---------------------------------------------------------------------

    @override
    def admit(self, request: RawRequest, now: float) -> _Bridge:
        query = parse_qs(urlsplit(request.url).query, max_num_fields=20)
        given = request.header("authorization").removeprefix("Bearer ") or query.get("token", [""])[-1]
        check_token(given, self._tap_tokens)
        meetings = query.get("sessionId", [])
        if len(meetings) != 1 or not MEETING.fullmatch(meetings[0]):
            raise Rejected("malformed")
        return _Bridge(meeting=meetings[0])

    @override
    async def attend(self, call: Any, socket: PlatformSocket) -> None:
        tap = Tap(self._clock, most=self._settings.most_streams, listener=self._listener)
        waiting: list[Happening] = []
        reporting = asyncio.create_task(self._report(call, tap, waiting))
        try:
            while not tap.nonsense:
                answer = tap.frame(await socket.receive())
                if answer is not None:
                    await socket.send(answer)
            logger.warning("a socket was closed: what came was not of a bridge")
        finally:
            reporting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reporting
            tap.close()
            await self._tell(call, tap, waiting)

    async def _report(self, call: _Bridge, tap: Tap, waiting: list[Happening]) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            await self._tell(call, tap, waiting)

    async def _tell(self, call: _Bridge, tap: Tap, waiting: list[Happening]) -> None:
        """Tell the host who was heard; what it cannot store now is told next time."""
        waiting += self._heard(call, tap)
        del waiting[:-MOST_SPANS]
        host, telling = self._host, tuple(waiting)
        if host is None or not telling:
            return
        try:
            await host.happened(self.name, telling)
        except StoreError as error:
            logger.warning("who was heard is told later: %s", type(error).__name__)
            return
        except Rejected:
            logger.warning("who was heard was not taken: the clocks differ")
        del waiting[: len(telling)]

    def _heard(self, call: _Bridge, tap: Tap) -> list[Happening]:
        """What every stream was heard to say. Who is not known yet waits in their stream."""
        found: list[Happening] = []
        for stream in tap.streams:
            joined = self._endpoints.get(stream.endpoint)
            if joined is None and not self._keys:
                continue
            room = call.meeting if joined is None else joined.room
            connection = stream.endpoint if joined is None else joined.connection
            found += [
                Happening(kind="spoke", room=room, at=end, seconds=end - start, connection=connection)
                for start, end in stream.take()
            ]
        return found

    # messages ------------------------------------------------------------------------------------------

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        host, messages = self._host, self._messages
        if host is None or messages is None:
            return False
        place = await host.whereabouts(self.name, hint.participant)
        if place is None:
            return False
        link = await host.link(hint.participant)
        return link is not None and await messages.send(place, link)
