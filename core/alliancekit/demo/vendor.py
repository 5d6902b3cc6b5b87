"""The demo's small telehealth product: a room, its signalling, and the vendor's side of the HTTP API.

It uses AllianceKit as any vendor would, by its tenant key over HTTP. Loopback only.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

PAGES = files("alliancekit.demo") / "pages"
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self' ws:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
THERAPIST = "demo-therapist"
CLIENT = "demo-client"
EPISODE = "demo-episode"


class Vendor:
    """The product's server: creates sessions, hands out tokens, relays the signalling of the two pages."""

    def __init__(self, service_url: str, key: str, *, style: str = "task_oriented") -> None:
        self._http = httpx.AsyncClient(
            base_url=service_url, headers={"Authorization": f"Bearer {key}"}, timeout=10, trust_env=False
        )
        self._style = style
        self._current: dict[str, Any] | None = None
        self._seats: dict[str, str] = {}
        self._sockets: dict[str, WebSocket] = {}

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()

    async def create_session(self, external_id: str) -> dict[str, Any]:
        """Create a session for the demo's two people; the service's answer."""
        reply = await self._http.post(
            "/v1/sessions",
            json={
                "external_id": external_id,
                "episode": EPISODE,
                "style": self._style,
                "adapter": "webrtc",
                "participants": [
                    {"role": "therapist", "external_id": THERAPIST},
                    {"role": "client", "external_id": CLIENT},
                ],
            },
        )
        reply.raise_for_status()
        created: dict[str, Any] = reply.json()
        return created

    async def session(self, session: str) -> dict[str, Any]:
        """The service's view of a session."""
        reply = await self._http.get(f"/v1/sessions/{session}")
        reply.raise_for_status()
        state: dict[str, Any] = reply.json()
        return state

    async def episode(self, episode: str) -> dict[str, Any]:
        """The service's view of an episode: the series with scores, signals, guidance."""
        reply = await self._http.get(f"/v1/episodes/{episode}")
        reply.raise_for_status()
        series: dict[str, Any] = reply.json()
        return series

    async def end_session(self, session: str) -> None:
        """Tell the service that the call is over."""
        (await self._http.post(f"/v1/sessions/{session}/end")).raise_for_status()

    async def ask_pulse(self, session: str) -> list[str]:
        """Ask the client for a pulse now; the new prompts' ids."""
        reply = await self._http.post(
            f"/v1/sessions/{session}/prompts", json={"moment": "in_call", "role": "client"}
        )
        reply.raise_for_status()
        prompts: list[str] = reply.json()["prompts"]
        return prompts

    async def launch(self) -> str:
        """A one-time link to the therapist's page."""
        reply = await self._http.post("/v1/launches", json={"therapist": THERAPIST})
        reply.raise_for_status()
        return str(reply.json()["url"])

    # pages ---------------------------------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        name = str(request.path_params.get("name", "index.html"))
        if name == "call":
            name = "call.html"
        suffix = name.rpartition(".")[2]
        if suffix not in TYPES or "/" in name or not (PAGES / name).is_file():
            return Response("There is no such page in the demo.", 404)
        headers = {
            "Content-Security-Policy": CSP,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        }
        return Response((PAGES / name).read_bytes(), media_type=TYPES[suffix], headers=headers)

    async def _join(self, request: Request) -> Response:
        role = (await request.json()).get("role")
        if role not in ("client", "therapist"):
            return JSONResponse({"detail": "role must be client or therapist"}, 422)
        current = self._current
        if current is None or (await self.session(current["id"]))["status"] == "ended":
            current = self._current = await self.create_session(f"demo-{secrets.token_hex(4)}")
        person = next(p for p in current["participants"] if p["role"] == role)
        seat = secrets.token_urlsafe(24)
        self._seats[seat] = role
        return JSONResponse({"session": current["id"], "token": person["token"], "seat": seat})

    async def _end(self, request: Request) -> Response:
        await self.end_session(await self._session_of(request))
        return Response(status_code=204)

    async def _pulse(self, request: Request) -> Response:
        return JSONResponse({"prompts": await self.ask_pulse(await self._session_of(request))})

    async def _pulse_status(self, request: Request) -> Response:
        """What became of a pulse (open, answered, dismissed, …); never what was answered."""
        asked = str((await request.json()).get("prompt", ""))
        state = await self.session(await self._session_of(request))
        status = next((one["status"] for one in state["prompts"] if one["id"] == asked), "cancelled")
        return JSONResponse({"status": status})

    async def _session_of(self, request: Request) -> str:
        return str((await request.json()).get("session", ""))

    async def _therapist(self, _: Request) -> Response:
        return RedirectResponse(await self.launch(), 303)

    # signalling ----------------------------------------------------------------------------------------

    async def _signal(self, socket: WebSocket) -> None:
        await socket.accept()
        role = ""
        try:
            hello = json.loads(await socket.receive_text())
            role = self._seats.get(str(hello.get("token")), "")
            if not role:
                await socket.close(4401)
                return
            await self._sit(role, socket)
            while True:
                await self._relay(role, json.loads(await socket.receive_text()))
        except (WebSocketDisconnect, ValueError):
            # The page left, or sent what is not JSON: either way its seat is free again.
            return
        finally:
            if role and self._sockets.get(role) is socket:
                del self._sockets[role]
                await self._relay(role, {"type": "peer", "here": False})

    async def _sit(self, role: str, socket: WebSocket) -> None:
        self._sockets[role] = socket
        await self._relay(role, {"type": "peer", "here": True})
        if len(self._sockets) == 2:
            await socket.send_text(json.dumps({"type": "peer", "here": True}))

    async def _relay(self, role: str, message: Mapping[str, Any]) -> None:
        other = self._sockets.get("client" if role == "therapist" else "therapist")
        if other is not None:
            try:
                await other.send_text(json.dumps(message))
            except (WebSocketDisconnect, RuntimeError):
                # It closed a moment ago; its own handler frees the seat.
                return

    def app(self) -> Starlette:
        """The product as an ASGI application."""
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/demo/join", self._join, methods=["POST"]),
                Route("/demo/end", self._end, methods=["POST"]),
                Route("/demo/pulse", self._pulse, methods=["POST"]),
                Route("/demo/pulse/status", self._pulse_status, methods=["POST"]),
                Route("/demo/therapist", self._therapist),
                WebSocketRoute("/demo/signal", self._signal),
                Route("/demo/{name}", self._page),
            ],
            # A page elsewhere must not reach the demo through a name that resolves to this machine.
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        )
