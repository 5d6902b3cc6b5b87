"""Pages and files: the element's script, the therapist's pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from alliancekit.errors import NotAllowedError, NotFoundError
from alliancekit.pages import PageWanted
from alliancekit.server import auth, schemas
from alliancekit.server.therapist import build, platforms, plugin_pages, render
from alliancekit.server.therapist.views import Link
from alliancekit.server.tokens import TherapistClaims
from alliancekit.service import Service
from alliancekit.store import adapter_counts

router = APIRouter(include_in_schema=False)

JAVASCRIPT = "text/javascript; charset=utf-8"
STATIC_TYPES = {"css": "text/css; charset=utf-8", "js": JAVASCRIPT, "svg": "image/svg+xml"}


@router.get("/embed.js")
async def embed(request: Request) -> Response:
    """The custom element's script."""
    made = auth.backend_of(request).embed
    headers = {
        "ETag": made.etag,
        "Cache-Control": "public, max-age=300",
        # A vendor's page on another origin loads it with an integrity attribute, which needs CORS.
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if known & {headers["ETag"], "*"}:
        return Response(status_code=304, headers=headers)
    return Response(made.script, media_type=JAVASCRIPT, headers=headers)


# the therapist's pages --------------------------------------------------------------------------------


@router.get("/therapist")
async def today(request: Request, launch: str = "") -> Response:
    """Today; with a launch link, sign in first and forget the link."""
    backend = auth.backend_of(request)
    if launch:
        try:
            return await auth.launched(request, TherapistClaims, launch)
        except NotAllowedError as error:
            return _page(render.render_sign_in(reason=error.message), 403)
    claims = _therapist(request)
    if claims is None:
        return _page(render.render_sign_in(), 401)
    view = await build.caseload(backend.service, claims, _token(request))
    return _page(render.render_caseload(view, navigation=_links(backend.service)))


@router.get("/therapist/episodes/{episode}")
async def episode(
    request: Request, episode: Annotated[str, Path(max_length=64, pattern=schemas.ID)], note: str = ""
) -> Response:
    """One client's page; `note` is the number of the session whose private note is to be written."""
    claims = _therapist(request)
    if claims is None:
        return _page(render.render_sign_in(), 401)
    service = auth.backend_of(request).service
    try:
        view = await build.episode(service, claims, episode, _token(request), note_on=_number(note))
    except NotFoundError:
        page = render.render_error(
            title="No such client",
            detail="There is no such client among yours.",
            fix="Go back to Today and choose from your list.",
        )
        return _page(page, 404)
    return _page(render.render_episode(view, navigation=_links(service)))


@router.get("/therapist/platforms")
async def video_platforms(request: Request) -> Response:
    """How the connections to video platforms are doing, as far as the therapist's tenant may know."""
    claims = _therapist(request)
    if claims is None:
        return _page(render.render_sign_in(), 401)
    service = auth.backend_of(request).service
    alone = await service.database.read(adapter_counts.alone)
    counts = service.inbound.counts
    view = platforms.view(
        [(one, counts.for_tenant(one.name, claims.tenant, alone=alone)) for one in service.plugins.adapters],
        alone=alone,
        now=service.clock(),
    )
    return _page(render.render_platforms(view, navigation=_links(service)))


@router.get("/therapist/plugins/{plugin}/{path}")
async def plugin_page(request: Request, plugin: str, path: str) -> Response:
    """A page of a plugin."""
    claims = _therapist(request)
    if claims is None:
        return _page(render.render_sign_in(), 401)
    plugins = auth.backend_of(request).service.plugins
    page = plugins.pages.get((plugin, path))
    if page is None:
        gone = render.render_error(
            title="No such page",
            detail="There is no such page, or the plugin that brought it does not run any more.",
            fix="Go back to Today.",
        )
        return _page(gone, 404)
    wanted = PageWanted(tenant=claims.tenant, therapist=claims.therapist, language=build.LANGUAGE)
    items, failure = await plugin_pages.shown(plugin, page, wanted)
    if failure:
        failed = render.render_error(
            title=page.title,
            detail=f"This page could not be made ({failure}). It is a technical fault; nothing was changed.",
            fix="Try again later, or tell the people who run this service.",
        )
        return _page(failed, 502)
    links = _links(auth.backend_of(request).service)
    here = plugin_pages.link(plugin, page)
    return _page(render.render_plugin_page(here, items, navigation=links))


@router.get("/therapist/static/{name}")
async def static(name: str) -> Response:
    """Style, script and icon of the therapist's pages."""
    path = render.STATIC_DIR / name
    kind = STATIC_TYPES.get(name.rpartition(".")[2])
    if kind is None or "/" in name or not path.is_file():
        return Response("There is no such file.", 404)
    headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response(path.read_bytes(), media_type=kind, headers=headers)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _token(request: Request) -> str:
    return auth.cookie(request, TherapistClaims)


def _therapist(request: Request) -> TherapistClaims | None:
    return auth.reader(request, TherapistClaims)


def _links(service: Service) -> tuple[Link, ...]:
    """What every page links to: the video platforms, and pages of plugins."""
    return (*plugin_pages.navigation(service.plugins), render.PLATFORMS)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, dict(render.HEADERS))
