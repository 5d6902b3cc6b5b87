"""A platform that dials in with 16-bit samples, 16 kHz, 20 ms a message, as Vonage's Audio Connector does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    Happening,
    PlatformSocket,
    RawRequest,
    SocketAdapter,
)
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.voice import VAD_RATE, Listener, RtpClock

REPORT_SECONDS = 3.0


class PcmSockets(SocketAdapter):
    """A socket for each person; `room` and `person` are in its address. What is heard is told in batches."""

    name = "pcm"
    capabilities = Capabilities(talk_balance=True, media="websocket")

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, str], Listener] = {}

    @override
    async def start(self, host: AdapterHost) -> None:
        self._host = host
        self._telling = asyncio.create_task(self._tell_again())

    @override
    async def stop(self) -> None:
        self._telling.cancel()
        await asyncio.gather(self._telling, return_exceptions=True)

    @override
    def admit(self, request: RawRequest, now: float) -> tuple[str, str]:
        query = parse_qs(urlsplit(request.url).query)
        return query["room"][0], query["person"][0]

    @override
    async def attend(self, call: Any, socket: PlatformSocket) -> None:
        clock, position = RtpClock(VAD_RATE), 0
        listener = self._listeners[call] = Listener()
        while True:
            message = await socket.receive()
            if isinstance(message, bytes):
                samples = len(message) // 2
                end = clock.at((position + samples) & 0xFFFFFFFF, time.time())
                listener.pcm(end - samples / VAD_RATE, message)
                position += samples

    async def _tell_again(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            said = [
                Happening(kind="spoke", room=room, person=person, at=end, seconds=end - start)
                for (room, person), listener in self._listeners.items()
                for start, end in listener.take()
            ]
            await self._host.happened(self.name, said)


class Pcm(AllianceHooks):
    """Brings it."""

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (PcmSockets(),)
