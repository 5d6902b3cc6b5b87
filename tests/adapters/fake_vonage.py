"""A Vonage of our own on loopback: its REST API over HTTP, and the sockets of its Audio Connector.

Paths, bodies and statuses as in Vonage/vonage-python-sdk @b308cb1e (`video/tests/test_signal.py`,
`test_audio_connector.py`, `data/audio_connector.json`) and its moderation call `disconnect_client`; the
socket's messages as in developer.vonage.com, "Audio Connector".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from alliancekit.server.run import bind, running_on

APPLICATION = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
HELLO = json.dumps({"event": "websocket:connected", "content-type": "audio/l16;rate=16000"})


@cache
def key() -> rsa.RSAPrivateKey:
    """The application's key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def pem() -> str:
    """The application's key as the dashboard gives it."""
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key().private_bytes(*form).decode()


def read(token: str) -> dict[str, Any]:
    """What a token of the application says; the test fails when it is none."""
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT"}
    claims: dict[str, Any] = jwt.decode(token, key().public_key(), algorithms=["RS256"])
    return claims


@dataclass
class FakeVonage:
    """What it was asked, and what it does.

    Attributes:
        signals: (session, connection, type, data) of each signal.
        asked: bodies of the requests for an Audio Connector.
        ended: (session, connection) of connections that were ended from outside.
        refused: statuses of our sockets that were refused.
        frames: what each stream sends, by its id.
        hello: the first message of a socket.
        statuses: statuses of the next requests, instead of doing what was asked; 0 answers late.
        break_after: frames after which a socket breaks, for the next sockets.
        began: when each stream began to play; seconds since 1970 UTC.
        played: streams that were played to their end.
    """

    signals: list[tuple[str, str, str, str]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    frames: dict[str, Sequence[bytes | str]] = field(default_factory=dict)
    hello: str | bytes = HELLO
    statuses: list[int] = field(default_factory=list)
    break_after: list[int] = field(default_factory=list)
    began: dict[str, float] = field(default_factory=dict)
    played: list[str] = field(default_factory=list)
    url: str = ""
    playing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    tickets: list[str] = field(default_factory=list)

    async def _told(self, request: Request) -> Response | None:
        claims = read(request.headers["authorization"].removeprefix("Bearer "))
        assert claims["application_id"] == APPLICATION
        assert claims["exp"] - claims["iat"] == 900
        assert claims["jti"]
        assert "session_id" not in claims
        assert request.path_params["application"] == APPLICATION
        status = self.statuses.pop(0) if self.statuses else None
        if status == 0:
            await asyncio.sleep(3)
        return None if status is None else JSONResponse({"message": "no"}, status or 500)

    async def signal(self, request: Request) -> Response:
        """POST …/signal."""
        if refusal := await self._told(request):
            return refusal
        body = await request.json()
        assert set(body) == {"type", "data"}
        place = request.path_params
        self.signals.append((place["session"], place["connection"], body["type"], body["data"]))
        return Response(status_code=204)

    async def connector(self, request: Request) -> Response:
        """POST …/connect: dial the address, then answer."""
        if refusal := await self._told(request):
            return refusal
        body = await request.json()
        self.asked.append(body)
        claims = read(body["token"])
        assert claims["session_id"] == body["sessionId"]
        assert (claims["scope"], claims["subject"], claims["role"]) == (
            "session.connect",
            "video",
            "subscriber",
        )
        asked = body["websocket"]
        assert set(asked) == {"uri", "streams", "audioRate"}
        assert asked["audioRate"] == 16000
        (stream,) = asked["streams"]
        self.tickets.append(asked["uri"])
        number = f"connector-{len(self.asked)}"
        try:
            socket = await connect(asked["uri"], open_timeout=6, compression=None)
        except InvalidStatus as error:
            self.refused.append(error.response.status_code)
            return JSONResponse({"message": "the WebSocket did not open"}, 400)
        self.playing[number] = asyncio.create_task(self._play(socket, stream))
        return JSONResponse({"id": "b3cd31f4-020e-4ba3-9a2a-12d98b8a184f", "connectionId": number})

    async def _play(self, socket: ClientConnection, stream: str) -> None:
        limit = self.break_after.pop(0) if self.break_after else None
        with contextlib.suppress(ConnectionClosed):
            async with socket:
                await socket.send(self.hello)
                began = self.began.setdefault(stream, time.time())
                for number, frame in enumerate(self.frames.get(stream, ())):
                    if number == limit:
                        return
                    await asyncio.sleep(max(0.0, began + number * 0.02 - time.time()))
                    await socket.send(frame)
                self.played.append(stream)
                await socket.wait_closed()

    async def disconnect(self, request: Request) -> Response:
        """DELETE a connection."""
        if refusal := await self._told(request):
            return refusal
        place = request.path_params
        self.ended.append((place["session"], place["connection"]))
        if task := self.playing.pop(place["connection"], None):
            task.cancel()
        return Response(status_code=204)


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[FakeVonage]:
    """A fake Vonage, ended with the block."""
    fake = FakeVonage()
    project = "/v2/project/{application}"
    one = project + "/session/{session}/connection/{connection}"
    app = Starlette(
        routes=[
            Route(f"{one}/signal", fake.signal, methods=["POST"]),
            Route(f"{project}/connect", fake.connector, methods=["POST"]),
            Route(one, fake.disconnect, methods=["DELETE"]),
        ]
    )
    sock = bind("127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with running_on(app, sock):
        yield fake
        for task in fake.playing.values():
            task.cancel()
        await asyncio.gather(*fake.playing.values(), return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    """Wait for what another task brings about."""
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.01)
