"""`/r/{link}`: the page behind a rating link, and where it lets people go on to."""

from __future__ import annotations

import logging
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from alliancekit.errors import NotAllowedError, NotFoundError, StoreError
from alliancekit.feedback import Person
from alliancekit.onward import NOWHERE, onward
from alliancekit.server import auth
from alliancekit.service import Service
from alliancekit.store import prompts
from alliancekit.store.prompts import Prompt
from alliancekit.web.rating import accepted, rating_page

log = logging.getLogger("alliancekit.server")

router = APIRouter(include_in_schema=False)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = {"Content-Security-Policy": CSP, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
STATIC_TYPES = {"rating.css": "text/css; charset=utf-8", "rating.js": "text/javascript; charset=utf-8"}


@router.get("/r/{link}")
async def rating(request: Request, link: str) -> Response:
    """The element, and nothing else, in the participant's language.

    With `next`, who has nothing to answer is sent on at once, and everybody else goes on when they like.
    """
    backend = auth.backend_of(request)
    service = backend.service
    way = onward(request.query_params.getlist("next"), service.settings.prompts.origins())
    if way.refused:
        log.warning("a rating page offers no way on: %s", way.refused)
    try:
        token = backend.token_of_link(link)
        participant = (await backend.caller(token)).participant
        asked = way == NOWHERE or await on_the_way_out(service, backend.person(token))
    except (NotAllowedError, NotFoundError):
        wanted = accepted(request.headers.get("accept-language", ""))
        return HTMLResponse(rating_page(service.languages.find(*wanted), way=way), 410, HEADERS)
    except StoreError:
        if way.address:
            return RedirectResponse(way.address, 303, HEADERS)
        raise
    if way.address and not asked:
        return RedirectResponse(way.address, 303, HEADERS)
    language = service.languages.find(participant.language if participant else "")
    return HTMLResponse(rating_page(language, token=token, way=way), 200, HEADERS)


async def on_the_way_out(service: Service, person: Person) -> bool:
    """Whether there is something to ask somebody whom their platform sent here as they left the call.

    For them the call is over, also where the other side is still there. What is asked counts as seen.

    Raises:
        StoreError: the database does not answer.
    """

    def current(conn: Connection) -> Prompt | None:
        return prompts.current_prompt(conn, person.id, service.clock())

    found = await service.database.read(current)
    if found is None:
        await service.pipeline.leaving(person.tenant, person.session, person.id)
        found = await service.database.read(current)
    if found is not None:
        await service.ladder.seen(person.tenant, found.id, "redirect")
    return found is not None


@router.get("/r-static/{name}")
async def static(name: str) -> Response:
    """Style and script of the page."""
    kind = STATIC_TYPES.get(name)
    if kind is None:
        return Response("There is no such file.", 404)
    headers = {"X-Content-Type-Options": "nosniff"}
    return Response((files("alliancekit.web") / name).read_bytes(), media_type=kind, headers=headers)
