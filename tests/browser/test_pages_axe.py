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
from tests.every_page import REFUSED, WHO, Visitor, visitors
from tests.services import Site, on_network, running_site
from tests.tools.looks import LOOKS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CARDS = ("rating",)
"""Pages whose questions are fetched by the element."""

HEADING = (
    "const h1 = document.createElement('h1'); h1.append('Call'); document.querySelector('main').prepend(h1)"
)
"""What the vendor's own page lacks."""

READERS = {"en": "1280-light", "ar": "390-rtl"}
"""In which look each language is read: a wide page from left to right, a narrow one from right to left."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origin(clinic: Site) -> AsyncIterator[str]:
    async with on_network(clinic) as address:
        yield f"http://{address}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clinic(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("clinic")) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=READERS)
async def reader(request: pytest.FixtureRequest, clinic: Site) -> tuple[str, dict[str, Visitor]]:
    """A language, and everybody who reads it."""
    return request.param, await visitors(clinic, request.param)


async def found(page: Page) -> dict[str, Any]:
    """What is wrong with a page, by its look; nothing that is right is in it."""
    await page.emulate_media(color_scheme="light")
    wrong: dict[str, Any] = {"light": await broken(page)}
    await page.emulate_media(color_scheme="dark")
    wrong["dark"] = await broken(page, rules=COLOURS)
    html = page.locator("html")
    wrong["too wide"] = await html.evaluate("one => Math.max(0, one.scrollWidth - one.clientWidth)")
    return {look: lines for look, lines in wrong.items() if lines}


@pytest.mark.parametrize("who", WHO)
async def test_nothing_is_broken(
    browser: Browser, origin: str, reader: tuple[str, dict[str, Visitor]], who: str
) -> None:
    language, people = reader
    context = await browser.new_context(**LOOKS[READERS[language]], locale=language)
    await people[who].arrive(context, origin)
    page = await context.new_page()
    wrong: dict[str, Any] = {}
    for name, path in people[who].pages.items():
        reply = await page.goto(origin + path)
        assert (name, reply and reply.status) == (name, REFUSED.get(name, 200))
        if name in CARDS:
            await page.locator("alliance-feedback section").wait_for()
        assert (name, await page.locator("html").get_attribute("lang")) == (name, language)
        if lines := await found(page):
            wrong[name] = lines
    await context.close()
    assert wrong == {}


async def test_nothing_is_broken_in_the_frame_of_a_vendors_page(browser: Browser, tmp_path: Path) -> None:
    async with three_origins(browser, tmp_path) as framing:
        meeting = await framing.meeting()
        page, _ = await framing.held(meeting.client)
        await page.evaluate(HEADING)
        assert await found(page) == {}


async def test_what_is_broken_in_a_frame_would_be_found(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content('<html lang="en"><iframe title="x" srcdoc="<main><input></main>"></iframe>')
    await page.frames[-1].locator("input").wait_for()
    assert any(line.startswith("label: ") for line in await broken(page, "iframe"))
    await page.close()
