"""The demo's call page: controls in sight at every size, and the way on after the call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect
from tests.chromium import launch

from alliancekit.demo.run import embedded

pytestmark = [pytest.mark.browser, pytest.mark.webrtc]

UNCOVERED = """button => {
  const box = button.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight && box.height >= 44
    && document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === button;
}"""


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[dict[str, Page]]:
    async with (
        embedded(port=0, data_dir=tmp_path, style="supportive") as (_, _, url),
        async_playwright() as playwright,
    ):
        browser = await launch(playwright, "--mute-audio")
        opened = {}
        for role in ("therapist", "client"):
            opened[role] = await (await browser.new_context()).new_page()
            await opened[role].goto(f"{url}/demo/call?role={role}")
        yield opened
        await browser.close()


async def test_hang_up_stays_in_sight_and_uncovered(pages: dict[str, Page]) -> None:
    for page in pages.values():
        await expect(page.locator("#microphone")).to_be_enabled(timeout=20_000)
        for width, height in ((1280, 800), (768, 1024), (390, 844), (844, 390), (320, 568)):
            await page.set_viewport_size({"width": width, "height": height})
            assert await page.locator("#hangup").evaluate(UNCOVERED), (width, height)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, height)


async def test_a_muted_microphone_says_how_to_be_heard_again(pages: dict[str, Page]) -> None:
    page = pages["client"]
    await page.get_by_role("button", name="Mute", exact=True).click(timeout=20_000)
    assert (
        await page.evaluate("document.querySelector('#local').srcObject.getAudioTracks()[0].enabled") is False
    )
    await page.get_by_role("button", name="Unmute").click()
    assert (
        await page.evaluate("document.querySelector('#local').srcObject.getAudioTracks()[0].enabled") is True
    )


async def test_after_the_call_only_the_therapist_finds_the_way_to_the_page(pages: dict[str, Page]) -> None:
    for page in pages.values():
        await expect(page.locator("body")).to_have_attribute("data-state", "together", timeout=20_000)
    await pages["client"].get_by_role("button", name="End call").click()
    for page in pages.values():
        await expect(page.get_by_role("heading", name="The call has ended")).to_be_visible(timeout=20_000)
    link = pages["therapist"].get_by_role("link", name="Open your page")
    await expect(link).to_be_visible()
    async with pages["therapist"].context.expect_page() as opened:
        await link.click()
    await expect((await opened.value).get_by_role("heading", name="Today")).to_be_visible()
    await expect(pages["client"].get_by_role("link")).to_have_count(0)
