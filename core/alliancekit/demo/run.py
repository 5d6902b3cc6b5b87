"""Runs the demo: the embedded service, the scripted call with a progress bar, then the pages until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from starlette.types import ASGIApp, Receive, Scope, Send

from alliancekit import logs
from alliancekit.config import load
from alliancekit.demo import history, script, summary
from alliancekit.demo.script import Played, ScriptError
from alliancekit.demo.vendor import Vendor
from alliancekit.errors import ConfigError
from alliancekit.isolation import ErrorReport
from alliancekit.plugins import DEFAULT_PLUGINS, Given
from alliancekit.server.app import create_app
from alliancekit.server.run import bind, running_on, stop_signals
from alliancekit.service import Service
from alliancekit.store import tenants

CALL = {"grace": 4.0, "timeout": 3600.0, "minimum_together": 3.0}
"""The demo's calls are seconds long; a real service waits longer before it asks."""


class Front:
    """The demo's product and the service behind one address: `/` and `/demo/…` are the product's."""

    def __init__(self, product: ASGIApp, service: ASGIApp) -> None:
        self._product = product
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        path = scope.get("path", "")
        product = scope["type"] != "lifespan" and (path == "/" or path.startswith("/demo/"))
        await (self._product if product else self._service)(scope, receive, send)


def demo(
    *,
    once: bool,
    port: int,
    data_dir: Path | None,
    style: str,
    extra: Sequence[tuple[str, Given]] = (),
    on_error: ErrorReport | None = None,
) -> dict[str, Any] | None:
    """Run the demo.

    Args:
        once: end after the scripted call.
        port: where to listen on 127.0.0.1; 0 takes a free port.
        data_dir: where the data stays; a temporary directory when None.
        style: the therapist's style.
        extra: see `embedded`.
        on_error: see `embedded`.

    Returns:
        What came of the scripted call, as `--json` prints it; None when it was stopped before its end.

    Raises:
        AllianceKitError: a step did not get through, or `once` was stopped before its end.
    """
    logs.set_up(level=logging.WARNING, stream=sys.stderr)
    with contextlib.ExitStack() as stack:
        if data_dir is None:
            data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alliancekit-demo-")))
        site = embedded(port=port, data_dir=data_dir.absolute(), style=style, extra=extra, on_error=on_error)
        return asyncio.run(_demo(site, once=once))


@contextlib.asynccontextmanager
async def embedded(
    *,
    port: int,
    data_dir: Path,
    style: str,
    extra: Sequence[tuple[str, Given]] = (),
    on_error: ErrorReport | None = None,
) -> AsyncIterator[tuple[Service, Vendor, str]]:
    """The service and the demo's product on one loopback port while the block runs.

    Args:
        port: see `demo`.
        data_dir: where the data stays.
        style: see `demo`.
        extra: plugins that are asked before the configured ones, as (name, plugin).
        on_error: told of every exception of a plugin.

    Raises:
        AllianceKitError: the address or the data directory cannot be used.
    """
    sock = bind("127.0.0.1", port)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    settings = load(
        data_dir=data_dir,
        database_url=f"sqlite:///{data_dir / 'demo.db'}",
        public_url=url,
        call=CALL,
        default_style=style,
        plugins={
            "enabled": list(dict.fromkeys([*(name for name, _ in extra), *DEFAULT_PLUGINS])),
            "settings": {"webrtc": {"loopback": True}},
        },
    )
    service = Service(settings, extra=extra, on_error=on_error)
    if style not in service.plugins.styles:
        sock.close()
        raise ConfigError(
            f"There is no style {style!r}.", fix=f"Loaded: {', '.join(service.plugins.styles)}."
        )
    product: dict[str, ASGIApp] = {}

    async def serve_product(scope: Scope, receive: Receive, send: Send) -> None:
        await product["app"](scope, receive, send)

    front = Front(serve_product, create_app(service, base_url=url))
    async with running_on(front, sock):
        key = await _tenant(service, style)
        vendor = Vendor(url, key, style=style)
        product["app"] = vendor.app()
        try:
            yield service, vendor, url
        finally:
            await vendor.close()


async def _tenant(service: Service, style: str) -> str:
    """The demo's tenant with its example history, made anew at each start; returns its key."""
    now = time.time()

    def work(conn: Any) -> str:
        tenant, key = tenants.create_tenant(conn, "Demo", now)
        history.seed(conn, tenant, service.instruments, style=style, now=now)
        return key

    key = await service.database.write(work)
    service.relay.wake()
    return key


async def _demo(
    site: contextlib.AbstractAsyncContextManager[tuple[Service, Vendor, str]], *, once: bool
) -> dict[str, Any] | None:
    console = Console(stderr=True)
    began = time.monotonic()
    with stop_signals() as stop:
        async with site as (service, vendor, url):
            played = await _play(console, vendor, url, stop)
            if played is None:
                if once:
                    raise ScriptError("The demo was stopped before the call was over.")
                return None
            result = summary.result(service, played, seconds=time.monotonic() - began)
            summary.show(console, result)
            if not once:
                console.print(f"\n[bold]Now try it yourself:[/bold] {url}\nCtrl-C ends the demo.")
                await stop.wait()
            return result


async def _play(console: Console, vendor: Vendor, url: str, stop: asyncio.Event) -> Played | None:
    """The scripted call under a progress bar; None when the demo was told to stop meanwhile."""
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as bar:
        shown = bar.add_task("Starting", total=1.0)
        call = asyncio.create_task(
            script.play(vendor, url, lambda done, what: bar.update(shown, completed=done, description=what))
        )
        told = asyncio.create_task(stop.wait())
        await asyncio.wait((call, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not call.done():
            call.cancel()
            await asyncio.wait((call,))
        try:
            return None if call.cancelled() else call.result()
        except httpx.HTTPError as error:
            raise ScriptError(
                f"The service did not answer the demo as it should ({error}).", fix="The log says why."
            ) from None
