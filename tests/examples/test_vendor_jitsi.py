"""The page without a back end, run by its one command, in a real Chromium; a stand-in plays Jitsi's part."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from tests.chromium import launch

pytestmark = pytest.mark.browser

EXAMPLES = Path(__file__).parents[2] / "examples"


@contextlib.asynccontextmanager
async def running(*options: str) -> AsyncIterator[dict[str, str]]:
    """The command, until the block ends; the links that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / "vendor_jitsi" / "run.py"),
        "--json",
        *options,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            links = json.loads(await process.stdout.readline())
        yield links
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        chromium = await launch(play)
        yield chromium
        await chromium.close()


async def opened(browser: Browser, link: str, errors: list[str], width: int = 1280) -> Page:
    context = await browser.new_context(viewport={"width": width, "height": 800})
    page = await context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(link)
    return page


async def joined(page: Page) -> None:
    await page.get_by_role("button", name="Join the visit").click()
    await expect(page.get_by_role("button", name="Hang up")).to_be_visible()


async def test_a_visit_of_two(browser: Browser) -> None:
    errors: list[str] = []
    async with running() as links:
        client = await opened(browser, links["client"], errors, width=390)
        therapist = await opened(browser, links["therapist"], errors)
        await expect(client.get_by_role("heading", name="Good to see you")).to_be_visible()
        for page in (client, therapist):
            async with page.expect_response(lambda one: one.url.endswith("/report") and one.status == 204):
                await joined(page)
        # Both are there, and have to be for two seconds.
        await asyncio.sleep(4)
        await client.get_by_role("button", name="Hang up").click()
        await therapist.get_by_role("button", name="Hang up").click()
        await expect(client.get_by_role("heading", name="The visit is over")).to_be_focused()
        await expect(client.get_by_role("heading", name="How was this session for you?")).to_be_visible(
            timeout=60_000
        )
        assert await client.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await client.get_by_label("Mostly").first.check()
        await client.get_by_role("button", name="Send").click()
        await client.get_by_role("button", name="Send as it is").click()
        await expect(client.get_by_text("Thank you. Your answer")).to_be_visible()
        way = therapist.get_by_role("link", name="What changed: open your page")
        assert str(await way.get_attribute("href")).endswith("/therapist")
    assert errors == []


async def test_a_link_with_a_part_missing_says_so(browser: Browser) -> None:
    errors: list[str] = []
    async with running() as links:
        page = await opened(browser, links["client"].partition("&token")[0], errors)
        await expect(page.get_by_role("heading", name="This link is not complete")).to_be_visible()
    assert errors == []


async def test_the_call_goes_on_without_the_service_and_says_when_jitsi_is_away(browser: Browser) -> None:
    errors: list[str] = []
    async with running() as links:
        page = await opened(browser, "about:blank", errors)
        await page.route("**/bridge.js", lambda route: route.abort("connectionrefused"))
        await page.route("**/external_api.js", lambda route: route.abort("connectionrefused"))
        await page.goto(links["client"])
        await page.get_by_role("button", name="Join the visit").click()
        await expect(page.get_by_role("heading", name="The call cannot be opened")).to_be_focused()
        await page.unroute("**/external_api.js")
        await page.get_by_role("button", name="Try again").click()
        await page.get_by_role("button", name="Hang up").click()
        await expect(page.get_by_role("heading", name="The visit is over")).to_be_focused()
    assert errors == []
