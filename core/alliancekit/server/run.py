"""Run the service's ASGI application with uvicorn, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from typing_extensions import override

from alliancekit.errors import ConfigError

DRAIN_SECONDS = 10
"""How long open requests may take to finish after a stop was asked for."""


def server_config(app: Any) -> uvicorn.Config:
    """Uvicorn's settings for thousands of quiet WebSockets.

    Compression is off: it costs 30 to 100 KB of memory a connection, for messages of 100 bytes.
    """
    return uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=16 * 1024,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def bind(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one.

    Raises:
        ConfigError: the address is in use or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"Cannot listen on {host} port {port}: {error.strerror}.",
            fix="Stop the other program or choose another port with --port.",
        ) from error
    return sock


class Server(uvicorn.Server):
    """The server of a process of its own, tuned for it.

    What is loaded at the start stays, so the collector of garbage leaves it alone from then on: a collection
    that looks at all of it takes 50 ms and more. Database threads hand Python's global lock back to the event
    loop after 1 ms instead of 5.
    """

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(0.001)


class _Embedded(uvicorn.Server):
    """A server inside somebody else's event loop: signals stay with the caller."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def running_on(app: Any, sock: socket.socket) -> AsyncIterator[None]:
    """Serve `app` on a bound socket while the block runs; for the demo, tests and benchmarks.

    Raises:
        ConfigError: the application did not start.
    """
    server = _Embedded(server_config(app))
    task = asyncio.create_task(server.serve(sockets=[sock]), name="alliancekit-server")
    try:
        while not server.started:
            if task.done():
                await task
                raise ConfigError("The service did not start.", fix="The log above says why.")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        with contextlib.suppress(SystemExit):
            await task
        sock.close()
