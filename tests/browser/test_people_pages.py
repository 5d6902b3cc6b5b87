"""The client's and the supervisor's pages in a real Chromium, without JavaScript and by keyboard alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from tests.chromium import launch
from tests.server.test_client import answered, response_of
from tests.services import BASE_URL, Meeting, Site, on_network

from alliancekit.store.supervision import assign, case_name

pytestmark = pytest.mark.browser

ARABIC = [
    {"role": "client", "external_id": "c1", "language": "ar"},
    {"role": "therapist", "external_id": "t1"},
]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        started = await launch(play)
        yield started
        await started.close()


async def opened(site: Site, browser: Browser, address: str, body: dict[str, str]) -> Page:
    """A narrow page without JavaScript, opened by a launch link."""
    context = await browser.new_context(
        viewport={"width": 320, "height": 640}, java_script_enabled=False, locale="en"
    )
    url = (await site.post("/v1/launches", body)).json()["url"]
    page = await context.new_page()
    await page.goto(url.replace(BASE_URL, f"http://{address}"))
    return page


def client_of(meeting: Meeting) -> dict[str, str]:
    return {"role": "client", "episode": meeting.episode, "client": "c1"}


async def fits(page: Page) -> None:
    """Nothing is wider than the page."""
    width = await page.locator("html").evaluate("one => one.scrollWidth - one.clientWidth")
    assert width <= 0


async def test_a_client_hides_an_answer_by_keyboard_and_lets_a_supervisor_look(
    site: Site, browser: Browser
) -> None:
    meeting = await answered(site)
    await site.service.database.write(lambda conn: assign(conn, site.tenant, "s1", ["t1"], site.clock()))
    async with on_network(site) as address:
        page = await opened(site, browser, address, client_of(meeting))
        for tab in ("My answers", "My choices", "My data", "Overview", "My answers"):
            await page.get_by_role("navigation").get_by_role("link", name=tab).press("Enter")
            await expect(page.locator("[aria-current=page]")).to_have_text(tab)
            await fits(page)
        now = page.get_by_role("radio", name="My therapist now")
        await now.focus()
        await now.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("radio", name="Not my therapist")).to_be_checked()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Save")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("Saved. It counts from now on.")
        await expect(page.get_by_role("radio", name="Not my therapist")).to_be_checked()
        assert (await response_of(site, meeting))["scores"] is None
        await page.get_by_role("link", name="My choices").press("Enter")
        await page.get_by_role("button", name="I agree").press("Enter")
        await expect(page.get_by_role("button", name="Take it back")).to_be_visible()
        supervisor = await opened(site, browser, address, {"role": "supervisor", "supervisor": "s1"})
        await fits(supervisor)
        await supervisor.get_by_role("link", name=f"Case {case_name(meeting.episode)}").press("Enter")
        await expect(supervisor.get_by_role("heading", level=1)).to_contain_text(case_name(meeting.episode))
        await fits(supervisor)
        await page.get_by_role("button", name="Take it back").press("Enter")
        await supervisor.goto(supervisor.url)
        await expect(supervisor.get_by_role("heading", level=1)).to_have_text("This case is not shown")


async def test_a_right_to_left_client_reads_their_own_language(site: Site, browser: Browser) -> None:
    meeting = await answered(site, participants=ARABIC)
    async with on_network(site) as address:
        page = await opened(site, browser, address, client_of(meeting))
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        for path in ("", "/answers", "/choices", "/data"):
            await page.goto(f"http://{address}/client{path}")
            await fits(page)
