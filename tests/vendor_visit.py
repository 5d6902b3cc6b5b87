"""A visit at a vendor's example: its program on a free port, and two browsers with microphones."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from tests.browser.test_demo import fake_microphone
from tests.chromium import launch

ROOT = Path(__file__).parents[1]
PATIENCE = 60_000
"""Milliseconds to wait for what crosses two browsers and the service."""


@contextlib.asynccontextmanager
async def started(program: Path, *arguments: str) -> AsyncIterator[str]:
    """The first line that an example prints; the program ends with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE / 1000):
            line = (await process.stdout.readline()).decode()
        yield line
        process.terminate()
        async with asyncio.timeout(PATIENCE / 1000):
            assert await process.wait() == 0
    finally:
        # First asked to end, so that what it has started ends with it.
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            process.terminate()
            await asyncio.wait_for(process.wait(), PATIENCE / 4000)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def running(program: Path, *arguments: str) -> AsyncIterator[str]:
    """The address that an example prints at the end of its first line; the program ends with the block."""
    async with started(program, *arguments) as line:
        url = line.split()[-1]
        async with asyncio.timeout(PATIENCE / 1000):
            await answering(url)
        yield url


async def answering(url: str) -> None:
    """Wait until somebody answers there."""
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(url, timeout=PATIENCE / 1000)).status_code == 200:
                    return
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def two_browsers(folder: Path) -> AsyncIterator[dict[str, BrowserContext]]:
    """One browser a person, each with a voice of its own."""
    async with async_playwright() as playwright:
        browsers = {}
        for role in ("therapist", "client"):
            wav = fake_microphone(role, folder / f"{role}.wav")
            browsers[role] = await launch(playwright, f"--use-file-for-fake-audio-capture={wav}")
        yield {
            role: await browser.new_context(viewport={"width": 1280, "height": 800})
            for role, browser in browsers.items()
        }
        for browser in browsers.values():
            await browser.close()


def listen(page: Page, problems: list[str]) -> Page:
    """Note every error of a page."""
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("console", lambda m: problems.append(f"{page.url}: {m.text}") if m.type == "error" else None)
    return page


async def together(*pages: Page) -> None:
    """Wait until each page plays the other's sound and picture."""
    for page in pages:
        await expect(page.locator("body")).to_have_attribute("data-state", "together", timeout=PATIENCE)
        await page.wait_for_function(
            "() => { const v = document.querySelector('#remote');"
            " return v.srcObject?.getAudioTracks().some(t => !t.muted && t.readyState === 'live')"
            " && v.currentTime > 4 && v.videoWidth > 0; }",
            timeout=PATIENCE,
        )


async def rate(page: Page, option: int) -> None:
    """Answer every question that the page's element asks, each with the same option."""
    card = page.locator("alliance-feedback")
    await expect(card.get_by_role("radio").first).to_be_visible(timeout=PATIENCE)
    for item in await card.locator("fieldset.item").all():
        await item.locator("label").nth(option).click()
    await card.get_by_role("button", name="Send").click()
    await expect(card.get_by_role("button", name="Send")).to_be_hidden(timeout=PATIENCE)
