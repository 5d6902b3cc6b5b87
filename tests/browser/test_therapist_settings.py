"""The therapist's settings in a real Chromium: from off to on in two clicks, and what it does to a call."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from tests.chromium import launch
from tests.services import BASE_URL, Site, on_network

pytestmark = pytest.mark.browser

OFF = "The questions after calls are off"
UNREACHABLE = """() => [...document.querySelectorAll("button, select, input:not([type=hidden]), label.tick")]
  .filter((element) => !element.matches(".tick input") && element.getBoundingClientRect().height < 44)
  .map((element) => element.outerHTML)"""
VIOLATIONS = """addEventListener("securitypolicyviolation", (event) => {
  (window.violations ??= []).push(event.violatedDirective);
});"""


class Desk:
    """A service on the network, and a therapist's browser that is signed in."""

    def __init__(self, site: Site, address: str, context: BrowserContext) -> None:
        self.site, self.address, self.context = site, address, context

    async def open(self, path: str) -> Page:
        """A page of the therapist's."""
        page = await self.context.new_page()
        await page.goto(f"http://{self.address}{path}")
        return page

    async def asked(self) -> int:
        """How many people are asked at the end of a call that is held now."""
        meeting = await self.site.held()
        return len((await self.site.get(f"/v1/sessions/{meeting.id}")).json()["prompts"])


@pytest.fixture
async def desk(site: Site, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    options = getattr(request, "param", {})
    async with on_network(site) as address, async_playwright() as play:
        browser = await launch(play)
        context = await browser.new_context(**options)
        await context.add_init_script(VIOLATIONS)
        errors: list[str] = []
        context.on("weberror", lambda error: errors.append(str(error.error)))
        launched = await site.post("/v1/launches", {"therapist": "t1"})
        page = await context.new_page()
        await page.goto(launched.json()["url"].replace(BASE_URL, f"http://{address}"))
        await page.close()
        yield Desk(site, address, context)
        found = [await one.evaluate("window.violations ?? []") for one in context.pages]
        await browser.close()
    assert (errors, [one for one in found if one]) == ([], [])


WITHOUT_SCRIPT = {"java_script_enabled": False}


async def test_two_clicks_from_off_to_on_and_a_call_afterwards_asks(desk: Desk) -> None:
    page = await desk.open("/therapist/settings")
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_role("status").filter(has_text=OFF)).to_be_visible()
    assert await desk.asked() == 0
    await page.goto(f"http://{desk.address}/therapist")
    await expect(page.get_by_text(OFF)).to_be_visible()
    await page.get_by_role("link", name="Settings", exact=True).click()
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_role("status").filter(has_text="are on")).to_be_visible()
    assert await desk.asked() == 2


async def test_one_click_on_today_is_enough(desk: Desk) -> None:
    page = await desk.open("/therapist/settings")
    await page.get_by_role("button", name="Switch off").click()
    await page.goto(f"http://{desk.address}/therapist")
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_role("heading", name="Today")).to_be_visible()
    await expect(page.get_by_text(OFF)).to_have_count(0)
    assert await desk.asked() == 2


async def test_an_open_page_follows_the_switch_that_is_pressed_elsewhere(desk: Desk) -> None:
    today, page = await desk.open("/therapist"), await desk.open("/therapist/settings")
    await expect(today.locator("#ratings-line")).to_be_hidden()
    await page.get_by_role("button", name="Switch off").click()
    await expect(today.get_by_text(OFF)).to_be_visible()
    await expect(today.locator("#live-note")).to_be_empty()


@pytest.mark.parametrize("desk", [WITHOUT_SCRIPT], indirect=True)
async def test_the_form_is_filled_by_keyboard_and_without_script(desk: Desk) -> None:
    page = await desk.open("/therapist/settings")
    await page.get_by_label("Supportive").focus()
    await page.keyboard.press("Space")
    await page.get_by_role("radio", name="On", exact=True).check()
    await page.get_by_label("First question after").fill("15")
    await page.get_by_label("First question after").press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    await expect(page.get_by_label("Supportive")).to_be_checked()
    await expect(page.get_by_label("First question after")).to_have_value("15")
    found = (await desk.site.get("/v1/therapists/t1/settings")).json()
    assert (found["style"], found["pulses"], found["pulse_after"]) == ("supportive", "on", 15)


@pytest.mark.parametrize("desk", [{"viewport": {"width": 320, "height": 700}, "locale": "ar"}], indirect=True)
async def test_at_320_pixels_and_from_right_to_left_everything_is_in_reach(desk: Desk) -> None:
    for path in ("/therapist/settings", "/therapist/settings?saved=settings", "/therapist"):
        page = await desk.open(path)
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert await page.evaluate(UNREACHABLE) == []
