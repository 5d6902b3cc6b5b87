"""The application below a path: mounted in another one, or behind a proxy that serves more than this.

Everything inside speaks of paths from the root. Here the prefix is taken off what comes in, and put before
the paths that go out: in `Location`, in the paths of cookies, and in the links of pages.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LINKS: Final = re.compile(rb'(\s(?:href|src|action|formaction|content)=")/(?!/)')
"""Where pages name paths. Templates escape every quotation mark of what they show: this is always a tag's."""

COOKIE_PATH: Final = re.compile(rb"(;\s*path=)/", re.IGNORECASE)


class Below:
    """ASGI: an application that may live below a path.

    Args:
        app: it knows nothing of the path.
        base_url: how browsers reach it; its path is put before the links that go out. Where it has none, the
            path under which the application is mounted.
    """

    def __init__(self, app: App, base_url: str) -> None:
        self._app = app
        self._public = urlsplit(base_url).path.rstrip("/")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        mounted = scope.get("root_path", "")
        if scope["type"] == "lifespan" or not (mounted or self._public):
            await self._app(scope, receive, send)
            return
        inside = _without(scope, mounted) or _without(scope, self._public) or scope
        if scope["type"] != "http":
            await self._app(inside, receive, send)
            return
        await self._app(inside, receive, _Outgoing(send, (self._public or mounted).encode()).send)


def _without(scope: Message, prefix: str) -> Message | None:
    """The request as it is without the prefix; None when it does not have it."""
    path = scope["path"]
    if not prefix or not (path == prefix or path.startswith(f"{prefix}/")):
        return None
    inside = {**scope, "path": path[len(prefix) :] or "/", "root_path": ""}
    raw, written = scope.get("raw_path"), quote(prefix).encode()
    if raw is not None:
        inside["raw_path"] = raw[len(written) :] or b"/" if raw.startswith(written) else None
    return inside


class _Outgoing:
    """One reply, with the prefix before its own paths. A page waits here until it is whole."""

    def __init__(self, send: Send, prefix: bytes) -> None:
        self._send = send
        self._prefix = prefix
        self._start: Message | None = None
        self._page: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Pass a part of the reply on."""
        if message["type"] == "http.response.start":
            headers = [(name, self._header(name, value)) for name, value in message["headers"]]
            message = {**message, "headers": headers}
            if any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers):
                self._start = message
                return
        elif message["type"] == "http.response.body" and self._start is not None:
            self._page.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._whole(self._start)
            return
        await self._send(message)

    def _header(self, name: bytes, value: bytes) -> bytes:
        if name == b"location" and value.startswith(b"/") and not value.startswith(b"//"):
            return self._before(value, 0) + value
        if name == b"set-cookie":
            return COOKIE_PATH.sub(rb"\1" + self._prefix + b"/", value)
        return value

    def _linked(self, found: re.Match[bytes]) -> bytes:
        return found[1] + self._before(found.string, found.end(1)) + b"/"

    def _before(self, text: bytes, at: int) -> bytes:
        """What comes before a path: nothing where a browser gave it to us, prefix and all."""
        return b"" if text.startswith(self._prefix + b"/", at) else self._prefix

    async def _whole(self, start: Message) -> None:
        page = LINKS.sub(self._linked, b"".join(self._page))
        length = str(len(page)).encode()
        headers = [(name, length if name == b"content-length" else value) for name, value in start["headers"]]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": page})
