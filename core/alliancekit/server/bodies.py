"""Reading request bodies, up to a limit."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Message
from typing_extensions import override

from alliancekit.errors import RefusedError

MAX_BODY = 64 * 1024
"""Bytes that a body of the API may have; the longest instrument's answers are a tenth of it."""


class TooLargeError(RefusedError):
    """A request's body is larger than the route takes."""

    status = 413
    slug = "too-large"


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The body of a request.

    Raises:
        TooLargeError: it is longer than `limit` bytes; the rest was not read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"The body is larger than {limit} bytes; nothing was done.", fix="Send less.")
    return bytes(body)


class LimitedRoute(APIRoute):
    """A route that reads no more than `MAX_BODY` bytes before its handler runs."""

    @override
    def get_route_handler(self) -> Any:
        handle = super().get_route_handler()

        async def limited(request: Request) -> Any:
            message = {"type": "http.request", "body": await read_body(request), "more_body": False}

            async def replay() -> Message:
                return message

            return await handle(Request(request.scope, replay))

        return limited if {"POST", "PUT", "PATCH"} & set(self.methods or ()) else handle
