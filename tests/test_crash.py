"""The service is killed again and again while people answer: what got its 201 is stored, once and whole.

The clients do what pages do: they send a submission with its Idempotency-Key again until it is answered.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import os
import random
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from alliancekit.store import tenants
from alliancekit.store.database import open_database
from tests.services import bearer, full, meeting_of, session_body, until

KILLS = 20
SCALES = 4
"""Scales of the check-in, each with a score for every answer."""


class Server:
    """`alliancekit serve` in a process of its own; see `tests.crash_server`."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.kills = 0
        self.pid = 0
        environment = {name: value for name, value in os.environ.items() if "ALLIANCEKIT" not in name}
        environment |= {
            "ALLIANCEKIT_DATA_DIR": str(directory),
            "ALLIANCEKIT_PLUGINS": json.dumps({"disabled": ["webrtc"]}),
        }
        with (directory / "log").open("ab") as log:
            self._starter = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("crash_server.py")],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=directory,
                text=True,
            )

    def start(self) -> None:
        """Start it; the log of all starts is in one file."""
        assert self._starter.stdin is not None
        assert self._starter.stdout is not None
        self._starter.stdin.write(f"--port {self.port}\n")
        self._starter.stdin.flush()
        self.pid = int(self._starter.stdout.readline())

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self.running, f"it ended by itself:\n{self.log()}"
        os.kill(self.pid, signal.SIGKILL)
        await until(lambda: not self.running)
        self.kills += 1

    async def stop(self) -> None:
        """End it as an operator does, and what started it."""
        if self.pid and self.running:
            os.kill(self.pid, signal.SIGTERM)
            await until(lambda: not self.running)
        self._starter.communicate(timeout=30)

    def log(self) -> str:
        """The end of the log."""
        return (self.directory / "log").read_text()[-4000:]


@dataclass
class Outcome:
    """What the clients were told."""

    stored: dict[str, list[str]] = field(default_factory=dict)
    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    lost: int = 0


async def until_answered(http: httpx.AsyncClient, outcome: Outcome, *call: Any, **options: Any) -> Any:
    """Send a request until it is answered, as pages and vendors do; `lost` counts what went unanswered."""
    while True:
        try:
            reply = await http.request(*call, **options)
        except httpx.TransportError:
            outcome.lost += 1
            await asyncio.sleep(0.03)
            continue
        if reply.status_code == 409 and "in-progress" in reply.text:
            await asyncio.sleep(0.02)
            continue
        return reply


async def one_client(http: httpx.AsyncClient, outcome: Outcome, key: str, dice: random.Random) -> None:
    """A whole session of one client, from its creation to the stored answer."""
    body = session_body(external_id=secrets.token_hex(8))
    reply = await until_answered(http, outcome, "POST", "/v1/sessions", json=body, headers=bearer(key))
    assert reply.status_code == 201, reply.text
    meeting = meeting_of(reply.json())
    reply = await until_answered(http, outcome, "POST", f"/v1/sessions/{meeting.id}/end", headers=bearer(key))
    assert reply.status_code == 200, reply.text
    token = bearer(meeting.client.token)
    prompt: dict[str, Any] | None = None
    while prompt is None:
        reply = await until_answered(http, outcome, "GET", "/v1/prompts/current", headers=token)
        assert reply.status_code == 200, reply.text
        prompt = reply.json()["prompt"]
        if prompt is None:
            await asyncio.sleep(0.02)
    submission = str(uuid.UUID(int=dice.getrandbits(128)))
    reply = await until_answered(
        http,
        outcome,
        "POST",
        "/v1/responses",
        json={"prompt": prompt["id"], "answers": full(prompt, dice.randrange(5))},
        headers=token | {"Idempotency-Key": submission},
    )
    outcome.statuses[reply.status_code] += 1
    assert reply.status_code == 201, reply.text
    outcome.stored[submission] = reply.json()["responses"]


async def clients(address: str, outcome: Outcome, key: str, dice: random.Random, over: asyncio.Event) -> None:
    """One person after the other, until the kills are over."""
    async with httpx.AsyncClient(base_url=address, timeout=10, trust_env=False) as http:
        while not over.is_set():
            await one_client(http, outcome, key, dice)


async def up(http: httpx.AsyncClient, server: Server) -> None:
    """Wait until the service answers."""
    async with asyncio.timeout(60):
        while True:
            assert server.running, server.log()
            with contextlib.suppress(httpx.TransportError):
                if (await http.get("/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.02)


async def kill_and_start(server: Server, address: str, outcome: Outcome, dice: random.Random) -> None:
    """Kill the service at random moments, each time after it has answered somebody."""
    async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
        while server.kills < KILLS:
            await up(http, server)
            before = len(outcome.stored)
            await asyncio.sleep(dice.uniform(0.0, 0.4))
            if server.kills % 4 == 0:
                async with asyncio.timeout(60):
                    while len(outcome.stored) == before:  # noqa: ASYNC110 - a counter tells nobody
                        await asyncio.sleep(0.005)
            await server.kill()
            server.start()
        await up(http, server)


def rows(directory: Path, query: str) -> list[tuple[Any, ...]]:
    """Read the stopped service's file with SQLite itself."""
    with contextlib.closing(sqlite3.connect(directory / "alliancekit.db")) as connection:
        return list(connection.execute(query))


@pytest.mark.timeout(300)
async def test_no_answer_is_lost_doubled_or_half_stored(tmp_path: Path) -> None:
    seed = int(os.environ.get("CRASH_SEED", secrets.randbelow(2**32)))
    print(f"CRASH_SEED={seed}")  # pytest shows it when the test fails
    dice = random.Random(seed)
    key = await make_tenant(tmp_path)
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server(tmp_path, probe.getsockname()[1])
    address = f"http://127.0.0.1:{server.port}"
    outcome = Outcome()
    server.start()
    try:
        over = asyncio.Event()
        people = [
            asyncio.create_task(clients(address, outcome, key, random.Random(dice.random()), over))
            for _ in range(6)
        ]
        await kill_and_start(server, address, outcome, dice)
        over.set()
        await asyncio.gather(*people)
        await outbox_is_empty(tmp_path)
    finally:
        await server.stop()
    assert server.kills == KILLS
    assert outcome.lost > KILLS, "hardly anybody noticed the kills: they prove nothing"
    check_stored(tmp_path, outcome)


async def make_tenant(directory: Path) -> str:
    """Migrate the database and store a tenant before the service starts; its key."""
    from alliancekit.store.migrate import upgrade

    url = f"sqlite:///{directory / 'alliancekit.db'}"
    await asyncio.to_thread(upgrade, url)
    database = open_database(url)
    _, key = await database.write(lambda conn: tenants.create_tenant(conn, "Clinic", 0.0))
    await database.close()
    return key


async def outbox_is_empty(directory: Path) -> None:
    """After the last start everything that is queued gets done."""
    async with asyncio.timeout(90):
        while rows(directory, "SELECT 1 FROM outbox WHERE done_at IS NULL AND dead_at IS NULL LIMIT 1"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def check_stored(directory: Path, outcome: Outcome) -> None:
    assert rows(directory, "PRAGMA integrity_check") == [("ok",)]
    assert rows(directory, "PRAGMA foreign_key_check") == []
    submissions = {
        key: json.loads(reply) for key, reply in rows(directory, "SELECT key, reply FROM submission")
    }
    assert {key: one["responses"] for key, one in submissions.items()} == outcome.stored
    stored = [response for found in outcome.stored.values() for response in found]
    assert len(stored) == len(set(stored)) >= KILLS // 4
    responses = dict(rows(directory, "SELECT id, prompt FROM response"))
    assert sorted(responses) == sorted(stored)
    assert len(set(responses.values())) == len(responses), "a prompt was answered twice"
    scores = dict(rows(directory, "SELECT response, count(*) FROM score WHERE plugin = '' GROUP BY response"))
    assert scores == dict.fromkeys(stored, SCALES)
    audits = [
        response
        for (details,) in rows(directory, "SELECT details FROM audit WHERE action = 'response.stored'")
        for response in json.loads(details)["responses"]
    ]
    assert sorted(audits) == sorted(stored)
    work = [
        response
        for (payload,) in rows(directory, "SELECT payload FROM outbox WHERE kind = 'feedback_captured'")
        for response in json.loads(payload)["responses"]
    ]
    assert sorted(work) == sorted(stored)
    assert rows(directory, "SELECT kind, last_error FROM outbox WHERE dead_at IS NOT NULL") == []
    answered = {prompt for (prompt,) in rows(directory, "SELECT id FROM prompt WHERE status = 'answered'")}
    assert answered == set(responses.values())
    reviewed = {session for (session,) in rows(directory, "SELECT DISTINCT session FROM guidance")}
    assert reviewed == {session for (session,) in rows(directory, "SELECT session FROM response")}
    doubled = "SELECT participant, count(*) FROM prompt GROUP BY participant, moment HAVING count(*) > 1"
    assert rows(directory, doubled) == []
