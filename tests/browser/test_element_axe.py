"""axe-core in a real Chromium finds nothing wrong with the element, in any of its states."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser
from tests.axe import broken
from tests.tools.element_screens import SCREENS, shown

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("name", SCREENS)
async def test_nothing_is_broken(browser: Browser, name: str) -> None:
    async with shown(browser, name) as page:
        assert await broken(page, "alliance-feedback") == []


async def test_what_is_broken_would_be_found(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content(
        '<html lang="en"><title>x</title><main><h1>x</h1><input><p style="color:#ccc">pale</p>'
    )
    found = {line.partition(":")[0] for line in await broken(page)}
    await page.close()
    assert {"label", "color-contrast"} <= found
