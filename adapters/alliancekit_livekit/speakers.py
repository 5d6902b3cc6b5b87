"""Who speaks when: a hidden participant in each open room, told by LiveKit who the active speakers are.

The server tells a participant only of speakers to whose tracks it is subscribed (livekit-server
`SendSpeakerUpdate`). The hidden one therefore subscribes to the microphones, reads no sample of them and
publishes nothing. LiveKit smooths the levels: the times are good to about half a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any, Final

from alliancekit.adapters import Happening, OpenRoom
from alliancekit.errors import ExtraMissingError, StoreError
from alliancekit_livekit.server import package

TELL_EVERY: Final = 5.0
"""Seconds after which what was heard is told; a long speech is told in pieces."""

JOIN_SECONDS: Final = 10.0
"""How long joining a room may take."""

LEAVE_SECONDS: Final = 1.0
"""How long leaving one may take."""

KEPT: Final = 1000
"""Stretches that are kept while they cannot be told."""

IDENTITY: Final = "alliancekit-listener"

HUMANS: Final = frozenset({0, 3, 5})
"""`ParticipantKind`: STANDARD, SIP, CONNECTOR."""

AUDIO: Final = 1
"""`TrackKind.KIND_AUDIO`."""

log = logging.getLogger("alliancekit.livekit")


def rtc() -> Any:
    """LiveKit's package for participants, imported when it is first needed.

    Raises:
        ExtraMissingError: it is not installed.
    """
    try:
        return import_module("livekit.rtc")
    except ModuleNotFoundError as error:
        raise ExtraMissingError(
            "The setting speakers of the LiveKit adapter needs the package livekit, which is not installed.",
            fix="pip install 'alliancekit[livekit-rtc]'",
        ) from error


def token(key: str, secret: str, room: str) -> str:
    """Lets the listener into one room: hidden, as an agent (which keeps no room open), without a voice."""
    package_ = package()
    grants = package_.VideoGrants(
        room_join=True,
        room=room,
        hidden=True,
        can_publish=False,
        can_publish_data=False,
        can_subscribe=True,
    )
    made = package_.AccessToken(key, secret).with_identity(IDENTITY).with_kind("agent").with_grants(grants)
    access: str = made.with_ttl(timedelta(minutes=10)).to_jwt()
    return access


class Heard:
    """The stretches of speech in one room, from the lists of its active speakers.

    Args:
        room: where.
        clock: seconds since 1970 UTC.
    """

    def __init__(self, room: OpenRoom, clock: Callable[[], float]) -> None:
        self._room = room
        self._clock = clock
        self._since: dict[tuple[str, str], float] = {}
        self._done: list[Happening] = []

    def speaking(self, speakers: Iterable[Any]) -> None:
        """Take the list of everybody who speaks now (`active_speakers_changed`)."""
        now = self._clock()
        there = {(one.identity, one.sid) for one in speakers if _is_human(one)}
        for who in [one for one in self._since if one not in there]:
            self._close(who, now)
        for who in there:
            self._since.setdefault(who, now)

    def take(self) -> list[Happening]:
        """What was heard since the last take; who still speaks begins anew."""
        now = self._clock()
        for who in list(self._since):
            self._close(who, now)
            self._since[who] = now
        taken, self._done = self._done, []
        return taken

    def keep(self, said: Sequence[Happening]) -> None:
        """Put back what was taken and could not be told; of very much only the latest."""
        self._done = [*said, *self._done][-KEPT:]

    def _close(self, who: tuple[str, str], now: float) -> None:
        since = self._since.pop(who)
        if now <= since:
            return
        identity, sid = who
        self._done.append(
            Happening(
                kind="spoke",
                room=self._room.instance,
                name=self._room.name,
                at=now,
                seconds=now - since,
                person="" if "@" in identity else identity,
                connection=sid,
            )
        )


class Speakers:
    """The listeners of one server.

    Args:
        url: the server's address.
        key: an API key.
        secret: its secret.
        tell: takes what was heard.
        clock: seconds since 1970 UTC.
    """

    def __init__(
        self,
        url: str,
        key: str,
        secret: str,
        *,
        tell: Callable[[Sequence[Happening]], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._rtc = rtc()
        # The package joins by WebSocket only.
        self._url = f"ws{url.removeprefix('http')}" if url.startswith("http") else url
        self._opens = (key, secret)
        self._tell = tell
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def attend(self, room: OpenRoom, *, people: int) -> None:
        """Be in this room from now on, as long as there are people in it; called at every look."""
        if people and room.instance not in self._tasks:
            task = asyncio.create_task(self._listen(room), name="alliancekit:livekit:listen")
            self._tasks[room.instance] = task
            task.add_done_callback(partial(self._ended, room.instance))

    def _ended(self, instance: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(instance, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("listening to a room ended with %s", type(error).__name__)

    async def close(self) -> None:
        """Leave all rooms."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, room: OpenRoom) -> None:
        call = self._rtc.Room()
        heard, over = Heard(room, self._clock), asyncio.Event()
        call.on("active_speakers_changed", heard.speaking)
        call.on("reconnecting", lambda: heard.speaking(()))
        call.on("disconnected", lambda *_: over.set())
        try:
            if await self._joined(call, room):
                await self._until_over(call, heard, over)
        finally:
            heard.speaking(())
            await self._told(heard)
            await _left(call)

    async def _joined(self, call: Any, room: OpenRoom) -> bool:
        """Join; False when that fails, or when another room has taken the name meanwhile."""
        options = self._rtc.RoomOptions(auto_subscribe=False)
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                await call.connect(self._url, token(*self._opens, room.name), options)
                if await call.sid != room.instance:
                    return False
        except Exception as error:
            log.warning("a room could not be listened to: %s", type(error).__name__)
            return False
        call.on("track_published", lambda publication, _: _subscribe([publication]))
        for one in call.remote_participants.values():
            _subscribe(one.track_publications.values())
        return True

    async def _until_over(self, call: Any, heard: Heard, over: asyncio.Event) -> None:
        while not over.is_set() and any(map(_is_human, call.remote_participants.values())):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TELL_EVERY):
                    await over.wait()
            await self._told(heard)

    async def _told(self, heard: Heard) -> None:
        """Tell what was heard; what cannot be stored now is told the next time."""
        said = heard.take()
        try:
            if said:
                await self._tell(said)
        except StoreError as error:
            heard.keep(said)
            log.warning("who spoke is told later: %s", type(error).__name__)


async def _left(call: Any) -> None:
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await call.disconnect()
    except Exception as error:
        log.warning("a room was not left in order: %s", type(error).__name__)


def _is_human(participant: Any) -> bool:
    return participant.kind in HUMANS and not participant.permissions.hidden


def _subscribe(publications: Iterable[Any]) -> None:
    """Ask for microphones; video is never sent to us."""
    for one in publications:
        if one.kind == AUDIO:
            one.set_subscribed(True)
