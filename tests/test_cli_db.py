"""`alliancekit db`: schema, backup, restore and verify as an operator uses them, and the whole drill."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import socket
from pathlib import Path

import httpx
import pytest

from tests.commands import call
from tests.programs import run
from tests.services import bearer
from tests.test_crash import Outcome, Server, clients, make_tenant, rows, up


def test_upgrade_makes_the_database_and_does_nothing_twice(tmp_path: Path) -> None:
    first = call("db", "upgrade", "--json", folder=tmp_path)
    answer = json.loads(first.stdout)
    assert first.returncode == 0
    assert (answer["before"], bool(answer["after"])) == (None, True)
    again = call("db", "upgrade", folder=tmp_path)
    assert again.returncode == 0
    assert "already" in again.stdout
    assert (tmp_path / ".alliancekit" / "alliancekit.db").stat().st_mode & 0o777 == 0o600


def test_backup_verify_restore_by_hand(tmp_path: Path) -> None:
    call("db", "upgrade", folder=tmp_path)
    assert "checked" in call("db", "backup", "copy.db", folder=tmp_path).stdout
    assert call("db", "verify", "copy.db", folder=tmp_path).stdout.startswith("Whole, at revision")
    answer = json.loads(call("db", "verify", "--json", folder=tmp_path).stdout)
    assert (answer["ok"], answer["problems"], answer["tables"]["session"]) == (True, [], 0)
    done = call("db", "restore", "copy.db", folder=tmp_path)
    assert done.returncode == 0
    assert "before-restore-1" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", "copy.db"),  # there is no database yet
        ("verify", "nothing.db"),
        ("restore", "nothing.db"),
        ("restore", "text.db"),
        ("verify", "text.db"),
        ("backup", "no-such-folder/copy.db"),
    ],
)
def test_refusals_are_one_line_and_exit_three(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "text.db").write_text("Dear diary")
    done = call("db", *arguments, folder=tmp_path)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert sorted(one.name for one in tmp_path.iterdir()) in (
        ["text.db"],
        [".alliancekit", "text.db"],
    )


def test_verify_says_what_is_wrong(tmp_path: Path) -> None:
    call("db", "upgrade", folder=tmp_path)
    call("db", "backup", "copy.db", folder=tmp_path)
    whole = (tmp_path / "copy.db").read_bytes()
    (tmp_path / "copy.db").write_bytes(whole[:5000])
    done = call("db", "verify", "copy.db", folder=tmp_path)
    assert done.returncode == 3
    assert "problem:" in done.stderr


@pytest.mark.timeout(300)
async def test_the_drill_back_up_under_load_restore_elsewhere_verify_serve(tmp_path: Path) -> None:
    """What was answered before the backup began is there afterwards, in another directory and service."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    key = await make_tenant(first)
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server, outcome, over = Server(first, port), Outcome(), asyncio.Event()
    address = f"http://127.0.0.1:{port}"
    server.start()
    try:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            await up(http, server)
        people = [
            asyncio.create_task(clients(address, outcome, key, random.Random(number), over))
            for number in range(4)
        ]
        async with asyncio.timeout(120):
            while len(outcome.stored) < 10:  # noqa: ASYNC110 - a counter tells nobody
                await asyncio.sleep(0.05)
        before = {one for responses in outcome.stored.values() for one in responses}
        settings = {"ALLIANCEKIT_DATA_DIR": str(first)}
        done = await asyncio.to_thread(run, "db", "backup", "copy.db", folder=tmp_path, **settings)
        assert done.returncode == 0, done.stderr
        over.set()
        await asyncio.gather(*people)
    finally:
        await server.stop()
    settings = {"ALLIANCEKIT_DATA_DIR": str(second)}
    for arguments in (("restore", "copy.db"), ("verify",)):
        done = await asyncio.to_thread(run, "db", *arguments, folder=tmp_path, **settings)
        assert done.returncode == 0, done.stderr
    restored = {response for (response,) in rows(second, "SELECT id FROM response")}
    assert before <= restored
    await asyncio.to_thread(shutil.rmtree, first)
    server = Server(second, port)
    server.start()
    try:
        async with httpx.AsyncClient(base_url=address, trust_env=False, headers=bearer(key)) as http:
            await up(http, server)
            episodes = [one for (one,) in rows(second, "SELECT id FROM episode LIMIT 3")]
            for episode in episodes:
                reply = await http.get(f"/v1/episodes/{episode}")
                assert reply.status_code == 200
                assert reply.json()["sessions"]
            assert (await http.get("/readyz")).status_code == 200
    finally:
        await server.stop()
