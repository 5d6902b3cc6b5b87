"""Hints to one person in the call: messages over the TextRoom that has the VideoRoom's name.

The vendor's page joins it over a data channel. We join without one: the TextRoom plugin takes the requests of
its data channels over the Janus API too, where `request` is one of its administrative ones and `textroom`
says what is meant (`janus_textroom.c`, `janus_textroom_handle_message`). So nothing can come back this way: a
page says over HTTP that it has the prompt.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from alliancekit_janus.client import Handle, JanusError
from alliancekit_janus.people import OURS

PLUGIN: Final = "janus.plugin.textroom"
NO_SUCH_ROOM: Final = 417
ALREADY_IN_ROOM: Final = 421

LONGEST: Final = 1024
"""Bytes of one message; more does not get through some networks' data channels in one piece."""


class TextRooms:
    """Our presence in the TextRooms of one session with Janus.

    Args:
        handle: attached to the TextRoom plugin.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._username = f"{OURS}{secrets.token_hex(4)}"
        self._joined: set[str | int] = set()
        self._made: set[str | int] = set()

    @property
    def lost(self) -> bool:
        """Whether the handle is gone."""
        return self._handle.lost

    async def join(self, room: str | int, pin: Mapping[str, str], secret: Mapping[str, str]) -> None:
        """Be in a room; made where it is missing.

        Raises:
            JanusError: refused, or not answered.
        """
        if room in self._joined:
            return
        try:
            await self._enter(room, pin)
        except JanusError as error:
            if error.code != NO_SUCH_ROOM:
                raise
            await self._handle.ask(request="create", room=room, is_private=True, **pin, **secret)
            self._made.add(room)
            await self._enter(room, pin)
        self._joined.add(room)

    async def send(self, room: str | int, to: Sequence[str], message: Mapping[str, Any]) -> bool:
        """Send a message to the people of these names; whether one of them is in the room.

        Raises:
            JanusError: refused, or not answered.
        """
        text = json.dumps(message, separators=(",", ":"))
        if len(text.encode()) > LONGEST:
            raise JanusError("the message is too long")
        reply = await self._handle.ask(request="list", textroom="message", room=room, tos=list(to), text=text)
        sent = reply.get("sent")
        return isinstance(sent, dict) and any(value is True for value in sent.values())

    async def leave(self, room: str | int, secret: Mapping[str, str]) -> None:
        """Be in a room no longer; one that was made here ends with it.

        Raises:
            JanusError: refused, or not answered.
        """
        if room in self._joined:
            self._joined.discard(room)
            await self._handle.ask(request="list", textroom="leave", room=room)
        if room in self._made:
            self._made.discard(room)
            await self._handle.ask(request="destroy", room=room, **secret)

    async def _enter(self, room: str | int, pin: Mapping[str, str]) -> None:
        try:
            who = {"username": self._username, "history": False}
            await self._handle.ask(request="list", textroom="join", room=room, **who, **pin)
        except JanusError as error:
            if error.code != ALREADY_IN_ROOM:
                raise
