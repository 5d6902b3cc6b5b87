"""Starting and stopping: the error of a failed start, and a SIGTERM while pages are connected and answer."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.programs import PATIENCE, Program, running
from websockets.asyncio.client import ClientConnection, connect

from alliancekit.errors import ConfigError
from alliancekit.server.run import bind, running_on, started

SESSIONS = 12
STOP_SECONDS = 10
"""After this long a container that was told to stop is killed."""

SERVICE_RESTART = 1012
"""The WebSocket close code for *come back soon*."""


class Application:
    """An ASGI application that says how it was started and stopped, or fails."""

    def __init__(self, *, fails: str = "") -> None:
        self.fails = fails
        self.steps: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        for step in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{step}"
            self.steps.append(step)
            if step == self.fails:
                await send({"type": f"lifespan.{step}.failed", "message": ""})
                raise ConfigError("It cannot.")
            await send({"type": f"lifespan.{step}.complete"})


async def test_an_application_is_started_and_stopped_once() -> None:
    application = Application()
    async with started(application):
        assert application.steps == ["startup"]
    assert application.steps == ["startup", "shutdown"]


async def test_an_application_is_stopped_when_the_block_fails() -> None:
    application = Application()
    with pytest.raises(ZeroDivisionError):
        async with started(application):
            raise ZeroDivisionError
    assert application.steps == ["startup", "shutdown"]


async def test_what_kept_it_from_starting_is_raised_and_the_port_is_free_again() -> None:
    sock = bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    with pytest.raises(ConfigError, match="It cannot"):
        async with running_on(Application(fails="startup"), sock):
            raise AssertionError("it runs")
    bind("127.0.0.1", port).close()


async def test_an_application_that_cannot_be_started_at_all_is_not_waited_for() -> None:
    async def refuses(scope: Any, receive: Any, send: Any) -> None:
        raise ConfigError("No such thing.")

    with pytest.raises(ConfigError, match="No such thing"):
        async with started(refuses):
            raise AssertionError("it runs")


async def test_a_bound_port_is_taken_at_once() -> None:
    with closing(bind("127.0.0.1", 0)) as sock, pytest.raises(ConfigError, match="in use"):
        bind("127.0.0.1", sock.getsockname()[1])


# SIGTERM


@dataclass
class Page:
    """One participant's page: a live channel, and answers with one key for all attempts."""

    token: str
    prompt: str = ""
    answers: dict[str, dict[str, int]] = field(default_factory=dict)
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    stored: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def connect(self, url: str) -> ClientConnection:
        socket = await connect(url.replace("http", "ws", 1) + "/v1/live", compression=None)
        await socket.send(json.dumps({"type": "hello", "token": self.token, "seq": 0}))
        assert json.loads(await socket.recv())["type"] == "ready"
        return socket

    async def look(self, http: httpx.AsyncClient) -> None:
        """Get what is asked, and choose the first option everywhere."""
        prompt = (await http.get("/v1/prompts/current", headers=self.headers)).json()["prompt"]
        self.prompt = prompt["id"]
        self.answers = {
            form["name"]: {
                item["id"]: item["options"][0]["value"] if item["kind"] == "choice" else item["minimum"]
                for item in form["items"]
            }
            for form in prompt["instruments"]
        }

    async def send(self, http: httpx.AsyncClient) -> None:
        """Send the answers; a service that went away has stored them, or has not."""
        body = {"prompt": self.prompt, "answers": self.answers}
        try:
            reply = await http.post(
                "/v1/responses", json=body, headers={**self.headers, "Idempotency-Key": self.key}
            )
        except httpx.TransportError:
            return
        assert reply.status_code == 201
        self.stored = True


async def create_pages(http: httpx.AsyncClient, key: str) -> tuple[list[Page], list[str]]:
    """Two pages a session, each with an open prompt; and the sessions' episodes."""
    pages, courses = [], []
    for number in range(SESSIONS):
        people = [{"role": role, "external_id": f"{role}-{number}"} for role in ("client", "therapist")]
        body = {"external_id": f"visit-{number}", "episode": f"case-{number}", "participants": people}
        vendor = {"Authorization": f"Bearer {key}"}
        created = (await http.post("/v1/sessions", json=body, headers=vendor)).json()
        asked = await http.post(
            f"/v1/sessions/{created['id']}/prompts", json={"moment": "end_of_call"}, headers=vendor
        )
        assert len(asked.json()["prompts"]) == 2
        pages += [Page(one["token"]) for one in created["participants"]]
        courses.append(created["episode"])
    for page in pages:
        await page.look(http)
    return pages, courses


async def settled(http: httpx.AsyncClient, key: str, course: str) -> None:
    """Wait until everything that follows the answers has happened."""
    async with asyncio.timeout(PATIENCE):
        while True:
            reply = await http.get(f"/v1/episodes/{course}", headers={"Authorization": f"Bearer {key}"})
            if reply.json()["sessions"][0]["settled"]:
                return
            await asyncio.sleep(0.1)


def stored_responses(database: Path) -> Counter[str]:
    """Responses of each prompt."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT prompt, count(*) FROM response GROUP BY prompt")
        return Counter(dict(rows.fetchall()))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Program]:
    with running("serve", "--port", "0", "--json", folder=tmp_path) as program:
        yield program


async def test_a_stop_with_open_pages_is_quick_and_loses_nothing(service: Program, tmp_path: Path) -> None:
    started = service.told()
    url, key = started["url"], started["key"]
    client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=30)
    async with client as http, AsyncExitStack() as stack:
        pages, courses = await create_pages(http, key)
        sockets = [await stack.enter_async_context(await page.connect(url)) for page in pages]
        sending = [asyncio.create_task(page.send(http)) for page in pages]
        await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        assert await asyncio.to_thread(service.end, signal.SIGTERM, within=STOP_SECONDS) == 0
        await asyncio.gather(*sending)
        for socket in sockets:
            await socket.wait_closed()
            assert socket.close_code == SERVICE_RESTART
    assert "Traceback" not in service.err.read_text()

    whole = {page.prompt: len(page.answers) for page in pages}
    kept = stored_responses(tmp_path / ".alliancekit" / "alliancekit.db")
    assert any(page.stored for page in pages)
    assert {page.prompt for page in pages if page.stored} <= set(kept)
    assert all(kept[prompt] == whole[prompt] for prompt in kept), "half an answer"

    with running("serve", "--port", "0", folder=tmp_path) as again:
        url = again.said(r"AllianceKit is at (\S+)\n")
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
            for page in pages:
                await page.send(http)
            for course in courses:
                await settled(http, key, course)
        assert all(page.stored for page in pages)
        assert await asyncio.to_thread(again.end, signal.SIGTERM, within=STOP_SECONDS) == 0
    assert stored_responses(tmp_path / ".alliancekit" / "alliancekit.db") == whole
