"""All side connections of this process: offers in, facts about presence, prompts and observed speech."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import av
from pydantic import ValidationError
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    PromptHint,
    Route,
    RouteReply,
    RouteRequest,
)
from alliancekit.errors import PluginError
from alliancekit.sessions import Gone, Present
from alliancekit_webrtc import messages
from alliancekit_webrtc.admission import Admission, Reason, Refused
from alliancekit_webrtc.connection import SideConnection
from alliancekit_webrtc.line import HostLine, tell
from alliancekit_webrtc.room import Room
from alliancekit_webrtc.settings import WebRTCSettings

logger = logging.getLogger(__name__)

SIDE_JS = Path(__file__).with_name("side.js")
STOP_SECONDS = 1.8
"""How long stopping may take; an adapter has two seconds."""

MAX_OFFER_BODY = 32 * 1024


def steady_clock() -> Callable[[], float]:
    """Make a clock of seconds since 1970 UTC that never jumps when the system time is corrected."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


class SideConnections(Adapter):
    """The adapter. A participant has one side connection; a second one replaces the first once it is open."""

    name = "webrtc"
    capabilities = Capabilities(in_call_prompts=True, presence=True, talk_balance=True)

    def __init__(self, settings: WebRTCSettings) -> None:
        self.settings = settings
        self._clock = steady_clock()
        self._host: AdapterHost | None = None
        self._pending: dict[str, SideConnection] = {}
        self._open: dict[str, SideConnection] = {}
        self._rooms: dict[tuple[str, str], Room] = {}
        self._lines: dict[str, HostLine] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._admission = Admission(settings)
        self._loops: tuple[asyncio.Task[None], ...] = ()

    # The host's side -----------------------------------------------------------------------------------

    @override
    async def start(self, host: AdapterHost) -> None:
        check_av(av.__version__)
        self._host = host
        self._loops = (asyncio.create_task(self._watch()), asyncio.create_task(self._report()))

    @override
    async def stop(self) -> None:
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        for connection in [*self._pending.values(), *self._open.values()]:
            self.lost(connection)
        self._host = None
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._rooms.clear()

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        connection = self._open.get(hint.participant)
        return connection is not None and connection.show(hint.prompt, hint.moment)

    @override
    async def withdraw(self, prompt: str) -> None:
        for connection in self._open.values():
            connection.withdraw(prompt)

    def routes(self) -> Sequence[Route]:
        """Return the adapter's HTTP routes."""
        return (
            Route(method="POST", path="offer", handler=self.offer, max_body=MAX_OFFER_BODY),
            Route(method="GET", path="side.js", handler=self.side_js, auth="none"),
        )

    @property
    def refused(self) -> Mapping[Reason, int]:
        """How often there was no connection, or no longer, by reason; since the process began."""
        return self._admission.refused

    @property
    def connections(self) -> Sequence[SideConnection]:
        """The open side connections."""
        return tuple(self._open.values())

    # HTTP ----------------------------------------------------------------------------------------------

    async def side_js(self, request: RouteRequest) -> RouteReply:
        """Serve the page's side as an ES module."""
        return RouteReply(
            body=SIDE_JS.read_bytes(),
            content_type="text/javascript; charset=utf-8",
            headers={"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"},
        )

    async def offer(self, request: RouteRequest) -> RouteReply:
        """Answer a page's offer: `{sdp, type, call: {consent}}` → `{sdp, type}`, or a problem."""
        try:
            return await self._answer(request)
        except Refused as refused:
            return refused.reply()

    # The connections' side -----------------------------------------------------------------------------

    def opened(self, connection: SideConnection) -> None:
        """Begin a participant's presence, and replace their connection of before."""
        who = connection.participant.id
        host = self._host
        if host is None or self._pending.get(who) is not connection:
            self._spawn(connection.close())
            return
        del self._pending[who]
        line = self._lines[connection.id] = HostLine(host)
        self._spawn(line.run())
        before = self._open.get(who)
        self._open[who] = connection
        self._tell_present(connection)
        if before is not None:
            before.send(type="replaced")
            self._leave(before, at=self._clock(), how="dropped")
        self._room(connection).enter(connection)
        line.tell("waiting", lambda host: show_waiting(host, connection))

    def said(self, connection: SideConnection, message: messages.FromPage) -> None:
        """Act on a page's message."""
        if self._open.get(connection.participant.id) is not connection:
            return
        if isinstance(message, messages.Leave):
            self._leave(connection, at=self._clock(), how="left")
        elif isinstance(message, messages.Consent):
            connection.consent = message.talk_balance
            self._room(connection).heed_consent()
        elif isinstance(message, messages.Ack) and connection.acknowledge(message.prompt):
            prompt = message.prompt
            self._lines[connection.id].tell(
                "delivered", lambda host: host.delivered(connection.tenant, prompt, self.name)
            )

    def lost(self, connection: SideConnection, *, flood: bool = False) -> None:
        """End a connection that broke, never came up, or has to go, or (`flood`) that too much came over."""
        who = connection.participant.id
        if flood and connection in (self._open.get(who), self._pending.get(who)):
            self._admission.refused["flood"] += 1
            logger.warning("side connection ended: more came over it than a page has reason for")
        if self._open.get(who) is connection:
            self._leave(connection, at=connection.seen_at, how="dropped")
        elif self._pending.get(who) is connection:
            del self._pending[who]
            self._spawn(connection.close())

    # Inside --------------------------------------------------------------------------------------------

    async def _answer(self, request: RouteRequest) -> RouteReply:
        caller, now = request.caller, self._clock()
        if self._host is None:
            raise Refused(503, "Not ready", "The adapter is not running. Try again in a few seconds.")
        if caller.participant is None:
            raise Refused(403, "Not allowed", "A side connection needs a participant's token.")
        who = caller.participant.id
        self._admission.admit(who, {*self._pending, *self._open}, now)
        try:
            offer = messages.Offer.model_validate_json(request.body)
        except ValidationError:
            text = "The body must be JSON with type 'offer' and an sdp."
            raise self._admission.bad_offer(text) from None
        connection = SideConnection(caller, consent=offer.call.consent, clock=self._clock, owner=self)
        before = self._pending.pop(who, None)
        self._pending[who] = connection
        if before is not None:
            self._spawn(before.close())
        try:
            answer = await connection.answer(offer.sdp, loopback=self.settings.loopback)
        except ValueError as error:
            self.lost(connection)
            raise self._admission.bad_offer(f"No connection was made: {error}.") from error
        body = json.dumps({"sdp": answer.sdp, "type": answer.type}).encode()
        return RouteReply(body=body, headers={"Cache-Control": "no-store"})

    def _leave(self, connection: SideConnection, *, at: float, how: Literal["left", "dropped"]) -> None:
        who = connection.participant.id
        if self._open.get(who) is connection:
            del self._open[who]
        room = self._room(connection)
        room.exit(connection, self._clock())
        fact = Gone(connection=connection.id, participant=who, at=at, joined_at=connection.opened_at, how=how)
        line = self._lines.pop(connection.id)
        line.tell("heard", lambda host: room.report(host, self._clock()))
        line.tell("report", lambda host: host.report(connection.tenant, connection.session, (fact,)))
        line.finish()
        self._spawn(connection.close())

    def _tell_present(self, connection: SideConnection) -> None:
        connection.presence_told_at = self._clock()
        # Not the time of telling: a page may be silent already, and is then lost at its last sign of life.
        fact = Present(
            connection=connection.id,
            participant=connection.participant.id,
            at=connection.seen_at,
            joined_at=connection.opened_at,
        )
        line = self._lines[connection.id]
        if not line.behind:  # presence is told again anyway
            line.tell("report", lambda host: host.report(connection.tenant, connection.session, (fact,)))

    def _room(self, connection: SideConnection) -> Room:
        key = (connection.tenant, connection.session)
        if key not in self._rooms:
            self._rooms[key] = Room(*key)
        return self._rooms[key]

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.settings.ping_seconds)
            await self._look_round(self._clock())

    async def _look_round(self, now: float) -> None:
        """Ping every page; end what is silent, what never came up, and what nobody came back to."""
        for connection in [*self._open.values()]:
            await self._look_after(connection, now)
        for connection in [*self._pending.values()]:
            if now - connection.made_at > self.settings.connect_seconds:
                self._admission.refused["never_opened"] += 1
                self.lost(connection)
        self._admission.forget(now)
        for key, room in [*self._rooms.items()]:
            if room.empty_since is not None and now - room.empty_since > self.settings.keep_seconds:
                del self._rooms[key]

    async def _look_after(self, connection: SideConnection, now: float) -> None:
        settings = self.settings
        floods = await connection.floods()
        patience = settings.dead_after_pings
        if connection.traffic.came:
            patience = max(patience, settings.frozen_after_pings)
        if floods or connection.unanswered >= patience:
            self.lost(connection, flood=floods)
        elif self._open.get(connection.participant.id) is connection:
            connection.ping()
            if now - connection.presence_told_at >= settings.present_seconds:
                self._tell_present(connection)

    async def _report(self) -> None:
        """Tell the host of what was heard, session by session."""
        while True:
            await asyncio.sleep(self.settings.report_seconds)
            for room in [*self._rooms.values()]:
                now = self._clock()
                if self._host is not None and room.due(now):
                    await tell(self._host, "heard", partial(room.report, now=now))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def show_waiting(host: AdapterHost, connection: SideConnection) -> None:
    """Tell a page that has just connected what is already being asked."""
    hint = await host.waiting(connection.tenant, connection.participant.id)
    if hint is not None:
        connection.show(hint.prompt, hint.moment)


def check_av(version: str) -> None:
    """Refuse a PyAV that loses memory.

    Raises:
        PluginError: it is older than 17.1.
    """
    major, _, rest = version.partition(".")
    minor = re.match(r"\d+", rest)
    if not major.isdecimal() or (int(major), int(minor.group()) if minor else 0) < (17, 1):
        raise PluginError(
            f"PyAV {version} loses memory with every frame, which ends a long call.", fix="Install av>=17.1."
        )
