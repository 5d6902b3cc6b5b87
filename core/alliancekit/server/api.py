"""The HTTP API that vendors and pages use; names and shapes are public."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response, Security
from fastapi.security import HTTPBearer

from alliancekit.server import auth, capture, launches, schemas, series
from alliancekit.server.bodies import LimitedRoute

PROBLEM = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No valid key or token", **PROBLEM},
    404: {"description": "No such thing, or another tenant's", **PROBLEM},
    422: {"description": "Not of the documented form", **PROBLEM},
    503: {"description": "The database does not answer; try again after Retry-After seconds", **PROBLEM},
}

CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "Not possible in this state", **PROBLEM}}
TOO_LARGE: dict[int | str, dict[str, Any]] = {413: {"description": "The body is too large", **PROBLEM}}

# They document who may call; `alliancekit.server.auth` checks.
KEY = HTTPBearer(
    auto_error=False, scheme_name="tenant key", description="`ak_…`, shown when the tenant is made"
)
TOKEN = HTTPBearer(
    auto_error=False, scheme_name="participant token", description="from the answer of `POST /v1/sessions`"
)

vendor = APIRouter(
    prefix="/v1",
    tags=["vendor"],
    responses=REFUSALS,
    route_class=LimitedRoute,
    dependencies=[Security(KEY)],
)
pages = APIRouter(
    prefix="/v1",
    tags=["pages"],
    responses=REFUSALS,
    route_class=LimitedRoute,
    dependencies=[Security(TOKEN)],
)

Tenant = Annotated[str, Depends(auth.tenant)]
Id = Annotated[str, Path(max_length=64, pattern=schemas.ID)]


@vendor.post(
    "/sessions", status_code=201, response_model=schemas.SessionCreated, responses=CONFLICT | TOO_LARGE
)
async def create_session(request: Request, tenant: Tenant, body: schemas.SessionIn) -> schemas.SessionCreated:
    """Create a session, or get the one with this `external_id` again, with tokens for its participants."""
    return await auth.backend_of(request).create_session(tenant, body)


@vendor.get("/sessions/{session}", response_model=schemas.SessionOut)
async def get_session(request: Request, tenant: Tenant, session: Id) -> schemas.SessionOut:
    """A session's state: status, segments, end and how sure it is, talk balance, prompts."""
    return await auth.backend_of(request).session_state(tenant, session)


@vendor.post("/sessions/{session}/end", response_model=schemas.SessionOut)
async def end_session(request: Request, tenant: Tenant, session: Id) -> schemas.SessionOut:
    """Say that the call is over; a second time changes nothing."""
    return await auth.backend_of(request).end_session(tenant, session)


@vendor.post(
    "/sessions/{session}/prompts",
    status_code=201,
    response_model=schemas.PromptsOut,
    responses=CONFLICT | TOO_LARGE,
)
async def ask(request: Request, tenant: Tenant, session: Id, body: schemas.PromptIn) -> schemas.PromptsOut:
    """Ask for feedback now; who is being asked already is not asked twice.

    You ask by hand: no switch and no limit of the therapist's settings stops it. What the client chose does.
    """
    return schemas.PromptsOut(prompts=await auth.backend_of(request).ask_now(tenant, session, body))


@vendor.get("/prompts/{prompt}", response_model=schemas.PromptOut)
async def get_prompt(request: Request, tenant: Tenant, prompt: Id) -> schemas.PromptOut:
    """What became of a prompt, and how it was brought to its person on every rung of the delivery ladder."""
    return await auth.backend_of(request).prompt(tenant, prompt)


@vendor.post(
    "/prompts/{prompt}/send",
    response_model=schemas.Sent,
    responses=CONFLICT | TOO_LARGE | {502: {"description": "The channel failed; it was recorded", **PROBLEM}},
)
async def send_prompt(request: Request, tenant: Tenant, prompt: Id, body: schemas.SendIn) -> schemas.Sent:
    """Bring the link of an open prompt to its participant, through a channel that a plugin offers."""
    await auth.backend_of(request).send_prompt(tenant, prompt, body.channel)
    return schemas.Sent()


@vendor.get("/episodes/{episode}", response_model=series.EpisodeOut)
async def get_episode(request: Request, tenant: Tenant, episode: Id) -> dict[str, Any]:
    """The series with scores, signals and guidance, as far as each client allowed it to be seen."""
    return await auth.backend_of(request).episode_series(tenant, episode)


@vendor.get(
    "/episodes/{episode}/export",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "In that format"}},
)
async def export_episode(
    request: Request,
    tenant: Tenant,
    episode: Id,
    form: Annotated[str, Query(alias="format", max_length=64)] = "json",
) -> Response:
    """The whole episode in a format that a plugin offers, as far as each client allowed it to be seen."""
    exporter, written = await auth.backend_of(request).export(tenant, episode, form)
    headers = {
        "Content-Disposition": f'attachment; filename="{episode}.{exporter.name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(written, media_type=exporter.media_type, headers=headers)


@vendor.delete("/episodes/{episode}", response_model=schemas.EpisodeErased, responses=CONFLICT)
async def erase_episode(request: Request, tenant: Tenant, episode: Id) -> schemas.EpisodeErased:
    """Delete an episode with everything that belongs to it, for good; only audit entries stay."""
    return schemas.EpisodeErased(**await auth.backend_of(request).erase_episode(tenant, episode))


@vendor.post("/launches", status_code=201, response_model=schemas.LaunchOut, responses=TOO_LARGE)
async def launch(request: Request, tenant: Tenant, body: schemas.AnyLaunchIn) -> schemas.LaunchOut:
    """A one-time link that opens the pages of one of your therapists, clients or supervisors."""
    return schemas.LaunchOut(url=await launches.launch_url(auth.backend_of(request), tenant, body))


@pages.get("/prompts/current", response_model=schemas.CurrentPrompt)
async def current_prompt(request: Request) -> dict[str, Any]:
    """What to ask this participant now."""
    return await auth.backend_of(request).service.feedback.current(auth.person(request))


@pages.post("/prompts/{prompt}/dismiss", status_code=204, response_class=Response, responses=TOO_LARGE)
async def dismiss(request: Request, prompt: Id, body: schemas.DismissIn) -> Response:
    """Put a prompt away."""
    await auth.backend_of(request).dismiss(auth.person(request), prompt, body.reason)
    return Response(status_code=204)


@pages.post("/prompts/{prompt}/seen", status_code=204, response_class=Response, responses=TOO_LARGE)
async def seen(request: Request, prompt: Id, body: schemas.SeenIn) -> Response:
    """Confirm that the participant has a prompt before them; once per channel, again does no harm."""
    await auth.backend_of(request).seen(auth.person(request), prompt, body.channel)
    return Response(status_code=204)


async def _respond(request: Request) -> Response:
    return await capture.respond(auth.backend_of(request), request)


# Served by `capture.CaptureEndpoint` in front of the framework; this documents it.
pages.add_api_route(
    "/responses",
    _respond,
    methods=["POST"],
    status_code=201,
    response_model=schemas.ResponseStored,
    name="respond",
    summary="Store a participant's answers",
    description="Stores answers, scores, audit entry and outbox rows in one transaction; 201 means that they"
    " are on the disk. The same Idempotency-Key with the same body gives the first answer again.",
    responses=TOO_LARGE
    | {
        400: {"description": "Idempotency-Key missing", **PROBLEM},
        409: {"description": "Prompt closed, or the same key still in progress", **PROBLEM},
        422: {
            "description": "An unknown answer, or the key came with other answers",
            **PROBLEM,
        },
    },
    openapi_extra={
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schemas.ResponseIn.model_json_schema()}},
        },
    },
)
