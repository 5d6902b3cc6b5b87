"""`WS /v1/adapters/{name}/socket`: platforms that dial in, with audio or events.

The opening request is refused with 403 before it is accepted, without a word about why; afterwards the
adapter has the connection to itself. What it raises ends this connection only.
"""

from __future__ import annotations

import logging

from fastapi import FastAPI
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from typing_extensions import override

from alliancekit.adapters import PlatformSocket, Rejected, SocketClosed
from alliancekit.inbound.reading import admitted
from alliancekit.isolation import ANYTHING, where
from alliancekit.server.backend import Backend
from alliancekit.server.inbound import raw

log = logging.getLogger("alliancekit.server")

PATH = "/v1/adapters/{name}/socket"

TOO_BIG = 1009
FAILED = 1011
"""Close codes of RFC 6455, section 7.4.1."""


def install(app: FastAPI) -> None:
    """Add the route."""
    app.router.routes.append(WebSocketRoute(PATH, attend))


class _Socket(PlatformSocket):
    """One accepted connection, as an adapter sees it."""

    def __init__(self, socket: WebSocket, limit: int) -> None:
        self._socket = socket
        self._limit = limit

    @override
    async def receive(self) -> str | bytes:
        try:
            message = await self._socket.receive()
        except RuntimeError:
            raise SocketClosed from None
        if message["type"] != "websocket.receive":
            raise SocketClosed
        text, data = message.get("text"), message.get("bytes")
        found: str | bytes = text if text is not None else (data or b"")
        if len(found) > self._limit:
            await self.close(TOO_BIG)
            raise SocketClosed
        return found

    @override
    async def send(self, message: str | bytes) -> None:
        try:
            if isinstance(message, str):
                await self._socket.send_text(message)
            else:
                await self._socket.send_bytes(message)
        except (WebSocketDisconnect, RuntimeError):
            raise SocketClosed from None

    async def close(self, code: int = 1000) -> None:
        """Close it, unless it is closed."""
        states = (self._socket.client_state, self._socket.application_state)
        if WebSocketState.DISCONNECTED not in states:
            await self._socket.close(code)


async def attend(websocket: WebSocket) -> None:
    """Refuse a connection, or serve it until either side ends it."""
    backend: Backend = websocket.app.state.backend
    inbound = backend.service.inbound
    adapter = inbound.socket_adapter(websocket.path_params["name"])
    if adapter is None or backend.service.draining:
        await websocket.close()
        return
    request = raw(websocket, backend.base_url, b"")
    try:
        call = admitted(adapter, request, backend.service.clock())
    except Rejected as refused:
        inbound.refuse(adapter, refused.reason)
        await websocket.close()
        return
    offered = websocket.scope.get("subprotocols", [])
    await websocket.accept(next((one for one in adapter.subprotocols if one in offered), None))
    socket = _Socket(websocket, adapter.max_message)
    code = 1000
    try:
        await adapter.attend(call, socket)
    except SocketClosed:
        pass
    except ANYTHING as error:
        place = where(error.__traceback__)
        log.warning(
            "a socket of the adapter %s ended with %s at %s", adapter.name, type(error).__name__, place
        )
        code = FAILED
    await socket.close(code)
