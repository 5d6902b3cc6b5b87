"""What a page that holds the element, and the person in front of it, can rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import stub_prompts as prompts
from element_page import Opener, card_page, pulse_page, state
from playwright.async_api import Page, expect
from stub_service import Failure, StubService

from alliancekit.instruments.catalogue import Instruments, localise
from alliancekit_measures import Measures, Settings

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


def whole_card(language: str, items: int = 15) -> dict[str, Any]:
    """The built-in check-in in a language, with further items to make a card of so many."""
    forms = Instruments(Measures(Settings()).register_instruments())
    check_in = localise(forms.get("check-in"), language)
    more = [{**item, "id": f"more_{item['id']}"} for item in check_in["items"]]
    return prompts.prompt(
        "end_of_call", check_in, prompts.instrument("fit", "…", more[: items - len(check_in["items"])])
    )


async def layout(page: Page) -> dict[str, Any]:
    """How the options of the choice items stand, and what of their wording is cut off or broken."""
    found: dict[str, Any] = await page.evaluate(
        """() => {
          const groups = [...feedback.shadowRoot.querySelectorAll('.options')].map(o => [...o.children]);
          const box = n => n.getBoundingClientRect();
          const lines = (label, word) => {
            const text = label.querySelector('span').firstChild, at = text.data.indexOf(word);
            const range = document.createRange();
            range.setStart(text, at); range.setEnd(text, at + word.length);
            return new Set([...range.getClientRects()].map(r => Math.round(r.top))).size;
          };
          const labels = groups.flat();
          return {
            rows: groups.filter(g => g.every(l => box(l).top === box(g[0]).top)).length,
            lists: groups.filter(g => g.every(l => box(l).left === box(g[0]).left)).length,
            widths: [...new Set(labels.map(l => Math.round(box(l).width)))],
            smallest: Math.min(...labels.flatMap(l => [box(l).width, box(l).height])),
            cut: labels.filter(l => l.scrollWidth > l.clientWidth).map(l => l.textContent),
            broken: labels.map(l => l.textContent).filter(
              (text, i) => text.split(' ').some(word => lines(labels[i], word) > 1)),
            height: feedback.offsetHeight, width: feedback.offsetWidth,
          };
        }"""
    )
    return found


async def card_in(
    stub: StubService, open_page: Opener, prompt: dict[str, Any], *, language: str = "en", width: int
) -> Page:
    """A page of the width at which the element is `width` pixels wide, asking."""
    direction = "rtl" if language == "ar" else "ltr"
    stub.prompt, stub.language, stub.direction = prompt, language, direction
    page = await open_page(viewport={"width": width, "height": 800})
    margins = width - await page.evaluate("document.body.clientWidth - 2 * document.body.offsetLeft")
    await page.set_viewport_size({"width": width + max(0, margins), "height": 800})
    await state(page, "asking")
    return page


@pytest.mark.parametrize(
    ("language", "at_most"), [("en", 2600), ("es", 2900), ("it", 2900), ("zh", 2600), ("ar", 2900)]
)
async def test_fifteen_items_make_rows_and_a_card_of_few_screens(
    stub: StubService, open_page: Opener, language: str, at_most: int
) -> None:
    page = await card_in(stub, open_page, whole_card(language), language=language, width=400)
    found = await layout(page)
    assert found["width"] == 400
    assert (found["rows"], found["lists"]) == (15, 0)
    assert len(found["widths"]) <= 2, "equal columns, up to rounding"
    assert max(found["widths"]) - min(found["widths"]) <= 1
    assert found["smallest"] >= 44
    assert found["cut"] == []
    if language != "zh":  # Chinese may break a line anywhere.
        assert found["broken"] == []
    assert found["height"] <= at_most


async def test_large_text_makes_a_list_again(stub: StubService, open_page: Opener) -> None:
    page = await card_in(stub, open_page, whole_card("en"), width=400)
    assert (await layout(page))["rows"] == 15
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    await page.wait_for_function("() => feedback.offsetHeight > 4000")
    found = await layout(page)
    assert (found["rows"], found["lists"]) == (0, 15)
    assert found["cut"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_words_that_do_not_fit_side_by_side_make_a_list_until_they_do(
    stub: StubService, open_page: Opener
) -> None:
    labels = ["Unmöglich", "Vielleicht", "Unentschieden", "Wahrscheinlich", "Einverstanden"]
    prompt = whole_card("en", 10)
    prompt["instruments"][0]["items"].append(prompts.choice("long", "…", labels))
    page = await card_in(stub, open_page, prompt, width=400)
    await page.evaluate(
        "() => { window.troubles = []; addEventListener('error', e => troubles.push(e.message)); }"
    )
    found = await layout(page)
    assert (found["rows"], found["lists"]) == (10, 1)
    assert (found["cut"], found["broken"]) == ([], [])
    for width, lists in ((900, 0), (420, 1)):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.wait_for_function(
            "n => feedback.shadowRoot.querySelectorAll('.list').length === n", arg=lists
        )
        assert (await layout(page))["rows"] == 11 - lists
    assert await page.evaluate("troubles") == []


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
