"""The service below a path: mounted in another application, or behind a proxy; links and sockets work."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect

from alliancekit.client import Participant
from alliancekit.errors import ConfigError
from alliancekit.mounted import Mounted
from alliancekit.server.app import create_app
from alliancekit.server.below import Below
from alliancekit.server.run import bind, running_on
from alliancekit.testing import Episode
from alliancekit.testing.site import bearer, full
from alliancekit.testing.stored import write_episode
from tests.services import PLAIN, Site

PEOPLE = [Participant(role="therapist", external_id="t1"), Participant(role="client", external_id="c1")]
LINK = re.compile(r'\s(?:href|src|action|formaction)="([^"#][^"]*)"')
FORM = re.compile(r'\s(?:action|formaction)="([^"]*)"')


class Clinic:
    """A vendor's application with the service mounted, on a real port."""

    def __init__(self, port: int, folder: Path, path: str = "/alliance") -> None:
        self.url = f"http://127.0.0.1:{port}"
        plugins = {**PLAIN, "enabled": ["measures", "supportive", "strain", "bridge", "push"]}
        self.alliance = Mounted(f"{self.url}{path}", data_dir=folder, plugins=plugins)
        self.app = FastAPI(lifespan=self._lifespan)
        self.app.mount(path, self.alliance)
        self.app.get("/therapist")(lambda: "the vendor's own page")

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        async with self.alliance.running():
            self.service = self.alliance.service
            yield


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    sock = bind("127.0.0.1", 0)
    clinic = Clinic(sock.getsockname()[1], tmp_path)
    async with running_on(clinic.app, sock):
        yield clinic


async def met(clinic: Clinic) -> Any:
    """A session whose client is being asked."""
    alliance = await clinic.alliance.client("Birch Lane")
    made = await alliance.sessions.create(
        external_id="v-1", episode="e-1", participants=PEOPLE, style="supportive"
    )
    await alliance.sessions.ask(made.id, moment="end_of_call")
    return made


async def test_every_link_of_the_therapists_pages_stays_below_the_path(clinic: Clinic) -> None:
    alliance = await clinic.alliance.client("Birch Lane")
    tenant = (await alliance.tenant.get()).id
    course = Episode([80, 82, 50], therapist=[70, 70, 70])
    await clinic.service.database.write(
        lambda conn: write_episode(
            conn, tenant, clinic.service.instruments, course, name="e-0", therapist="t1", now=2e9
        )
    )
    launch = await alliance.launches.create(therapist="t1")
    assert launch.url.startswith(f"{clinic.url}/alliance/therapist?launch=")
    async with httpx.AsyncClient(follow_redirects=True) as browser:
        today = await browser.get(launch.url)
        assert (today.status_code, str(today.url)) == (200, f"{clinic.url}/alliance/therapist")
        (cookie,) = browser.cookies.jar
        assert cookie.path == "/alliance/therapist"
        live, seen, left = False, set(), {str(today.url)}
        while left:
            here = left.pop()
            seen.add(here)
            page = await browser.get(here)
            assert page.status_code == 200, here
            assert len(page.content) == int(page.headers["content-length"])
            if page.headers["content-type"].startswith("text/html"):
                assert 'content="/v1/live"' not in page.text
                for link in LINK.findall(page.text):
                    found = urljoin(here, link)
                    assert urlsplit(found).path.startswith("/alliance/"), (here, link)
                    left |= {found} - seen if link not in FORM.findall(page.text) else set()
                live |= 'content="/alliance/v1/live" data-token="' in page.text
        assert live
        assert any("/episodes/" in one for one in seen)
        assert any(".css" in one for one in seen)
        assert (await browser.get(f"{clinic.url}/therapist")).json() == "the vendor's own page"


async def test_answers_and_hints_go_below_the_path(clinic: Clinic) -> None:
    token = (await met(clinic)).of("client").token
    async with (
        connect(f"{clinic.url.replace('http', 'ws')}/alliance/v1/live") as live,
        httpx.AsyncClient(base_url=f"{clinic.url}/alliance", headers=bearer(token)) as page,
    ):
        await live.send(json.dumps({"type": "hello", "token": token, "seq": 0}))
        assert json.loads(await live.recv())["type"] == "ready"
        waiting = json.loads(await live.recv())
        prompt = (await page.get("/v1/prompts/current")).json()["prompt"]
        assert (waiting["type"], waiting["prompt"]) == ("prompt", prompt["id"])
        sent = {"prompt": prompt["id"], "answers": full(prompt)}
        stored = await page.post("/v1/responses", json=sent, headers={"Idempotency-Key": "1"})
        assert stored.status_code == 201
        assert json.loads(await live.recv())["type"] == "prompt_closed"
        assert (await page.get("/embed.js")).status_code == 200
        assert (await page.get("/openapi.json")).json()["servers"] == [{"url": "/alliance"}]
        assert (await page.get("/healthz")).json() == {"status": "ok"}


async def test_a_rating_link_finds_its_script_and_the_service(clinic: Clinic) -> None:
    link = (await met(clinic)).of("client").rating_url
    assert link.startswith(f"{clinic.url}/alliance/r/")
    async with httpx.AsyncClient() as browser:
        page = await browser.get(link)
        assert '<alliance-feedback src="/alliance/" token="' in page.text
        paths = [path for path in LINK.findall(page.text) if path.startswith("/") and path != "/alliance/"]
        assert sorted(paths) == [
            "/alliance/embed.js",
            "/alliance/r-static/rating.css",
            "/alliance/r-static/rating.js",
        ]
        for path in paths:
            assert (await browser.get(clinic.url + path)).status_code == 200
        script = (await browser.get(f"{clinic.url}/alliance/r-static/rating.js")).text
        assert '"/v1' not in script
        assert "`/v1" not in script


async def test_platforms_post_below_the_path(clinic: Clinic) -> None:
    alliance = await clinic.alliance.client("Birch Lane")
    found = {one.name: one.events_url for one in (await alliance.adapters.list()).adapters}
    assert found["push"] == f"{clinic.url}/alliance/v1/adapters/push/events"
    async with httpx.AsyncClient() as platform:
        assert (await platform.post(found["push"], content=b"{}")).status_code == 401


async def test_a_customer_is_made_once_and_its_key_ends_with_the_service(tmp_path: Path) -> None:
    ids = []
    for _ in range(2):
        alliance = Mounted("http://clinic.test/alliance", data_dir=tmp_path, plugins=PLAIN)
        with pytest.raises(ConfigError, match="does not run"):
            await alliance.client("Birch Lane")
        async with alliance.running():
            first, other = await alliance.client("Birch Lane"), await alliance.client("Elm Court")
            ids.append((await first.tenant.get()).id)
            assert (await other.tenant.get()).name == "Elm Court"
            again = await alliance.client("Birch Lane")
            assert (await again.tenant.get()).id == ids[-1]
            kept = first._http.headers["authorization"]
        with pytest.raises(RuntimeError, match="closed"):
            await first.tenant.get()
    assert ids[0] == ids[1]

    later = Mounted("http://clinic.test/alliance", data_dir=tmp_path, plugins=PLAIN)
    async with later.running(), httpx.AsyncClient(transport=httpx.ASGITransport(later)) as stranger:
        headers = {"Authorization": kept}
        reply = await stranger.get("http://clinic.test/alliance/v1/tenant", headers=headers)
        assert reply.status_code == 401


def served_at(site: Site, base_url: str, root_path: str = "") -> httpx.AsyncClient:
    app = create_app(site.service, base_url=base_url)
    transport = httpx.ASGITransport(app, root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url="http://inside.test")


@pytest.mark.parametrize("path", ["/feedback", ""], ids=["kept by the proxy", "taken off by the proxy"])
async def test_behind_a_proxy_that_serves_more(site: Site, path: str) -> None:
    async with served_at(site, "https://clinic.example/feedback") as inside:
        page = await inside.get(f"{path}/therapist")
        assert page.status_code == 401
        assert 'href="/feedback/therapist/static/' in page.text
        launch = await inside.post(f"{path}/v1/launches", json={"therapist": "t1"}, headers=bearer(site.key))
        landed = await inside.get(launch.json()["url"].replace("https://clinic.example/feedback", path))
        assert landed.headers["location"] == "/feedback/therapist"
        assert "path=/feedback/therapist;" in landed.headers["set-cookie"].lower()
        assert (await inside.get(f"{path}/feedbackish")).status_code == 404


async def test_mounted_without_saying_so_the_links_follow_the_mount(site: Site) -> None:
    async with served_at(site, "http://inside.test", root_path="/kit") as inside:
        page = await inside.get("/kit/therapist")
        assert 'href="/kit/therapist/static/' in page.text


async def test_a_form_that_is_refused_leads_back_below_the_path(site: Site) -> None:
    sent: list[Any] = []

    async def refused(scope: Any, receive: Any, send: Any) -> None:
        page = b'<a href="/kit/therapist/notes">back</a> <a class="x" href="/therapist">Today</a> href="/x'
        headers = [(b"content-type", b"text/html"), (b"location", b"/kit/therapist"), (b"x-o", b"/y")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": page[:20], "more_body": True})
        await send({"type": "http.response.body", "body": page[20:]})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/therapist", "raw_path": b"/therapist"}
    await Below(refused, "https://clinic.example/kit")(scope, send, send)
    start, page = sent
    assert dict(start["headers"])[b"location"] == b"/kit/therapist"
    assert page["body"].startswith(
        b'<a href="/kit/therapist/notes">back</a> <a class="x" href="/kit/therapist">'
    )


async def test_at_the_root_nothing_is_changed(site: Site) -> None:
    async with served_at(site, "http://inside.test") as inside:
        page = await inside.get("/therapist")
        assert 'href="/therapist/static/' in page.text
        assert "servers" not in (await inside.get("/openapi.json")).json()
