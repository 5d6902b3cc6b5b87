"""`/v1/live`: the WebSocket that carries hints.

Plain ASGI in front of the framework: thousands of pages stay connected, and each layer that a connection
passes through keeps memory for as long as it lasts.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from alliancekit.errors import NotAllowedError, StoreError
from alliancekit.live import Address, LiveHub

log = logging.getLogger("alliancekit.server")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PATH = "/v1/live"
HELLO_SECONDS = 10.0
"""How long a connection may stay silent before its first message."""
MAX_TEXT = 8192
"""Longest message a page may send, in characters: a token and little else."""
BAD_TOKEN = 4401
NO_HELLO = 4408
TRY_AGAIN = 1013


class LiveBackend(Protocol):
    """What the endpoint needs of the service."""

    live: LiveHub

    async def live_address(self, token: str) -> Address:
        """Who this token belongs to; raises NotAllowedError, StoreError."""
        ...

    async def live_waiting(self, address: Address) -> dict[str, Any] | None:
        """The hint that a page should get right after it connected."""

    async def live_ack(self, address: Address, prompt: str) -> None:
        """The page confirms that it shows the prompt."""


class LiveEndpoint:
    """ASGI: takes `/v1/live`, leaves everything else to `app`."""

    def __init__(self, app: App, backend: LiveBackend) -> None:
        self.app = app
        self._backend = backend

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "websocket" or scope["path"] != PATH:
            await self._leave_to_app(scope, receive, send)
            return
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        address = await self._hello(receive, send)
        if address is not None:
            await self._serve(address, receive, send)

    async def _leave_to_app(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            if scope["type"] == "lifespan":
                raise
            # It has been answered; the framework raises it again for the server's log, and the server would
            # write its text there, which may quote a client.
            log.error("a %s request ended with %s", scope["type"], type(error).__name__)

    async def _hello(self, receive: Receive, send: Send) -> Address | None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                first = await receive()
        except TimeoutError:
            await send({"type": "websocket.close", "code": NO_HELLO, "reason": "no hello"})
            return None
        if first["type"] != "websocket.receive":
            return None
        message = _parse(first)
        try:
            return await self._backend.live_address(str(message.get("token", "")))
        except NotAllowedError:
            await send({"type": "websocket.close", "code": BAD_TOKEN, "reason": "token"})
        except StoreError:
            await send({"type": "websocket.close", "code": TRY_AGAIN, "reason": "later"})
        return None

    async def _serve(self, address: Address, receive: Receive, send: Send) -> None:
        backend = self._backend

        async def push(text: str) -> None:
            await send({"type": "websocket.send", "text": text})

        task = asyncio.current_task()
        assert task is not None
        connection = backend.live.connect(address, push, task.cancel)
        try:
            connection.push(json.dumps({"type": "ready", "seq": backend.live.sequence}))
            waiting = await backend.live_waiting(address)
            if waiting is not None:
                connection.push(json.dumps({**waiting, "seq": backend.live.sequence}))
            while (event := await receive())["type"] == "websocket.receive":
                message = _parse(event)
                if message.get("type") == "ack":
                    await backend.live_ack(address, str(message.get("prompt", "")))
        except asyncio.CancelledError:
            # A page too slow to keep: the server closes the connection when this returns. A closing message
            # would wait behind the hints that the page does not take.
            if not connection.dropped:
                raise
        finally:
            backend.live.disconnect(connection)


def _parse(event: Message) -> dict[str, Any]:
    text = event.get("text") or ""
    if len(text) > MAX_TEXT:
        return {}
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
