"""Pages and files: the element's script, the therapist's pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from alliancekit.errors import NotAllowedError, NotFoundError
from alliancekit.languages.pages import Words
from alliancekit.pages import PageWanted
from alliancekit.server import auth, choosing, schemas
from alliancekit.server.therapist import build, platforms, plugin_pages, reader, render, settings
from alliancekit.server.therapist.printed import SheetWords
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


@router.get("/")
async def front() -> Response:
    """Who opens the service's bare address is shown where therapists sign in."""
    return RedirectResponse(render.HOME_PATH, 307, {"Cache-Control": "no-store"})


@router.get("/therapist")
async def today(request: Request, launch: str = "", saved: str = "") -> Response:
    """Today; with a launch link, sign in first and forget the link. `saved`: what was just switched here."""
    backend = auth.backend_of(request)
    if launch:
        try:
            return await auth.launched(request, TherapistClaims, launch)
        except NotAllowedError:
            return _page(render.render_sign_in(await _words(request, None), refused=True), 403)
    claims = _therapist(request)
    if claims is None:
        return await _please_sign_in(request)
    words = await _words(request, claims)
    view = await build.caseload(backend.service, claims, _token(request), words)
    await backend.looking.noted(claims, [one.episode for one in view.entries], "today")
    chosen = await choosing.read(backend.service, claims.tenant, claims.therapist)
    ratings = settings.ratings_line(*chosen, saved=saved)
    navigation = links(backend.service, words)
    return _page(render.render_caseload(view, words, navigation=navigation, ratings=ratings))


@router.get("/therapist/episodes/{episode}")
async def episode(
    request: Request,
    episode: Annotated[str, Path(max_length=64, pattern=schemas.ID)],
    note: str = "",
    everything: Annotated[str, Query(alias="all")] = "",
    session: str = "",
) -> Response:
    """One client's page.

    `note`: the number of the session to write a note on; `all`: 1 for long lists; `session`: the number of a
    session to look at closer.
    """
    claims = _therapist(request)
    if claims is None:
        return await _please_sign_in(request)
    service = auth.backend_of(request).service
    words = await _words(request, claims)
    try:
        view = await build.episode(
            service,
            claims,
            episode,
            _token(request),
            words,
            note_on=_number(note),
            everything=everything == "1",
            opened=_number(session),
        )
    except NotFoundError:
        return _failed(words, "error.client", 404)
    await auth.backend_of(request).looking.noted(claims, [episode], "client")
    return _page(render.render_episode(view, words, navigation=links(service, words)))


@router.get("/therapist/episodes/{episode}/print")
async def supervision(
    request: Request,
    episode: Annotated[str, Path(max_length=64, pattern=schemas.ID)],
    name: str = "",
    dates: str = "",
    notes: str = "",
) -> Response:
    """A sheet for supervision; `name`, `dates` and `notes` are 1 where they are to be on it."""
    claims = _therapist(request)
    if claims is None:
        return await _please_sign_in(request)
    service = auth.backend_of(request).service
    reading = await _words(request, claims)
    words = SheetWords(reading.language, reading.section, timezone=reading.timezone)
    try:
        view = await build.episode(service, claims, episode, "", words, with_panels=False, everything=True)
    except NotFoundError:
        return _failed(reading, "error.client", 404)
    ticked = {"name": name == "1", "dates": dates == "1", "notes": notes == "1"}
    return _page(render.render_print(view, words, now=service.clock(), **ticked))


@router.get("/therapist/platforms")
async def video_platforms(request: Request) -> Response:
    """How the connections to video platforms are doing, as far as the therapist's tenant may know."""
    claims = _therapist(request)
    if claims is None:
        return await _please_sign_in(request)
    service = auth.backend_of(request).service
    alone = await service.database.read(adapter_counts.alone)
    counts = service.inbound.counts
    words = await _words(request, claims)
    view = platforms.view(
        [(one, counts.for_tenant(one.name, claims.tenant, alone=alone)) for one in service.plugins.adapters],
        alone=alone,
        now=service.clock(),
        words=words,
    )
    return _page(render.render_platforms(view, words, navigation=links(service, words)))


@router.get("/therapist/plugins/{plugin}/{path}")
async def plugin_page(request: Request, plugin: str, path: str) -> Response:
    """A page of a plugin."""
    claims = _therapist(request)
    if claims is None:
        return await _please_sign_in(request)
    service = auth.backend_of(request).service
    words = await _words(request, claims)
    page = service.plugins.pages.get((plugin, path))
    if page is None:
        return _failed(words, "error.page", 404)
    wanted = PageWanted(tenant=claims.tenant, therapist=claims.therapist, language=words.language.tag)
    here = plugin_pages.link(plugin, page, words)
    items, failure = await plugin_pages.shown(plugin, page, wanted)
    if failure:
        failed = render.render_error(
            words,
            title=here.title,
            detail=words.say("error.failed_detail", failure=failure),
            fix=words.say("error.failed_fix"),
        )
        return _page(failed, 502)
    return _page(render.render_plugin_page(here, items, words, navigation=links(service, words)))


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


async def _words(request: Request, claims: TherapistClaims | None) -> Words:
    service = auth.backend_of(request).service
    return await reader.words_of(service, claims, request.headers.get("accept-language", ""))


async def _please_sign_in(request: Request) -> Response:
    local = await auth.backend_of(request).accounts.any()
    return _page(render.render_sign_in(await _words(request, None), local=local), 401)


def _failed(words: Words, what: str, status: int) -> Response:
    """The page for what is not there, from the texts `what`, `what_detail` and `what_fix`."""
    page = render.render_error(
        words, title=words.say(what), detail=words.say(f"{what}_detail"), fix=words.say(f"{what}_fix")
    )
    return _page(page, status)


def links(service: Service, words: Words) -> tuple[Link, ...]:
    """What every page links to: pages of plugins, the video platforms, the settings, the own account."""
    own = (render.platforms_link(words), render.settings_link(words), render.account_link(words))
    return (*plugin_pages.navigation(service.plugins, words), *own)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, dict(render.HEADERS))
