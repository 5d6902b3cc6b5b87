"""A whole service and a vendor's call page on another origin, for the page bridge in a real browser.

The page is served under a policy that allows no inline code and nothing from anywhere but itself and the
service; the platform's JavaScript is played by `bridge_vendor/fakes.js`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Page, Request
from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.routing import Route
from tests.services import PLAIN, Meeting, Someone, bearer, meeting_of, session_body

from alliancekit.config import Settings
from alliancekit.secret_refs import SigningKey
from alliancekit.server.app import create_app
from alliancekit.server.run import bind, running_on
from alliancekit.service import Service
from alliancekit.store import presence, tenants
from alliancekit_bridge import Bridge, BridgeSettings

VENDOR = Path(__file__).with_name("bridge_vendor")
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
GRACE = 1.0


@dataclass
class Clinic:
    """The running service, the vendor's origin, and a browser."""

    service: Service
    http: httpx.AsyncClient
    url: str
    vendor: str
    browser: Browser
    contexts: list[BrowserContext]
    errors: list[str]
    tenant: str

    async def meeting(self, **fields: Any) -> Meeting:
        """A new session with a client and a therapist."""
        reply = await self.http.post("/v1/sessions", json=session_body(**fields))
        assert reply.status_code == 201, reply.text
        return meeting_of(reply.json())

    async def open(self, who: Someone | None, query: str = "", *, token: str = "", **options: Any) -> Page:
        """Open the call page as a participant; `options` are those of a browser context."""
        context = await self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        await page.goto(f"{self.vendor}/?{query}#{who.token if who else token}")
        await page.wait_for_function("() => window.ready")
        return page

    async def state(self, meeting: Meeting) -> dict[str, Any]:
        """The session as its vendor sees it."""
        reply = await self.http.get(f"/v1/sessions/{meeting.id}")
        body: dict[str, Any] = reply.json()
        return body

    async def segments(self, meeting: Meeting, role: str = "client") -> list[tuple[float, float, str]]:
        """When a role was there: (joined, left, how)."""
        found = (await self.state(meeting))["segments"]
        return [(one["joined_at"], one["left_at"], one["how"]) for one in found if one["role"] == role]

    async def speech(self, meeting: Meeting, role: str) -> list[float]:
        """How long each observed stretch of a role's speech is; seconds."""
        found = await self.service.database.read(lambda conn: presence.speech(conn, self.tenant, meeting.id))
        return [one.end - one.start for one in found if one.role == role]

    async def report(self, who: Someone, *events: dict[str, Any]) -> None:
        """Report as another page of that participant."""
        body = {"connection": f"elsewhere-{who.role}", "consent": True, "events": events}
        reply = await self.http.post("/v1/plugins/bridge/report", json=body, headers=bearer(who.token))
        assert reply.status_code == 204, reply.text

    async def ask(self, meeting: Meeting, role: str = "client") -> str:
        """Ask in the call; the prompt's id."""
        body = {"moment": "in_call", "role": role}
        reply = await self.http.post(f"/v1/sessions/{meeting.id}/prompts", json=body)
        assert reply.status_code == 201, reply.text
        [prompt] = reply.json()["prompts"]
        return str(prompt)

    async def asked(self, meeting: Meeting) -> set[str]:
        """The roles that were asked to rate the session."""
        role = {one.id: one.role for one in meeting.people}
        prompts = (await self.state(meeting))["prompts"]
        return {role[one["participant"]] for one in prompts if one["moment"] == "end_of_call"}

    async def until(self, true: Any) -> Any:
        """Wait until an asynchronous question has a true answer; the answer."""
        async with asyncio.timeout(30):
            while not (found := await true()):  # noqa: ASYNC110 - what it waits for tells nobody
                await asyncio.sleep(0.05)
            return found

    async def until_ended(self, meeting: Meeting) -> dict[str, Any]:
        """The session once it has ended and everything that follows was done."""

        async def ended() -> bool:
            return bool((await self.state(meeting))["status"] == "ended")

        await self.until(ended)
        await self.service.relay.drain()
        return await self.state(meeting)

    async def closed(self) -> None:
        """Close every page, and insist that none broke its policy or threw."""
        violations = []
        for context in self.contexts:
            for page in context.pages:
                if not page.url.startswith("about:"):
                    violations.append(await page.evaluate("violations"))
            await context.close()
        self.contexts.clear()
        assert violations == [[] for _ in violations]
        assert self.errors == []


async def both_there(clinic: Clinic, meeting: Meeting, page: Page) -> None:
    """The therapist is there from another page; the client joins by this one's platform."""
    await clinic.report(meeting.therapist, {"kind": "joined", "ago": 2_000})
    await page.evaluate("platform.join()")
    await clinic.until(lambda: clinic.segments(meeting))
    await asyncio.sleep(0.2)


async def therapist_leaves(clinic: Clinic, meeting: Meeting) -> None:
    await clinic.report(meeting.therapist, {"kind": "left", "ago": 0, "how": "left"})


async def how(clinic: Clinic, meeting: Meeting, expected: str) -> None:
    """Wait until the client's only presence has ended this way."""

    async def ended() -> bool:
        return [one[2] for one in await clinic.segments(meeting)] == [expected]

    await clinic.until(ended)


def reports_of(page: Page) -> list[dict[str, object]]:
    """The bodies of the page's reports, as they are sent from now on."""
    bodies: list[dict[str, object]] = []

    def sent(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/report") and request.post_data:
            bodies.append(json.loads(request.post_data))

    page.on("request", sent)
    return bodies


def kinds(body: dict[str, object]) -> list[str]:
    events = body["events"]
    assert isinstance(events, list)
    return [one["kind"] for one in events]


async def told(some: Sized, count: int) -> bool:
    """Whether there are this many."""
    return len(some) >= count


def vendor_app(service: str) -> Starlette:
    """The vendor's files, with the service's address put in."""
    socket = service.replace("http", "ws", 1)
    policy = (
        f"default-src 'none'; script-src 'self' {service}; style-src 'self'; connect-src {service} {socket};"
        " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )

    async def file(request: HTTPRequest) -> Response:
        path = VENDOR / (request.path_params["name"] or "call.html")
        if path.parent != VENDOR or not path.is_file():
            return Response("", 404)
        text = path.read_text(encoding="utf-8").replace("SERVICE", service)
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
        return Response(text, media_type=TYPES[path.suffix], headers=headers)

    return Starlette(routes=[Route("/{name:path}", file)])


@contextlib.asynccontextmanager
async def running_clinic(browser: Browser, directory: Path) -> AsyncIterator[Clinic]:
    """The service and the vendor, each on a port of its own, ended with the block."""
    key = directory / "signing.key"
    key.write_text("k" * 64, encoding="utf-8")
    settings = Settings(
        data_dir=directory,
        signing_keys=(SigningKey(kid="test", file=key),),
        plugins=PLAIN,
        call={"grace": GRACE, "minimum_together": 0.1},
    )
    own, others = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    url, vendor = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (own, others))
    service = Service(settings, extra=[("bridge", Bridge(BridgeSettings()))])
    app = create_app(service, base_url=url, allowed_origins=[vendor])
    async with running_on(app, own), running_on(without_lifespan(vendor_app(url)), others):
        tenant, tenant_key = await service.database.write(
            lambda conn: tenants.create_tenant(conn, "Clinic", 0.0)
        )
        async with httpx.AsyncClient(base_url=url, headers=bearer(tenant_key)) as http:
            yield Clinic(service, http, url, vendor, browser, [], [], tenant)


def without_lifespan(inner: Any) -> Any:
    """An application that needs no start; it answers the lifespan protocol and passes everything else on."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await inner(scope, receive, send)
            return
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})

    return app
