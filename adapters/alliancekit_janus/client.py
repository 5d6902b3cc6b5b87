"""The Janus API over a WebSocket (`janus-protocol`): a session, its handles, and how it comes back.

A request and its answer share a `transaction`; requests of plugins may be answered by an `ack` first and an
`event` later. A session ends with its connection, unless Janus keeps it (`reclaim_session_timeout`): then it
is claimed, and its handles go on. Otherwise everything is made anew.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from alliancekit_janus.settings import JanusSettings

logger = logging.getLogger(__name__)

Message = dict[str, Any]

PROTOCOL: Final = Subprotocol("janus-protocol")
OPAQUE_ID: Final = "alliancekit"
"""What our handles are called in Janus's own events and logs."""

MAX_MESSAGE: Final = 1024 * 1024
FIRST_PAUSE: Final = 0.25
STEADY_SECONDS: Final = 10.0
"""A connection that held this long counts as good: the next pause is the first one again."""


class JanusError(Exception):
    """Janus refused a request, or did not answer; `code` is Janus's own, 0 where there is none."""

    def __init__(self, what: str, code: int = 0) -> None:
        super().__init__(f"{what} ({code})" if code else what)
        self.code = code


class Handle:
    """One attachment of the session to a plugin; `lost` once it or its session is gone."""

    def __init__(self, client: JanusClient, number: int, on_event: Callable[[Message], None]) -> None:
        self._client = client
        self.number = number
        self.on_event = on_event
        self.lost = False

    async def ask(self, **body: Any) -> Message:
        """Send the plugin a request; its answer, whether it comes at once or after an `ack`.

        Raises:
            JanusError: refused, not answered in time, or the connection broke.
        """
        if self.lost:
            raise JanusError("the handle is gone")
        reply = await self._client.request({"janus": "message", "handle_id": self.number, "body": body})
        data = _data(reply)
        if "error_code" in data or "error" in data:
            raise JanusError("the plugin refused", _code(data.get("error_code")))
        return data

    async def detach(self) -> None:
        """End it; harmless when it has ended."""
        self._client.forget(self)
        if not self.lost:
            self.lost = True
            await self._client.request({"janus": "detach", "handle_id": self.number})


class JanusClient:
    """One connection to a Janus that is kept up until `run` is cancelled.

    Args:
        settings: where, and with which secrets.
        on_session: awaited with True after every new session (nothing of before is left), and with False
            after one was claimed (events may be missing).
    """

    def __init__(self, settings: JanusSettings, on_session: Callable[[bool], Awaitable[None]]) -> None:
        self._settings = settings
        self._on_session = on_session
        self._socket: ClientConnection | None = None
        self._session: int | None = None
        self._handles: dict[int, Handle] = {}
        self._pending: dict[str, _Waiting] = {}

    @property
    def connected(self) -> bool:
        """Whether there is a session that can be used now."""
        return self._socket is not None and self._session is not None

    async def run(self) -> None:
        """Connect, and again whenever the connection breaks, with growing pauses."""
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                async with connect(
                    self._settings.url,
                    subprotocols=[PROTOCOL],
                    compression=None,
                    max_size=MAX_MESSAGE,
                    open_timeout=self._settings.answer_seconds,
                    close_timeout=1,
                ) as socket:
                    await self._attend(socket)
            except JanusError as error:
                logger.warning("the session with Janus ended: %s", error)
            except (OSError, WebSocketException, TimeoutError) as error:
                logger.warning("no connection to Janus: %s", type(error).__name__)
            if loop.time() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads reconnections
            pause = min(pause * 2, self._settings.longest_pause)

    async def attach(self, plugin: str, on_event: Callable[[Message], None]) -> Handle:
        """A new handle; `on_event` gets the plugin's data of every event that answers no request.

        Raises:
            JanusError: as `Handle.ask`.
        """
        reply = await self.request({"janus": "attach", "plugin": plugin, "opaque_id": OPAQUE_ID})
        handle = Handle(self, _id_of(reply), on_event)
        self._handles[handle.number] = handle
        return handle

    def forget(self, handle: Handle) -> None:
        """No more events for this handle."""
        self._handles.pop(handle.number, None)

    async def request(self, message: Message) -> Message:
        """Send a request of the session; the answer. Only to `keepalive` an `ack` is one.

        Raises:
            JanusError: refused, not answered in time, or the connection broke.
        """
        socket = self._socket
        if socket is None:
            raise JanusError("not connected")
        transaction = secrets.token_hex(8)
        full: Message = {**message, "transaction": transaction, **self._proof()}
        if self._session is not None and "session_id" not in full:
            full["session_id"] = self._session
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        waiting = self._pending[transaction] = _Waiting(answer, ack=message["janus"] == "keepalive")
        try:
            async with asyncio.timeout(self._settings.answer_seconds):
                await socket.send(json.dumps(full))
                return await waiting.answer
        except TimeoutError:
            raise JanusError("no answer in time") from None
        except (OSError, WebSocketException):
            raise JanusError("the connection broke") from None
        finally:
            self._pending.pop(transaction, None)

    async def end(self) -> None:
        """End the session on purpose, so that Janus does not keep it."""
        if self.connected:
            await self.request({"janus": "destroy"})
        self._lose_session()

    # inside --------------------------------------------------------------------------------------------

    def _proof(self) -> dict[str, str]:
        found = {"apisecret": self._settings.api_secret, "token": self._settings.token}
        return {key: value.get_secret_value() for key, value in found.items() if value is not None}

    async def _attend(self, socket: ClientConnection) -> None:
        """Hold a session on one connection until it breaks."""
        self._socket = socket
        reader = asyncio.create_task(self._read(socket), name="alliancekit-janus-read")
        opening = asyncio.create_task(self._hold(), name="alliancekit-janus-hold")
        try:
            await asyncio.wait([reader, opening], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._socket = None
            for waiting in self._pending.values():
                waiting.fail(JanusError("the connection broke"))
            reader.cancel()
            opening.cancel()
            await asyncio.gather(reader, opening, return_exceptions=True)
        for task in (opening, reader):
            if not task.cancelled():
                task.result()

    async def _hold(self) -> None:
        await self._open_session()
        while True:
            await asyncio.sleep(self._settings.keepalive_seconds)
            await self.request({"janus": "keepalive"})

    async def _open_session(self) -> None:
        if self._session is not None:
            try:
                await self.request({"janus": "claim"})
            except JanusError as error:
                if not error.code:
                    raise
                self._lose_session()
            else:
                await self._on_session(False)
                return
        self._session = _id_of(await self.request({"janus": "create"}))
        await self._on_session(True)

    def _lose_session(self) -> None:
        self._session = None
        for handle in self._handles.values():
            handle.lost = True
        self._handles.clear()

    async def _read(self, socket: ClientConnection) -> None:
        async for raw in socket:
            message = _object(raw)
            if message is None:
                logger.warning("Janus sent what is no JSON object")
            elif not self._take(message):
                self._lose_session()
                return

    def _take(self, message: Mapping[str, Any]) -> bool:
        """Hand a message to whom it is for; False when it says that the session is over."""
        kind = message.get("janus")
        if kind == "timeout" and message.get("session_id") == self._session:
            return False
        handle = self._handles.get(_code(message.get("sender")))
        if kind == "detached" and handle is not None:
            self.forget(handle)
            handle.lost = True
            return True
        transaction = message.get("transaction")
        waiting = self._pending.get(transaction) if isinstance(transaction, str) else None
        if waiting is not None:
            waiting.take(message)
        elif kind == "event" and handle is not None:
            handle.on_event(_data(message))
        return True


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that is not answered yet; `ack` says whether an `ack` is its answer."""

    answer: asyncio.Future[Message]
    ack: bool

    def take(self, message: Mapping[str, Any]) -> None:
        """Take a message of this transaction."""
        kind = message.get("janus")
        if kind == "error":
            error = message.get("error")
            code = _code(error.get("code")) if isinstance(error, dict) else 0
            self.fail(JanusError("Janus refused", code or -1))
        elif not self.answer.done() and (self.ack or kind != "ack"):
            self.answer.set_result(dict(message))

    def fail(self, error: JanusError) -> None:
        """There will be no answer."""
        if not self.answer.done():
            self.answer.set_exception(error)


def _object(raw: str | bytes) -> Message | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _data(message: Mapping[str, Any]) -> Message:
    plugin = message.get("plugindata")
    data = plugin.get("data") if isinstance(plugin, dict) else None
    return data if isinstance(data, dict) else {}


def _code(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _id_of(reply: Mapping[str, Any]) -> int:
    data = reply.get("data")
    found = _code(data.get("id")) if isinstance(data, dict) else 0
    if not found:
        raise JanusError("the answer names no id")
    return found
