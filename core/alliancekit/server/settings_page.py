"""`/therapist/settings`: what a therapist switches and chooses, by forms that work without JavaScript."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from alliancekit.server import auth, choosing
from alliancekit.server.forms import FormRoute, NoFormError, form, see_other
from alliancekit.server.live import PATH as LIVE_PATH
from alliancekit.server.pages import links
from alliancekit.server.therapist import reader, render, settings
from alliancekit.server.therapist.settings import PATH, RATINGS_PATH, SECTION
from alliancekit.server.therapist.views import Live
from alliancekit.server.tokens import TherapistClaims

router = APIRouter(include_in_schema=False, route_class=FormRoute)

BACK: Final = {"today": render.HOME_PATH, "settings": PATH}
"""Where the switch for the questions after calls stands."""


@router.get(PATH)
async def show(request: Request, saved: str = "") -> Response:
    """The page; `saved` says what was saved just before."""
    claims = auth.reader(request, TherapistClaims)
    if claims is None:
        words = await reader.words_of(
            auth.backend_of(request).service, None, request.headers.get("accept-language", "")
        )
        return _page(render.render_sign_in(words), 401)
    return await _shown(request, claims, saved=saved)


@router.post(PATH)
async def save(request: Request) -> Response:
    """Take the form: 303 back to the page, or the page again with what is wrong beside each field."""
    sent = await form(request)
    claims = _signed_in(request)
    service = auth.backend_of(request).service
    now, _ = await choosing.read(service, claims.tenant, claims.therapist)
    words = await reader.words_of(service, claims, request.headers.get("accept-language", ""))
    changes, errors = settings.read(choosing.offer(service), now, sent, words.section_of(SECTION))
    if errors:
        return await _shown(request, claims, sent=sent, errors=errors)
    if changes:
        await choosing.change(service, claims.tenant, claims.therapist, changes, actor="therapist")
    return see_other(f"{PATH}?saved=settings#said")


@router.post(RATINGS_PATH)
async def switch(request: Request) -> Response:
    """Field `ratings`, `on` or `off`; `back` says on which page the button stood.

    Raises:
        NoFormError: it says neither.
    """
    sent = await form(request)
    claims = _signed_in(request)
    ratings = sent.get("ratings", "")
    if ratings not in {"on", "off"}:
        raise NoFormError("This form cannot be read; nothing was changed.", fix="Send it again.")
    service = auth.backend_of(request).service
    await choosing.change(service, claims.tenant, claims.therapist, {"ratings": ratings}, actor="therapist")
    return see_other(f"{BACK.get(sent.get('back', ''), PATH)}?saved=ratings-{ratings}#said")


def _signed_in(request: Request) -> TherapistClaims:
    claims = auth.reader(request, TherapistClaims)
    if claims is None:
        raise auth.MissingTokenError("You are not signed in any more.", fix="Sign in again.")
    return claims


async def _shown(
    request: Request,
    claims: TherapistClaims,
    *,
    saved: str = "",
    sent: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    service = auth.backend_of(request).service
    chosen, practice = await choosing.read(service, claims.tenant, claims.therapist)
    frame = await reader.words_of(service, claims, request.headers.get("accept-language", ""))
    words = frame.section_of(SECTION)
    live = Live(url=LIVE_PATH, token=auth.cookie(request, TherapistClaims))
    offer = choosing.offer(service, words.language.tag)
    view = settings.view(offer, chosen, practice, words, saved=saved, sent=sent, errors=errors, live=live)
    html = render.render_settings(view, words, navigation=links(service, frame))
    return _page(html, 422 if errors else 200)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, dict(render.HEADERS))
