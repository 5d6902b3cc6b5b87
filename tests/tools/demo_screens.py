"""Plays the demo's call in two Chromium pages and takes pictures of what its three people see.

Usage: `python tests/tools/demo_screens.py [part …]` with parts out of landing, call, rating, therapist;
without parts all of it. The pictures go to `tests/output/demo_screens/`, to be looked at by people.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.browser.test_demo import fake_microphone  # noqa: E402
from tests.chromium import launch  # noqa: E402
from tests.tools.looks import SIZES  # noqa: E402

from alliancekit.demo.run import embedded  # noqa: E402
from alliancekit.demo.vendor import Vendor  # noqa: E402

OUTPUT = ROOT / "tests" / "output" / "demo_screens"
SMALL = {**SIZES, 320: 640}
PARTS = ("landing", "call", "rating", "therapist")
PATIENCE = 20_000


async def shots(page: Page, name: str, sizes: Mapping[int, int] = SIZES, *, full: bool = True) -> None:
    """Pictures of a page in every width, light and dark; `full` takes what is below the fold too."""
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width, height in sizes.items():
            await page.set_viewport_size({"width": width, "height": height})
            await page.evaluate("scrollTo(0, 0)")
            await page.wait_for_timeout(150)
            await page.screenshot(path=OUTPUT / f"{name}-{width}-{scheme}.png", full_page=full)
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 1280, "height": 800})


async def focus_ring(page: Page, name: str, presses: int) -> None:
    """A picture of what the keyboard has reached after some presses of Tab."""
    for _ in range(presses):
        await page.keyboard.press("Tab")
    await page.screenshot(path=OUTPUT / f"{name}.png")


async def landing(context: BrowserContext, url: str) -> None:
    """The first page, also by keyboard."""
    page = await context.new_page()
    await page.goto(url)
    await shots(page, "landing", SMALL)
    await focus_ring(page, "landing-focus", 1)
    await page.close()


async def call(people: dict[str, BrowserContext], url: str) -> None:
    """The whole call, from the waiting room to after the check-in."""
    therapist = await people["therapist"].new_page()
    await therapist.goto(f"{url}/demo/call?role=therapist")
    await expect(therapist.locator("body")).to_have_attribute("data-state", "alone", timeout=PATIENCE)
    await shots(therapist, "call-therapist-1-waiting", full=False)
    client = await people["client"].new_page()
    await client.goto(f"{url}/demo/call?role=client")
    pages = {"therapist": therapist, "client": client}
    for page in pages.values():
        await expect(page.locator("body")).to_have_attribute("data-state", "together", timeout=PATIENCE)
        await page.locator("#consent").check()
    await client.wait_for_timeout(1500)
    for role, page in pages.items():
        await shots(page, f"call-{role}-2-together", full=False)
    await therapist.get_by_role("button", name="pulse").click()
    element = client.locator("alliance-feedback")
    await expect(element.get_by_role("radio").first).to_be_visible(timeout=PATIENCE)
    for role, page in pages.items():
        await shots(page, f"call-{role}-3-pulse", full=False)
    await element.locator("label").nth(3).click()
    await expect(element.get_by_role("status")).not_to_be_empty(timeout=PATIENCE)
    await client.wait_for_timeout(1000)
    for role, page in pages.items():
        await shots(page, f"call-{role}-4-pulse-answered", {1280: 800, 390: 844}, full=False)
    await therapist.get_by_role("button", name="End call").click()
    for role, page in pages.items():
        await expect(page.locator("alliance-feedback").get_by_role("radio").first).to_be_visible(
            timeout=PATIENCE
        )
        await shots(page, f"call-{role}-5-check-in", SMALL)


async def answered(people: dict[str, BrowserContext]) -> None:
    """Both answer the check-in on the call pages that `call` left open."""
    for role, context in people.items():
        page = next(page for page in context.pages if "/demo/call" in page.url)
        card = page.locator("alliance-feedback")
        for number, group in enumerate(await card.locator("fieldset.item").all()):
            await group.locator("label").nth(3 if number % 4 else 4).click()
        await shots(page, f"call-{role}-6-filled", {390: 844, 1280: 800})
        await card.get_by_role("button", name="Send").click()
        await expect(card.get_by_role("button", name="Send")).to_be_hidden(timeout=PATIENCE)
        await page.wait_for_timeout(500)
        await shots(page, f"call-{role}-7-after", SMALL, full=False)


async def rating(context: BrowserContext, vendor: Vendor) -> None:
    """The page behind a rating link: with something to answer, when done, and expired."""
    created = await vendor.create_session("screens-rating")
    await vendor.end_session(created["id"])
    url = next(p["rating_url"] for p in created["participants"] if p["role"] == "client")
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_timeout(1500)
    await shots(page, "rating", SMALL)
    await page.goto(url[:-3] + "abc")
    await shots(page, "rating-expired", SMALL)
    await page.close()


async def therapist(context: BrowserContext, url: str, name: str) -> None:
    """Today and the client's page."""
    page = await context.new_page()
    await page.goto(f"{url}/demo/therapist")
    await shots(page, f"{name}-today")
    await page.get_by_role("region", name="Clients").get_by_role("link", name="demo").click()
    await shots(page, f"{name}-client", SMALL)
    await page.close()


async def people_of(browsers: dict[str, Browser]) -> dict[str, BrowserContext]:
    """One context a person."""
    return {role: await browser.new_context() for role, browser in browsers.items()}


async def main(parts: Sequence[str]) -> None:
    """Takes the pictures of the named parts."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "tests" / "output") as folder:
        place = Path(folder)
        async with (
            embedded(port=0, data_dir=place / "data", style="task_oriented") as (_, vendor, url),
            async_playwright() as playwright,
        ):
            browsers = {
                role: await launch(
                    playwright,
                    f"--use-file-for-fake-audio-capture={fake_microphone(role, place / f'{role}.wav')}",
                )
                for role in ("therapist", "client")
            }
            people = await people_of(browsers)
            if "landing" in parts:
                await landing(people["client"], url)
            if "therapist" in parts:
                await therapist(people["therapist"], url, "therapist-0-seeded")
            if "call" in parts:
                await call(people, url)
                await therapist(people["therapist"], url, "therapist-1-waiting")
                await answered(people)
                await therapist(people["therapist"], url, "therapist-2-live")
            if "rating" in parts:
                await rating(people["client"], vendor)
            for browser in browsers.values():
                await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or PARTS))
