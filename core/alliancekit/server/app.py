"""The ASGI application: routes, live channel, plugin routes, start and stop."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from typing_extensions import override

from alliancekit.adapters import Caller, Route, RouteRequest
from alliancekit.errors import NotFoundError
from alliancekit.server import (
    api,
    auth,
    course,
    frame,
    health,
    inbound,
    pages,
    problems,
    rating,
    settings_page,
    sign_in,
    sockets,
    tenant,
    therapists,
    webhooks,
)
from alliancekit.server.backend import Backend
from alliancekit.server.below import Below, Message, Receive, Send
from alliancekit.server.bodies import read_body
from alliancekit.server.callers import Limited, Observed, know_routes
from alliancekit.server.capture import CaptureEndpoint
from alliancekit.server.client import routes as client
from alliancekit.server.control import ControlSocket
from alliancekit.server.live import LiveEndpoint
from alliancekit.server.origins import Origins
from alliancekit.server.signed_in import SignedIn
from alliancekit.server.supervisor import routes as supervisor
from alliancekit.service import Service

VERSION = "0.1.0"


class Application(LiveEndpoint):
    """The whole, for an ASGI server; `framework` is the FastAPI application inside."""

    def __init__(self, framework: FastAPI, front: Any, backend: Backend) -> None:
        super().__init__(front, backend)
        self.framework = framework
        self.backend = backend
        self._below = Below(super().__call__, backend.base_url)

    @override
    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await self._below(scope, receive, send)


def create_app(service: Service, *, base_url: str, allowed_origins: Sequence[str] = ()) -> Application:
    """The application of a service; starting it starts the service.

    Args:
        service: not yet started.
        base_url: how browsers reach it, without a slash at the end; it may have a path.
        allowed_origins: origins of vendors' pages that may call the API from a browser.
    """
    backend = Backend(service, base_url)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        control = ControlSocket(service.settings.data_dir, backend.operator)
        try:
            if service.settings.on_one_machine():
                await control.start()
            yield
        finally:
            await control.close()
            await service.stop()

    app = FastAPI(
        title="AllianceKit",
        version=VERSION,
        summary="Asks client and therapist how the working relationship is going.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        servers=[{"url": path}] if (path := urlsplit(base_url).path) else None,
    )
    app.state.backend = backend
    problems.install(app)
    # `/v1/prompts/current` has to be found before `/v1/prompts/{prompt}`.
    app.include_router(api.pages)
    app.include_router(api.vendor)
    app.include_router(tenant.router)
    app.include_router(therapists.router)
    app.include_router(webhooks.router)
    app.include_router(pages.router)
    app.include_router(course.router)
    app.include_router(settings_page.router)
    app.include_router(sign_in.router)
    app.include_router(rating.router)
    app.include_router(client.router)
    app.include_router(supervisor.router)
    app.include_router(supervisor.vendor)
    app.include_router(health.router)
    app.include_router(frame.router)
    inbound.install(app)
    sockets.install(app)
    for plugin, route in service.plugins.routes:
        _add_plugin_route(app, plugin, route)
    know_routes(app)
    front: Any = Limited(CaptureEndpoint(SignedIn(app, backend), backend), service)
    front = Origins(
        front,
        allow_origins=list(allowed_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        expose_headers=["Retry-After"],
        allow_credentials=False,
    )
    front = Observed(front, service.metrics, log_requests=service.settings.log.requests)
    return Application(app, front, backend)


def _add_plugin_route(app: FastAPI, plugin: str, route: Route) -> None:
    app.add_route(
        f"/v1/plugins/{plugin}/{route.path.lstrip('/')}",
        partial(_call_plugin_route, plugin, route),
        methods=[route.method],
        include_in_schema=False,
    )


async def _call_plugin_route(plugin: str, route: Route, request: Request) -> Response:
    backend = auth.backend_of(request)
    if not backend.service.plugins.runs(plugin):
        raise NotFoundError(
            f"The plugin {plugin} does not run.", fix="The operator sees why with `alliancekit plugins list`."
        )
    caller = Caller(tenant="")
    if route.auth == "participant":
        caller = await backend.caller(auth.bearer(request))
    reply = await route.handler(
        RouteRequest(
            caller=caller,
            body=await read_body(request, route.max_body),
            headers=dict(request.headers),
            query=dict(request.query_params),
        )
    )
    return Response(reply.body, reply.status, dict(reply.headers), reply.content_type)


def openapi(app: Application) -> dict[str, Any]:
    """The OpenAPI document of an application made by `create_app`."""
    document: dict[str, Any] = app.framework.openapi()
    return document
