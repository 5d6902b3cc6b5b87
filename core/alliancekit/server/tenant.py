"""`GET` and `PATCH /v1/tenant`: what a tenant settles for itself."""

from __future__ import annotations

from fastapi import APIRouter, Request, Security
from sqlalchemy import Connection

from alliancekit.feedback import layout_of
from alliancekit.server import api, auth, schemas
from alliancekit.server.bodies import LimitedRoute
from alliancekit.store import audit, tenants

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
    now = auth.backend_of(request).service.clock()
    changes = body.model_dump(exclude_unset=True)

    def work(conn: Connection) -> None:
        tenants.change_settings(conn, tenant, changes)
        audit.append(
            conn,
            tenant=tenant,
            actor="vendor",
            action="tenant.changed",
            object=tenant,
            details=changes,
            now=now,
        )

    await auth.backend_of(request).service.database.write(work)
    return await _shown(request, tenant)


async def _shown(request: Request, tenant: str) -> schemas.TenantOut:
    service = auth.backend_of(request).service
    found = await service.database.read(lambda conn: tenants.read_tenant(conn, tenant))
    settings = {} if found is None else found.settings
    required = bool(settings.get("require_signed"))
    weak = [one.name for one in service.plugins.adapters if one.capabilities.trust != "signed"]
    return schemas.TenantOut(
        id=tenant,
        name="" if found is None else found.name,
        require_signed=required,
        layout=layout_of(settings),
        refused_adapters=weak if required else [],
    )
