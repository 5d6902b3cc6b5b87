"""The adapter: one session with one Janus, a watcher for every room that a session of ours waits for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from typing_extensions import override

from alliancekit.adapters import (
    AdapterHost,
    Capabilities,
    Happening,
    OpenRoom,
    PromptHint,
    RawRequest,
    Verified,
    WebhookAdapter,
)
from alliancekit.errors import StoreError
from alliancekit.voice import check_opus
from alliancekit_janus import events, textroom
from alliancekit_janus.client import ApiClient, ApiError, Handle, Message
from alliancekit_janus.settings import JanusSettings
from alliancekit_janus.tap import Tap
from alliancekit_janus.textroom import TextRooms
from alliancekit_janus.videoroom import ROOM_AND, VideoRoom
from alliancekit_janus.watching import PLUGIN, Surroundings, Watcher

logger = logging.getLogger(__name__)

STOP_SECONDS: Final = 1.6
"""How long the goodbye to Janus may take; an adapter has two seconds."""

EMPTY_ROOMS_A_SECOND: Final = 20
"""How many rooms without anybody are listed each second; with more of them each is listed less often."""

REMEMBERED: Final = 10_000
"""Prompts that can be taken back."""


def steady_clock() -> Callable[[], float]:
    """Make a clock of seconds since 1970 UTC that never jumps when the system time is corrected."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


class JanusRooms(WebhookAdapter):
    """Janus: VideoRooms over its WebSocket, prompts over its TextRooms, and what its event handlers post."""

    name = "janus"
    title = "Janus"
    capabilities = Capabilities(
        in_call_prompts=True,
        presence=True,
        talk_balance=True,
        webhooks=True,
        snapshot=True,
        identity=True,
        trust="static_token",
        media="rtp",
    )

    def __init__(self, settings: JanusSettings) -> None:
        self.settings = settings
        self._clock = steady_clock()
        self._host: AdapterHost | None = None
        self._client = ApiClient(settings, self._on_session, self._on_trouble)
        self._desk: Handle | None = None
        self._texts: TextRooms | None = None
        self._opening = asyncio.Lock()
        self._tap: Tap | None = None
        self._watchers: dict[str, tuple[Watcher, asyncio.Task[None]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._shown: OrderedDict[str, tuple[str | int, tuple[str, ...]]] = OrderedDict()
        self._passwords = [secret.get_secret_value().encode() for secret in settings.secrets]

    # the host's side -----------------------------------------------------------------------------------

    @override
    async def start(self, host: AdapterHost) -> None:
        self._host = host
        if not self.settings.url:
            return
        if self.settings.listen == "audio":
            check_opus()
            self._tap = Tap(self._clock)
            await self._tap.open(self.settings.tap_address, self.settings.tap_port)
        self._tasks = [
            asyncio.create_task(self._client.run(), name="alliancekit-janus-client"),
            asyncio.create_task(self._keep_watch(host), name="alliancekit-janus-rooms"),
        ]

    @override
    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks[1:], return_exceptions=True)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(self._unwatch(name) for name in list(self._watchers)))
                await self._client.end()
        except (TimeoutError, ApiError) as error:
            logger.info("Janus was not told goodbye: %s", type(error).__name__)
        for _, watching in self._watchers.values():
            watching.cancel()
        for task in tasks[:1]:
            task.cancel()
        left = [*tasks, *(watching for _, watching in self._watchers.values())]
        await asyncio.gather(*left, return_exceptions=True)
        self._watchers.clear()
        if self._tap is not None:
            self._tap.close()
            self._tap = None
        self._host = self._desk = self._texts = None

    @override
    def verify(self, request: RawRequest, now: float) -> Verified:
        return events.verify(request, self._passwords, self.max_body, now)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        return events.parse(message, self.settings.identity)

    @override
    async def snapshot(self, room: OpenRoom) -> Happening | None:
        name = room.instance.rpartition(ROOM_AND)[0]
        known = self._watchers.get(name)
        if known is not None and known[0].room.instance == room.instance:
            return None  # its watcher tells this, and more often
        try:
            listing = await self._ask(request="listparticipants", room=self._key(name))
        except (ApiError, ValueError):
            return None
        return self._room(name, room.instance).listed(listing, self._clock())

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        place = None if self._host is None else await self._host.whereabouts(self.name, hint.participant)
        if place is None or not self.settings.prompts:
            return False
        to = tuple(dict.fromkeys(one for one in (*place.connections, place.person) if one))
        message = {
            "type": "prompt",
            "prompt": hint.prompt,
            "moment": hint.moment,
            "session": hint.session,
        }
        try:
            key = self._key(place.name)
            texts = await self._in_textroom(place.name, key)
            reached = await texts.send(key, to, message)
        except (ApiError, ValueError) as error:
            logger.info("a prompt could not be handed to Janus: %s", type(error).__name__)
            return False
        if reached:
            self._shown[hint.prompt] = key, to
            while len(self._shown) > REMEMBERED:
                self._shown.popitem(last=False)
        return reached

    @override
    async def withdraw(self, prompt: str) -> None:
        key, to = self._shown.pop(prompt, ("", ()))
        if to and self._texts is not None:
            try:
                await self._texts.send(key, to, {"type": "prompt_closed", "prompt": prompt})
            except ApiError as error:
                logger.info("a prompt could not be taken back at Janus: code %d", error.code)

    @property
    def connected(self) -> bool:
        """Whether there is a session with Janus that can be used now."""
        return self._client.connected

    @property
    def watchers(self) -> Sequence[Watcher]:
        """The watchers of the rooms that the host wants."""
        return tuple(watcher for watcher, _ in self._watchers.values())

    # rooms ---------------------------------------------------------------------------------------------

    async def _keep_watch(self, host: AdapterHost) -> None:
        """Watch the rooms that the host wants, and no others."""
        around = Surroundings(
            adapter=self.name,
            host=host,
            client=self._client,
            ask=self._ask,
            entered=self._entered,
            tap=self._tap,
            settings=self.settings,
            clock=self._clock,
            pause=self._pause,
        )
        while True:
            try:
                self._follow(await host.rooms(self.name), around)
                for name in [one for one, (_, task) in self._watchers.items() if task.done()]:
                    await self._unwatch(name)
            except StoreError as error:
                logger.warning("the rooms are not known, trying again: %s", type(error).__name__)
            await asyncio.sleep(self.settings.poll_seconds)

    def _follow(self, wanted: Mapping[str, str], around: Surroundings) -> None:
        for name, (watcher, task) in self._watchers.items():
            if name not in wanted or watcher.room.instance != _instance(name, wanted[name]):
                task.cancel()
        for name, session in wanted.items():
            if name in self._watchers:
                continue
            try:
                key = self._key(name)
            except ValueError:
                continue
            watcher = Watcher(self._room(name, _instance(name, session)), key, around)
            task = asyncio.create_task(watcher.run(), name="alliancekit-janus-room")
            self._watchers[name] = watcher, task

    async def _unwatch(self, name: str) -> None:
        watcher, task = self._watchers[name]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        del self._watchers[name]
        await watcher.end()
        if self._texts is not None and not self._texts.lost:
            try:
                await self._texts.leave(watcher.key, self.settings.secret(name))
            except ApiError as error:
                logger.debug("a TextRoom was not left properly: code %d", error.code)

    def _room(self, name: str, instance: str) -> VideoRoom:
        return VideoRoom(
            name,
            instance,
            identity=self.settings.identity,
            talking=self.settings.listen == "talking",
            talking_seconds=self.settings.talking_seconds,
        )

    def _key(self, name: str) -> str | int:
        """What Janus calls a room.

        Raises:
            ValueError: it must be a number, and is none.
        """
        return name if self.settings.string_ids else int(name)

    def _pause(self) -> float:
        empty = sum(1 for watcher, _ in self._watchers.values() if not watcher.room.people)
        return max(self.settings.poll_seconds, empty / EMPTY_ROOMS_A_SECOND)

    # Janus ---------------------------------------------------------------------------------------------

    def _on_trouble(self, trouble: str) -> None:
        self.trouble = trouble

    async def _on_session(self, new: bool) -> None:
        for watcher, _ in self._watchers.values():
            if new:
                watcher.restarted()
            else:
                watcher.interrupted()

    async def _ask(self, **body: Any) -> Message:
        """Ask the VideoRoom plugin what needs no presence in a room."""
        async with self._opening:
            if self._desk is None or self._desk.lost:
                self._desk = await self._client.attach(PLUGIN, lambda _: None)
        return await self._desk.ask(**body)

    async def _entered(self, name: str, key: str | int) -> None:
        """Make sure of the TextRoom as soon as somebody is there, so that pages can join it."""
        if self.settings.prompts:
            try:
                await self._in_textroom(name, key)
            except ApiError as error:
                logger.warning("no TextRoom for prompts: code %d", error.code)

    async def _in_textroom(self, name: str, key: str | int) -> TextRooms:
        async with self._opening:
            if self._texts is None or self._texts.lost:
                self._texts = TextRooms(await self._client.attach(textroom.PLUGIN, lambda _: None))
            await self._texts.join(key, self.settings.pin(name), self.settings.secret(name))
        return self._texts


def _instance(name: str, session: str) -> str:
    return f"{name}{ROOM_AND}{session}"
