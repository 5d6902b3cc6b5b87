"""The adapter: webhooks in, and the audio of those who are in our sessions, where Zoom streams it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Final

from typing_extensions import override

from alliancekit.adapters import AdapterHost, Capabilities, Happening, Verified
from alliancekit.errors import StoreError
from alliancekit.fields import inside, text
from alliancekit.hearing import Hearing
from alliancekit.voice import detector
from alliancekit_zoom.messages import Offer, offer_of
from alliancekit_zoom.settings import ZoomSettings
from alliancekit_zoom.stream import Pace, RtmsStream
from alliancekit_zoom.webhooks import KINDS, ZoomWebhooks, somebody_in

log = logging.getLogger("alliancekit.zoom")

ROOMS: Final = 1000
"""Meetings of which it is known who is who; the oldest ones are forgotten first."""

SEEN: Final = 1000
"""Messages about streams that are known, so that one that is posted again does nothing."""

OURS_WITHIN: Final = 50.0
"""Seconds in which somebody of ours must have joined: Zoom wants us within 60 s."""


@dataclass(eq=False, slots=True)
class Room:
    """A meeting.

    Attributes:
        people: `user_id` → (person, connection) of clients and therapists of ours.
        ours: set when there is one.
        streams: the streams that are listened to, by Zoom's id, with their tasks.
    """

    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    ours: asyncio.Event = field(default_factory=asyncio.Event)
    streams: dict[str, tuple[RtmsStream, asyncio.Task[None]]] = field(default_factory=dict)


class ZoomMeetings(ZoomWebhooks):
    """Zoom: presence from its webhooks, talk balance from its Realtime Media Streams.

    What is not configured is not among the capabilities of the object; the class has all of them.
    """

    name = "zoom"
    title = "Zoom Meetings and Zoom Video SDK"
    capabilities = Capabilities(
        presence=True,
        talk_balance=True,
        webhooks=True,
        identity=True,
        trust="signed",
        replay_safe=True,
        media="websocket",
    )

    def __init__(self, settings: ZoomSettings, *, pace: Pace | None = None) -> None:
        super().__init__([secret.get_secret_value().encode() for secret in settings.secrets])
        self._settings = settings
        self._pace = pace or Pace()
        if not settings.listens:
            self.capabilities = replace(type(self).capabilities, talk_balance=False, media="")
        self._host: AdapterHost | None = None
        self._hearing: Hearing | None = None
        self._rooms: OrderedDict[str, Room] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    async def start(self, host: AdapterHost) -> None:
        """Get ready to listen, where that is configured.

        Raises:
            PluginError: voice activity cannot be found.
        """
        if self._settings.listens:
            detector()
            self._host = host
            self._hearing = Hearing(self.name, host)
            self._spawn(self._hearing.run())

    @override
    async def stop(self) -> None:
        """Close the streams and tell what was heard."""
        self._host = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._rooms.clear()
        if self._hearing is not None:
            await self._hearing.tell()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"alliancekit-{self.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @override
    def taken(self, message: Verified) -> None:
        """Learn who is who, and listen to the streams of meetings with somebody of ours."""
        if self._host is None:
            return
        event = text(message.content, "event")
        _, _, what = event.partition(".")
        if KINDS.get(event) == "joined":
            about = inside(message.content, "payload", "object")
            user = text(somebody_in(about), "user_id", "id")
            for one in self.parse(message):
                self._spawn(self._learn(self._host, one, user))
        elif KINDS.get(event) == "over":
            for one in self.parse(message):
                self._end_all(one.room)
        elif what in {"rtms_started", "rtms_interrupted", "rtms_stopped"} and self._is_new(message):
            offer = offer_of(message.content)
            if what == "rtms_stopped":
                self._end(offer)
            else:
                self._begin(offer, started=what == "rtms_started")

    def _is_new(self, message: Verified) -> bool:
        if message.message in self._seen:
            return False
        self._seen[message.message] = None
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return True

    def _room(self, instance: str) -> Room:
        room = self._rooms.setdefault(instance, Room())
        self._rooms.move_to_end(instance)
        while len(self._rooms) > ROOMS:
            self._end_all(next(iter(self._rooms)))
        return room

    async def _learn(self, host: AdapterHost, joined: Happening, user: str) -> None:
        """Note whom a `user_id` means, if it is a client or a therapist of one of our sessions."""
        try:
            somebody = await host.who(
                self.name, joined.room, person=joined.person, connection=joined.connection
            )
        except StoreError as error:
            log.warning("it is not known who joined: %s", type(error).__name__)
            return
        if somebody is not None and somebody.role != "observer" and user:
            room = self._room(joined.room)
            room.people[user] = joined.person, joined.connection
            room.ours.set()

    def _begin(self, offer: Offer, *, started: bool) -> None:
        """Listen to a stream; one that is known is connected anew: Zoom lost us, or has another server."""
        room = self._room(offer.instance)
        if known := room.streams.get(offer.stream):
            known[0].call_back(offer.address, at_once=started)
            return
        if not offer.address or self._hearing is None:
            return
        stream = RtmsStream(
            offer,
            self._settings.client_id,
            self._settings.client_secret.get_secret_value(),
            hearing=self._hearing,
            who=room.people.get,
            pace=self._pace,
        )
        task = self._spawn(self._run(stream, room))
        room.streams[offer.stream] = stream, task
        task.add_done_callback(lambda _: self._ended(offer, room, task))

    @staticmethod
    async def _run(stream: RtmsStream, room: Room) -> None:
        try:
            async with asyncio.timeout(OURS_WITHIN):
                await room.ours.wait()
        except TimeoutError:
            log.info("a stream of a meeting with nobody of ours is not listened to")
            return
        await stream.run()

    def _ended(self, offer: Offer, room: Room, task: asyncio.Task[None]) -> None:
        if offer.stream in room.streams and room.streams[offer.stream][1] is task:
            del room.streams[offer.stream]
        if not (room.streams or room.people) and self._rooms.get(offer.instance) is room:
            del self._rooms[offer.instance]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a stream of Zoom ended with %s", type(error).__name__)

    def _end(self, offer: Offer) -> None:
        room = self._rooms.get(offer.instance)
        known = room.streams.pop(offer.stream, None) if room is not None else None
        if known is not None:
            known[1].cancel()

    def _end_all(self, instance: str) -> None:
        room = self._rooms.pop(instance, None)
        for _, task in tuple(room.streams.values()) if room else ():
            task.cancel()
