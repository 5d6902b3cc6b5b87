"""Where the page bridge asks: a card that is in nobody's way, or the vendor's own place."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from bridge_page import Clinic, both_there, how, therapist_leaves
from playwright.async_api import Page, expect
from tests.services import Meeting

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def asking(
    clinic: Clinic, query: str = "", language: str = "en", **options: object
) -> tuple[Meeting, Page]:
    """A client in the call, who is being asked."""
    people = [
        {"role": "client", "external_id": "c1", "language": language},
        {"role": "therapist", "external_id": "t1"},
    ]
    meeting = await clinic.meeting(participants=people)
    page = await clinic.open(meeting.client, f"platform=jitsi&{query}", **options)
    await both_there(clinic, meeting, page)
    await page.locator("#microphone").focus()
    await clinic.ask(meeting)
    await expect(page.locator("alliance-feedback input").first).to_be_attached()
    return meeting, page


UNCOVERED = """selector => {
  const box = document.querySelector(selector).getBoundingClientRect();
  const points = [[0.5, 0.1], [0.5, 0.5], [0.5, 0.9], [0.2, 0.5], [0.8, 0.5]];
  return box.top >= 0 && box.bottom <= innerHeight && points.every(([x, y]) =>
    document.elementFromPoint(box.left + x * box.width, box.top + y * box.height).matches(selector));
}"""
SIZES = [(1280, 800), (390, 844), (390, 600), (800, 400)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("direction", ["", "rtl"])
async def test_the_card_covers_no_button_and_takes_no_focus(
    clinic: Clinic, width: int, height: int, direction: str
) -> None:
    language = "ar" if direction else "en"
    _, page = await asking(clinic, direction, language, viewport={"width": width, "height": height})
    assert await page.evaluate("document.activeElement.id") == "microphone"
    assert await page.evaluate(UNCOVERED, "#leave")
    assert await page.evaluate(UNCOVERED, "#microphone")
    box = await page.locator(".alliancekit-bridge").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    if width > 1000:
        assert (box["x"] < 20) == bool(direction), "at the end of the line"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_card_goes_where_it_covers_nothing_that_the_vendor_names(clinic: Clinic) -> None:
    _, page = await asking(clinic, f"avoid={quote('header, #leave')}", viewport={"width": 900, "height": 900})
    card = page.locator(".alliancekit-bridge")

    async def below() -> bool:
        box = await card.bounding_box()
        return box is not None and box["y"] > 100

    await clinic.until(below)
    assert await page.evaluate(UNCOVERED, "#leave")


async def test_the_card_goes_along_into_full_screen_and_back(clinic: Clinic) -> None:
    meeting, page = await asking(clinic)
    await page.get_by_text("Who sees it").click()
    await page.locator("#microphone").click()
    await page.wait_for_function(
        "() => document.fullscreenElement?.contains(document.querySelector('.alliancekit-bridge'))"
    )
    await expect(page.get_by_role("group", name="Who may see")).to_be_visible()
    await page.evaluate("document.exitFullscreen()")
    await page.wait_for_function(
        "() => document.querySelector('.alliancekit-bridge').parentNode === document.body"
    )
    await page.get_by_text("All right", exact=True).click()
    await page.wait_for_function("() => document.querySelector('alliance-feedback').state === 'saved'")
    assert [one["status"] for one in (await clinic.state(meeting))["prompts"]] == ["answered"]


async def test_it_is_answered_by_keyboard_after_the_pages_own_controls(clinic: Clinic) -> None:
    meeting, page = await asking(clinic)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.id") == "leave"
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.tagName") == "ALLIANCE-FEEDBACK"
    await page.keyboard.press("Space")
    await page.wait_for_function("() => document.querySelector('alliance-feedback').state === 'saved'")
    [prompt] = [one for one in (await clinic.state(meeting))["prompts"] if one["moment"] == "in_call"]
    assert prompt["status"] == "answered"


async def test_a_page_with_an_element_of_its_own_gets_no_second_one(clinic: Clinic) -> None:
    _, page = await asking(clinic, "own")
    assert await page.locator("alliance-feedback").count() == 1
    assert await page.locator("#questions alliance-feedback").count() == 1
    assert await page.locator(".alliancekit-bridge").count() == 0


async def test_a_place_that_the_vendor_chose(clinic: Clinic) -> None:
    _, page = await asking(clinic, "into")
    assert await page.locator("#questions alliance-feedback").count() == 1
    assert await page.locator(".alliancekit-bridge").count() == 0


async def test_what_is_shown_is_confirmed(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=daily")
    await both_there(clinic, meeting, page)
    async with page.expect_request(re.compile(r"/v1/prompts/prm_[^/]+/seen$")) as sent:
        prompt = await clinic.ask(meeting)
    request = await sent.value
    assert f"/{prompt}/" in request.url
    assert request.post_data_json == {"channel": "bridge"}
    assert request.headers["authorization"] == f"Bearer {meeting.client.token}"
    await expect(page.locator("alliance-feedback input").first).to_be_attached()


async def test_jitsis_own_notification_asks_first(clinic: Clinic) -> None:
    words = {"title": "A question", "description": "It takes one tap.", "label": "Answer"}
    meeting, page = await asking(clinic, f"more={quote(json.dumps({'notify': words}))}")
    [command] = await page.evaluate("platform.sdk.commands")
    assert command[0] == "showNotification"
    assert {key: command[1][key] for key in ("title", "description", "timeout")} == {
        "title": "A question",
        "description": "It takes one tap.",
        "timeout": "sticky",
    }
    [action] = command[1]["customActions"]
    assert action["label"] == "Answer"
    card = page.locator("alliance-feedback")
    await expect(card).to_be_hidden()
    await page.evaluate("id => platform.sdk.emit('customNotificationActionTriggered', {data: {id}})", "other")
    await expect(card).to_be_hidden()
    await page.evaluate(
        "id => platform.sdk.emit('customNotificationActionTriggered', {data: {id}})", action["uuid"]
    )
    await expect(card).to_be_visible()
    assert await page.evaluate("document.activeElement.tagName") == "ALLIANCE-FEEDBACK"
    await page.keyboard.press("Space")
    await page.wait_for_function("() => platform.sdk.commands.at(-1)[0] === 'hideNotification'")
    await page.evaluate("platform.leave()")
    await therapist_leaves(clinic, meeting)
    await expect(page.get_by_role("button", name="Send")).to_be_visible(timeout=15_000)


async def test_pages_without_a_platform_of_the_six(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client)
    await page.evaluate("call.left('declined')")
    await how(clinic, meeting, "left")
    await page.evaluate("call.joined(); call.joined()")
    await page.evaluate("call.reconnecting(); call.reconnected(); call.ended(); call.ended(); call.left()")

    async def twice() -> bool:
        return len(await clinic.segments(meeting)) == 2

    await clinic.until(twice)
    assert await page.evaluate("states") == ["left", "in_call", "reconnecting", "in_call", "left"]
