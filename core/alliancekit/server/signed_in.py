"""Ends sessions at once: in front of the pages, so that no page can forget to ask.

A cookie of the pages is a signed token, good until it expires. Who signed in with a password loses it as
soon as the password is another, or the account is disabled or removed: then the cookie is taken out of the
request, and the page sees nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request

from alliancekit.errors import NotAllowedError, StoreError
from alliancekit.server import problems
from alliancekit.server.auth import ENTRANCES
from alliancekit.server.backend import Backend

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class SignedIn:
    """ASGI: takes cookies of sessions that have ended out of requests."""

    def __init__(self, app: App, backend: Backend) -> None:
        self._app = app
        self._backend = backend

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            try:
                scope = await self._checked(scope)
            except StoreError as error:
                await problems.of_error(error, "http")(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _checked(self, scope: Message) -> Message:
        """The request without cookies that do not hold any more."""
        if not any(name == b"cookie" for name, _ in scope["headers"]):
            return scope
        sent = Request(scope).cookies
        over = {
            entrance.cookie
            for kind, entrance in ENTRANCES.items()
            if entrance.cookie in sent and not await self._holds(sent[entrance.cookie], kind)
        }
        if not over:
            return scope
        kept = "; ".join(f"{name}={value}" for name, value in sent.items() if name not in over)
        headers = [pair for pair in scope["headers"] if pair[0] != b"cookie"]
        return {**scope, "headers": [*headers, (b"cookie", kept.encode("latin-1", "replace"))]}

    async def _holds(self, token: str, kind: Any) -> bool:
        try:
            return await self._backend.holds(self._backend.tokens.check(token, kind))
        except NotAllowedError:
            return False
