"""`alliancekit sessions` against a running service, as a practice without a back end uses it."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.programs import run
from tests.services import MakeSite, Site, bearer, on_network

Command = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]
VISIT = ("create", "course-1", "--client", "client-17", "--therapist", "dr-3")
PAGE = "https://clinic.example/visit.html"


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site()


@pytest.fixture
async def command(site: Site, tmp_path: Path) -> AsyncIterator[Command]:
    async with on_network(site) as address:

        async def ask(*arguments: str, key: str = site.key) -> subprocess.CompletedProcess[str]:
            where = ("--service", f"http://{address}")
            return await asyncio.to_thread(
                run, "sessions", *arguments, *where, folder=tmp_path, ALLIANCEKIT_KEY=key
            )

        yield ask


async def test_each_person_gets_a_link_of_their_own_to_the_same_room(site: Site, command: Command) -> None:
    done = await command(*VISIT, "--visit", "v-1", "--language", "es", "--page", PAGE, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    links = {one["role"]: urlsplit(one["link"]) for one in made["participants"]}
    assert {one._replace(fragment="").geturl() for one in links.values()} == {PAGE}
    parts = {role: parse_qs(link.fragment) for role, link in links.items()}
    assert parts["client"]["room"] == parts["therapist"]["room"]
    assert parts["client"]["token"] != parts["therapist"]["token"]
    assert parts["client"]["role"] == ["client"]
    reply = await site.http.get("/v1/prompts/current", headers=bearer(parts["client"]["token"][0]))
    assert reply.json()["language"] == "es"
    again = json.loads((await command(*VISIT, "--visit", "v-1", "--page", PAGE, "--json")).stdout)
    assert again["id"] == made["id"]
    fragments = {one["role"]: urlsplit(one["link"]).fragment for one in again["participants"]}
    assert parse_qs(fragments["client"])["room"] == parts["client"]["room"], "nobody waits in another room"


async def test_without_a_page_the_links_ask_for_a_rating(command: Command) -> None:
    shown = (await command(*VISIT)).stdout
    assert "client: http" in shown
    assert "/r/" in shown
    assert "--page" in shown


async def test_refusals_are_one_line(command: Command) -> None:
    for arguments, key, code in (
        ((*VISIT, "--style", "no-such"), None, 3),
        (VISIT, "ak_wrong", 3),
        (("create", "course-1", "--client", "c"), None, 2),
    ):
        done = await (command(*arguments) if key is None else command(*arguments, key=key))
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        assert "eyJ" not in done.stderr
