"""Debian's Chromium for the tests: headless, on loopback, with no request of its own to anybody."""

from __future__ import annotations

from playwright.async_api import Browser, Playwright

EXECUTABLE = "/usr/bin/chromium"

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

MEDIA_FLAGS = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)


async def launch(playwright: Playwright, *media: str) -> Browser:
    """Start Chromium; `media` are further flags for a browser that holds calls."""
    flags = [*FLAGS, *MEDIA_FLAGS, *media] if media else [*FLAGS]
    return await playwright.chromium.launch(executable_path=EXECUTABLE, args=flags)
