"""One Realtime Media Stream of Zoom: a signalling connection, a media connection, and what is heard there.

Connections that break are opened again as Zoom's "Failover and reconnection" has it: the media connection by
itself while the signalling connection holds; both when Zoom says by a webhook that it lost us, or that
another server took over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from alliancekit.hearing import Hearing
from alliancekit.voice import VAD_RATE, Listener, RtpClock
from alliancekit_zoom import messages
from alliancekit_zoom.messages import Audio, Kind, Offer

log = logging.getLogger("alliancekit.zoom")

Who = Callable[[str], "tuple[str, str] | None"]
"""From a meeting's `user_id` to (person, connection) of a client or therapist of ours."""

MAX_MESSAGE: Final = 256 * 1024
"""Bytes of one message; 20 ms of audio have 900."""

OUT_OF_REACH: Final = (OSError, TimeoutError, WebSocketException)
"""What opening or using a connection raises when it fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient the connections are, in seconds.

    Attributes:
        open: for opening a connection, and for the answer to a handshake.
        silence: without any message a connection counts as dead; Zoom asks every 10 s whether we are there,
            and gives up after three times.
        first: before the first attempt to connect again; it doubles with each.
        most: the longest of these waits.
        window: how long Zoom waits for us to come back.
        attempts: failures in a row after which a stream is left alone.
    """

    open: float = 10.0
    silence: float = 65.0
    first: float = 3.0
    most: float = 30.0
    window: float = 60.0
    attempts: int = 5

    def wait(self, failures: int) -> float:
        """Seconds before the next attempt after so many failures in a row (1 and more)."""
        return min(self.first * 2.0 ** (failures - 1), self.most)


class HandshakeError(Exception):
    """Zoom refuses the app; `again`: only because it has not noticed yet that we were gone."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.again = status in messages.EXISTS_STILL


class RtmsStream:
    """Listens to one stream, from `run()` until it is cancelled, or the stream is over.

    Args:
        offer: what Zoom offered.
        client_id: the app's.
        client_secret: the app's.
        hearing: takes what is heard.
        who: whom a `user_id` means.
        clock: seconds since 1970 UTC.
        pace: how patient it is.
    """

    def __init__(
        self,
        offer: Offer,
        client_id: str,
        client_secret: str,
        *,
        hearing: Hearing,
        who: Who,
        clock: Callable[[], float] = time.time,
        pace: Pace | None = None,
    ) -> None:
        self._offer = offer
        self._signature = messages.signature(client_id, client_secret, offer)
        self._hearing = hearing
        self._who = who
        self._clock = clock
        self._pace = pace or Pace()
        self._called_back = asyncio.Event()
        self._at_once = False
        self._failures = 0
        self._agreed = False
        self._over = False
        self._media: ClientConnection | None = None
        self._listeners: dict[str, tuple[Listener, RtpClock]] = {}

    def call_back(self, address: str, *, at_once: bool) -> None:
        """Zoom lost us, or has another server: connect again.

        Args:
            address: of the signalling server; the one before where it is empty.
            at_once: another server is ready for us.
        """
        self._at_once = at_once
        if address:
            self._offer = Offer(
                field=self._offer.field,
                instance=self._offer.instance,
                stream=self._offer.stream,
                address=address,
            )
        self._called_back.set()

    async def run(self) -> None:
        """Listen until the stream is over, Zoom refuses us, or it does not come back."""
        try:
            while not self._over:
                self._agreed = False
                self._called_back.clear()
                await self._once()
                if self._over or not await self._may_come_back():
                    return
        except HandshakeError as refused:
            log.warning("Zoom refuses its stream: %s", refused)
        finally:
            for listener, _ in self._listeners.values():
                self._hearing.close(listener)
            self._listeners.clear()

    async def _once(self) -> None:
        """Both connections, until the first of them breaks or Zoom calls us to another server."""
        signalling = asyncio.create_task(self._signalling())
        elsewhere = asyncio.create_task(self._called_back.wait())
        try:
            await asyncio.wait({signalling, elsewhere}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (signalling, elsewhere):
                task.cancel()
            result, _ = await asyncio.gather(signalling, elsewhere, return_exceptions=True)
        if isinstance(result, HandshakeError):
            if not result.again:
                raise result
        elif isinstance(result, OUT_OF_REACH):
            log.info("a signalling connection of Zoom ended: %s", type(result).__name__)
        elif isinstance(result, Exception):
            raise result

    async def _may_come_back(self) -> bool:
        """Wait until it makes sense to connect again; False when it makes none any more."""
        self._failures += 1
        if self._failures > self._pace.attempts:
            log.warning("a stream of Zoom is no longer listened to: it ended too often")
            return False
        if self._agreed and not self._called_back.is_set():
            # Zoom tells by a webhook that it lost us; connecting before that would be a duplicate.
            try:
                async with asyncio.timeout(self._pace.window):
                    await self._called_back.wait()
            except TimeoutError:
                log.warning("a stream of Zoom ended and was not offered again")
                return False
        if not self._at_once:
            await asyncio.sleep(self._pace.wait(self._failures))
        self._at_once = False
        return True

    # signalling ----------------------------------------------------------------------------------------

    async def _signalling(self) -> None:
        media: asyncio.Task[None] | None = None
        async with self._connection(self._offer.address) as socket:
            await socket.send(messages.signalling_handshake(self._offer, self._signature))
            try:
                async for message in self._messages(socket):
                    if message.get("msg_type") == Kind.SIGNALING_HAND_SHAKE_RESP and media is None:
                        _agreed(message)
                        self._agreed, self._failures = True, 0
                        address = messages.media_address(message)
                        media = asyncio.create_task(self._listen(address, socket))
                    elif messages.lost_its_media(message) and self._media is not None:
                        await self._media.close()
                    elif messages.is_over(message):
                        self._over = True
                        return
            finally:
                if media is not None:
                    media.cancel()
                    (result,) = await asyncio.gather(media, return_exceptions=True)
                    if isinstance(result, Exception):
                        raise result

    # media ---------------------------------------------------------------------------------------------

    async def _listen(self, address: str, signalling: ClientConnection) -> None:
        """The media connection, opened again while the signalling connection holds."""
        failures = 0
        while failures <= self._pace.attempts:
            try:
                if await self._listen_once(address, signalling):
                    failures = 0
            except HandshakeError as refused:
                if not refused.again:
                    log.warning("Zoom refuses its audio: %s", refused)
                    break
            except OUT_OF_REACH as error:
                log.info("a media connection of Zoom ended: %s", type(error).__name__)
            failures += 1
            await asyncio.sleep(self._pace.wait(failures))
        log.warning("a stream of Zoom is given up: its audio cannot be had")
        self._over = True
        await signalling.close()

    async def _listen_once(self, address: str, signalling: ClientConnection) -> bool:
        """One media connection; whether it came to audio."""
        agreed = False
        async with self._connection(address) as socket:
            self._media = socket
            try:
                await socket.send(messages.media_handshake(self._offer, self._signature))
                async for message in self._messages(socket):
                    if message.get("msg_type") == Kind.DATA_HAND_SHAKE_RESP:
                        _agreed(message)
                        agreed = True
                        await signalling.send(messages.ready(self._offer))
                    elif (audio := messages.audio_of(message)) is not None:
                        self._hear(audio)
            except ConnectionClosed:
                return agreed
            finally:
                self._media = None
        return agreed

    def _hear(self, audio: Audio) -> None:
        known = self._listeners.get(audio.user)
        if known is None:
            somebody = self._who(audio.user)
            if somebody is None:
                return
            person, connection = somebody
            listener = self._hearing.open(self._offer.instance, person=person, connection=connection)
            known = self._listeners[audio.user] = listener, RtpClock(1000)
        listener, clock = known
        now = self._clock()
        end = now if audio.milliseconds is None else clock.at(audio.milliseconds & 0xFFFFFFFF, now)
        listener.pcm(end - len(audio.samples) / 2 / VAD_RATE, audio.samples)

    # both ----------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _connection(self, address: str) -> AsyncIterator[ClientConnection]:
        if not messages.may_be_called(address):
            log.warning("a stream of Zoom has no address that may be called")
            raise ConnectionError
        async with connect(
            address,
            open_timeout=self._pace.open,
            close_timeout=1.0,
            max_size=MAX_MESSAGE,
            ping_interval=None,
            compression=None,
            proxy=None,
        ) as socket:
            yield socket

    async def _messages(self, socket: ClientConnection) -> AsyncIterator[Mapping[str, Any]]:
        """What comes, until the connection ends; keep-alive requests are answered here.

        Raises:
            TimeoutError: nothing came for too long.
        """
        while True:
            async with asyncio.timeout(self._pace.silence):
                try:
                    message = messages.read(await socket.recv())
                except ConnectionClosed:
                    return
            if message.get("msg_type") == Kind.KEEP_ALIVE_REQ:
                await socket.send(messages.alive(message))
            else:
                yield message


def _agreed(message: Mapping[str, Any]) -> None:
    status = messages.status_of(message)
    if status != 0:
        raise HandshakeError(status)
