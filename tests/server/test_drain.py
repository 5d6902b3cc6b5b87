"""SIGTERM under load: first not ready, then everything in hand is finished, and nothing is lost.

A real process, with answers coming in, pages connected, a plugin that never ends and a vendor's endpoint that
never answers.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.programs import PATIENCE, Program, run, running
from tests.server.test_run import SERVICE_RESTART, Page, create_pages, stored_responses

pytestmark = pytest.mark.timeout(300)

SLOW = """
import asyncio
from pathlib import Path
from alliancekit.hookspecs import AllianceHooks, hookimpl

class Slow(AllianceHooks):
    @hookimpl
    async def feedback_captured(self, event):
        Path("slow-began").touch()
        await asyncio.Event().wait()
"""


@dataclass
class Receiver:
    """A vendor's endpoint that takes messages and never answers."""

    url: str
    came: asyncio.Event


@asynccontextmanager
async def silent_receiver() -> AsyncIterator[Receiver]:
    came = asyncio.Event()
    over = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        came.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    try:
        yield Receiver(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", came)
    finally:
        over.set()
        server.close()


def slow_plugin(folder: Path) -> dict[str, str]:
    """A distribution with the slow plugin, and the settings that run it."""
    site = folder / "site"
    info = site / "slow-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "slow_plugin.py").write_text(SLOW)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[alliancekit.plugins]\nslow = slow_plugin:Slow\n")
    plugins = {"disabled": ["webrtc"], "also": ["slow"], "limits": {"call": 40, "plugins": {"slow": 30}}}
    return {
        "PYTHONPATH": str(site),
        "ALLIANCEKIT_PLUGINS": json.dumps(plugins),
        "ALLIANCEKIT_WEBHOOKS__ALLOW_NETWORKS": '["127.0.0.0/8"]',
        "ALLIANCEKIT_HEALTH__LEAVE_AFTER": "2",
        "ALLIANCEKIT_LOG__FORMAT": "json",
    }


async def until_exists(path: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)


async def until_draining(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            reply = await http.get("/readyz")
            if reply.status_code == 503 and "draining" in reply.json()["problems"]:
                return
            await asyncio.sleep(0.02)


def unfinished_leases(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT count(*) FROM outbox WHERE lease IS NOT NULL AND done_at IS NULL"
        return int(connection.execute(query).fetchone()[0])


async def keep_the_outbox_busy(
    http: httpx.AsyncClient, key: str, first: Page, receiver: Receiver, began: Path
) -> None:
    """Leave a plugin's call and a vendor's request open."""
    vendor = {"Authorization": f"Bearer {key}"}
    made = await http.post("/v1/webhooks", json={"url": receiver.url}, headers=vendor)
    assert made.status_code == 201, made.text
    people = [{"role": role, "external_id": f"{role}-x"} for role in ("client", "therapist")]
    body = {"external_id": "visit-x", "episode": "case-x", "participants": people}
    session = (await http.post("/v1/sessions", json=body, headers=vendor)).json()["id"]
    assert (await http.post(f"/v1/sessions/{session}/end", headers=vendor)).status_code == 200
    await receiver.came.wait()
    await first.send(http)
    assert first.stored
    await until_exists(began)


async def test_a_stop_under_load_loses_nothing(tmp_path: Path) -> None:
    settings = slow_plugin(tmp_path)
    with running("serve", "--port", "0", folder=tmp_path, settings=settings) as service:
        await stopped_under_load(service, tmp_path)


async def stopped_under_load(service: Program, folder: Path) -> None:
    url = service.said(r"AllianceKit is at (\S+)\n")
    key = json.loads(run("keys", "create", "--json", folder=folder).stdout)["key"]
    database = folder / ".alliancekit" / "alliancekit.db"
    client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=60)
    async with client as http, silent_receiver() as receiver, AsyncExitStack() as stack:
        pages, _ = await create_pages(http, key)
        first, *others = pages
        await keep_the_outbox_busy(http, key, first, receiver, folder / "slow-began")
        sockets = [await stack.enter_async_context(await page.connect(url)) for page in pages]

        early, late = others[:8], others[8:]
        sending = [asyncio.create_task(page.send(http)) for page in early]
        await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        service.process.send_signal(signal.SIGTERM)
        await until_draining(http)
        # It says that it leaves, and goes on serving for as long as the load balancer needs.
        assert all(socket.close_code is None for socket in sockets)
        await asyncio.gather(*sending, *(page.send(http) for page in late))
        assert all(page.stored for page in early)

        assert await asyncio.to_thread(service.process.wait, PATIENCE) == 0, "it did not end by itself"
        for socket in sockets:
            await socket.wait_closed()
            assert socket.close_code == SERVICE_RESTART, "pages would not come back"

    kept = stored_responses(database)
    for page in pages:
        if page.stored:
            assert kept[page.prompt] == len(page.answers)
    assert unfinished_leases(database) == 0
    lines = [json.loads(line) for line in service.out.read_text().splitlines()]
    assert not any(line["level"] in ("ERROR", "CRITICAL") for line in lines), lines
    assert "Traceback" not in service.err.read_text()
