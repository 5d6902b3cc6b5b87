"""Which pages may ask from a browser; who is refused stands in the log, for the browser does not say why."""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from typing_extensions import override

log = logging.getLogger("alliancekit.origins")

MOST: Final = 20
"""Origins that are named in the log of one process; anybody can make up more."""

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.:\[\]-]{1,200}", re.IGNORECASE)


class Origins(CORSMiddleware):
    """CORS for the origins in `allowed_origins`; each other one is logged once, by its name."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._refused: set[str] = set()

    @override
    def preflight_response(self, request_headers: Headers) -> Response:
        origin = request_headers.get("origin", "")
        known = self.is_allowed_origin(origin) or origin in self._refused
        if not known and len(self._refused) < MOST and _ORIGIN.fullmatch(origin):
            self._refused.add(origin)
            log.warning("a page of %s asked and was refused: allowed_origins does not name it", origin)
        return super().preflight_response(request_headers)
