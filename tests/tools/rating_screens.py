"""Takes pictures of the rating page, with and without a way on, into `tests/output/rating_screens/`.

Usage: `python tests/tools/rating_screens.py`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Browser, Page, async_playwright, expect

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.chromium import launch  # noqa: E402
from tests.services import BASE_URL, Meeting, Site, on_network, running_site  # noqa: E402
from tests.tools.looks import LOOKS  # noqa: E402

OUTPUT = ROOT / "tests" / "output" / "rating_screens"
EXIT = "https://visits.north.clinic.example/after"


def address(meeting: Meeting, server: str, onward: str = "") -> str:
    """The client's page."""
    link = meeting.client.rating_url.replace(BASE_URL, f"http://{server}")
    return f"{link}?next={quote(onward, safe='')}" if onward else link


async def shots(page: Page, language: str, name: str) -> None:
    """Pictures of what a page shows first, in every look of its language."""
    for look, options in LOOKS.items():
        if look.endswith("rtl") == (language == "ar"):
            await page.emulate_media(color_scheme=options.get("color_scheme", "light"))
            await page.set_viewport_size(options["viewport"])
            await page.wait_for_timeout(150)
            await page.screenshot(path=OUTPUT / f"{name}-{look}.png")
    await page.emulate_media(color_scheme="light")


async def asking(browser: Browser, url: str) -> Page:
    """A page that shows the questions."""
    page = await browser.new_page()
    await page.goto(url)
    await expect(page.locator("alliance-feedback .box[data-state=asking]")).to_be_visible()
    return page


async def of_language(site: Site, browser: Browser, server: str, language: str) -> None:
    """Every state of the page in one language."""
    people = [
        {"role": "client", "external_id": "c1", "language": language},
        {"role": "therapist", "external_id": "t1"},
    ]
    meeting = await site.held(participants=people)
    await shots(await asking(browser, address(meeting, server)), language, "alone")
    refused = await asking(browser, address(meeting, server, "https://elsewhere.example"))
    await shots(refused, language, "refused")
    page = await asking(browser, address(meeting, server, EXIT))
    await shots(page, language, "asking")
    await page.evaluate("scrollTo(0, 700)")
    await shots(page, language, "scrolled")
    await page.keyboard.press("Tab")
    await shots(page, language, "focus")
    await page.locator("alliance-feedback .actions .plain").nth(1).click()
    await expect(page.locator("html[data-done]")).to_be_visible()
    await shots(page, language, "done")
    await page.goto(f"http://{server}/r/nonsense?next={quote(EXIT, safe='')}")
    await shots(page, language, "gone")


async def main() -> None:
    """All pictures."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"redirect_to": ("https://*.clinic.example",)}
        async with (
            running_site(Path(folder), prompts=settings) as site,
            on_network(site) as server,
            async_playwright() as play,
        ):
            browser = await launch(play)
            for language in ("en", "ar"):
                await of_language(site, browser, server, language)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
