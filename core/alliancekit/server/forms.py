"""Forms of pages with a cookie: only the service's own pages may send them, and refusals can be read.

A browser sends a cookie along with a form of any site. `SameSite=Lax` already keeps it from other sites'
posts; `form` also refuses what another origin of the same site sends. Pages come with `form-action 'self'`.

    router = APIRouter(include_in_schema=False, route_class=FormRoute)

    @router.post("/therapist/settings")
    async def save(request: Request) -> Response:
        fields = await form(request)
        ...
        return see_other("/therapist/settings?saved=style")
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from typing_extensions import override

from alliancekit.errors import NotAllowedError, RefusedError, StoreError
from alliancekit.languages.pages import Words
from alliancekit.server import auth
from alliancekit.server.bodies import read_body
from alliancekit.web.rating import accepted

CONTENT_TYPE: Final = "application/x-www-form-urlencoded"

MAX_FIELDS: Final = 200
"""Fields that one form may have."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What the page that tells a refusal is sent with."""

_PORTS = {"http": 80, "https": 443}

_environment = Environment(
    loader=PackageLoader("alliancekit.server"), autoescape=True, undefined=StrictUndefined
)


class OtherOriginError(NotAllowedError):
    """A form was sent by a page of another origin, or the browser does not say by which."""

    slug = "other-origin"


class NoFormError(RefusedError):
    """What was sent is no form: another content type, not UTF-8, a field twice, or too many of them."""

    slug = "no-form"


async def form(request: Request, *, limit: int = 64 * 1024) -> dict[str, str]:
    """The fields of a form that one of the service's own pages sent; empty ones are kept.

    Args:
        request: the POST; its body was not read yet.
        limit: bytes that the body may have.

    Raises:
        OtherOriginError: it comes from another origin, or from nobody knows where.
        NoFormError: it is no form.
        TooLargeError: it is longer than `limit`.
    """
    check_origin(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise NoFormError("This is no form; nothing was changed.", fix=f"Send it as {CONTENT_TYPE}.")
    body = await read_body(request, limit)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise NoFormError("This form cannot be read; nothing was changed.", fix="Send it again.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\x00" in text for pair in pairs for text in pair):
        raise NoFormError("This form cannot be read; nothing was changed.", fix="Send it again.")
    return fields


def check_origin(request: Request) -> None:
    """Let pass what one of the service's own pages, or the person in the address bar, sent.

    Browsers say so in `Sec-Fetch-Site`. Old ones, and all over plain HTTP, do not: there `Origin`, else
    `Referer`, has to name the service's public address or the host that was asked.

    Raises:
        OtherOriginError: another page sent it, or none of the three is there.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        own = site in {"same-origin", "none"}
    else:
        said = request.headers.get("origin") or request.headers.get("referer", "")
        own = _place(said) in _own_places(request)
    if not own:
        raise OtherOriginError(
            "This was not sent by a page of this service; nothing was changed.",
            fix="Open the page here and send it again.",
        )


def _own_places(request: Request) -> set[tuple[str, int] | None]:
    """Host and port under which the service is known: the public ones, and those that were asked."""
    host = request.headers.get("host", "")
    places = {_place(auth.backend_of(request).base_url)} | {_place(f"{one}://{host}") for one in _PORTS}
    return places - {None}


def _place(url: str) -> tuple[str, int] | None:
    """Host and port of an address; None where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None


def see_other(path: str) -> Response:
    """The answer to a form that was taken: the page at `path`; to reload it sends nothing again."""
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


class FormRoute(APIRoute):
    """A route of a page: whatever its handler refuses is told on a page with a way back."""

    @override
    def get_route_handler(self) -> Any:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                reply: Response = await handle(request)
            except (RefusedError, StoreError) as error:
                return refusal(request, error)
            return reply

        return told


def refusal(request: Request, error: RefusedError | StoreError) -> Response:
    """The page that says what was refused, and leads back to the page that the form stood on."""
    service = auth.backend_of(request).service
    words = Words(service.languages.find(*accepted(request.headers.get("accept-language", ""))), "forms")
    slug = "store" if isinstance(error, StoreError) else error.slug
    own = words.has(f"{slug}.detail")
    page = _environment.get_template("refusal.html").render(
        words=words,
        detail=words.say(f"{slug}.detail") if own else error.message,
        fix=words.say(f"{slug}.fix") if own else error.fix,
        back=_back(request),
    )
    headers = dict(HEADERS)
    if isinstance(error, StoreError):
        headers["Retry-After"] = "2"
    return HTMLResponse(page, 503 if isinstance(error, StoreError) else error.status, headers)


def _back(request: Request) -> str:
    """The page that the form stood on, if the browser says it; else the first page of its part."""
    parts = urlsplit(request.headers.get("referer", ""))
    if _place(parts.geturl()) in _own_places(request):
        return "/" + parts.path.lstrip("/\\") + (f"?{parts.query}" if parts.query else "")
    return "/" + request.url.path.lstrip("/\\").partition("/")[0]
