"""A pytest plugin: the whole service of `alliancekit.testing.site`, on every database and on a network.

`site` is a service on SQLite, `each_site` the same on every database, `make_site` one with settings, plugins
or a database of the test's choice. All of them live on a clock that the test moves.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from alliancekit.server.run import bind, running_on
from alliancekit.testing.site import (
    BASE_URL,
    PLAIN,
    Meeting,
    Site,
    Someone,
    bearer,
    full,
    meeting_of,
    running_site,
    session_body,
)

__all__ = [
    "BASE_URL",
    "PLAIN",
    "MakeSite",
    "Meeting",
    "Site",
    "Someone",
    "bearer",
    "full",
    "meeting_of",
    "on_network",
    "running_site",
    "session_body",
    "until",
]


@contextlib.asynccontextmanager
async def on_network(site: Site, sock: socket.socket | None = None) -> AsyncIterator[str]:
    """The site's application behind a real server on loopback; its `host:port`.

    `sock` is where it listens, for a test that had to know the address before the site was made.
    """
    sock = sock or bind("127.0.0.1", 0)
    address = f"127.0.0.1:{sock.getsockname()[1]}"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # The service runs already: the server must not start it a second time.
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        await site.app(scope, receive, send)

    async with running_on(app, sock):
        yield address


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that another task or process brings about."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.01)


MakeSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def make_site(tmp_path: Path, migrated_file: Path) -> AsyncIterator[MakeSite]:
    """Makes sites with settings of the test's choice; they end with the test."""
    numbers = itertools.count(1)
    async with contextlib.AsyncExitStack() as stack:

        async def make(**options: Any) -> Site:
            directory = tmp_path / f"site-{next(numbers)}"
            directory.mkdir()
            shutil.copy(migrated_file, directory / "alliancekit.db")
            return await stack.enter_async_context(running_site(directory, **options))

        yield make


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    """A service on SQLite."""
    return await make_site()


@pytest.fixture
async def each_site(make_site: MakeSite, url: str) -> Site:
    """A service on every database."""
    return await make_site(url=url)
