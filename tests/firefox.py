"""Debian's Firefox for the tests, driven by Playwright over WebDriver BiDi.

Run as a program, this module stands between the two. Playwright starts it in Firefox's place and reads the
address to connect to from its standard error; it starts Firefox itself and passes every message on. It
answers only what this Firefox does not know yet: Firefox ESR 153 has no `emulation.setMediaFeaturesOverride`,
which Playwright sends for every context. Tests therefore set no colour scheme by Playwright; `DARK` and
`REDUCED` are preferences that do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Playwright
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

EXECUTABLE = "/usr/bin/firefox-esr"

QUIET: dict[str, Any] = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}
"""Preferences with which Firefox asks nobody for anything by itself."""

DARK = {"ui.systemUsesDarkTheme": 1, "layout.css.prefers-color-scheme.content-override": 0}
REDUCED = {"ui.prefersReducedMotion": 1}

LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
UNKNOWN = {"emulation.setMediaFeaturesOverride"}


@contextlib.asynccontextmanager
async def running(playwright: Playwright, **preferences: Any) -> AsyncIterator[Browser]:
    """Firefox until the block ends; `preferences` are added to `QUIET`."""
    with tempfile.TemporaryDirectory() as folder:
        script = _in_its_place(Path(folder, "firefox"))
        browser = await playwright.firefox.launch(
            channel="moz-firefox", executable_path=script, firefox_user_prefs=QUIET | preferences
        )
        try:
            yield browser
        finally:
            await browser.close()


def _in_its_place(script: Path) -> Path:
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    return script


async def main(arguments: list[str]) -> int:
    """Runs Firefox with these arguments until it ends; its exit code."""
    firefox = await asyncio.create_subprocess_exec(
        EXECUTABLE, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, firefox.terminate)
    assert firefox.stderr is not None
    async with contextlib.AsyncExitStack() as stack:
        async for line in firefox.stderr:
            found = LISTENING.search(line.decode(errors="replace"))
            if found is None:
                continue
            between = Between(found[1])
            server = await stack.enter_async_context(serve(between.attend, "127.0.0.1", 0, max_size=None))
            port = server.sockets[0].getsockname()[1]
            print(f"WebDriver BiDi listening on ws://127.0.0.1:{port}", file=sys.stderr, flush=True)
        return await firefox.wait()


class Between:
    """Passes messages on between Playwright and Firefox at this address."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def attend(self, playwright: ServerConnection) -> None:
        """Serve one connection until either side ends it."""
        assert playwright.request is not None
        async with connect(self._address + playwright.request.path, max_size=None) as firefox:

            async def back() -> None:
                with contextlib.suppress(ConnectionClosed):
                    async for message in firefox:
                        await playwright.send(message)
                await playwright.close()

            returning = asyncio.create_task(back())
            with contextlib.suppress(ConnectionClosed):
                async for message in playwright:
                    said = json.loads(message)
                    if said["method"] in UNKNOWN:
                        await playwright.send(json.dumps({"type": "success", "id": said["id"], "result": {}}))
                    else:
                        await firefox.send(message)
        await returning


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
