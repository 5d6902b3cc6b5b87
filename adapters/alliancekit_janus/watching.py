"""Watching one room: go in once somebody is there, list it again and again, listen, tell the host."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from alliancekit.adapters import AdapterHost, Rejected
from alliancekit.errors import StoreError
from alliancekit_janus.client import Handle, JanusClient, JanusError, Message
from alliancekit_janus.people import OUR_NAME, OURS
from alliancekit_janus.settings import JanusSettings
from alliancekit_janus.tap import PAYLOAD_TYPE, Tap
from alliancekit_janus.videoroom import AudioStream, VideoRoom

logger = logging.getLogger(__name__)

PLUGIN: Final = "janus.plugin.videoroom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all watchers of one adapter share.

    Attributes:
        adapter: what the adapter is called at the host.
        host: who is told.
        client: the session with Janus.
        ask: asks the VideoRoom plugin what needs no presence in a room.
        entered: awaited with (name, key) of a room that a watcher went into.
        tap: where audio comes in; None where it is not listened to.
        settings: the adapter's.
        clock: seconds since 1970 UTC that never jump.
        pause: how long until a room without anybody is listed again.
    """

    adapter: str
    host: AdapterHost
    client: JanusClient
    ask: Callable[..., Awaitable[Message]]
    entered: Callable[[str, str | int], Awaitable[None]]
    tap: Tap | None
    settings: JanusSettings
    clock: Callable[[], float]
    pause: Callable[[], float]


class Watcher:
    """The observer of one room; `run` ends when it is cancelled.

    Args:
        room: the room.
        key: what Janus calls it: a number, or a text.
        around: what all watchers share.
    """

    def __init__(self, room: VideoRoom, key: str | int, around: Surroundings) -> None:
        self.room = room
        self.key = key
        self._around = around
        self._settings, self._tap, self._clock = around.settings, around.tap, around.clock
        self._token = secrets.token_hex(4)
        self._handle: Handle | None = None
        self._forwarded: dict[AudioStream, tuple[int, int]] = {}
        self._wake = asyncio.Event()
        self._told_at = 0.0

    @property
    def inside(self) -> bool:
        """Whether our observer is in the room."""
        return self._handle is not None and not self._handle.lost

    @property
    def listening(self) -> int:
        """How many people's audio is forwarded to us."""
        return len(self._forwarded)

    async def run(self) -> None:
        """Watch until cancelled."""
        listed_at = 0.0
        while True:
            self._wake.clear()
            try:
                if self._around.client.connected:
                    if self._clock() - listed_at >= self._settings.poll_seconds:
                        listed_at = self._clock()
                        await self._list()
                    await self._go_in()
                    await self._listen()
            except JanusError as error:
                logger.debug("a room could not be looked into: %s", error)
            self._collect()
            await self.tell()
            pause = self._settings.poll_seconds if self.room.people else self._around.pause()
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def restarted(self) -> None:
        """The session with Janus is a new one."""
        self._handle = None
        self._forget_audio()
        self.room.restarted(self._clock(), self._settings.return_seconds)
        self.wake()

    def interrupted(self) -> None:
        """The session was claimed again; events may be missing."""
        self.room.interrupted()
        self.wake()

    async def tell(self) -> None:
        """Tell the host what happened; what cannot be stored now is told again."""
        said = self.room.take()
        if not said:
            return
        told = False
        try:
            await self._around.host.happened(self._around.adapter, said)
            told = True
        except StoreError as error:
            logger.warning("what happened is told again: %s", type(error).__name__)
        except Rejected:
            logger.warning("what happened in a room makes no sense to the host")
            told = True
        finally:
            if not told:
                self.room.put_back(said)

    async def end(self) -> None:
        """Go out of the room, and have no more audio sent."""
        try:
            for stream in list(self._forwarded):
                await self._stop_forwarding(stream)
            if self._handle is not None:
                await self._handle.detach()
        except JanusError as error:
            logger.debug("a room was not left properly: %s", error)
        self._forget_audio()
        await self.tell()

    # inside --------------------------------------------------------------------------------------------

    async def _list(self) -> None:
        reply = await self._around.ask(request="listparticipants", room=self.key)
        self.room.listed(reply, self._clock())

    async def _go_in(self) -> None:
        """Only where somebody is: an observer in an empty room would be the first whom a page meets."""
        if self._handle is not None and self._handle.lost:
            self._handle = None
        if self._handle is not None or not self.room.people or self.room.unwelcome or self.room.over:
            return
        handle = await self._around.client.attach(PLUGIN, self._event)
        own = {"id": f"{OURS}{self._token}"} if self._settings.string_ids else {}
        try:
            joined = await handle.ask(
                request="join",
                ptype="publisher",
                room=self.key,
                display=OUR_NAME,
                **own,
                **self._settings.pin(self.room.name),
            )
        except JanusError:
            await handle.detach()
            raise
        self._handle = handle
        self.room.joined(joined, self._clock())
        await self._around.entered(self.room.name, self.key)

    def _event(self, data: Message) -> None:
        self.room.event(data, self._clock())
        self.wake()

    async def _listen(self) -> None:
        """Have everybody's audio sent, and nobody's who is gone."""
        if self._tap is None or self._handle is None:
            return
        wanted = set(self.room.audio.values())
        for stream in [one for one in self._forwarded if one not in wanted]:
            # What a publisher's forwarders are ends with the publisher.
            self._heard(stream, self._tap.forget(self._forwarded.pop(stream)[0]))
        for stream in wanted - self._forwarded.keys():
            await self._forward(self._tap, stream)

    async def _forward(self, tap: Tap, stream: AudioStream) -> None:
        ssrc = tap.listen()
        try:
            reply = await self._forwarder(
                "rtp_forward",
                stream,
                host=self._settings.tap_address,
                streams=[{"mid": stream.mid, "port": tap.port, "ssrc": ssrc, "pt": PAYLOAD_TYPE}],
            )
        except JanusError as error:
            tap.forget(ssrc)
            logger.warning("Janus does not forward audio: %s", error)
            return
        made = reply.get("forwarders")
        number = made[0].get("stream_id") if isinstance(made, list) and made else None
        self._forwarded[stream] = ssrc, number if isinstance(number, int) else 0

    async def _stop_forwarding(self, stream: AudioStream) -> None:
        ssrc, number = self._forwarded.pop(stream)
        if self._tap is not None:
            self._heard(stream, self._tap.forget(ssrc))
        await self._forwarder("stop_rtp_forward", stream, stream_id=number)

    async def _forwarder(self, request: str, stream: AudioStream, **more: object) -> Message:
        publisher = stream.publisher if self._settings.string_ids else int(stream.publisher)
        admin = self._settings.admin_key
        return await self._around.ask(
            request=request,
            room=self.key,
            publisher_id=publisher,
            **more,
            **self._settings.secret(self.room.name),
            **({} if admin is None else {"admin_key": admin.get_secret_value()}),
        )

    def _collect(self) -> None:
        """Take what was heard, every few seconds."""
        now = self._clock()
        if self._tap is None or now - self._told_at < self._settings.report_seconds:
            return
        self._told_at = now
        for stream, (ssrc, _) in self._forwarded.items():
            self._heard(stream, self._tap.take(ssrc))

    def _heard(self, stream: AudioStream, spans: Sequence[tuple[float, float]]) -> None:
        for start, end in spans:
            self.room.heard(stream.publisher, start, end)

    def _forget_audio(self) -> None:
        for stream, (ssrc, _) in self._forwarded.items():
            if self._tap is not None:
                self._heard(stream, self._tap.forget(ssrc))
        self._forwarded.clear()
