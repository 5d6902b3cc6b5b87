"""A REST API of a platform on a real socket, for tests: scripted answers, and what was asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web


class FakeRest:
    """Answers by path.

    Attributes:
        answers: path → what is answered: JSON, bytes as they are, or an HTTP status.
        asked: every question as (path with query, `Authorization`).
        needs: the `Authorization` without which it answers 401; empty: none.
        url: its address.
    """

    def __init__(self, needs: str = "") -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.needs = needs
        self.url = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[FakeRest]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        self.asked.append((request.path_qs, given))
        if self.needs and given != self.needs:
            return web.json_response({"error": "authentication-error"}, status=401)
        found = self.answers.get(request.path, 404)
        if isinstance(found, int):
            headers = {"Location": "/elsewhere"} if 300 <= found < 400 else None
            return web.Response(status=found, headers=headers, text="Ana Example")
        if isinstance(found, asyncio.Event):
            await found.wait()
            return web.Response()
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        return web.Response(body=body)
