"""axe-core in a real Chromium finds nothing wrong with any page of the service, light or dark."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext
from tests.axe import broken
from tests.every_page import HOLDER, visitors
from tests.services import Site, on_network, running_site
from tests.tools.looks import LOOKS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

READERS = {"en": "1280-light", "ar": "390-rtl"}
"""In which look each language is read: a wide page from left to right, a narrow one from right to left."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clinic(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Site, str]]:
    folder = tmp_path_factory.mktemp("clinic")
    async with running_site(folder, allowed_origins=(HOLDER,)) as site, on_network(site) as address:
        yield site, f"http://{address}"


async def found(context: BrowserContext, url: str) -> dict[str, Any]:
    """What is wrong with a page, by its look; nothing that is right is in it."""
    page = await context.new_page()
    wrong: dict[str, Any] = {}
    await page.goto(url, wait_until="networkidle")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if lines := await broken(page):
            wrong[scheme] = lines
    if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        wrong["width"] = "it is wider than the window"
    await page.close()
    return wrong


@pytest.mark.parametrize("language", READERS)
async def test_nothing_is_broken(browser: Browser, clinic: tuple[Site, str], language: str) -> None:
    site, origin = clinic
    wrong: dict[str, Any] = {}
    for visitor in await visitors(site, language):
        context = await browser.new_context(**LOOKS[READERS[language]], locale=language)
        await visitor.arrive(context, origin)
        for name, path in visitor.pages.items():
            if lines := await found(context, origin + path):
                wrong[name] = lines
        await context.close()
    assert wrong == {}
