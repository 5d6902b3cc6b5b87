"""A server of the Janus API for what the real one does only now and then: it says what a test tells it to."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from alliancekit.testing import RecordingHost
from alliancekit_janus import JanusRooms, JanusSettings

ROOM = "visit-1"
Message = dict[str, Any]


class FakeJanus:
    """One room, and one TextRoom of the same name; sessions outlive their connection only if `keeps`.

    Attributes:
        people: the entries of `listparticipants`.
        requests: everything that was asked, oldest first.
        instead: answers (none, one or several) to a request of this kind, in place of the usual one.
        texts: who is in the TextRoom.
        told: messages of the TextRoom, as (to, text).
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self.keeps = keeps
        self.people: list[Message] = []
        self.requests: list[Message] = []
        self.instead: dict[str, Callable[[Message], list[Any]]] = {}
        self.texts: set[str] = set()
        self.text_room = True
        self.told: list[tuple[str, Message]] = []
        self.sessions: dict[int, set[int]] = {}
        self._numbers = itertools.count(1000)
        self._sockets: dict[ServerConnection, int | None] = {}
        self._observer: tuple[int, int] | None = None
        self._server: Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    def settings(self, **more: Any) -> JanusSettings:
        """The adapter's settings for this server, all quick."""
        return JanusSettings.model_validate(
            {
                "url": f"ws://127.0.0.1:{self.port}",
                "api_secret": "api-secret",
                "poll_seconds": 0.05,
                "report_seconds": 0.05,
                "keepalive_seconds": 0.1,
                "longest_pause": 0.1,
                "talking_seconds": 0.1,
                **more,
            }
        )

    def asked(self, *kinds: str) -> list[Message]:
        """The requests of these kinds."""
        return [one for one in self.requests if kind_of(one) in kinds]

    async def event(self, **data: Any) -> None:
        """Send our observer an event of the room."""
        assert self._observer is not None, "the observer is not in the room"
        session, handle = self._observer
        await self.say(
            {
                "janus": "event",
                "session_id": session,
                "sender": handle,
                "plugindata": {"plugin": "janus.plugin.videoroom", "data": {"room": ROOM, **data}},
            }
        )

    @property
    def observed(self) -> bool:
        """Whether our observer is in the room."""
        return self._observer is not None

    async def say(self, message: object) -> None:
        """Send this to everybody who is connected; a text as it is."""
        for socket in list(self._sockets):
            await socket.send(message if isinstance(message, str) else json.dumps(message))

    async def drop(self) -> None:
        """Break every connection, without a goodbye."""
        for socket in list(self._sockets):
            socket.transport.abort()
        while self._sockets:  # noqa: ASYNC110 - the connections' own tasks take them out
            await asyncio.sleep(0.01)

    def forget(self) -> None:
        """Lose everything that a restart loses."""
        self.sessions.clear()
        self._observer = None
        self.people, self.texts = [], set()

    async def _attend(self, socket: ServerConnection) -> None:
        self._sockets[socket] = None
        try:
            async for raw in socket:
                asked: Message = json.loads(raw)
                self.requests.append(asked)
                answers = self.instead.get(kind_of(asked), self._answers)(asked)
                if kind_of(asked) == "create":
                    self._sockets[socket] = answers[0].get("data", {}).get("id")
                for answer in answers:
                    await socket.send(answer if isinstance(answer, str) else json.dumps(answer))
        except ConnectionClosed:
            return
        finally:
            number = self._sockets.pop(socket)
            if not self.keeps and number is not None:
                self.sessions.pop(number, None)
                if self._observer is not None and self._observer[0] == number:
                    self._observer = None

    def _answers(self, asked: Message) -> list[Any]:
        if asked.get("apisecret") != "api-secret":
            return [error(asked, 403)]
        kind = kind_of(asked)
        if kind == "create":
            number = next(self._numbers)
            self.sessions[number] = set()
            return [success(asked, data={"id": number})]
        session = asked.get("session_id")
        if session not in self.sessions:
            return [error(asked, 458)]
        match kind:
            case "attach":
                handle = next(self._numbers)
                self.sessions[session].add(handle)
                return [success(asked, data={"id": handle})]
            case "keepalive":
                return [ack(asked)]
            case "claim" | "detach" | "destroy":
                return [success(asked)]
            case "join":
                return self._join(asked)
            case "listparticipants":
                return [plugin(asked, videoroom="participants", room=ROOM, participants=self.people)]
            case "rtp_forward":
                return [plugin(asked, videoroom="rtp_forward", forwarders=[{"stream_id": 7}])]
            case "stop_rtp_forward":
                return [plugin(asked, videoroom="stop_rtp_forward", stream_id=7)]
            case _:
                return [self._text(asked)]

    def _join(self, asked: Message) -> list[Any]:
        self._observer = asked["session_id"], asked["handle_id"]
        publishers = [one for one in self.people if one.get("publisher")]
        data = {"videoroom": "joined", "room": ROOM, "id": asked["body"]["id"], "publishers": publishers}
        return [ack(asked), {**plugin(asked, **data), "janus": "event"}]

    def _text(self, asked: Message) -> Message:
        body = asked["body"]
        if body.get("textroom") == "message" and self.text_room:
            sent = {to: to in self.texts for to in body["tos"]}
            self.told += [(to, json.loads(body["text"])) for to, there in sent.items() if there]
            return plugin(asked, textroom="success", sent=sent)
        if body["request"] == "create":
            self.text_room = True
        if not self.text_room:
            return plugin(asked, textroom="event", error_code=417, error="No such room")
        return plugin(asked, textroom="success")


def kind_of(asked: Mapping[str, Any]) -> str:
    """What a message asks for: `create`, what the VideoRoom is asked, or the TextRoom, as `text:join`."""
    body = asked.get("body")
    if not isinstance(body, dict):
        return str(asked.get("janus"))
    of_text = "textroom" in body or body["request"] in ("create", "destroy")
    kind = body.get("textroom", body["request"])
    return f"text:{kind}" if of_text else str(kind)


def success(asked: Message, **more: Any) -> Message:
    return {"janus": "success", "transaction": asked["transaction"], **more}


def ack(asked: Message) -> Message:
    return {"janus": "ack", "session_id": asked["session_id"], "transaction": asked["transaction"]}


def error(asked: Message, code: int) -> Message:
    return {
        "janus": "error",
        "transaction": asked["transaction"],
        "error": {"code": code, "reason": "Anna Example said no"},
    }


def plugin(asked: Message, **data: Any) -> Message:
    found = success(asked, sender=asked["handle_id"], session_id=asked["session_id"])
    return {**found, "plugindata": {"plugin": "janus.plugin.any", "data": data}}


def someone(identity: str, *, publisher: bool = True, **more: Any) -> Message:
    """Somebody in the room, who publishes their microphone."""
    streams = [{"type": "audio", "mindex": 0, "mid": "0", "codec": "opus"}] if publisher else []
    return {"id": identity, "display": "Anna Example", "publisher": publisher, "streams": streams, **more}


@asynccontextmanager
async def fake_janus(*, keeps: bool = False) -> AsyncIterator[FakeJanus]:
    fake = FakeJanus(keeps=keeps)
    subprotocols: list[Any] = ["janus-protocol"]
    async with serve(fake._attend, "127.0.0.1", 0, subprotocols=subprotocols) as server:
        fake._server = server
        yield fake


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.01)


def of(host: RecordingHost, *kinds: str) -> list[tuple[str, str, str]]:
    """(kind, person, connection) of what was told."""
    return [(one.kind, one.person, one.connection) for one in host.happenings if one.kind in kinds]


@asynccontextmanager
async def running(fake: FakeJanus, **settings: Any) -> AsyncIterator[tuple[JanusRooms, RecordingHost]]:
    """The adapter, watching one room; afterwards nothing of it is left."""
    before = asyncio.all_tasks()
    host, adapter = RecordingHost(), JanusRooms(fake.settings(**settings))
    host.wanted = {ROOM: "ses_1"}
    await adapter.start(host)
    try:
        yield adapter, host
    finally:
        await adapter.stop()
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not [name for name in left if "alliancekit" in name]
