"""`GET` and `PATCH /v1/tenant`: what a tenant settles for itself."""

from __future__ import annotations

from fastapi import APIRouter, Request, Security
from sqlalchemy import Connection

from alliancekit.choices import Switch
from alliancekit.feedback import layout_of
from alliancekit.server import api, auth, choosing, schemas
from alliancekit.server.bodies import LimitedRoute
from alliancekit.store import choices, tenants

router = APIRouter(
    prefix="/v1",
    tags=["vendor"],
    responses=api.REFUSALS,
    route_class=LimitedRoute,
    dependencies=[Security(api.KEY)],
)


@router.get("/tenant", response_model=schemas.TenantOut)
async def read(request: Request, tenant: api.Tenant) -> schemas.TenantOut:
    """Your own settings."""
    return await _shown(request, tenant)


@router.patch("/tenant", response_model=schemas.TenantOut, responses=api.TOO_LARGE)
async def change(request: Request, tenant: api.Tenant, body: schemas.TenantIn) -> schemas.TenantOut:
    """Change your own settings."""
    service = auth.backend_of(request).service
    await choosing.change_tenant(service, tenant, body.model_dump(exclude_unset=True))
    return await _shown(request, tenant)


async def _shown(request: Request, tenant: str) -> schemas.TenantOut:
    service = auth.backend_of(request).service

    def work(conn: Connection) -> tuple[tenants.Tenant | None, Switch]:
        return tenants.read_tenant(conn, tenant), choices.tenant_ratings(conn, tenant)

    found, ratings = await service.database.read(work)
    settings = {} if found is None else found.settings
    required = bool(settings.get("require_signed"))
    weak = [one.name for one in service.plugins.adapters if one.capabilities.trust != "signed"]
    return schemas.TenantOut(
        id=tenant,
        name="" if found is None else found.name,
        require_signed=required,
        layout=layout_of(settings),
        ratings=ratings,
        refused_adapters=weak if required else [],
    )
