"""LiveKit's own API, through LiveKit's own package: who is in a room, and data messages to one person."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from alliancekit.adapters import Happening, OpenRoom, Rejected
from alliancekit.errors import ExtraMissingError
from alliancekit_livekit.reading import Participant

if TYPE_CHECKING:
    from livekit import api

ASK_SECONDS: Final = 4.0
"""How long one question to the server may take."""

TOPIC: Final = "alliancekit"
"""The topic of our data messages; the vendor's page listens to it."""

FORGET: Final = 600.0
"""Seconds after which it is forgotten that a room was missing."""


def package() -> Any:
    """LiveKit's package for servers, imported when it is first needed.

    Raises:
        ExtraMissingError: it is not installed.
    """
    try:
        return import_module("livekit.api")
    except ModuleNotFoundError as error:
        raise ExtraMissingError(
            f"The setting url of the LiveKit adapter needs the package {error.name}, which is not installed.",
            fix="pip install 'alliancekit[livekit]'",
        ) from error


class Server:
    """One server, or LiveKit Cloud; made in the running event loop.

    Args:
        url: its address.
        key: an API key.
        secret: its secret.
    """

    def __init__(self, url: str, key: str, secret: str) -> None:
        self._package = package()
        timeout = self._aiohttp().ClientTimeout(total=ASK_SECONDS)
        self._api: api.LiveKitAPI = self._package.LiveKitAPI(url, key, secret, timeout=timeout)
        self._missing: dict[str, float] = {}

    @staticmethod
    def _aiohttp() -> Any:
        return import_module("aiohttp")

    async def close(self) -> None:
        """Close its connections."""
        await self._api.aclose()

    async def roster(self, room: OpenRoom, now: float) -> Happening:
        """Who is in a room: humans only. `over` when another room has its name, or none has it twice.

        Raises:
            Exception: what LiveKit's package raises: `ServerError`, errors of aiohttp, `TimeoutError`.
            Rejected: `malformed`.
        """
        # The server's times are whole seconds, rounded down: who left meanwhile must not seem to come back.
        at = math.floor(now) - 1.0
        rooms = await self._api.room.list_rooms(self._package.ListRoomsRequest(names=[room.name]))
        same_name = [one.sid for one in rooms.rooms if one.name == room.name]
        if room.instance not in same_name:
            return self._gone(room, now, replaced=bool(same_name))
        self._missing.pop(room.instance, None)
        request = self._package.ListParticipantsRequest(room=room.name)
        listed = await self._api.room.list_participants(request)
        there = [who for one in listed.participants if (who := _read(one)).human and who.state == "ACTIVE"]
        return Happening(
            kind="roster",
            room=room.instance,
            name=room.name,
            at=at,
            people=tuple((who.person, who.sid) for who in there if who.since <= at),
        )

    def _gone(self, room: OpenRoom, now: float, *, replaced: bool) -> Happening:
        """A room that is not listed any more: once may be the server's own trouble."""
        self._missing = {one: at for one, at in self._missing.items() if now - at < FORGET}
        since = self._missing.setdefault(room.instance, now)
        kind: Any = "over" if replaced or since < now else "roster"
        return Happening(kind=kind, room=room.instance, name=room.name, at=since if kind == "over" else now)

    async def send(self, room: str, person: str, message: Mapping[str, str]) -> None:
        """Send data to one person, reliably as long as they are connected; nobody else gets it.

        Raises:
            Exception: as `roster`.
        """
        request = self._package.SendDataRequest(
            room=room,
            data=json.dumps(message, separators=(",", ":")).encode(),
            kind=self._package.DataPacket.Kind.RELIABLE,
            destination_identities=[person],
            topic=TOPIC,
        )
        await self._api.room.send_data(request)


def _read(participant: Any) -> Participant:
    read = import_module("google.protobuf.json_format").MessageToDict
    try:
        return Participant.model_validate({"state": "JOINING", **read(participant)})
    except ValidationError:
        raise Rejected("malformed") from None
