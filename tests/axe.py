"""axe-core on a page: its rules for WCAG 2.2 A and AA, and its best practices."""

from __future__ import annotations

from collections.abc import Sequence

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Frame, Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that look at colours: enough where nothing else has changed since a page was looked at."""


async def broken(page: Page | Frame, place: str | None = None, *, rules: Sequence[str] = ()) -> list[str]:
    """What is broken on a page and in its frames, or at one place: a line for each rule and element.

    With `rules` only those are looked at. From here on the page moves nothing: colours are looked at where
    they have come to rest.
    """
    await (page if isinstance(page, Page) else page.page).emulate_media(reduced_motion="reduce")
    only = {"type": "rule", "values": [*rules]} if rules else {"type": "tag", "values": TAGS}
    options = {"runOnly": only, "resultTypes": ["violations"]}
    for one in page.frames if isinstance(page, Page) else [page]:
        await one.evaluate(Axe().axe_script)
        # Else axe tells the page nothing about frames of another origin.
        await one.evaluate("axe.configure({ allowedOrigins: ['<unsafe_all_origins>'] })")
    run = "async ([place, options]) => (await axe.run(place ?? document, options)).violations"
    found = await page.evaluate(run, [place, options])
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]
