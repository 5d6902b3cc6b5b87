"""Zoom's signalling and media servers of our own on loopback, with what they publish of themselves.

Messages as in developers.zoom.us, "RTMS event reference", and github.com/zoom/rtms-samples
(`RTMS_CONNECTION_FLOW.md` @3019ff56, `library/python/rtms_manager/signaling_socket.py` @06de0a25).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

CLIENT_ID = "3U5Z_uX3TFe9Rcd2Vw0gbA"
CLIENT_SECRET = "Vw0gbA3U5Zclientsecret"
INVALID_SIGNATURE = 3


@dataclass
class FakeRtms:
    """What it was told, and what it does.

    Attributes:
        signalling: handshakes that came to the signalling server, in order.
        media: handshakes that came to the media server.
        ready: how often a client said that it is ready.
        alive: timestamps of keep-alive answers, by server.
        statuses: status codes of the next signalling handshakes, instead of 0.
        media_statuses: of the next media handshakes.
        play: (user, frame) that the media server sends, 20 ms for each frame of all users.
        before: messages that the media server sends before any audio.
        keep_alive: seconds between keep-alive requests; 0: none, and no other word either.
        deaf_after: requests without an answer after which a server hangs up.
        began: when the audio began; `played`: whether all of it was sent.
    """

    signalling: list[dict[str, Any]] = field(default_factory=list)
    media: list[dict[str, Any]] = field(default_factory=list)
    ready: int = 0
    alive: dict[str, list[int]] = field(default_factory=lambda: {"signalling": [], "media": []})
    statuses: list[int] = field(default_factory=list)
    media_statuses: list[int] = field(default_factory=list)
    play: dict[int, Sequence[bytes]] = field(default_factory=dict)
    before: list[str | bytes] = field(default_factory=list)
    keep_alive: float = 0.05
    deaf_after: int = 3
    began: float = 0.0
    played: bool = False
    url: str = ""
    media_url: str = ""
    go: asyncio.Event = field(default_factory=asyncio.Event)
    controls: list[ServerConnection] = field(default_factory=list)
    medias: list[ServerConnection] = field(default_factory=list)
    hung_up: int = 0

    def _right(self, shaken: dict[str, Any]) -> bool:
        """The formula, written down here a second time."""
        instance = shaken.get("meeting_uuid") or shaken.get("session_id")
        signed = f"{CLIENT_ID},{instance},{shaken['rtms_stream_id']}"
        expected = hmac.new(CLIENT_SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        return shaken["signature"] == expected

    async def control(self, socket: ServerConnection) -> None:
        """The signalling server."""
        shaken = json.loads(await socket.recv())
        assert (shaken["msg_type"], shaken["protocol_version"]) == (1, 1)
        assert isinstance(shaken["sequence"], int)
        self.signalling.append(shaken)
        self.controls.append(socket)
        status = self.statuses.pop(0) if self.statuses else 0
        if not self._right(shaken):
            status = INVALID_SIGNATURE
        reply = {"msg_type": 2, "protocol_version": 1, "status_code": status, "reason": "", "sequence": 1}
        if status == 0:
            reply["media_server"] = {"server_urls": {"all": "ws://127.0.0.1:9", "audio": self.media_url}}
        await socket.send(json.dumps(reply))
        if status:
            return
        await self._serve(socket, "signalling")

    async def data(self, socket: ServerConnection) -> None:
        """The media server."""
        shaken = json.loads(await socket.recv())
        assert (shaken["msg_type"], shaken["protocol_version"]) == (3, 1)
        self.media.append(shaken)
        self.medias.append(socket)
        status = self.media_statuses.pop(0) if self.media_statuses else 0
        if not self._right(shaken):
            status = INVALID_SIGNATURE
        await socket.send(json.dumps({"msg_type": 4, "status_code": status, "reason": ""}))
        if status:
            return
        playing = asyncio.create_task(self._play(socket))
        try:
            await self._serve(socket, "media")
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)

    async def _serve(self, socket: ServerConnection, name: str) -> None:
        asking = asyncio.create_task(self._ask(socket, name))
        try:
            async for message in socket:
                said = json.loads(message)
                if said["msg_type"] == 13:
                    self.alive[name].append(said["timestamp"])
                elif said["msg_type"] == 7 and name == "signalling":
                    self.ready += 1
                    self.go.set()
                else:
                    raise AssertionError(said)
        except ConnectionClosed:
            return
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _ask(self, socket: ServerConnection, name: str) -> None:
        asked, before = 0, len(self.alive[name])
        while self.keep_alive:
            await asyncio.sleep(self.keep_alive)
            if asked - (len(self.alive[name]) - before) >= self.deaf_after:
                self.hung_up += 1
                await socket.close()
                return
            asked += 1
            await socket.send(json.dumps({"msg_type": 12, "timestamp": int(time.time() * 1000)}))

    async def _play(self, socket: ServerConnection) -> None:
        await self.go.wait()
        for message in self.before:
            await socket.send(message)
        self.began = self.began or time.time()
        for number in range(max((len(one) for one in self.play.values()), default=0)):
            at = self.began + number * 0.02
            await asyncio.sleep(max(0.0, at - time.time()))
            for user, said in self.play.items():
                if number < len(said):
                    await socket.send(audio(user, said[number], at + 0.02))
        self.played = True

    async def interrupt_media(self, *, by: str = "event") -> None:
        """Say on the latest signalling connection that the media connection broke."""
        event = {"msg_type": 6, "event": {"event_type": 7, "timestamp": 1}}
        state = {"msg_type": 8, "state": 2, "reason": 14, "timestamp": 1}
        await self.controls[-1].send(json.dumps(event if by == "event" else state))


def audio(user: int | str, samples: bytes, at: float) -> str:
    """A packet, with a name that nobody here needs."""
    content = {
        "user_id": user,
        "user_name": "Ada Lovelace",
        "data": base64.b64encode(samples).decode(),
        "timestamp": int(at * 1000),
    }
    return json.dumps({"msg_type": 14, "content": content})


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[FakeRtms]:
    """Both servers, ended with the block."""
    fake = FakeRtms()
    async with serve(fake.control, "127.0.0.1", 0) as one, serve(fake.data, "127.0.0.1", 0) as two:
        fake.url = f"ws://127.0.0.1:{next(iter(one.sockets)).getsockname()[1]}"
        fake.media_url = f"ws://127.0.0.1:{next(iter(two.sockets)).getsockname()[1]}"
        yield fake
