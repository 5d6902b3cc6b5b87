"""Run the service's ASGI application with uvicorn, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Literal

import uvicorn
from typing_extensions import override

from alliancekit.errors import ConfigError

DRAIN_SECONDS = 4
"""How long open requests may take to finish after a stop was asked for.

With what `Service.stop` takes, the whole stays below the 10 s after which a container is killed.
"""

BACKLOG = 2048
"""Connections that may wait to be accepted."""


def server_config(app: Any, *, lifespan: Literal["auto", "off"] = "auto") -> uvicorn.Config:
    """Uvicorn's settings for thousands of quiet WebSockets.

    Compression is off: it costs 30 to 100 KB of memory a connection, for messages of 100 bytes.

    Args:
        app: the ASGI application.
        lifespan: `off` when the caller starts and stops the application.
    """
    return uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=16 * 1024,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        lifespan=lifespan,
        access_log=False,
        proxy_headers=False,  # alliancekit.server.callers reads them, by the settings
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that nobody else gets the port meanwhile; port 0 takes a free one.

    Raises:
        ConfigError: the address is in use or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"Cannot listen on {host} port {port}: {error.strerror}.",
            fix="Stop the other program or choose another port with --port.",
        ) from error
    return sock


def tune_process() -> None:
    """Settle a process that does nothing but serve, once the application has started.

    What is loaded by then stays, so the collector of garbage leaves it alone from then on: a collection that
    looks at all of it takes 50 ms and more. Database threads hand Python's global lock back to the event loop
    after 1 ms instead of 5.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(0.001)


class _Embedded(uvicorn.Server):
    """A server inside somebody else's event loop: signals stay with the caller."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.listening.set()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def started(app: Any) -> AsyncIterator[None]:
    """Start an ASGI application and stop it when the block ends, by the lifespan protocol.

    Uvicorn would do it too, but writes a failed start to the log with its traceback and forgets the error.

    Raises:
        Exception: what kept the application from starting, as it was raised.
    """
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    running = asyncio.create_task(app(scope, inbox.get, outbox.put), name="alliancekit-application")

    async def take(step: str) -> None:
        inbox.put_nowait({"type": f"lifespan.{step}"})
        said = asyncio.create_task(outbox.get())
        await asyncio.wait((said, running), return_when=asyncio.FIRST_COMPLETED)
        if not said.done() or said.result()["type"].endswith(".failed"):
            said.cancel()
            await running

    await take("startup")
    try:
        yield
    finally:
        await take("shutdown")
        await running


@contextlib.asynccontextmanager
async def running_on(app: Any, sock: socket.socket) -> AsyncIterator[None]:
    """Serve `app` on a bound socket while the block runs.

    Raises:
        Exception: what kept the application from starting, as it was raised.
    """
    with contextlib.closing(sock):
        async with started(app):
            server = _Embedded(server_config(app, lifespan="off"))
            task = asyncio.create_task(server.serve(sockets=[sock]), name="alliancekit-server")
            try:
                await server.listening.wait()
                yield
            finally:
                server.should_exit = True
                await task


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT (Ctrl-C) and SIGTERM set while the block runs; for the main thread."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def serve(
    app: Any, sock: socket.socket, *, ready: Callable[[], None], leaving: Callable[[], float] = lambda: 0.0
) -> None:
    """Serve `app` on a bound socket until SIGINT or SIGTERM, then let open requests finish.

    Args:
        app: the ASGI application.
        sock: from `bind`.
        ready: called once, when the application takes requests.
        leaving: called once, at the signal; returns for how many seconds to go on serving.

    Raises:
        Exception: what kept the application from starting, as it was raised.
    """

    async def until_stopped() -> None:
        with stop_signals() as stop:
            async with running_on(app, sock):
                tune_process()
                ready()
                await stop.wait()
                await asyncio.sleep(leaving())

    with asyncio.Runner(loop_factory=server_config(app).get_loop_factory()) as runner:
        runner.run(until_stopped())
