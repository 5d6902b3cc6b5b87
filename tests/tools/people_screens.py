"""Takes pictures of every page of a running service, in every look, into tests/output/people/.

Usage: `python tests/tools/people_screens.py [page …]`; without names all of them.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.chromium import launch  # noqa: E402
from tests.every_page import Visitor, visitors  # noqa: E402
from tests.services import on_network, running_site  # noqa: E402
from tests.tools.looks import LOOKS  # noqa: E402

OUTPUT = ROOT / "tests" / "output" / "people"
LANGUAGES = {"en": [one for one in LOOKS if "rtl" not in one], "ar": [one for one in LOOKS if "rtl" in one]}


async def take(page: Page, name: str, language: str) -> None:
    """One page in all looks of its language: the window changes, the page stays."""
    for look in LANGUAGES[language]:
        options = LOOKS[look]
        await page.set_viewport_size(options["viewport"])
        await page.emulate_media(color_scheme=options.get("color_scheme", "light"))
        wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            print(f"{name} {look} is {wide} px too wide")
        await page.screenshot(path=OUTPUT / f"{name}-{look}.png", full_page=True)


async def visit(browser: Browser, origin: str, one: Visitor, language: str, wanted: Sequence[str]) -> None:
    """What one visitor sees."""
    pages = {name: path for name, path in one.pages.items() if name in wanted or not wanted}
    if pages:
        context = await browser.new_context(locale=language)
        await one.arrive(context, origin)
        page = await context.new_page()
        for name, path in pages.items():
            # What the page shows may be fetched by its script.
            await page.goto(origin + path, wait_until="networkidle")
            await take(page, name, language)
        await context.close()


async def main(wanted: Sequence[str]) -> None:
    """Start a service of its own and take the pictures."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUTPUT) as folder:
        async with (
            running_site(Path(folder)) as site,
            on_network(site) as address,
            async_playwright() as play,
        ):
            browser = await launch(play)
            for language in LANGUAGES:
                for one in (await visitors(site, language)).values():
                    await visit(browser, f"http://{address}", one, language, wanted)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
