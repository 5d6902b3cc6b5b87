"""`/frame`: the element in a page of the service's own, for vendors' pages that run no script of others.

Only pages of the origins in `allowed_origins` may hold it, each by its exact name. The token and everything
else goes by `postMessage` between that origin and this one; see `web/frame.js` and `web/frame-host.js`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from alliancekit.server import auth
from alliancekit.web.rating import accepted

router = APIRouter(include_in_schema=False)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; "
    "frame-ancestors "
)
COMMON = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Call pages that are cross-origin isolated hold only frames that say this of themselves.
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
STATIC_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
"""Nothing that could end a source expression of a content policy, and no wildcard."""
REFUSED = (
    "This origin may not hold the feedback frame. Ask for /frame?parent=<your page's origin>, and have that"
    " origin named in allowed_origins of the service."
)

_environment = Environment(
    loader=PackageLoader("alliancekit.web"), autoescape=True, undefined=StrictUndefined
)


@router.get("/frame")
async def frame(request: Request, parent: Annotated[str, Query(max_length=300)] = "") -> Response:
    """The page with the element, for frames in pages of `parent`; 403 for any other origin."""
    service = auth.backend_of(request).service
    if not allowed(parent, service.settings.allowed_origins):
        return PlainTextResponse(REFUSED, 403, COMMON | {"Content-Security-Policy": f"{POLICY}'none'"})
    language = service.languages.find(*accepted(request.headers.get("accept-language", "")))
    page = _environment.get_template("frame.html").render(language=language, parent=parent)
    return HTMLResponse(page, 200, COMMON | {"Content-Security-Policy": f"{POLICY}{parent}"})


@router.get("/frame.js")
@router.get("/frame.css")
@router.get("/frame-host.js")
async def static(request: Request) -> Response:
    """Script and style of the frame, and the module for the page that holds it."""
    name = request.url.path.rpartition("/")[2]
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
    if name == "frame-host.js":
        # A module of another origin is fetched with CORS.
        headers |= {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    body = (files("alliancekit.web") / name).read_bytes()
    return Response(body, media_type=STATIC_TYPES[name.rpartition(".")[2]], headers=headers)


def allowed(parent: str, origins: Iterable[str]) -> bool:
    """Whether this is, to the letter, one of the origins, and an origin as browsers write them."""
    return parent in origins and ORIGIN.fullmatch(parent) is not None
