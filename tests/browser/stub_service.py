"""A service that speaks the element's contract on loopback, and fails in every way a test asks it to.

It serves the host page under the strictest content policy the element promises to work with.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from alliancekit.languages import Languages
from alliancekit.server.frame import POLICY as FRAME_POLICY
from alliancekit.server.frame import frame_page
from alliancekit.web.embed import WEB, Embed

FRAME_FILES = {
    "frame.js": "text/javascript",
    "frame.css": "text/css",
    "frame-host.js": "text/javascript",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

PAGE_SCRIPT = """
window.heard = []; window.violations = []; window.pressed = [];
addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + " " + e.blockedURI));
for (const name of ["ready", "prompt", "answered", "queued", "dismissed", "error"]) {
  addEventListener("ak-" + name, (e) => heard.push({name: e.type, detail: e.detail}));
}
for (const name of ["keydown", "input", "change"]) {
  document.addEventListener(name, (e) => pressed.push(e.type + ":" + (e.key || "")));
}
window.feedback = document.querySelector("alliance-feedback");
window.moved = [];
window.shifts = new PerformanceObserver((list) => moved.push(...list.getEntries().map((one) => one.value)));
shifts.observe({ type: "layout-shift", buffered: true });
"""

PAGE_STYLE = (
    "body { margin: 16px; font: 16px sans-serif } main { max-width: 44rem; margin: auto }\n"
    "alliance-feedback { margin-block: 16px }\n"
    ".reserved alliance-feedback { display: block; min-block-size: 60rem }\n"
    ".grid main { display: grid; gap: 16px }\n"
    ".themed alliance-feedback { --ak-text: #777; --ak-surface: #fff }"
)


HOLDER = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Call</title>'
    '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css">'
    '<main><h1>Call</h1><div id="room"></div><button id="leave">Leave</button></main>'
    '<script type="module" src="/holder.js"></script></html>'
)
HOLDER_SCRIPT = """
import { allianceFrame } from "/frame-host.js";
window.held = allianceFrame({ src: "/", token: "good", into: document.querySelector("#room") });
"""


class Dropped(Response):
    """Ends in the middle of the answer; uvicorn then closes the connection, as a failing network does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {
            "type": "http.response.start",
            "status": 201,
            "headers": [(b"content-length", b"100")],
        }
        await send(start)
        await send({"type": "http.response.body", "body": b'{"status', "more_body": True})


@dataclass
class Failure:
    """What one request gets instead of its answer; `status` 0 drops the connection after the work."""

    status: int
    slug: str = "refused"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class StubService:
    """The state of the service, to be set and read by the test; `then`: what it asks at each later look."""

    prompt: dict[str, Any] | None = None
    then: list[dict[str, Any]] = field(default_factory=list)
    language: str = "en"
    direction: str = "ltr"
    tokens: set[str] = field(default_factory=lambda: {"good"})
    live: bool = True
    fail_current: list[Failure] = field(default_factory=list)
    fail_responses: list[Failure] = field(default_factory=list)
    hold: asyncio.Event | None = None
    url: str = ""
    looks: int = 0
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    dismissed: list[tuple[str, str]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    sockets: list[WebSocket] = field(default_factory=list)
    seq: int = 0

    def _refused(self, request: Request) -> Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return None if token in self.tokens else problem(Failure(401, "not-allowed"))

    async def page(self, request: Request) -> Response:
        """The vendor's page: a field of its own before the element, a button after it."""
        lang = request.query_params.get("lang", "en")
        look = request.query_params.get("look", "plain")
        return HTMLResponse(
            f'<!doctype html><html lang="{lang}" class="{look}"><meta charset="utf-8"><title>Call</title>'
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css">'
            '<main><label>Notes <input id="notes"></label>'
            '<alliance-feedback src="/" token="good"></alliance-feedback>'
            '<button id="leave">Leave</button></main>'
            '<script src="/page.js"></script><script type="module" src="/embed.js"></script></html>',
            headers={"Content-Security-Policy": POLICY},
        )

    async def frame(self, request: Request) -> Response:
        """The frame's page for a page of this same origin."""
        page = frame_page(Languages().find(self.language), self.url)
        return HTMLResponse(page, headers={"Content-Security-Policy": f"{FRAME_POLICY}{self.url}"})

    async def holder(self, request: Request) -> Response:
        """The vendor's page that holds the frame."""
        return HTMLResponse(HOLDER, headers={"Content-Security-Policy": f"{POLICY}; frame-src 'self'"})

    async def current(self, request: Request) -> Response:
        """GET /v1/prompts/current."""
        self.looks += 1
        if self.fail_current:
            return problem(self.fail_current.pop(0))
        body = {"prompt": self.prompt, "language": self.language, "direction": self.direction}
        self.prompt = self.then.pop(0) if self.then else self.prompt
        return self._refused(request) or JSONResponse(body)

    async def respond(self, request: Request) -> Response:
        """POST /v1/responses: idempotent by key, first answer wins."""
        key = request.headers.get("idempotency-key", "")
        body = await request.json()
        self.posts.append((key, body))
        if self.hold:
            await self.hold.wait()
        if refused := self._refused(request):
            return refused
        failure = self.fail_responses.pop(0) if self.fail_responses else None
        if failure and failure.status:
            return problem(failure)
        if not key:
            return problem(Failure(400, "refused"))
        if key in self.stored and self.stored[key] != body:
            return problem(Failure(422, "key-reused"))
        if key not in self.stored:
            if not self.prompt or self.prompt["id"] != body["prompt"]:
                return problem(Failure(409, "conflict"))
            self.stored[key] = body
            self.prompt = None
        if failure:
            return Dropped()
        answer = {"status": "stored", "responses": ["rsp_1"], "prompt": body["prompt"]}
        return JSONResponse(answer, status_code=201)

    async def dismiss(self, request: Request) -> Response:
        """POST /v1/prompts/{id}/dismiss."""
        reason = (await request.json())["reason"]
        self.dismissed.append((request.path_params["prompt"], reason))
        if reason != "later":
            self.prompt = None
        return self._refused(request) or Response(status_code=204)

    async def socket(self, websocket: WebSocket) -> None:
        """WS /v1/live."""
        if not self.live:
            await websocket.close()
            return
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            hello = await websocket.receive_json()
            self.messages.append(hello)
            if hello["token"] not in self.tokens:
                await websocket.close(4401)
                return
            await websocket.send_json({"type": "ready", "seq": self.seq})
            self.sockets.append(websocket)
            while True:
                self.messages.append(await websocket.receive_json())
        if websocket in self.sockets:
            self.sockets.remove(websocket)

    async def hint(self, kind: str, prompt: str) -> None:
        """Sends a hint to every open page."""
        self.seq += 1
        for websocket in self.sockets:
            await websocket.send_json({"type": kind, "prompt": prompt, "seq": self.seq})

    def app(self) -> Starlette:
        """The routes of the contract and of the host page."""

        async def file(request: Request) -> Response:
            body, kind = {
                "/embed.js": (Embed(Languages()).script, "text/javascript"),
                "/page.js": (PAGE_SCRIPT.encode(), "text/javascript"),
                "/page.css": (PAGE_STYLE.encode(), "text/css"),
                "/favicon.ico": (b"", "image/x-icon"),
                "/holder.js": (HOLDER_SCRIPT.encode(), "text/javascript"),
                **{f"/{name}": ((WEB / name).read_bytes(), kind) for name, kind in FRAME_FILES.items()},
            }[request.url.path]
            return Response(body, media_type=kind)

        return Starlette(
            routes=[
                Route("/", self.page),
                *(Route(path, file) for path in ("/embed.js", "/page.js", "/page.css", "/favicon.ico")),
                *(Route(f"/{name}", file) for name in ("holder.js", *FRAME_FILES)),
                Route("/holder", self.holder),
                Route("/frame", self.frame),
                Route("/v1/prompts/current", self.current),
                Route("/v1/responses", self.respond, methods=["POST"]),
                Route("/v1/prompts/{prompt}/dismiss", self.dismiss, methods=["POST"]),
                WebSocketRoute("/v1/live", self.socket),
            ]
        )


def problem(failure: Failure) -> Response:
    """An error as application/problem+json."""
    body = {"type": f"https://example.org/problems/{failure.slug}", "status": failure.status}
    return Response(
        json.dumps(body),
        status_code=failure.status,
        headers=failure.headers,
        media_type="application/problem+json",
    )


@contextlib.asynccontextmanager
async def serving(stub: StubService) -> AsyncIterator[StubService]:
    """Serves the stub on a free loopback port while the block runs; sets its `url`."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            stub.app(),
            ws="websockets-sansio",
            http="h11",
            lifespan="off",
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        stub.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110  uvicorn tells its start by this flag only
            await asyncio.sleep(0.01)
        try:
            yield stub
        finally:
            server.should_exit = True
            await task
