"""What a page that holds the element, and the person in front of it, can rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import stub_prompts as prompts
from element_page import Opener, card_page, pulse_page, state
from playwright.async_api import expect
from stub_service import Failure, StubService

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_events_tell_ids_and_status_only(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page)
    stub.fail_responses = [Failure(500)]
    await page.get_by_label("Mostly").first.check()
    await page.get_by_role("slider").press("End")
    await page.get_by_label("Completely").last.check()
    await page.get_by_role("button", name="Send").click()
    await state(page, "saved")
    events = await page.evaluate("heard")
    assert [event["name"] for event in events] == ["ak-ready", "ak-prompt", "ak-queued", "ak-answered"]
    known = {"status", "prompt", "moment", "session", "responses", "reason", "code"}
    assert {key for event in events for key in event["detail"]} <= known
    text = json.dumps(events)
    assert not any(word in text for word in ("respect", "pace", "advice", "answers", "100", "visibility"))
    assert await page.evaluate("pressed") == []


async def test_keys_pressed_in_the_element_do_not_reach_the_shortcuts_of_the_page(
    stub: StubService, open_page: Opener
) -> None:
    page = await pulse_page(stub, open_page)
    await page.get_by_role("radio").first.focus()
    await page.keyboard.press("m")
    await page.keyboard.press("ArrowDown")
    assert await page.evaluate("pressed") == []
    await page.keyboard.press("Escape")
    assert await page.evaluate("pressed") == ["keydown:Escape"]


async def test_leaving_is_never_blocked(stub: StubService, open_page: Opener) -> None:
    page = await pulse_page(stub, open_page)
    stub.fail_responses = [Failure(500)] * 9
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.type))
    await page.get_by_text("Good", exact=True).click()
    await state(page, "offline")
    await page.goto("about:blank")
    assert asked == []
    await page.goto(stub.url)


async def test_right_to_left(stub: StubService, open_page: Opener) -> None:
    stub.prompt, stub.language, stub.direction = prompts.arabic_card(), "ar", "rtl"
    page = await open_page()
    await state(page, "asking")
    box = page.locator("alliance-feedback .box")
    await expect(box).to_have_attribute("dir", "rtl")
    await expect(box).to_have_attribute("lang", "ar")
    await expect(page.get_by_role("button", name="إرسال")).to_be_visible()
    radios = page.get_by_role("radio")
    first, fifth = await radios.nth(0).bounding_box(), await radios.nth(4).bounding_box()
    assert first
    assert fifth
    assert first["x"] > fifth["x"]
    slider = page.get_by_role("slider")
    place = await slider.bounding_box()
    assert place
    await slider.click(position={"x": 3, "y": place["height"] / 2})
    assert int(await slider.input_value()) > 95
    less = await page.get_by_role("button", name="أقل").bounding_box()
    assert less
    assert less["x"] > place["x"] + place["width"] / 2


@pytest.mark.parametrize("make", [prompts.long_card, prompts.pulse, prompts.arabic_card])
async def test_at_320_pixels_nothing_scrolls_sideways_and_targets_are_large(
    stub: StubService, open_page: Opener, make: Callable[[], dict[str, Any]]
) -> None:
    stub.prompt = make()
    page = await open_page(viewport={"width": 320, "height": 640})
    await state(page, "asking")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    small = await page.evaluate(
        """() => [...feedback.shadowRoot.querySelectorAll('button, label.option, input[type=range], summary')]
          .filter(n => n.checkVisibility() && Math.min(n.offsetHeight, n.offsetWidth) < 44)
          .map(n => n.textContent + n.offsetHeight)"""
    )
    assert small == []


async def test_answering_moves_nothing_on_the_page(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page)
    before = await page.evaluate("feedback.offsetHeight")
    await page.get_by_label("Mostly").first.check()
    await page.get_by_role("slider").press("End")
    assert await page.evaluate("feedback.offsetHeight") == before


async def test_reduced_motion_and_forced_colours(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page, reduced_motion="reduce", forced_colors="active")
    animation = "getComputedStyle(feedback.shadowRoot.querySelector('.card')).animationName"
    assert await page.evaluate(animation) == "none"
    await page.get_by_label("Mostly").first.check()
    chosen = "getComputedStyle(feedback.shadowRoot.querySelector('.option:has(:checked)')).outlineStyle"
    assert await page.evaluate(chosen) == "solid"
    moving = await card_page(stub, open_page, reduced_motion="no-preference")
    assert await moving.evaluate(animation) == "appear"


async def test_dark_follows_the_person_and_the_page_can_overrule(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page, color_scheme="dark")
    surface = "getComputedStyle(feedback.shadowRoot.querySelector('.box')).backgroundColor"
    assert await page.evaluate(surface) == "rgb(28, 36, 38)"
    await page.evaluate("feedback.style.setProperty('--ak-color-scheme', 'light')")
    assert await page.evaluate(surface) == "rgb(255, 253, 250)"
    await page.evaluate("feedback.style.setProperty('--ak-surface', 'rgb(1, 2, 3)')")
    assert await page.evaluate(surface) == "rgb(1, 2, 3)"
