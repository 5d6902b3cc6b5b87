"""axe-core in a real Chromium finds nothing wrong with any page of the service, light or dark."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from frame_page import three_origins
from playwright.async_api import Browser, Page
from tests.axe import COLOURS, broken
from tests.every_page import visitors
from tests.services import Site, on_network, running_site
from tests.tools.looks import LOOKS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CARDS = ("rating",)
"""Pages whose questions are fetched by the element."""

READERS = {"en": "1280-light", "ar": "390-rtl"}
"""In which look each language is read: a wide page from left to right, a narrow one from right to left."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clinic(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Site, str]]:
    folder = tmp_path_factory.mktemp("clinic")
    async with running_site(folder) as site, on_network(site) as address:
        yield site, f"http://{address}"


async def found(page: Page, place: str | None = None) -> dict[str, Any]:
    """What is wrong with a page, by its look; nothing that is right is in it."""
    await page.emulate_media(color_scheme="light")
    wrong: dict[str, Any] = {"light": await broken(page, place)}
    await page.emulate_media(color_scheme="dark")
    wrong["dark"] = await broken(page, place, rules=COLOURS)
    html = page.locator("html")
    wrong["too wide"] = await html.evaluate("one => Math.max(0, one.scrollWidth - one.clientWidth)")
    return {look: lines for look, lines in wrong.items() if lines}


@pytest.mark.parametrize("language", READERS)
async def test_nothing_is_broken(browser: Browser, clinic: tuple[Site, str], language: str) -> None:
    site, origin = clinic
    wrong: dict[str, Any] = {}
    for visitor in await visitors(site, language):
        context = await browser.new_context(**LOOKS[READERS[language]], locale=language)
        await visitor.arrive(context, origin)
        page = await context.new_page()
        for name, path in visitor.pages.items():
            await page.goto(origin + path)
            if name in CARDS:
                await page.locator("alliance-feedback section").wait_for()
            assert await page.locator("html").get_attribute("lang") == language, name
            if lines := await found(page):
                wrong[name] = lines
        await context.close()
    assert wrong == {}


async def test_nothing_is_broken_in_the_frame_of_a_vendors_page(browser: Browser, tmp_path: Path) -> None:
    async with three_origins(browser, tmp_path) as framing:
        meeting = await framing.meeting()
        page, _ = await framing.held(meeting.client)
        assert await found(page, "iframe") == {}


async def test_what_is_broken_in_a_frame_would_be_found(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content('<html lang="en"><iframe title="x" srcdoc="<main><input></main>"></iframe>')
    await page.frames[-1].locator("input").wait_for()
    assert any(line.startswith("label: ") for line in await broken(page, "iframe"))
    await page.close()
