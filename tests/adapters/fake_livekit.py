"""A LiveKit server as its API sees it: RoomService over Twirp with protocol buffers, on a real socket.

Messages are LiveKit's own (`livekit.protocol`), tokens are checked by LiveKit's own `TokenVerifier`, paths,
grants and errors are those of livekit-server (`pkg/service/roomservice.go`, twitchtv.github.io/twirp).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from google.protobuf.message import Message
from livekit import api


class FakeLiveKit:
    """The server's rooms, which a test fills, and what it was asked.

    Attributes:
        rooms: those that are open, by sid.
        people: who is in a room, by the room's sid.
        sent: every data message that was taken.
        refuse: answer everything with this status, as a server in trouble does; 0: none.
        slow: seconds before each answer.
        asked: the methods that were called.
    """

    def __init__(self, key: str, secret: str) -> None:
        self._verifier = api.TokenVerifier(key, secret)
        self.rooms: dict[str, api.Room] = {}
        self.people: dict[str, list[api.ParticipantInfo]] = {}
        self.sent: list[api.SendDataRequest] = []
        self.refuse = 0
        self.slow = 0.0
        self.asked: list[str] = []
        self.url = ""

    def open(self, sid: str, name: str) -> None:
        self.rooms[sid] = api.Room(sid=sid, name=name)
        self.people[sid] = []

    def close(self, sid: str) -> None:
        del self.rooms[sid], self.people[sid]

    def join(self, room: str, identity: str, sid: str, at: float, **fields: Any) -> None:
        state = fields.pop("state", api.ParticipantInfo.State.ACTIVE)
        times = {"joined_at": int(at), "joined_at_ms": int(at * 1000)}
        one = api.ParticipantInfo(
            sid=sid, identity=identity, name="Ana Example", state=state, **times, **fields
        )
        self.people[room].append(one)

    def leave(self, room: str, sid: str) -> None:
        self.people[room] = [one for one in self.people[room] if one.sid != sid]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[FakeLiveKit]:
        app = web.Application()
        app.router.add_post("/twirp/livekit.RoomService/{method}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.asked.append(method)
        await asyncio.sleep(self.slow)
        if self.refuse:
            return _error(self.refuse, "unavailable")
        assert request.content_type == "application/protobuf"
        try:
            scheme, _, given = request.headers["Authorization"].partition(" ")
            assert scheme == "Bearer"
            grants = self._verifier.verify(given).video
        except Exception:
            return _error(401, "unauthenticated")
        assert grants is not None
        body = await request.read()
        if method == "ListRooms":
            return _reply(self._list_rooms(api.ListRoomsRequest.FromString(body), grants))
        if method == "ListParticipants":
            return _reply(self._list_participants(api.ListParticipantsRequest.FromString(body), grants))
        assert method == "SendData"
        return _reply(self._send(api.SendDataRequest.FromString(body), grants))

    def _list_rooms(self, asked: api.ListRoomsRequest, grants: api.VideoGrants) -> Message | None:
        if not grants.room_list:
            return None
        return api.ListRoomsResponse(
            rooms=[one for one in self.rooms.values() if not asked.names or one.name in asked.names]
        )

    def _list_participants(
        self, asked: api.ListParticipantsRequest, grants: api.VideoGrants
    ) -> Message | None:
        if not (grants.room_admin and grants.room == asked.room):
            return None
        there = [
            one for sid, room in self.rooms.items() if room.name == asked.room for one in self.people[sid]
        ]
        return api.ListParticipantsResponse(participants=there)

    def _send(self, asked: api.SendDataRequest, grants: api.VideoGrants) -> Message | None:
        if not (grants.room_admin and grants.room == asked.room):
            return None
        self.sent.append(asked)
        return api.SendDataResponse()


def _reply(message: Message | None) -> web.Response:
    if message is None:
        return _error(403, "permission_denied")
    return web.Response(body=message.SerializeToString(), content_type="application/protobuf")


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"code": code, "msg": "Ana said no"}, status=status)
