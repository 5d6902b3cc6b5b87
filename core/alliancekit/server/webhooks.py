"""`/v1/webhooks`: where a vendor wants to be told what happened, and what became of it."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Request, Response, Security
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from alliancekit.errors import ConflictError, NotFoundError
from alliancekit.server import api, auth
from alliancekit.server.bodies import LimitedRoute
from alliancekit.server.schemas import Body
from alliancekit.service import Service
from alliancekit.store import audit
from alliancekit.store import webhooks as store
from alliancekit.store.webhooks import Endpoint, Kind

MOST = 20
"""Endpoints of one tenant."""

REPLAYED = 10_000
"""Messages that one replay may send."""

KINDS: tuple[Kind, ...] = get_args(Kind)

router = APIRouter(
    prefix="/v1",
    tags=["webhooks"],
    responses=api.REFUSALS,
    route_class=LimitedRoute,
    dependencies=[Security(api.KEY)],
)


class WebhookIn(Body):
    """A new endpoint."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    events: Annotated[tuple[Kind, ...], Field(min_length=1, max_length=10)] = KINDS


class ReplayIn(Body):
    """What to send again: one message, or all from a time on (seconds since 1970 UTC)."""

    message: Annotated[str, Field(max_length=64)] | None = None
    since: Annotated[float, Field(ge=0, le=1e11)] | None = None


class AttemptOut(BaseModel):
    """One attempt; `next_at` is when the next will be made, null when there is none."""

    message: str
    number: int
    outcome: store.Outcome
    status: int | None
    at: float
    next_at: float | None


class WebhookOut(BaseModel):
    """An endpoint and its latest attempts, the newest first."""

    id: str
    url: str
    events: tuple[Kind, ...]
    created_at: float
    disabled_at: float | None
    disabled_reason: str | None
    attempts: list[AttemptOut] = []


class WebhookCreated(WebhookOut):
    """A new endpoint with the secret that signs; it is shown only now."""

    secret: str


class WebhooksOut(BaseModel):
    """All endpoints of the tenant, oldest first."""

    webhooks: list[WebhookOut]


class SecretOut(BaseModel):
    """A new secret; the one before it signs as well until the next change."""

    secret: str


class ReplayOut(BaseModel):
    """How many messages are sent again."""

    queued: int


@router.post(
    "/webhooks", status_code=201, response_model=WebhookCreated, responses=api.CONFLICT | api.TOO_LARGE
)
async def add(request: Request, tenant: api.Tenant, body: WebhookIn) -> WebhookCreated:
    """Ask to be told; every message is signed by Standard Webhooks and sent until it is taken."""
    service = _service(request)
    await service.webhooks.check(body.url)
    now = service.clock()

    def work(conn: Connection) -> Endpoint:
        if len(store.endpoints(conn, tenant)) >= MOST:
            raise ConflictError(f"There are {MOST} webhooks already.", fix="Remove one first.")
        made = store.add_endpoint(conn, tenant, body.url, body.events, now)
        _note(conn, made, "added", now)
        return made

    made = await service.database.write(work)
    return WebhookCreated(**_shown(made).model_dump(), secret=made.secrets[0])


@router.get("/webhooks", response_model=WebhooksOut)
async def list_all(request: Request, tenant: api.Tenant) -> WebhooksOut:
    """The endpoints, whether they are disabled and why, and their latest attempts."""

    def work(conn: Connection) -> list[WebhookOut]:
        found = []
        for one in store.endpoints(conn, tenant):
            made = store.attempts(conn, tenant, one.id)
            found.append(
                _shown(one).model_copy(
                    update={"attempts": [AttemptOut.model_validate(a, from_attributes=True) for a in made]}
                )
            )
        return found

    return WebhooksOut(webhooks=await _service(request).database.read(work))


@router.delete("/webhooks/{webhook}", status_code=204, response_class=Response)
async def remove(request: Request, tenant: api.Tenant, webhook: api.Id) -> Response:
    """Tell this endpoint nothing more."""
    service = _service(request)
    now = service.clock()

    def work(conn: Connection) -> None:
        one = _own(conn, tenant, webhook)
        store.remove_endpoint(conn, tenant, webhook)
        _note(conn, one, "removed", now)

    await service.database.write(work)
    return Response(status_code=204)


@router.post("/webhooks/{webhook}/secret", response_model=SecretOut)
async def rotate(request: Request, tenant: api.Tenant, webhook: api.Id) -> SecretOut:
    """A new secret; from now on messages carry two signatures, by it and by the one before."""
    service = _service(request)
    now = service.clock()

    def work(conn: Connection) -> str:
        one = _own(conn, tenant, webhook)
        made = store.rotate_secret(conn, one)
        _note(conn, one, "secret-changed", now)
        return made

    return SecretOut(secret=await service.database.write(work))


@router.post("/webhooks/{webhook}/enable", response_model=WebhookOut)
async def enable(request: Request, tenant: api.Tenant, webhook: api.Id) -> WebhookOut:
    """Send to it again, from the next event on; what it missed is sent by a replay."""
    service = _service(request)
    now = service.clock()

    def work(conn: Connection) -> Endpoint:
        _own(conn, tenant, webhook)
        store.enable(conn, tenant, webhook)
        one = _own(conn, tenant, webhook)
        _note(conn, one, "enabled", now)
        return one

    return _shown(await service.database.write(work))


@router.post("/webhooks/{webhook}/replay", response_model=ReplayOut, responses=api.CONFLICT | api.TOO_LARGE)
async def replay(request: Request, tenant: api.Tenant, webhook: api.Id, body: ReplayIn) -> ReplayOut:
    """Send messages again, with the ids that they had: a receiver that took one knows it."""
    service = _service(request)
    now = service.clock()

    def work(conn: Connection) -> int:
        one = _own(conn, tenant, webhook)
        if one.disabled_at is not None:
            raise ConflictError("This webhook is disabled; nothing was sent.", fix="Enable it first.")
        if body.message is None:
            messages = store.messages_since(conn, tenant, body.since or 0.0)[:REPLAYED]
        else:
            found = store.read_message(conn, tenant, body.message)
            messages = () if found is None else (found,)
        wanted = [each for each in messages if each.type in one.events]
        for each in wanted:
            store.queue(conn, tenant, each.id, one.id, number=1, at=now, now=now, again=True)
        _note(conn, one, "replayed", now, messages=len(wanted))
        return len(wanted)

    queued = await service.database.write(work)
    service.relay.wake()
    return ReplayOut(queued=queued)


def _service(request: Request) -> Service:
    return auth.backend_of(request).service


def _own(conn: Connection, tenant: str, webhook: str) -> Endpoint:
    found = store.read_endpoint(conn, tenant, webhook)
    if found is None:
        raise NotFoundError("There is no such webhook.", fix="GET /v1/webhooks lists yours.")
    return found


def _shown(one: Endpoint) -> WebhookOut:
    return WebhookOut(
        id=one.id,
        url=one.url,
        events=one.events,
        created_at=one.created_at,
        disabled_at=one.disabled_at,
        disabled_reason=one.disabled_reason,
    )


def _note(conn: Connection, one: Endpoint, what: str, now: float, **details: int) -> None:
    audit.append(
        conn,
        tenant=one.tenant,
        actor="vendor",
        action=f"webhook.{what}",
        object=one.id,
        details=details,
        now=now,
    )
