"""Takes pictures of the page bridge in a vendor's call page into tests/output/bridge/."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[1] / "browser")]

from bridge_page import Clinic, running_clinic  # noqa: E402
from playwright.async_api import async_playwright  # noqa: E402
from tests.chromium import launch  # noqa: E402
from tests.tools.looks import LOOKS  # noqa: E402

LOW = {"low": {"viewport": {"width": 800, "height": 400}}}
"""A window with little height, beside the looks of all pages."""


async def pictures(clinic: Clinic, folder: Path) -> None:
    """The in-call question and the rating after the call, in every look."""
    for name, options in (LOOKS | LOW).items():
        rtl = "rtl" in name
        people = [
            {"role": "client", "external_id": "c1", "language": "ar" if rtl else "en"},
            {"role": "therapist", "external_id": "t1"},
        ]
        meeting = await clinic.meeting(participants=people)
        page = await clinic.open(meeting.client, "platform=jitsi" + ("&rtl" if rtl else ""), **options)
        await clinic.report(meeting.therapist, {"kind": "joined", "ago": 2_000})
        await page.evaluate("platform.join()")
        await asyncio.sleep(0.5)
        await clinic.ask(meeting)
        await page.locator("alliance-feedback input").first.wait_for(state="attached")
        await asyncio.sleep(1)  # it fades in
        await page.screenshot(path=folder / f"in-call-{name}.png")
        await clinic.report(meeting.therapist, {"kind": "left", "ago": 0, "how": "left"})
        await page.evaluate("platform.leave()")
        await page.locator("alliance-feedback button.primary").wait_for()
        await page.screenshot(path=folder / f"after-call-{name}.png")


async def main(folder: Path) -> None:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        with tempfile.TemporaryDirectory(dir=folder) as data:
            async with running_clinic(browser, Path(data)) as clinic:
                await pictures(clinic, folder)
                await clinic.closed()
        await browser.close()


if __name__ == "__main__":
    chosen = HERE.parents[1] / "output" / "bridge"
    chosen.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(chosen))
