"""axe-core on a page: its rules for WCAG 2.2 A and AA, and its best practices."""

from __future__ import annotations

from typing import cast

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Frame, Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def broken(page: Page | Frame, place: str | None = None) -> list[str]:
    """What is broken on a page, or at one place of it: a line for each rule and element."""
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    # A frame evaluates scripts as a page does, and axe needs nothing else.
    found = (await Axe().run(cast("Page", page), context=place, options=options)).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]
