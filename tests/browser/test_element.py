"""The custom element asks: what it shows, what counts as an answer, what it sends."""

from __future__ import annotations

import asyncio

import pytest
import stub_prompts as prompts
from element_page import Opener, card_page, focused, heard, looks_at, pulse_page, room, state, until
from playwright.async_api import expect
from stub_service import StubService

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ARIA_CARD = """
- region "How was this session for you?":
  - heading "How was this session for you?" [level=2]
  - group "The session":
    - heading "The session" [level=3]
    - text: Not a validated measure
    - paragraph: Think of today only. There are no right or wrong answers.
    - group "1 of 3 My point of view had its place today.":
      - radio "Not at all"
      - radio "A little"
      - radio "Partly"
      - radio "Mostly"
      - radio "Completely"
    - group "2 of 3 The pace of the session was …":
      - slider "The pace of the session was …"
      - button "Less"
      - text: wrong for me right for me
      - button "More"
  - group "The way of working":
    - heading "The way of working" [level=3]
    - group "3 of 3 The advice was useful to me.":
      - radio "Not at all"
  - group "Who may see your answers?":
    - radio "My therapist now Right away, so that you can talk about it together." [checked]
    - radio "My therapist, later Not now, only after your next session."
    - radio "Not my therapist Your answers only count in averages."
  - paragraph: 0 of 3 answered
  - button "Send"
  - button "Later"
  - button "Skip"
- status: "There is a short question for you: The session"
"""


async def test_without_a_prompt_nothing_is_shown_and_no_room_is_taken(
    stub: StubService, open_page: Opener
) -> None:
    page = await open_page()
    await until(lambda: stub.looks)
    await page.wait_for_function("heard.length > 0")
    assert await heard(page, "ak-ready") == [{"status": "ready"}]
    assert await room(page) == 0
    assert await page.evaluate("feedback.state") == "idle"


async def test_a_prompt_appears_without_moving_the_focus(stub: StubService, open_page: Opener) -> None:
    page = await open_page()
    await page.locator("#notes").focus()
    await until(lambda: stub.sockets)
    stub.prompt = prompts.card()
    await stub.hint("prompt", "prm_1")
    await state(page, "asking")
    assert await focused(page) == "notes"
    await page.keyboard.type("still here")
    await expect(page.locator("#notes")).to_have_value("still here")
    await expect(page.get_by_role("status")).to_have_text("There is a short question for you: The session")
    await until(lambda: {"type": "ack", "prompt": "prm_1"} in stub.messages)
    assert await heard(page, "ak-prompt") == [
        {"prompt": "prm_1", "moment": "end_of_call", "session": "ses_1", "status": "asking"}
    ]


async def test_a_screen_reader_finds_every_part_by_role_and_name(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page)
    await expect(page.locator("alliance-feedback")).to_match_aria_snapshot(ARIA_CARD)
    assert await page.evaluate("feedback.shadowRoot.querySelectorAll('style, [style]').length") == 0


async def test_every_label_and_description_points_into_the_same_shadow_root(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page)
    dangling = await page.evaluate(
        """() => [...feedback.shadowRoot.querySelectorAll('*')].flatMap(node =>
          ['aria-labelledby', 'aria-describedby'].flatMap(name => (node.getAttribute(name) || '').split(' '))
        ).filter(id => id && !feedback.shadowRoot.getElementById(id))"""
    )
    assert dangling == []
    assert await page.evaluate(
        "() => { const ids = [...feedback.shadowRoot.querySelectorAll('[id]')].map(n => n.id);"
        " return ids.length > 5 && new Set(ids).size === ids.length }"
    )


async def test_nothing_is_answered_by_default(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page)
    slider = page.get_by_role("slider")
    await expect(slider).to_have_attribute("aria-valuetext", "not answered")
    assert await looks_at(slider, 10) == await looks_at(slider, 90)
    assert await page.evaluate("[...feedback.shadowRoot.querySelectorAll('.item input:checked')].length") == 0
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_contain_text("Nothing is answered yet")
    await page.get_by_role("button", name="Send").click()
    assert stub.posts == []


async def test_a_slider_counts_a_tap_on_its_middle_and_can_be_cleared(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page)
    slider = page.get_by_role("slider")
    await slider.click()
    await expect(slider).to_have_attribute(
        "aria-valuetext", "50, from 0 (wrong for me) to 100 (right for me)"
    )
    assert await looks_at(slider, 10) != await looks_at(slider, 90)
    await expect(page.get_by_text("1 of 3 answered")).to_be_visible()
    await page.get_by_role("button", name="Clear answer").click()
    await expect(slider).to_have_attribute("aria-valuetext", "not answered")
    await expect(page.get_by_text("0 of 3 answered")).to_be_visible()
    await page.get_by_role("button", name="More").click()
    await expect(slider).to_have_value("55")
    await page.get_by_role("button", name="Less").click()
    await page.get_by_role("button", name="Less").click()
    await expect(slider).to_have_value("45")


async def test_a_line_with_a_decimal_says_the_published_value_and_sends_the_integer(
    stub: StubService, open_page: Opener
) -> None:
    stub.prompt = prompts.faces()
    page = await open_page()
    slider = page.get_by_role("slider")
    await slider.fill("85")
    await expect(slider).to_have_attribute("aria-valuetext", "8.5, from 0 (badly) to 10 (well)")
    await page.get_by_role("radio", name="Good", exact=True).check()
    await page.get_by_role("button", name="Send").click()
    await until(lambda: stub.posts)
    _, body = stub.posts[0]
    assert body["answers"] == {"faces": {"face": 2, "line": 85}}


@pytest.mark.parametrize("moment", ["end_of_call", "in_call"])
async def test_a_face_is_seen_before_its_label_and_not_read_out(
    stub: StubService, open_page: Opener, moment: str
) -> None:
    stub.prompt = prompts.faces(moment)
    page = await open_page()
    faces = page.locator(".option .symbol")
    await expect(faces).to_have_text(["😞", "😐", "😊"])
    for number, label in enumerate(["Bad", "In between", "Good"]):
        radio = page.get_by_role("radio", name=label, exact=True)
        await expect(radio).to_have_accessible_name(label)
        await expect(faces.nth(number)).to_have_attribute("aria-hidden", "true")
        assert await faces.nth(number).evaluate("node => node.nextElementSibling.textContent") == label


async def test_a_card_is_answered_by_keyboard_alone(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page)
    await page.locator("#notes").focus()
    keys = page.keyboard
    await keys.press("Tab")
    await keys.press("Space")
    for _ in range(3):
        await keys.press("ArrowDown")
    await keys.press("Tab")  # Clear answer
    await keys.press("Tab")
    await keys.press("End")
    for _ in range(3):  # Less, More, Clear answer
        await keys.press("Tab")
    await keys.press("Tab")
    await keys.press("Space")
    await keys.press("Tab")  # Clear answer
    await keys.press("Tab")
    assert stub.posts == []
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await keys.press("Tab")
    assert await focused(page) == "Send"
    await keys.press("Enter")
    await state(page, "saved")
    (_, body) = stub.posts[0]
    assert body == {
        "prompt": "prm_1",
        "visibility": "aggregate_only",
        "answers": {"check-in": {"respect": 3, "pace": 100}, "fit-directive": {"advice": 0}},
    }
    assert await focused(page) == "Thank you. Your answer is saved."
    await keys.press("Tab")
    await keys.press("Enter")
    await state(page, "idle")
    await keys.press("Tab")
    assert await focused(page) == "leave"


async def test_missing_answers_are_pointed_out_once_and_never_forced(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page)
    await page.get_by_label("Mostly").first.check()
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_have_text(
        "Not answered yet: 2. You can answer, or send it as it is."
    )
    assert await focused(page) == "Send as it is"
    assert stub.posts == []
    await page.get_by_role("button", name="Show me").click()
    assert await focused(page) == "range"
    await page.get_by_role("button", name="Send as it is").click()
    await state(page, "saved")
    assert stub.posts[0][1]["answers"] == {"check-in": {"respect": 3}, "fit-directive": {}}


async def test_the_form_waits_while_it_is_sent(stub: StubService, open_page: Opener) -> None:
    page = await pulse_page(stub, open_page)
    stub.hold = asyncio.Event()
    await page.get_by_text("Good", exact=True).click()
    await state(page, "saving")
    await expect(page.get_by_role("status")).to_have_text("Sending …")
    assert await page.evaluate("feedback.shadowRoot.querySelector('section').inert")
    stub.hold.set()
    await state(page, "saved")
    await expect(page.get_by_role("status")).to_have_text("Thank you. Your answer is saved.")
    assert len(stub.posts) == 1


async def test_a_therapist_is_not_asked_who_may_see_it(stub: StubService, open_page: Opener) -> None:
    stub.prompt = prompts.card(role="therapist", visibility=None)
    page = await open_page()
    await state(page, "asking")
    await expect(page.get_by_text("Who may see your answers?")).to_have_count(0)
    await page.get_by_label("Mostly").first.check()
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("button", name="Send as it is").click()
    await state(page, "saved")
    assert "visibility" not in stub.posts[0][1]


async def test_one_tap_sends_the_pulse(stub: StubService, open_page: Opener) -> None:
    page = await pulse_page(stub, open_page)
    await expect(page.get_by_role("button", name="Not in calls")).to_be_visible()
    await expect(page.get_by_text("Not a validated measure")).to_be_visible()
    await page.get_by_text("In between").click()
    await state(page, "saved")
    assert [body for _, body in stub.posts] == [
        {"prompt": "prm_1", "visibility": "therapist_now", "answers": {"pulse": {"now": 1}}}
    ]


@pytest.mark.parametrize("key", ["Enter", "Space"])
async def test_arrow_keys_choose_in_the_pulse_and_only_enter_or_space_sends(
    stub: StubService, open_page: Opener, key: str
) -> None:
    page = await pulse_page(stub, open_page)
    await page.locator("#notes").focus()
    await page.keyboard.press("Tab")
    for arrow in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        await page.keyboard.press(arrow)
    await expect(page.get_by_role("radio", name="Good")).to_be_checked()
    await expect(page.get_by_text("Arrow keys choose, Enter sends.")).to_be_visible()
    assert await page.evaluate("feedback.state") == "asking"
    assert stub.posts == []
    await page.keyboard.press(key)
    await state(page, "saved")
    assert stub.posts[0][1]["answers"] == {"pulse": {"now": 2}}
    assert len(stub.posts) == 1


async def test_the_pulse_lets_the_client_choose_who_sees_it_first(
    stub: StubService, open_page: Opener
) -> None:
    page = await pulse_page(stub, open_page)
    await page.get_by_text("Who sees it: My therapist now").click()
    await page.get_by_text("Not my therapist").click()
    await expect(page.get_by_text("Who sees it: Not my therapist")).to_be_visible()
    assert stub.posts == []
    await page.get_by_text("Good", exact=True).click()
    await state(page, "saved")
    assert stub.posts[0][1]["visibility"] == "aggregate_only"


@pytest.mark.parametrize(
    ("label", "reason"), [("Skip", "skip"), ("Later", "later"), ("Not in calls", "not_in_calls")]
)
async def test_every_prompt_can_be_dismissed(
    stub: StubService, open_page: Opener, label: str, reason: str
) -> None:
    page = await pulse_page(stub, open_page)
    await page.get_by_role("button", name=label).click()
    await state(page, "dismissed")
    await until(lambda: stub.dismissed)
    assert stub.dismissed == [("prm_1", reason)]
    assert await heard(page, "ak-dismissed") == [{"prompt": "prm_1", "reason": reason, "status": "dismissed"}]
    assert await page.evaluate("feedback.ask()") is (reason == "later")


async def test_a_prompt_put_off_keeps_its_answers_and_is_not_asked_again_at_once(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page, clock=True)
    await until(lambda: stub.sockets)
    await page.get_by_label("Mostly").first.check()
    await page.get_by_role("button", name="Later").click()
    await until(lambda: stub.dismissed)
    looks = stub.looks
    await stub.hint("prompt", "prm_1")
    await until(lambda: stub.looks > looks)
    await page.wait_for_timeout(200)
    assert await page.evaluate("feedback.state") == "dismissed"
    await page.clock.fast_forward(130_000)
    await state(page, "asking")
    await expect(page.get_by_label("Mostly").first).to_be_checked()


async def test_a_prompt_answered_elsewhere_closes_in_words(stub: StubService, open_page: Opener) -> None:
    page = await pulse_page(stub, open_page)
    await until(lambda: stub.sockets)
    stub.prompt = None
    await stub.hint("prompt_closed", "prm_1")
    await state(page, "dismissed")
    await expect(page.get_by_role("status")).to_contain_text("answered elsewhere")
