"""A whole visit at Quayside: the call, the rating, what the practice is told, the therapist's page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.vendor_visit import PATIENCE, ROOT, listen, rate, running, two_browsers

EXAMPLE = ROOT / "examples" / "vendor_django"


@pytest.mark.browser
@pytest.mark.webrtc
async def test_a_whole_visit(tmp_path: Path) -> None:
    problems: list[str] = []
    async with running(EXAMPLE / "run.py", "--port", "0") as url, two_browsers(tmp_path) as people:
        pages = {role: listen(await people[role].new_page(), problems) for role in ("therapist", "client")}
        for role, page in pages.items():
            await page.goto(f"{url}/visits/1/{role}/")
            await page.get_by_role("button", name="Enter the room").click()
        for page in pages.values():
            await expect(page.locator("#status")).to_contain_text("You are with", timeout=PATIENCE)
        await pages["client"].get_by_role("button", name="Hang up").click()
        for page in pages.values():
            await expect(page.get_by_role("heading", name="The visit is over")).to_be_visible(
                timeout=PATIENCE
            )
        await rate(pages["client"], 1)
        desk = listen(await people["therapist"].new_page(), problems)
        await desk.goto(f"{url}/desk/")
        # The webhook, signed and checked; the desk looks for news by itself.
        await expect(desk.locator("#visits li").first).to_contain_text(
            "rated by the client", timeout=PATIENCE
        )
        await desk.get_by_role("button", name="See how you work together").click()
        await expect(desk.get_by_role("link", name="client-1-with-therapist-1")).to_be_visible(
            timeout=PATIENCE
        )
    assert problems == []
