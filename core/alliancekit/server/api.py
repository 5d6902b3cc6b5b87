"""The HTTP API that vendors and pages use; names and shapes are public."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from typing_extensions import override

from alliancekit.errors import InvalidAnswerError, RefusedError
from alliancekit.server import auth, schemas
from alliancekit.server.bodies import LimitedRoute, read_body
from alliancekit.server.problems import describe_invalid

PROBLEM = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No valid key or token", **PROBLEM},
    404: {"description": "No such thing, or another tenant's", **PROBLEM},
    422: {"description": "Not of the documented form", **PROBLEM},
}

CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "Not possible in this state", **PROBLEM}}
TOO_LARGE: dict[int | str, dict[str, Any]] = {413: {"description": "The body is too large", **PROBLEM}}

vendor = APIRouter(prefix="/v1", tags=["vendor"], responses=REFUSALS, route_class=LimitedRoute)
pages = APIRouter(prefix="/v1", tags=["pages"], responses=REFUSALS, route_class=LimitedRoute)

Tenant = Annotated[str, Depends(auth.tenant)]
Id = Annotated[str, Path(max_length=64, pattern=schemas.ID)]


class MissingKeyError(RefusedError):
    """A submission came without a usable Idempotency-Key."""

    status = 400
    slug = "idempotency-key"


class DirectRoute(APIRoute):
    """A documented route whose handler takes the bare request.

    Every answer goes through it: the framework's dependency solving costs as much as storing the answer.
    """

    @override
    def get_route_handler(self) -> Any:
        return self.endpoint


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
    """Ask for feedback now; who is being asked already is not asked twice."""
    return schemas.PromptsOut(prompts=await auth.backend_of(request).ask_now(tenant, session, body))


@vendor.get("/episodes/{episode}", response_model=dict[str, Any])
async def get_episode(request: Request, tenant: Tenant, episode: Id) -> dict[str, Any]:
    """The series with scores, signals and guidance, as far as each client allowed it to be seen."""
    return await auth.backend_of(request).episode_series(tenant, episode)


@vendor.post("/launches", status_code=201, response_model=schemas.LaunchOut, responses=TOO_LARGE)
async def launch(request: Request, tenant: Tenant, body: schemas.LaunchIn) -> schemas.LaunchOut:
    """A one-time link that opens the therapist's pages for one of your therapists."""
    return schemas.LaunchOut(url=auth.backend_of(request).launch_url(tenant, body.therapist))


@pages.get("/prompts/current", response_model=schemas.CurrentPrompt)
async def current_prompt(request: Request) -> dict[str, Any]:
    """What to ask this participant now."""
    return await auth.backend_of(request).service.feedback.current(auth.person(request))


@pages.post("/prompts/{prompt}/dismiss", status_code=204, response_class=Response, responses=TOO_LARGE)
async def dismiss(request: Request, prompt: Id, body: schemas.DismissIn) -> Response:
    """Put a prompt away."""
    await auth.backend_of(request).dismiss(auth.person(request), prompt, body.reason)
    return Response(status_code=204)


async def _respond(request: Request) -> Response:
    backend = auth.backend_of(request)
    person = auth.person(request)
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= 255:
        raise MissingKeyError(
            "The Idempotency-Key header is missing or longer than 255 characters; nothing was stored.",
            fix="Send a new random key, for instance a UUID, with every new submission.",
        )
    try:
        body = schemas.ResponseIn.model_validate_json(await read_body(request))
    except ValidationError as error:
        raise InvalidAnswerError(
            f"The answers are not of the documented form: {describe_invalid(error.errors())}."
            " Nothing was stored."
        ) from None
    saved = await backend.service.feedback.capture(person, key, body.prompt, body.answers, body.visibility)
    return Response(saved.reply, 201, media_type="application/json")


pages.add_api_route(
    "/responses",
    _respond,
    methods=["POST"],
    status_code=201,
    route_class_override=DirectRoute,
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
