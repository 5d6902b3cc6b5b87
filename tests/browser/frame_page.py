"""A service, an allowed vendor and a stranger, each on an origin of its own, for the frame in a real browser.

The vendor's page runs no script but its own: it serves a copy of `frame-host.js`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
from bridge_page import without_lifespan
from playwright.async_api import Browser, BrowserContext, Frame, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.services import Meeting, Someone, bearer, meeting_of, session_body

from alliancekit.config import Settings
from alliancekit.secret_refs import SigningKey
from alliancekit.server.app import create_app
from alliancekit.server.run import bind, running_on
from alliancekit.service import Service
from alliancekit.store import tenants

PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Call</title>'
    '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css">'
    '<main><div id="room"></div><button id="leave">Leave</button></main>'
    '<script type="module" src="/page.js"></script></html>'
)
STYLE = "body { margin: 16px } #room { min-block-size: 60rem }"
SCRIPT = """
import { allianceFrame } from "/frame-host.js";
window.messages = []; window.heard = []; window.violations = []; window.moved = [];
addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + " " + e.blockedURI));
addEventListener("message", (e) => messages.push({ origin: e.origin, data: e.data }));
for (const name of ["ready", "prompt", "answered", "queued", "dismissed", "error"]) {
  addEventListener("ak-" + name, (e) => heard.push({ name: e.type, detail: e.detail }));
}
window.shifts = new PerformanceObserver((list) => moved.push(...list.getEntries().map((one) => one.value)));
shifts.observe({ type: "layout-shift", buffered: true });
window.hold = (options) => (window.held = allianceFrame({ into: document.querySelector("#room"), ...options }));
window.ready = true;
"""
ARRIVED = "window.arrived = []; addEventListener('message', (e) => arrived.push(e.data));"
"""Put into every frame before its own scripts, so that a test knows when a message was there."""


def site_of_a_vendor(service: str) -> Starlette:
    """A page that may hold frames of anybody and connect to nobody."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; frame-src *; base-uri 'none';"
        " require-trusted-types-for 'script'; trusted-types 'none'"
    )
    own = {
        "/": (PAGE, "text/html"),
        "/page.js": (SCRIPT, "text/javascript"),
        "/page.css": (STYLE, "text/css"),
        "/frame-host.js": ((files("alliancekit.web") / "frame-host.js").read_text(), "text/javascript"),
        "/empty": ("<!doctype html><title>Empty</title>", "text/html"),
    }

    async def file(request: Request) -> Response:
        body, kind = own.get(request.url.path, ("", "text/plain"))
        return Response(body, media_type=kind, headers={"Content-Security-Policy": policy})

    return Starlette(routes=[Route("/{name:path}", file)])


@dataclass
class Framing:
    """The three origins, and a browser."""

    service: Service
    http: httpx.AsyncClient
    url: str
    vendor: str
    stranger: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def meeting(self) -> Meeting:
        """A new session whose client was asked before the call."""
        made = meeting_of((await self.http.post("/v1/sessions", json=session_body())).json())
        await self.ask(made)
        return made

    async def ask(self, meeting: Meeting, moment: str = "pre_session") -> str:
        """Ask the client; the prompt's id."""
        reply = await self.http.post(f"/v1/sessions/{meeting.id}/prompts", json={"moment": moment})
        [prompt] = reply.json()["prompts"]
        return str(prompt)

    async def stored(self, meeting: Meeting) -> list[str]:
        """The moments of what was answered in a session."""
        series = (await self.http.get(f"/v1/episodes/{meeting.episode}")).json()
        return [one["moment"] for session in series["sessions"] for one in session["responses"]]

    async def open(self, origin: str = "", path: str = "/") -> Page:
        """A page of the vendor, or of another origin."""
        context = await self.browser.new_context(viewport={"width": 900, "height": 900})
        self.contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        await page.add_init_script(ARRIVED)
        await page.goto(f"{origin or self.vendor}{path}")
        if path == "/":
            await page.wait_for_function("() => window.ready")
        return page

    async def held(self, someone: Someone, **options: Any) -> tuple[Page, Frame]:
        """The vendor's page with the frame of a participant, and the frame once it asks."""
        page = await self.open()
        given = {"src": self.url, "token": someone.token, **options}
        await page.evaluate("options => { hold(options) }", given)
        return page, await asking(page)


async def asking(page: Page) -> Frame:
    """The page's frame, once it asks."""
    await page.wait_for_function("() => heard.some((one) => one.name === 'ak-prompt')")
    return page.frames[1]


async def arrived(frame: Frame | Page, message: dict[str, Any]) -> None:
    """Waits until a frame or page was sent exactly this."""
    await frame.wait_for_function(
        "wanted => arrived.some((one) => JSON.stringify(one) === wanted)",
        arg=json.dumps(message, separators=(",", ":"), ensure_ascii=False),
    )


@contextlib.asynccontextmanager
async def three_origins(browser: Browser, directory: Path) -> AsyncIterator[Framing]:
    """The service and both sites, each on a port of its own, ended with the block."""
    key = directory / "signing.key"
    key.write_text("k" * 64, encoding="utf-8")
    own, allowed, other = (bind("127.0.0.1", 0) for _ in range(3))
    url, vendor, stranger = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (own, allowed, other))
    settings = Settings(
        data_dir=directory,
        signing_keys=(SigningKey(kid="test", file=key),),
        allowed_origins=(vendor,),
    )
    service = Service(settings)
    app = create_app(service, base_url=url, allowed_origins=settings.allowed_origins)
    async with (
        running_on(app, own),
        running_on(without_lifespan(site_of_a_vendor(url)), allowed),
        running_on(without_lifespan(site_of_a_vendor(url)), other),
    ):
        _, tenant_key = await service.database.write(lambda conn: tenants.create_tenant(conn, "Clinic", 0.0))
        async with httpx.AsyncClient(base_url=url, headers=bearer(tenant_key)) as http:
            framing = Framing(service, http, url, vendor, stranger, browser)
            yield framing
            for context in framing.contexts:
                await context.close()
            assert framing.errors == []
