"""The whole way of an answer in Chromium and in Firefox, in each of our languages, against a real service."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from tests import chromium, firefox
from tests.services import BASE_URL, MakeSite, Meeting, Site, on_network

from alliancekit.languages import own_languages

pytestmark = pytest.mark.browser


@pytest.fixture(params=["chromium", "firefox"])
async def browser(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        if request.param == "firefox":
            async with firefox.running(play, **firefox.REDUCED) as started:
                yield started
        else:
            started = await chromium.launch(play)
            yield started
            await started.close()


async def rated(site: Site, language: str) -> Meeting:
    """A call that is over, whose client speaks this language."""
    people = [
        {"role": "client", "external_id": f"c-{language}", "language": language},
        {"role": "therapist", "external_id": "t1"},
    ]
    return await site.held(external_id=f"v-{language}", episode=f"e-{language}", participants=people)


async def opened(browser: Browser, meeting: Meeting, address: str, errors: list[str]) -> Page:
    """The client's rating page in a narrow window, asking."""
    context = await browser.new_context(viewport={"width": 390, "height": 800})
    page = await context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(meeting.client.rating_url.replace(BASE_URL, f"http://{address}"))
    await expect(page.locator("alliance-feedback .box[data-state=asking]")).to_be_visible()
    return page


async def test_each_language_is_asked_answered_and_stored(browser: Browser, make_site: MakeSite) -> None:
    site = await make_site()
    errors: list[str] = []
    async with on_network(site) as address:
        for language in own_languages():
            meeting = await rated(site, language.tag)
            page = await opened(browser, meeting, address, errors)
            box = page.locator("alliance-feedback .box")
            assert await page.locator("html").get_attribute("lang") == language.tag
            assert await box.evaluate("one => getComputedStyle(one).direction") == language.direction
            heading = language.element["heading_end_of_call"]
            await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await page.get_by_role("radio").nth(3).check()
            await page.get_by_role("button", name=language.element["send"], exact=True).click()
            await page.get_by_role("button", name=language.element["send_anyway"], exact=True).click()
            await expect(box).to_contain_text(language.element["saved"])
            assert await site.current(meeting.client.token) is None
            await page.context.close()
    assert errors == []


async def test_by_keyboard_alone(browser: Browser, make_site: MakeSite) -> None:
    site = await make_site()
    errors: list[str] = []
    async with on_network(site) as address:
        meeting = await rated(site, "en")
        page = await opened(browser, meeting, address, errors)
        first = page.get_by_role("radio").first
        for _ in range(20):
            await page.keyboard.press("Tab")
            if await first.evaluate("one => one.getRootNode().activeElement === one"):
                break
        await page.keyboard.press("Space")
        await expect(first).to_be_checked()
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("radio").nth(1)).to_be_checked()
        send = page.get_by_role("button", name="Send")
        await send.press("Enter")
        await page.get_by_role("button", name="Send as it is").press("Enter")
        await expect(page.locator("alliance-feedback .box")).to_contain_text("Thank you")
        assert await site.current(meeting.client.token) is None
    assert errors == []


async def test_an_answer_of_a_moment_without_network_waits_and_goes_out(
    browser: Browser, make_site: MakeSite
) -> None:
    site = await make_site()
    errors: list[str] = []
    async with on_network(site) as address:
        meeting = await rated(site, "it")
        page = await opened(browser, meeting, address, errors)
        await page.route("**/v1/responses", lambda route: route.abort("connectionfailed"))
        await page.get_by_role("radio").nth(3).check()
        await page.get_by_role("button", name="Invia", exact=True).click()
        await page.get_by_role("button", name="Invia così").click()
        await expect(page.locator("alliance-feedback .box[data-state=offline]")).to_be_visible()
        await page.unroute("**/v1/responses")
        await page.locator("alliance-feedback .box[data-state=offline] button").first.click()
        await expect(page.locator("alliance-feedback .box[data-state=saved]")).to_be_visible()
        assert await site.current(meeting.client.token) is None
    assert errors == []
