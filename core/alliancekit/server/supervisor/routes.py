"""`/supervisor`: the pages of a supervisor; `PUT` and `GET /v1/supervisors/{id}`: whose work they look at."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response, Security
from fastapi.responses import HTMLResponse

from alliancekit.errors import NotAllowedError, NotFoundError
from alliancekit.languages.pages import Words
from alliancekit.server import api, auth, schemas
from alliancekit.server.bodies import LimitedRoute
from alliancekit.server.launches import UsedLinkError
from alliancekit.server.supervisor import build, render
from alliancekit.server.tokens import SupervisorClaims
from alliancekit.store import supervision
from alliancekit.web.rating import accepted

SECTION: Final = "supervisor"

router = APIRouter(prefix="/supervisor", include_in_schema=False)
vendor = APIRouter(
    prefix="/v1",
    tags=["vendor"],
    responses=api.REFUSALS,
    route_class=LimitedRoute,
    dependencies=[Security(api.KEY)],
)

Supervisor = Annotated[str, Path(min_length=1, max_length=200, pattern=schemas.EXTERNAL)]


@vendor.put("/supervisors/{supervisor}", response_model=schemas.SupervisorOut, responses=api.TOO_LARGE)
async def assign(
    request: Request, tenant: api.Tenant, supervisor: Supervisor, body: schemas.SupervisorIn
) -> schemas.SupervisorOut:
    """Say whose work a supervisor looks at; they see only cases whose clients agree."""
    service = auth.backend_of(request).service
    now = service.clock()
    therapists = await service.database.write(
        lambda conn: supervision.assign(conn, tenant, supervisor, body.therapists, now)
    )
    return schemas.SupervisorOut(supervisor=supervisor, therapists=list(therapists))


@vendor.get("/supervisors/{supervisor}", response_model=schemas.SupervisorOut)
async def assigned(request: Request, tenant: api.Tenant, supervisor: Supervisor) -> schemas.SupervisorOut:
    """Whose work a supervisor looks at; nobody's where you never said it."""
    service = auth.backend_of(request).service
    therapists = await service.database.read(lambda conn: supervision.therapists_of(conn, tenant, supervisor))
    return schemas.SupervisorOut(supervisor=supervisor, therapists=list(therapists))


# the pages --------------------------------------------------------------------------------------------


@router.get("")
async def cases(request: Request, launch: str = "") -> Response:
    """All cases; with a launch link, sign in first and forget the link."""
    words = _words(request)
    if launch:
        try:
            return await auth.launched(request, SupervisorClaims, launch)
        except UsedLinkError:
            return _page(render.closed(words, reason="used"), 403)
        except NotAllowedError:
            return _page(render.closed(words, reason="link"), 403)
    claims = auth.reader(request, SupervisorClaims)
    if claims is None:
        return _page(render.closed(words), 401)
    service = auth.backend_of(request).service
    return _page(render.cases(words, await build.cases(service, claims, words)))


@router.get("/cases/{name}")
async def case(request: Request, name: Annotated[str, Path(max_length=16)]) -> Response:
    """One case."""
    words = _words(request)
    claims = auth.reader(request, SupervisorClaims)
    if claims is None:
        return _page(render.closed(words), 401)
    try:
        view = await build.case(auth.backend_of(request).service, claims, name, words)
    except NotFoundError:
        return _page(render.gone(words), 404)
    return _page(render.case(words, view))


@router.get("/rules")
async def rules(request: Request) -> Response:
    """What the findings mean, for training."""
    words = _words(request)
    if auth.reader(request, SupervisorClaims) is None:
        return _page(render.closed(words), 401)
    return _page(render.rules(words, build.lessons(auth.backend_of(request).service)))


def _words(request: Request) -> Words:
    service = auth.backend_of(request).service
    return Words(service.languages.find(*accepted(request.headers.get("accept-language", ""))), SECTION)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, dict(render.HEADERS))
