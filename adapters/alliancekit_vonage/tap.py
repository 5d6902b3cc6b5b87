"""Vonage's Audio Connector: one socket for each person's microphone, listened to and forgotten.

Shapes: developer.vonage.com, "Audio Connector". We ask Vonage to connect one stream to an address of ours; it
opens a WebSocket there, sends one text message (`{"event": "websocket:connected",
"content-type": "audio/l16;rate=16000"}`) and then binary messages of 20 ms, 16 bit, 16 kHz, mono.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from alliancekit.adapters import PlatformSocket, SocketClosed
from alliancekit.hearing import Hearing
from alliancekit.voice import VAD_RATE, Listener, RtpClock
from alliancekit_vonage.rest import VonageError, VonageRest
from alliancekit_vonage.webhooks import Stream

log = logging.getLogger("alliancekit.vonage")

AGAIN: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further attempt to have a stream connected; after the last it is left alone."""

STEADY: Final = 60.0
"""A socket that held this long makes the attempts before it forgotten."""

COME: Final = 10.0
"""Seconds in which the socket must have come after Vonage said that it connects."""

HELLO: Final = 6.0
"""Seconds in which the first message must come."""

FORMAT: Final = f"audio/l16;rate={VAD_RATE}"

BYE: Final = 1.5
"""Seconds for taking leave of Vonage when the service stops."""


@dataclass(eq=False, slots=True)
class Line:
    """One stream that is listened to, through one socket after the other.

    Attributes:
        stream: the stream.
        connector: Vonage's id of the Audio Connector's connection to the session, while there is one.
        came: set once the socket came.
        broke: set once it ended.
        over: set when the stream ended; nothing more is attempted.
    """

    stream: Stream
    connector: str = ""
    came: asyncio.Event = field(default_factory=asyncio.Event)
    broke: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Tap:
    """Listens to streams, one socket each, until they end.

    Args:
        rest: calls Vonage.
        hearing: takes what is heard.
        address: where Vonage finds our socket (`wss://…/v1/adapters/vonage/socket`).
        clock: seconds since 1970 UTC.
        again: seconds before each further attempt.
    """

    def __init__(
        self,
        rest: VonageRest,
        hearing: Hearing,
        address: str,
        *,
        clock: Callable[[], float] = time.time,
        again: Iterable[float] = AGAIN,
    ) -> None:
        self._rest = rest
        self._hearing = hearing
        self._address = address
        self._clock = clock
        self._again = tuple(again)
        self._lines: dict[str, Line] = {}
        self._tickets: dict[str, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._lines)

    def begin(self, stream: Stream) -> None:
        """Have a stream connected; one that is known already goes on as it is."""
        if stream.id in self._lines or self._stopped:
            return
        line = self._lines[stream.id] = Line(stream)
        task = asyncio.create_task(self._keep(line), name="alliancekit-vonage-tap")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self, ended: Callable[[Stream], bool]) -> None:
        """Streams ended: stop listening to them."""
        for line in self._lines.values():
            if ended(line.stream):
                line.over.set()

    async def stop(self) -> None:
        """Stop listening to everything."""
        self._stopped = True
        self.end(lambda _: True)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=BYE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _keep(self, line: Line) -> None:
        """Have Vonage connect, and connect again when the socket breaks, until the stream ends."""
        waits = list(self._again)
        try:
            while not line.over.is_set():
                since = self._clock()
                if not await self._connected(line):
                    return
                if self._clock() - since >= STEADY:
                    waits = list(self._again)
                if line.over.is_set():
                    return
                if not waits:
                    log.warning("a stream is no longer listened to: its socket ended too often")
                    return
                await _either(line.over, seconds=waits.pop(0))
        finally:
            del self._lines[line.stream.id]

    async def _connected(self, line: Line) -> bool:
        """One socket from its request to its end; False when it makes no sense to try again."""
        ticket = secrets.token_urlsafe(32)
        line.came.clear()
        line.broke.clear()
        self._tickets[ticket] = line
        try:
            line.connector = await self._rest.connect(
                line.stream.room, line.stream.id, f"{self._address}?ticket={ticket}"
            )
            await _either(line.came, line.over, seconds=COME)
        except VonageError as error:
            log.warning("a stream cannot be listened to: %s", error)
            return error.again
        finally:
            self._tickets.pop(ticket, None)
        if line.came.is_set():
            await _either(line.broke, line.over)
        if line.connector:
            try:
                await self._rest.disconnect(line.stream.room, line.connector)
            except VonageError as error:
                log.info("the Audio Connector was not ended: %s", error)
            line.connector = ""
        return True

    def expects(self, ticket: str) -> bool:
        """Whether a socket with this ticket was asked for and has not come yet."""
        return ticket in self._tickets

    async def attend(self, ticket: str, socket: PlatformSocket) -> None:
        """Listen to the socket of a ticket, which is worth nothing from now on, until either side ends it."""
        line = self._tickets.pop(ticket, None)
        if line is None or line.over.is_set():
            return
        line.came.set()
        listener = self._hearing.open(
            line.stream.room, person=line.stream.person, connection=line.stream.connection
        )
        reading = asyncio.create_task(self._read(listener, socket))
        over = asyncio.create_task(line.over.wait())
        try:
            await asyncio.wait({reading, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            reading.cancel()
            results = await asyncio.gather(reading, over, return_exceptions=True)
            self._hearing.close(listener)
            line.broke.set()
        if isinstance(results[0], Exception):
            raise results[0]

    async def _read(self, listener: Listener, socket: PlatformSocket) -> None:
        clock, position = RtpClock(VAD_RATE), 0
        try:
            async with asyncio.timeout(HELLO):
                first = await socket.receive()
            if not _is_hello(first):
                log.warning("a socket of Vonage sends something else than %s", FORMAT)
                return
            while True:
                message = await socket.receive()
                # Text says that somebody muted or unmuted; without samples nothing is heard anyway.
                if isinstance(message, bytes) and len(message) % 2 == 0:
                    samples = len(message) // 2
                    end = clock.at(position + samples & 0xFFFFFFFF, self._clock())
                    listener.pcm(end - samples / VAD_RATE, message)
                    position += samples
        except (SocketClosed, TimeoutError):
            return


def _is_hello(message: str | bytes) -> bool:
    if not isinstance(message, str):
        return False
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        return False
    if not isinstance(content, dict) or content.get("event") != "websocket:connected":
        return False
    return str(content.get("content-type", "")).replace(" ", "").lower() == FORMAT


async def _either(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Until one of these is set, or so many seconds have passed."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
