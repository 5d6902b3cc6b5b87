"""The live channel over real WebSockets: who hears what, and who is shown the door."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.services import Meeting, Site, full, on_network, until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from alliancekit.live import BACKLOG
from alliancekit.server import live
from alliancekit.server.tokens import TherapistClaims


@pytest.fixture
async def address(site: Site) -> AsyncIterator[str]:
    async with on_network(site) as found:
        yield found


@contextlib.asynccontextmanager
async def page(address: str, token: str) -> AsyncIterator[ClientConnection]:
    """A connected page that has said hello and was told *ready*."""
    async with connect(f"ws://{address}/v1/live", proxy=None) as socket:
        await socket.send(json.dumps({"type": "hello", "token": token, "seq": 0}))
        ready = await heard(socket)
        assert ready["type"] == "ready"
        assert isinstance(ready["seq"], int)
        yield socket


async def heard(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 30))
    return message


async def ask_pulse(site: Site, meeting: Meeting) -> str:
    path = f"/v1/sessions/{meeting.id}/prompts"
    reply = await site.post(path, {"moment": "in_call", "role": "client"})
    [prompt] = reply.json()["prompts"]
    return str(prompt)


def therapist_token(site: Site, therapist: str = "t1", tenant: str = "") -> str:
    tokens = site.app.backend.tokens
    return str(tokens.issue(TherapistClaims(tenant=tenant or site.tenant, therapist=therapist)))


async def test_a_prompt_reaches_its_person_and_is_acknowledged(site: Site, address: str) -> None:
    meeting, another = await site.session(), await site.session()
    await site.join(meeting)
    await site.join(another)
    other = await ask_pulse(site, another)
    async with page(address, meeting.client.token) as client:
        prompt = await ask_pulse(site, meeting)
        hint = await heard(client)
        sequence = hint.pop("seq")
        assert hint == {"type": "prompt", "prompt": prompt, "moment": "in_call", "session": meeting.id}
        await client.send(json.dumps({"type": "ack", "prompt": prompt}))
        await client.send(json.dumps({"type": "ack", "prompt": "prm_none"}))
        again = await site.post(f"/v1/prompts/{prompt}/dismiss", {"reason": "skip"}, key=meeting.client.token)
        assert again.status_code == 204
        closed = await heard(client)
        assert closed.pop("seq") > sequence
        assert closed == {"type": "prompt_closed", "prompt": prompt}
        await client.send(json.dumps({"type": "ack", "prompt": prompt}))
        await client.send(json.dumps({"type": "ack", "prompt": other}))
    assert await receipts(site, prompt) == [("live", "sent"), ("live", "seen")]
    assert await receipts(site, other) == [("live", "unreachable")]


async def receipts(site: Site, prompt: str) -> list[tuple[str, str]]:
    """What became of a prompt; waits until every page that said something has left."""
    await until(lambda: len(site.service.live) == 0)
    deliveries = (await site.get(f"/v1/prompts/{prompt}")).json()["deliveries"]
    return [(one["channel"], one["status"]) for one in deliveries]


async def test_a_page_that_connects_late_is_told_what_waits(site: Site, address: str) -> None:
    meeting = await site.held()
    async with page(address, meeting.therapist.token) as therapist:
        hint = await heard(therapist)
    shown = await site.current(meeting.therapist.token)
    assert shown is not None
    assert (hint["type"], hint["prompt"], hint["moment"]) == ("prompt", shown["id"], "end_of_call")


async def test_an_answer_takes_the_prompt_off_the_persons_other_pages(site: Site, address: str) -> None:
    meeting = await site.session()
    await site.join(meeting)
    async with page(address, meeting.client.token) as one, page(address, meeting.client.token) as two:
        prompt = await ask_pulse(site, meeting)
        assert [(await heard(socket))["prompt"] for socket in (one, two)] == [prompt, prompt]
        shown = await site.current(meeting.client.token)
        assert shown is not None
        reply = await site.respond(meeting.client.token, prompt, full(shown))
        assert reply.status_code == 201
        for socket in (one, two):
            closed = await heard(socket)
            assert (closed["type"], closed["prompt"]) == ("prompt_closed", prompt)


async def test_the_end_of_the_call_closes_the_pulse_and_asks_for_the_rating(site: Site, address: str) -> None:
    meeting = await site.session()
    await site.join(meeting)
    await site.wait(meeting, 1200)
    pulse = await ask_pulse(site, meeting)
    async with page(address, meeting.client.token) as client:
        assert (await heard(client))["prompt"] == pulse
        await site.leave(meeting)
        closed, rating = await heard(client), await heard(client)
    assert (closed["type"], closed["prompt"]) == ("prompt_closed", pulse)
    assert (rating["type"], rating["moment"]) == ("prompt", "end_of_call")


async def test_nobody_hears_what_is_for_others(site: Site, address: str) -> None:
    """The last hint each page hears is its own; whatever came before it would have been heard first."""
    meeting, other = await site.session(), await site.session(episode="another")
    for one in (meeting, other):
        await site.join(one)
    tenant, key = await site.another_tenant()
    elsewhere = await site.session(key=key)
    async with contextlib.AsyncExitStack() as stack:
        tokens = [meeting.therapist.token, other.client.token, elsewhere.client.token]
        sockets = [await stack.enter_async_context(page(address, token)) for token in tokens]
        await ask_pulse(site, meeting)
        await site.settle()
        mine = [meeting.therapist, other.client, elsewhere.client]
        for person in mine:
            site.service.live.hint([("participant", person.id)], {"type": "own", "id": person.id})
        for socket, person in zip(sockets, mine, strict=True):
            own = await heard(socket)
            assert (own["type"], own["id"]) == ("own", person.id)
        # The therapist's page of another therapist, and of the same name at another clinic.
        pages = [
            await stack.enter_async_context(page(address, token))
            for token in (therapist_token(site, "t2"), therapist_token(site, "t1", tenant))
        ]
        await site.answer(meeting.client.token)
        site.service.live.hint(
            [("therapist", site.tenant, "t2"), ("therapist", tenant, "t1")], {"type": "own"}
        )
        for socket in pages:
            assert (await heard(socket))["type"] == "own"


async def test_the_therapists_page_hears_that_something_is_new_and_nothing_else(
    site: Site, address: str
) -> None:
    meeting = await site.held()
    async with page(address, therapist_token(site)) as therapist:
        await site.answer(meeting.client.token, 0)
        await site.service.updated(site.tenant, meeting.id)
        site.service.live.hint([("therapist", site.tenant, "t1")], {"type": "last"})
        messages = []
        while (message := await heard(therapist))["type"] != "last":
            messages.append(message)
    assert len(messages) >= 2
    for message in messages:
        message.pop("seq")
        assert message == {"type": "updated", "session": meeting.id, "episode": meeting.episode}


async def close_code(socket: ClientConnection) -> int | None:
    """How the service closed the connection, after whatever it had still sent."""
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionClosed):
            while await socket.recv():
                pass
        await socket.wait_closed()
    return socket.close_code


@pytest.mark.parametrize(
    "hello",
    [
        '{"type":"hello","token":"nonsense"}',
        '{"type":"hello"}',
        "not json",
        "[" * 8000,
        "[]",
        '{"token": {"a": 1}}',
        '{"token":"' + "x" * 9000 + '"}',
        b"\x00\x01",
    ],
)
async def test_a_hello_without_a_valid_token_is_closed(site: Site, address: str, hello: str | bytes) -> None:
    async with connect(f"ws://{address}/v1/live", proxy=None) as socket:
        await socket.send(hello)
        assert await close_code(socket) == live.BAD_TOKEN == 4401
    assert len(site.service.live) == 0


async def test_who_does_not_say_hello_is_closed(
    site: Site, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HELLO_SECONDS", 0.05)
    async with connect(f"ws://{address}/v1/live", proxy=None) as socket:
        assert await close_code(socket) == live.NO_HELLO == 4408


async def test_messages_that_make_no_sense_do_no_harm(site: Site, address: str) -> None:
    meeting = await site.session()
    await site.join(meeting)
    async with page(address, meeting.client.token) as client:
        for text in ("nonsense", "[]", "[" * 8000, '{"type": "ack"}', '{"type": "ack", "prompt": {"a": 1}}'):
            await client.send(text)
        await client.send(b"\xff")
        prompt = await ask_pulse(site, meeting)
        assert (await heard(client))["prompt"] == prompt


async def test_a_page_that_does_not_read_is_dropped_and_notices(site: Site, address: str) -> None:
    meeting = await site.session()
    whose = ("participant", meeting.client.id)
    async with (
        connect(f"ws://{address}/v1/live", proxy=None, max_queue=1, max_size=None) as slow,
        page(address, meeting.therapist.token) as quick,
    ):
        await slow.send(json.dumps({"type": "hello", "token": meeting.client.token}))
        await until(lambda: site.service.live.connected(whose))
        # More than every buffer on the way holds; the page reads none of it.
        padding = {"type": "padding", "text": "x" * 1_000_000}
        sent = 0
        while site.service.live.connected(whose):
            site.service.live.hint([whose], padding)
            sent += 1
            await asyncio.sleep(0)
        assert sent > BACKLOG
        assert site.service.live.hint([whose], {"type": "late"}) == 0
        await close_code(slow)
        # The others still hear.
        site.service.live.hint([("participant", meeting.therapist.id)], {"type": "own"})
        assert (await heard(quick))["type"] == "own"


async def test_pages_that_leave_are_forgotten(site: Site, address: str) -> None:
    meeting = await site.session()
    async with page(address, meeting.client.token), page(address, meeting.therapist.token):
        assert len(site.service.live) == 2
    await until(lambda: len(site.service.live) == 0)


async def test_a_vendors_key_opens_no_live_channel(site: Site, address: str) -> None:
    async with connect(f"ws://{address}/v1/live", proxy=None) as socket:
        await socket.send(json.dumps({"type": "hello", "token": site.key}))
        assert await close_code(socket) == 4401
