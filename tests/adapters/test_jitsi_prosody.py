"""`mod_alliancekit` in a real Prosody: who comes and goes, signed; a service away; messages to one."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.adapters.prosody_server import Prosody, free_port, prosody
from tests.services import MakeSite, Meeting, Site
from tests.toy_platform import counts

from alliancekit.server.run import bind, running_on
from alliancekit.store.tables import prompt
from alliancekit_jitsi import Jitsi, JitsiSettings, messages, signed

SECRET = "whsec_" + base64.b64encode(b"p" * 32).decode()
CLIENT, THERAPIST = "10a52c3f", "84d90bac"
ROOM = "visit-1"


class Service:
    """Something that answers at an address, and can be away."""

    def __init__(self, app: Any, port: int) -> None:
        self.port = port
        self._app = app

    @asynccontextmanager
    async def there(self) -> AsyncIterator[None]:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                for step in ("startup", "shutdown"):
                    await receive()
                    await send({"type": f"lifespan.{step}.complete"})
                return
            await self._app(scope, receive, send)

        async with running_on(app, bind("127.0.0.1", self.port)):
            yield


class Recorder:
    """Keeps what is posted, and answers with the status that the test says."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append((headers, body))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.requests]


async def until(true: Callable[[], Any], server: Prosody | None = None) -> None:
    try:
        async with asyncio.timeout(30):
            while True:
                found = true()
                if asyncio.iscoroutine(found):
                    found = await found
                if found:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(server.said()[-6000:] if server else "it did not come") from None


class Platform(Jitsi):
    """The plugin that takes only what is signed."""

    def __init__(self, http: int = 1) -> None:
        url = f"http://127.0.0.1:{http}/alliancekit/message"
        table = {"signing_secrets": [SECRET], "messages": {"url": url}}
        super().__init__(JitsiSettings.model_validate(table))


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1/adapters/jitsi/events"


async def asked(site: Site, meeting: Meeting) -> list[str]:
    def work(conn: Any) -> list[str]:
        query = select(prompt.c.participant).where(prompt.c.session == meeting.id)
        return sorted(conn.execute(query.where(prompt.c.moment == "end_of_call")).scalars())

    return await site.service.database.read(work)


async def test_a_call_with_a_lost_connection_while_the_service_is_away(
    make_site: MakeSite, tmp_path: Path
) -> None:
    """Nothing is lost, nothing twice: the session ends as it did, everybody is asked once."""
    site = await make_site(extra=[("jitsi", Platform())], call={"minimum_together": 0.5, "grace": 60})
    meeting = await site.session(adapter="jitsi", room=ROOM)
    site.clock.now = time.time()
    service = Service(site.app, free_port())
    async with prosody(tmp_path, address(service.port), SECRET) as server:
        client = await server.person("c1")
        therapist = await server.person("t1")
        async with service.there():
            await client.join(ROOM, CLIENT)
            await until(lambda: taken(site, 2), server)
        await therapist.join(ROOM, THERAPIST)
        await asyncio.sleep(1.2)
        await client.drop()
        await asyncio.sleep(1.0)
        assert "is sent again" in server.said(), "the service is away"
        async with service.there():
            await until(lambda: taken(site, 4), server)
            site.clock.now = time.time()
            state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
            assert state["status"] == "live"
            assert {(one["role"], one["how"]) for one in state["segments"]} == {
                ("client", "dropped"),
                ("therapist", "ended"),
            }
            await therapist.close()
            await until(lambda: taken(site, 6), server)
    await site.settle()
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert (state["status"], state["end_reason"]) == ("ended", "explicit")
    assert await asked(site, meeting) == sorted(one.id for one in meeting.people)
    found = await counts(site, "jitsi")
    assert found["capabilities"]["trust"] == "signed"
    assert (found["refused"], found["unknown_rooms"], found["strangers"]) == ({}, 0, 0)


async def taken(site: Site, least: int) -> bool:
    return bool((await counts(site, "jitsi"))["taken"] >= least)


async def test_what_is_sent_is_signed_in_order_and_names_nobody(tmp_path: Path) -> None:
    recorder = Recorder()
    service = Service(recorder, free_port())
    async with service.there(), prosody(tmp_path, address(service.port), SECRET) as server:
        client = await server.person("c1")
        mail = await server.person("ana@clinic.example")
        await client.join(ROOM, CLIENT)
        await mail.join(ROOM, "Ana Example")
        await mail.leave(ROOM, "Ana Example")
        await until(lambda: len(recorder.requests) == 4, server)
        await client.drop()
        await mail.close()
        await until(lambda: len(recorder.requests) == 6, server)
    assert recorder.types == [
        "room.created",
        "occupant.joined",
        "occupant.joined",
        "occupant.left",
        "occupant.left",
        "room.destroyed",
    ]
    everything = b" ".join(body for _, body in recorder.requests).decode()
    assert not [name for name in ("Ana", "@", "clinic.example") if name in everything]
    assert len({headers["webhook-id"] for headers, _ in recorder.requests}) == 6
    key = signed.key_of(SECRET)
    for headers, body in recorder.requests:
        sent = float(headers["webhook-timestamp"])
        ours = signed.headers_of(key, headers["webhook-id"], sent, body)
        assert headers["webhook-signature"] == ours["webhook-signature"]
        assert abs(sent - time.time()) < 120
    bodies = [json.loads(body) for _, body in recorder.requests]
    assert {one["room"]["id"] for one in bodies} == {"meeting-of-visit-1"}
    assert {one["room"]["name"] for one in bodies} == {ROOM}
    joined, stranger, left, lost, destroyed = bodies[1:]
    assert (joined["occupant"]["id"], joined["occupant"]["person"]) == (CLIENT, "c1")
    assert (stranger["occupant"]["person"], len(stranger["occupant"]["id"])) == ("", 32)
    assert (left["occupant"]["how"], lost["occupant"]["how"]) == ("left", "dropped")
    assert sorted(one["id"] for one in destroyed["occupants"]) == sorted([CLIENT, left["occupant"]["id"]])


async def test_what_jitsis_own_modules_know_is_told_too(tmp_path: Path) -> None:
    """The meeting's id, the dominant speaker's time, breakout rooms; and who is sent out."""
    recorder = Recorder()
    service = Service(recorder, free_port())
    async with service.there(), prosody(tmp_path, address(service.port), SECRET) as server:
        therapist = await server.person("t1")
        client = await server.person("c1")
        await therapist.join(ROOM, THERAPIST)
        await client.join(ROOM, CLIENT)
        await client.join("side", CLIENT, "breakout.localhost")
        await until(lambda: len(recorder.requests) == 5, server)
        await therapist.kick(ROOM, CLIENT)
        await until(lambda: len(recorder.requests) == 6, server)
        await client.close()
        await therapist.close()
        await until(lambda: recorder.types.count("room.destroyed") == 2, server)
    bodies = [json.loads(body) for _, body in recorder.requests]
    main = [one for one in bodies if not one["room"]["breakout"]]
    side = [one for one in bodies if one["room"]["breakout"]]
    assert {(one["room"]["id"], one["room"]["name"]) for one in main} == {("meeting-of-visit-1", ROOM)}
    [(instance, name)] = {(one["room"]["id"], one["room"]["name"]) for one in side}
    assert (instance != "meeting-of-visit-1", name) == (True, ROOM), "another room of the same meeting"
    assert [one["type"] for one in side] == [
        "room.created",
        "occupant.joined",
        "occupant.left",
        "room.destroyed",
    ]
    gone = {one["occupant"]["id"]: one["occupant"]["how"] for one in main if one["type"] == "occupant.left"}
    assert gone == {CLIENT: "ejected", THERAPIST: "dropped"}
    assert [one["spoke_ms"] for one in main[-1]["occupants"]] == [1234, 1234]


@pytest.mark.parametrize(("status", "again"), [(503, True), (401, True), (400, False), (404, False)])
async def test_what_is_refused_is_sent_again_where_that_can_help(
    tmp_path: Path, status: int, again: bool
) -> None:
    recorder = Recorder()
    recorder.status = status
    service = Service(recorder, free_port())
    async with service.there(), prosody(tmp_path, address(service.port), SECRET) as server:
        client = await server.person("c1")
        await client.join(ROOM, CLIENT)
        await until(lambda: len(recorder.requests) >= 2, server)
        first, second = recorder.requests[:2]
        assert (first[0]["webhook-id"] == second[0]["webhook-id"]) is again
        recorder.status = 200
        await client.close()
        await until(lambda: "room.destroyed" in recorder.types, server)


async def test_a_room_works_while_nobody_takes_anything_and_what_waits_is_limited(tmp_path: Path) -> None:
    service = Service(Recorder(), free_port())
    async with prosody(tmp_path, address(service.port), SECRET, most=5) as server:
        client = await server.person("c1")
        for number in range(8):
            nick = f"{number:08x}"
            await client.join(ROOM, nick)
            await client.leave(ROOM, nick)
        await until(lambda: "Too many events wait" in server.said(), server)
        await client.join("visit-2", CLIENT)
        await client.close()


async def test_a_message_reaches_one_person_only(make_site: MakeSite, tmp_path: Path) -> None:
    service_port = free_port()
    async with prosody(tmp_path, address(service_port), SECRET) as server:
        site = await make_site(extra=[("jitsi", Platform(server.http))])
        meeting = await site.session(adapter="jitsi", room=ROOM)
        async with Service(site.app, service_port).there():
            client = await server.person("c1")
            therapist = await server.person("t1")
            elsewhere = await server.person("c1")
            await client.join(ROOM, CLIENT)
            await therapist.join(ROOM, THERAPIST)
            await elsewhere.join("visit-2", CLIENT)
            await until(lambda: taken(site, 3), server)
            await site.settle()
            path = f"/v1/sessions/{meeting.id}/prompts"
            reply = await site.post(path, {"moment": "in_call", "role": "client"})
            assert reply.status_code == 201
            await site.settle()
            await until(lambda: client.messages, server)
            [text] = client.messages
            said = json.loads(text)
            assert said["type"] == "system_chat_message"
            assert "/r/" in said["message"]
            assert (therapist.messages, elsewhere.messages) == ([], [])
            assert said["message"].rpartition("/r/")[2] not in server.said(), "a link stands in no log"
            for one in (client, therapist, elsewhere):
                await one.close()


async def test_messages_that_are_not_the_services_own_are_refused(tmp_path: Path) -> None:
    recorder = Recorder()
    service = Service(recorder, free_port())
    key = signed.key_of(SECRET)
    async with service.there(), prosody(tmp_path, address(service.port), SECRET) as server:
        client = await server.person("c1")
        await client.join(ROOM, CLIENT)
        await until(lambda: len(recorder.requests) == 2, server)
        room = json.loads(recorder.requests[0][1])["room"]["id"]
        url = f"http://127.0.0.1:{server.http}/alliancekit/message"
        good = {"room": room, "occupant": CLIENT, "message": messages.say("en", "https://link.example")}

        async def post(said: Any, *, changed: bytes = b"", at: float = 0.0, **headers: str) -> int:
            body = json.dumps(said).encode()
            identifier = headers.pop("identifier", f"msg_{len(used)}")
            used.append(identifier)
            given = signed.headers_of(key, identifier, time.time() + at, body)
            return (await http.post(url, content=changed or body, headers={**given, **headers})).status_code

        used: list[str] = []
        async with httpx.AsyncClient(trust_env=False) as http:
            assert await post(good, identifier="same") == 200
            assert await post(good, identifier="same") == 401, "a repetition"
            assert await post(good, at=-301) == 401
            assert await post(good, at=301) == 401
            assert await post(good, changed=json.dumps(good).encode() + b" ") == 401
            assert await post(good, **{"webhook-signature": "v1,AAAA"}) == 401
            assert await post(good, **{"webhook-signature": ""}) == 401
            assert await post(good, **{"webhook-timestamp": "now"}) == 401
            assert (await http.post(url, json=good)).status_code == 401
            assert await post({**good, "room": "another"}) == 404
            assert await post({**good, "occupant": THERAPIST}) == 404
            assert await post({**good, "message": 7}) == 400
            assert await post([]) == 400
            assert await post({**good, "message": "x" * 4000}) == 413
        await until(lambda: client.messages, server)
        assert len(client.messages) == 1
        await client.close()
