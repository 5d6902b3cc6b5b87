"""Takes pictures of every page of a running service, in every look, into tests/output/people/.

Usage: `python tests/tools/people_screens.py [page …]`; without names all of them.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.chromium import launch  # noqa: E402
from tests.every_page import HOLDER, Visitor, visitors  # noqa: E402
from tests.services import on_network, running_site  # noqa: E402
from tests.tools.looks import LOOKS  # noqa: E402

OUTPUT = ROOT / "tests" / "output" / "people"
LANGUAGES = {"en": [one for one in LOOKS if "rtl" not in one], "ar": [one for one in LOOKS if "rtl" in one]}


@asynccontextmanager
async def opened(context: BrowserContext, url: str) -> AsyncIterator[Page]:
    """One page, as soon as it shows what it has fetched."""
    page = await context.new_page()
    await page.goto(url, wait_until="networkidle")
    yield page
    await page.close()


async def shoot(context: BrowserContext, origin: str, one: Visitor, look: str, wanted: Sequence[str]) -> None:
    """The pages of one visitor in one look."""
    for name, path in one.pages.items():
        if wanted and name not in wanted:
            continue
        async with opened(context, origin + path) as page:
            wide = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 0:
                print(f"{name} {look} is {wide} px too wide")
            await page.screenshot(path=OUTPUT / f"{name}-{look}.png", full_page=True)


async def take(browser: Browser, origin: str, people: Sequence[Visitor], language: str, wanted: Sequence[str]) -> None:
    """All pages of a language in its looks: one browser a visitor, whose window changes."""
    for one in people:
        if wanted and not set(wanted) & set(one.pages):
            continue
        context = await browser.new_context(locale=language)
        await one.arrive(context, origin)
        state = await context.storage_state()
        await context.close()
        for look in LANGUAGES[language]:
            context = await browser.new_context(**LOOKS[look], locale=language, storage_state=state)
            await shoot(context, origin, one, look, wanted)
            await context.close()


async def main(wanted: Sequence[str]) -> None:
    """Start a service of its own and take the pictures."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUTPUT) as folder:
        async with (
            running_site(Path(folder), allowed_origins=(HOLDER,)) as site,
            on_network(site) as address,
            async_playwright() as play,
        ):
            browser = await launch(play)
            for language in LANGUAGES:
                await take(browser, f"http://{address}", await visitors(site, language), language, wanted)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
