"""`/client`: the pages of a client, and what they decide there."""

from __future__ import annotations

from typing import Annotated, Final, get_args

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from alliancekit.choices import Asked
from alliancekit.errors import NotAllowedError, NotFoundError, RefusedError
from alliancekit.events import Visibility
from alliancekit.languages.pages import Words
from alliancekit.server import auth, schemas
from alliancekit.server.client import build, consent, download, render
from alliancekit.server.forms import FormRoute, check_origin, form, see_other
from alliancekit.server.launches import UsedLinkError
from alliancekit.server.tokens import ClientClaims
from alliancekit.store import own, sharing, wishes
from alliancekit.store.own import Own
from alliancekit.web.rating import accepted

SECTION: Final = "client"

router = APIRouter(prefix="/client", include_in_schema=False, route_class=FormRoute)


class UnknownChoiceError(RefusedError):
    """A form names something that there is not."""

    status = 422
    slug = "no-form"


class SignedOutError(NotAllowedError):
    """Somebody without a valid cookie sent a form."""

    status = 401
    slug = "not-signed-in"


@router.get("")
async def home(request: Request, launch: str = "", done: str = "") -> Response:
    """The first page; with a launch link, sign in first and forget the link."""
    if launch:
        try:
            return await auth.launched(request, ClientClaims, launch)
        except UsedLinkError:
            return _page(render.closed(_browsers(request), reason="used"), 403)
        except NotAllowedError:
            return _page(render.closed(_browsers(request), reason="link"), 403)
    if done == "out" and _who(request) is None:
        return _page(render.closed(_browsers(request), reason="out"))
    return await _shown(request, "home")


@router.get("/answers")
async def answers(request: Request) -> Response:
    """All own answers and who sees them."""
    return await _shown(request, "answers")


@router.get("/choices")
async def choices(request: Request) -> Response:
    """When to be asked; whether a supervisor may look."""
    return await _shown(request, "choices")


@router.get("/data")
async def data(request: Request) -> Response:
    """A copy, who looked, erasure."""
    return await _shown(request, "data")


@router.get("/data.{form}")
async def copy(request: Request, form: str) -> Response:
    """The own data as a file."""
    who = _who(request)
    if who is None:
        return _page(render.closed(_browsers(request)), 401)
    service = auth.backend_of(request).service
    words = await _words(request, who)
    try:
        known = await build.course(service, who)
    except NotFoundError:
        return _page(render.gone(words), 404)
    if form == "json":
        body = download.as_json(await download.whole(service, who, known, words))
        kind = "application/json"
    elif form == "csv":
        body, kind = download.as_csv(service, known, words), "text/csv; charset=utf-8"
    else:
        return _page(render.closed(words, reason="link"), 404)
    name = f'attachment; filename="my-answers.{form}"'
    return Response(body, 200, dict(render.HEADERS) | {"Content-Disposition": name}, kind)


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """The style of the pages."""
    if name != "client.css":
        return Response("There is no such file.", 404)
    headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response((render.STATIC_DIR / name).read_bytes(), 200, headers, "text/css; charset=utf-8")


# what a client decides --------------------------------------------------------------------------------


@router.post("/answers/{response}")
async def share(
    request: Request, response: Annotated[str, Path(max_length=64, pattern=schemas.ID)]
) -> Response:
    """Change who sees an answer."""
    fields = await form(request)
    who = _signed_in(request)
    to = _one_of(fields.get("visibility"), get_args(Visibility))
    service = auth.backend_of(request).service
    now = service.clock()
    changed = await service.database.write(
        lambda conn: sharing.share(conn, who, response, to, now)  # type: ignore[arg-type]
    )
    if changed:
        service.relay.wake()
    return see_other(f"/client/answers?done=shared#{response}")


@router.post("/asked")
async def be_asked(request: Request) -> Response:
    """Choose when to be asked."""
    fields = await form(request)
    who = _signed_in(request)
    asked = _one_of(fields.get("asked"), get_args(Asked))
    service = auth.backend_of(request).service
    now = service.clock()
    closed = await service.database.write(
        lambda conn: wishes.be_asked(conn, who, asked, now)  # type: ignore[arg-type]
    )
    for one in closed:
        await service.withdraw(one.participant, one.id)
    return see_other("/client/choices?done=asked#asked")


@router.post("/supervision")
async def supervision(request: Request) -> Response:
    """Agree that a supervisor may see the course, or take it back."""
    fields = await form(request)
    who = _signed_in(request)
    service = auth.backend_of(request).service
    words, now = await _words(request, who), service.clock()
    if _one_of(fields.get("agree"), ("yes", "no")) == "no":
        await service.database.write(lambda conn: wishes.disagree(conn, who, now))
        return see_other("/client/choices?done=disagreed#supervision")
    known = await build.course(service, who)
    read = fields.get("version"), fields.get("language")
    if read != (consent.VERSION, words.language.tag) or not known.alone:
        view = build.choices(known)
        return _page(render.page("choices", words, view, error="supervision.changed"), 409)
    text = consent.kept(words)
    await service.database.write(
        lambda conn: wishes.agree(conn, who, text=text, version=consent.VERSION, now=now)
    )
    return see_other("/client/choices?done=agreed#supervision")


@router.post("/erasure")
async def erasure(request: Request) -> Response:
    """Ask for everything to be erased, or take it back."""
    fields = await form(request)
    who = _signed_in(request)
    wanted = _one_of(fields.get("wanted"), ("yes", "no")) == "yes"
    service = auth.backend_of(request).service
    now = service.clock()
    change = wishes.ask_erasure if wanted else wishes.keep_after_all
    if await service.database.write(lambda conn: change(conn, who, now)):
        service.relay.wake()
    return see_other(f"/client/data?done={'erasure' if wanted else 'kept'}#erasure")


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """The cookie is forgotten, on a device that others use too."""
    check_origin(request)
    return auth.leave(auth.backend_of(request), ClientClaims, to="/client?done=out")


# in common --------------------------------------------------------------------------------------------


async def _shown(request: Request, name: str) -> Response:
    who = _who(request)
    if who is None:
        return _page(render.closed(_browsers(request)), 401)
    service = auth.backend_of(request).service
    words = await _words(request, who)
    try:
        known = await build.course(service, who)
    except NotFoundError:
        return _page(render.gone(words), 404)
    done = request.query_params.get("done", "")
    return _page(render.page(name, words, build.view(name, service, known, words), done=done))


def _who(request: Request) -> Own | None:
    claims = auth.reader(request, ClientClaims)
    if claims is None:
        return None
    return Own(tenant=claims.tenant, episode=claims.episode, client=claims.client)


def _signed_in(request: Request) -> Own:
    who = _who(request)
    if who is None:
        raise SignedOutError(
            "You are not signed in any more; nothing was changed.", fix="Open your page again."
        )
    return who


def _one_of(value: str | None, known: tuple[str, ...]) -> str:
    if value not in known:
        raise UnknownChoiceError("There is no such choice; nothing was changed.", fix="Open the page again.")
    return value


async def _words(request: Request, who: Own) -> Words:
    """The words in the language that the client is spoken to in, else in the browser's."""
    service = auth.backend_of(request).service
    spoken = await service.database.read(lambda conn: own.language_of(conn, who))
    wanted = (spoken,) if spoken else accepted(request.headers.get("accept-language", ""))
    return Words(service.languages.find(*wanted), SECTION)


def _browsers(request: Request) -> Words:
    service = auth.backend_of(request).service
    return Words(service.languages.find(*accepted(request.headers.get("accept-language", ""))), SECTION)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, dict(render.HEADERS))
