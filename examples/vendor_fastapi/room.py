"""A call's signalling: what one page says, the other gets. Sound and picture go from browser to browser."""

from __future__ import annotations

import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

OTHER = {"therapist": "client", "client": "therapist"}


class Room:
    """Two seats."""

    def __init__(self) -> None:
        self._seats: dict[str, WebSocket] = {}

    async def sit(self, role: str, socket: WebSocket) -> None:
        """Relay until this page leaves; a second page of the same person takes the seat over."""
        await socket.accept()
        self._seats[role] = socket
        try:
            await self._say(role, {"here": True})
            if OTHER[role] in self._seats:
                await socket.send_json({"here": True})
            while True:
                await self._say(role, json.loads(await socket.receive_text()))
        except (WebSocketDisconnect, ValueError):
            return  # it left, or sent what is no JSON: either way its seat is free
        finally:
            if self._seats.get(role) is socket:
                del self._seats[role]
                await self._say(role, {"here": False})

    async def _say(self, role: str, message: dict[str, Any]) -> None:
        other = self._seats.get(OTHER[role])
        if other is not None:
            try:
                await other.send_json(message)
            except (WebSocketDisconnect, RuntimeError):
                return  # it closed a moment ago; its own loop frees the seat
