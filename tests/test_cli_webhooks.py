"""`alliancekit webhooks` against a running service, as an operator uses it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.programs import run
from tests.services import MakeSite, Site, on_network

Command = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site(webhooks={"allow_networks": ["127.0.0.0/8"]})


@pytest.fixture
async def command(site: Site, tmp_path: Path) -> AsyncIterator[Command]:
    async with on_network(site) as address:

        async def ask(*arguments: str, key: str = site.key) -> subprocess.CompletedProcess[str]:
            return await asyncio.to_thread(
                run,
                "webhooks",
                *arguments,
                "--service",
                f"http://{address}",
                folder=tmp_path,
                ALLIANCEKIT_KEY=key,
            )

        yield ask


async def test_add_list_rotate_replay_remove(site: Site, command: Command) -> None:
    assert "No webhooks yet" in (await command("list")).stdout
    done = await command("add", "http://127.0.0.1:1/hooks", "--event", "session.ended", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["secret"].startswith("whsec_")
    meeting = await site.session()
    await site.post(f"/v1/sessions/{meeting.id}/end")
    await site.settle()
    shown = (await command("list")).stdout
    assert f"{made['id']}  on\n  http://127.0.0.1:1/hooks\n" in shown
    assert "told of session.ended\n" in shown
    assert re.search(r"^    msg_\S+$", shown, re.MULTILINE)
    assert "unreachable" in shown
    assert "again at" in shown
    assert made["secret"] not in shown
    found = json.loads((await command("list", "--json")).stdout)
    assert found["webhooks"][0]["attempts"][0]["outcome"] == "unreachable"
    assert "whsec_" in (await command("rotate", made["id"])).stdout
    assert "1 message is sent again" in (await command("replay", made["id"], "--since", "2020-01-01")).stdout
    assert "is on" in (await command("enable", made["id"])).stdout
    assert "removed" in (await command("remove", made["id"])).stdout
    assert "No webhooks yet" in (await command("list")).stdout


async def test_refusals_are_one_line(command: Command) -> None:
    for arguments, code in (
        (("add", "https://10.0.0.1/"), 3),
        (("remove", "whk_nothing"), 3),
        (("replay", "whk_nothing"), 2),
        (("replay", "whk_nothing", "--message", "msg_x", "--since", "2020-01-01"), 2),
    ):
        done = await command(*arguments)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
    wrong = await command("list", key="ak_wrong")
    assert wrong.returncode == 3
    assert "ak_wrong" not in wrong.stderr
    missing = await command("list", key="")
    assert missing.returncode == 3
    assert "ALLIANCEKIT_KEY" in missing.stderr


def test_no_service_is_one_line(tmp_path: Path) -> None:
    done = run("webhooks", "list", "--service", "http://127.0.0.1:1", "--key", "ak_x", folder=tmp_path)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert "does not answer" in done.stderr
