"""One question at a time: going on, back and past a question, by button and by keyboard."""

from __future__ import annotations

import asyncio

import pytest
import stub_prompts as prompts
from element_page import Opener, focused, heard, state, steps_page
from playwright.async_api import Page, expect
from stub_service import Failure, StubService

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ARIA_FIRST = """
- region "How was this session for you?":
  - heading "How was this session for you?" [level=2]
  - paragraph: 1 of 3
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
  - paragraph: You can go on without an answer.
  - button "Next"
  - button "Later"
  - button "Skip"
- status: "There is a short question for you: The session"
"""
ARIA_LAST = """
- region "How was this session for you?":
  - heading "How was this session for you?" [level=2]
  - paragraph: 1 of 3 answered
  - group "That was the last question":
    - heading "That was the last question" [level=3]
    - paragraph: "Not answered yet: 2. You can answer, or send it as it is."
    - button "Show me"
    - group "Who may see your answers?":
      - radio "My therapist now Right away, so that you can talk about it together." [checked]
      - radio "My therapist, later Not now, only after your next session."
      - radio "Not my therapist Your answers only count in averages."
  - button "Send as it is"
  - button "Back"
  - button "Later"
  - button "Skip"
- status
"""


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def question(page: Page, text: str) -> None:
    """Waits until this is the question to be seen, and the only one."""
    await expect(page.get_by_text(text, exact=True)).to_be_visible()
    await expect(page.locator("alliance-feedback .screens > :not(.off)")).to_have_count(1)


async def test_one_question_is_there_at_a_time_and_screen_readers_find_no_other(
    stub: StubService, open_page: Opener
) -> None:
    page = await steps_page(stub, open_page)
    await page.locator("#notes").focus()
    element = page.locator("alliance-feedback")
    await expect(element).to_match_aria_snapshot(ARIA_FIRST)
    assert await page.get_by_role("radio").count() == 5
    assert await focused(page) == "notes"
    await expect(page.get_by_role("button", name="Back")).to_be_hidden()
    await page.get_by_role("radio", name="Mostly").check()
    for _ in range(3):
        await press(page, "Next")
    await expect(element).to_match_aria_snapshot(ARIA_LAST)
    assert stub.posts == []


async def test_going_on_and_back_keeps_answers_and_takes_the_focus_along(
    stub: StubService, open_page: Opener
) -> None:
    page = await steps_page(stub, open_page)
    await page.get_by_role("radio", name="Mostly").check()
    await press(page, "Next")
    await question(page, "The pace of the session was …")
    await expect(page.get_by_role("slider")).to_be_focused()
    await expect(page.get_by_text("2 of 3", exact=True).first).to_be_visible()
    await page.get_by_role("slider").press("End")
    await press(page, "Next")
    await question(page, "The advice was useful to me.")
    await expect(page.get_by_role("radio", name="Not at all")).to_be_focused()
    await press(page, "Back")
    await expect(page.get_by_role("slider")).to_have_value("100")
    await press(page, "Back")
    await expect(page.get_by_role("radio", name="Mostly")).to_be_focused()
    await expect(page.get_by_role("radio", name="Mostly")).to_be_checked()
    for _ in range(3):
        await press(page, "Next")
    await expect(page.get_by_role("heading", name="That was the last question")).to_be_focused()
    await expect(page.get_by_text("2 of 3 answered")).to_be_visible()
    await press(page, "Send as it is")
    await state(page, "saved")
    assert stub.posts[0][1] == {
        "prompt": "prm_1",
        "visibility": "therapist_now",
        "answers": {"check-in": {"respect": 3, "pace": 100}, "fit-directive": {}},
    }


async def test_all_steps_by_keyboard_alone(stub: StubService, open_page: Opener) -> None:
    page = await steps_page(stub, open_page)
    keys = page.keyboard
    await page.locator("#notes").focus()
    for key in ("Tab", "Space", "ArrowDown", "ArrowDown", "Enter", "End", "Enter", "Enter"):
        await keys.press(key)
    assert await focused(page) == "That was the last question" or await page.evaluate(
        "feedback.shadowRoot.activeElement.textContent === 'That was the last question'"
    )
    await keys.press("Tab")
    assert await focused(page) == "Show me"
    await keys.press("Enter")
    await expect(page.get_by_role("radio", name="Not at all")).to_be_focused()
    await keys.press("Space")
    for _ in range(3):  # Clear answer, Next, Back
        await keys.press("Tab")
    assert await focused(page) == "Back"
    await keys.press("Enter")
    await expect(page.get_by_role("slider")).to_be_focused()
    for key in ("Enter", "Enter", "Tab", "ArrowDown", "ArrowDown"):
        await keys.press(key)
    assert stub.posts == [], "Enter and arrows send nothing"
    await keys.press("Enter")
    assert await page.evaluate("feedback.state") == "asking"
    await keys.press("Tab")
    assert await focused(page) == "Send"
    await keys.press("Enter")
    await state(page, "saved")
    assert stub.posts[0][1] == {
        "prompt": "prm_1",
        "visibility": "aggregate_only",
        "answers": {"check-in": {"respect": 2, "pace": 100}, "fit-directive": {"advice": 0}},
    }
    assert await focused(page) == "Thank you. Your answer is saved."
    assert set(await page.evaluate("pressed")) == {"keydown:Tab"}


async def test_with_nothing_answered_nothing_is_sent(stub: StubService, open_page: Opener) -> None:
    page = await steps_page(stub, open_page)
    for _ in range(3):
        await press(page, "Next")
    await expect(page.get_by_text("0 of 3 answered")).to_be_visible()
    await press(page, "Send")
    await expect(page.get_by_role("status")).to_contain_text("Nothing is answered yet")
    assert stub.posts == []
    await press(page, "Show me")
    await question(page, "My point of view had its place today.")
    await expect(page.get_by_role("status")).to_have_text("")
    await expect(page.get_by_role("button", name="Show me")).to_have_count(0)


async def test_the_hint_that_a_question_may_be_left_out_goes_with_the_answer(
    stub: StubService, open_page: Opener
) -> None:
    page = await steps_page(stub, open_page)
    hint, following = (
        page.get_by_text("You can go on without an answer."),
        page.get_by_role("button", name="Next"),
    )
    await expect(hint).to_be_visible()
    await expect(following).to_have_accessible_description("You can go on without an answer.")
    await page.get_by_role("radio", name="Mostly").check()
    await expect(hint).to_be_hidden()
    await expect(following).to_have_accessible_description("")


async def test_next_stays_where_it_is_and_send_is_somewhere_else(
    stub: StubService, open_page: Opener
) -> None:
    page = await steps_page(stub, open_page, reduced_motion="reduce")
    button = page.get_by_role("button", name="Next")
    place = await button.bounding_box()
    height = await page.evaluate("feedback.offsetHeight")
    for answer in (
        page.get_by_role("radio", name="Mostly"),
        page.get_by_role("slider"),
        page.get_by_role("radio", name="Mostly"),
    ):
        assert await button.bounding_box() == place
        assert await page.evaluate("feedback.offsetHeight") == height
        await answer.click()
        await button.click()
    sending = await page.get_by_role("button", name="Send").bounding_box()
    assert place
    assert sending
    assert sending["y"] >= place["y"] + place["height"], "a tap too many must not send"


@pytest.mark.parametrize(("label", "reason"), [("Skip", "skip"), ("Later", "later")])
async def test_every_step_can_be_put_away(
    stub: StubService, open_page: Opener, label: str, reason: str
) -> None:
    page = await steps_page(stub, open_page)
    await page.get_by_role("radio", name="Mostly").check()
    await press(page, "Next")
    await press(page, label)
    await state(page, "dismissed")
    assert [one["reason"] for one in await heard(page, "ak-dismissed")] == [reason]
    if reason == "later":
        await press(page, "Answer now")
        await question(page, "The pace of the session was …")
        await press(page, "Back")
        await expect(page.get_by_role("radio", name="Mostly")).to_be_checked()


async def test_in_a_call_steps_can_be_refused_for_all_calls(stub: StubService, open_page: Opener) -> None:
    stub.prompt = prompts.steps() | {"moment": "in_call"}
    page = await open_page()
    await press(page, "Not in calls")
    await state(page, "dismissed")
    assert [one["reason"] for one in await heard(page, "ak-dismissed")] == ["not_in_calls"]


async def test_a_single_question_and_a_pulse_need_no_steps(stub: StubService, open_page: Opener) -> None:
    stub.prompt = prompts.steps(prompts.pulse())
    page = await open_page()
    await state(page, "asking")
    await expect(page.locator("alliance-feedback .pulse")).to_be_visible()
    stub.prompt = prompts.steps(prompts.pulse(id="prm_2")) | {"moment": "end_of_call"}
    page = await open_page()
    await state(page, "asking")
    await expect(page.get_by_role("button", name="Send")).to_be_visible()
    await expect(page.get_by_role("button", name="Next")).to_have_count(0)


async def test_refused_steps_stay_and_the_steps_wait_while_they_are_sent(
    stub: StubService, open_page: Opener
) -> None:
    page = await steps_page(stub, open_page)
    stub.fail_responses, stub.hold = [Failure(422, "invalid-answer")], asyncio.Event()
    await page.get_by_role("radio", name="Mostly").check()
    for _ in range(3):
        await press(page, "Next")
    await press(page, "Send as it is")
    await state(page, "saving")
    assert await page.evaluate("feedback.shadowRoot.querySelector('section').inert")
    stub.hold.set()
    await state(page, "error")
    await expect(page.get_by_role("status")).to_contain_text("not accepted and are not saved")
    await press(page, "Send as it is")
    await state(page, "saved")
    assert stub.posts[0][0] != stub.posts[1][0]


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("arabic", [False, True], ids=["en", "ar"])
async def test_every_step_fits_a_phone_with_large_targets(
    stub: StubService, open_page: Opener, width: int, arabic: bool
) -> None:
    stub.prompt = prompts.steps(prompts.arabic_card() if arabic else prompts.card())
    stub.language, stub.direction = ("ar", "rtl") if arabic else ("en", "ltr")
    page = await open_page(viewport={"width": width, "height": 640})
    await state(page, "asking")
    while True:
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        small = await page.evaluate(
            """() => [...feedback.shadowRoot.querySelectorAll('button, label.option, input[type=range]')]
              .filter(n => n.checkVisibility({ visibilityProperty: true })
                && Math.min(n.offsetHeight, n.offsetWidth) < 44).map(n => n.textContent + n.offsetHeight)"""
        )
        assert small == []
        if await page.locator("alliance-feedback .last").is_visible():
            break
        await page.locator("alliance-feedback .primary:not([hidden])").click()


async def test_large_text_covers_nothing(stub: StubService, open_page: Opener) -> None:
    page = await steps_page(stub, open_page, viewport={"width": 400, "height": 800})
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    await page.get_by_role("radio", name="Mostly").check()
    await page.wait_for_function("() => feedback.shadowRoot.querySelector('.options').offsetHeight > 300")
    clear = await page.get_by_role("button", name="Clear answer").bounding_box()
    following = await page.get_by_role("button", name="Next").bounding_box()
    assert clear
    assert following
    assert clear["y"] + clear["height"] <= following["y"] + 1
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_steps_without_motion_and_in_forced_colours(stub: StubService, open_page: Opener) -> None:
    page = await steps_page(stub, open_page, reduced_motion="reduce", forced_colors="active")
    assert await page.evaluate("feedback.shadowRoot.getAnimations().length") == 0
    await press(page, "Next")
    assert await page.evaluate("feedback.shadowRoot.getAnimations().length") == 0
    await page.keyboard.press("End")
    outline = "getComputedStyle(feedback.shadowRoot.activeElement).outlineStyle"
    assert await page.evaluate(outline) == "solid"
