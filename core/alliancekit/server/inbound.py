"""`POST /v1/adapters/{name}/events`: what video platforms post; `GET /v1/adapters`: how they are doing.

A platform's message is read raw: its signature is over the bytes, and over the address that the platform was
given, which is the configured public one (`Host` says what the sender likes).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.requests import HTTPConnection

from alliancekit.adapters import Adapter, RawRequest, WebhookAdapter
from alliancekit.errors import NotFoundError
from alliancekit.server import api, auth, problems, schemas
from alliancekit.server.bodies import TooLargeError, read_body
from alliancekit.store import adapter_counts

PATH = "/v1/adapters/{name}/events"

NAME = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": "the adapter, as `GET /v1/adapters` names it",
    "schema": {"type": "string"},
}


def install(app: FastAPI) -> None:
    """Add the routes."""
    app.add_api_route(
        PATH,
        events,
        methods=["POST"],
        tags=["platforms"],
        summary="What a video platform posts",
        description="The address to enter at the platform. Body and signature are the platform's own."
        " Messages may come twice, late and in any order. 503: nothing was taken, send it again.",
        response_class=Response,
        responses={
            **{status: api.REFUSALS[status] for status in (401, 404, 503)},
            **api.TOO_LARGE,
            400: {"description": "Not what the adapter can read", **api.PROBLEM},
        },
        openapi_extra={"parameters": [NAME]},
    )
    # Some platforms add what happened to the address that they were given.
    app.add_route(PATH + "/{what:path}", events, methods=["POST"], include_in_schema=False)
    # Some platforms try the address with another method before they use it.
    app.add_route(PATH, events, methods=["GET", "HEAD"], include_in_schema=False)


async def events(request: Request) -> Response:
    """Take or refuse one message of a platform."""
    backend = auth.backend_of(request)
    inbound = backend.service.inbound
    adapter = inbound.adapter(request.path_params["name"])
    if adapter is None:
        raise NotFoundError(
            "No adapter of this name takes messages here.",
            fix="`alliancekit adapters list` shows which do; enable its plugin.",
        )
    try:
        body = await _body(request, adapter.max_body)
    except TooLargeError:
        reply = inbound.refuse(adapter, "too_large")
    else:
        reply = await inbound.take(adapter, raw(request, backend.base_url, body))
    if reply.reason and reply.status >= 400:
        return problems.problem(reply.status, reply.reason.replace("_", "-"), "The message was not taken.")
    return Response(reply.body, reply.status, dict(reply.headers), reply.content_type)


async def _body(request: Request, limit: int) -> bytes:
    """The body; a length that is said to be too large is believed without reading."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and (len(said) > len(str(limit)) or int(said) > limit):
        raise TooLargeError(f"The body is larger than {limit} bytes; nothing was done.", fix="Send less.")
    return await read_body(request, limit)


def raw(request: HTTPConnection, base_url: str, body: bytes) -> RawRequest:
    """A request as its platform signed it, under the public address."""
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in request.scope["headers"]:
        key = name.decode("latin-1").lower()
        headers[key] = (*headers.get(key, ()), value.decode("latin-1"))
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope.get("query_string", b"")
    url = base_url + path.decode("latin-1") + ("?" + query.decode("latin-1") if query else "")
    return RawRequest(method=request.scope.get("method", "GET"), url=url, headers=headers, body=body)


@api.vendor.get("/adapters", response_model=schemas.AdaptersOut)
async def adapters(request: Request, tenant: api.Tenant) -> schemas.AdaptersOut:
    """The video platforms that are connected, what each can do, and what came of what they posted."""
    backend = auth.backend_of(request)
    service, alone = backend.service, await backend.service.database.read(adapter_counts.alone)
    shown = []
    for one in service.plugins.adapters:
        doing = service.inbound.counts.for_tenant(one.name, tenant, alone=alone)
        shown.append(_shown(backend.base_url, one, asdict(doing)))
    return schemas.AdaptersOut(adapters=shown)


def _shown(base_url: str, adapter: Adapter, doing: dict[str, Any]) -> schemas.AdapterOut:
    posts = isinstance(adapter, WebhookAdapter)
    return schemas.AdapterOut(
        name=adapter.name,
        title=adapter.title or adapter.name,
        capabilities=asdict(adapter.capabilities),
        events_url=base_url + PATH.format(name=adapter.name) if posts else None,
        **doing,
    )
