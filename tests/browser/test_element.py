"""The custom element in a real Chromium, under a strict content policy, against a service that fails on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
import stub_prompts as prompts
from playwright.async_api import Browser, Locator, Page, async_playwright, expect
from stub_service import Failure, StubService, serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

Opener = Callable[..., Awaitable[Page]]

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
    - radio "My therapist, later Not straight away, only some time after the session."
    - radio "Only as part of averages Your therapist never sees your own answers."
  - paragraph: 0 of 3 answered
  - button "Send"
  - button "Later"
  - button "Skip"
- status: "There is a short question for you: The session"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        chromium = await play.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stub() -> AsyncIterator[StubService]:
    async with serving(StubService()) as stub:
        yield stub


@pytest_asyncio.fixture(loop_scope="module")
async def open_page(browser: Browser, stub: StubService) -> AsyncIterator[Opener]:
    """Opens the host page; whatever the test does, no page may break its policy or throw."""
    pages: list[Page] = []
    errors: list[str] = []

    async def opened(*, clock: bool = False, query: str = "", **options: Any) -> Page:
        context = await browser.new_context(**{"viewport": {"width": 800, "height": 900}, **options})
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if clock:
            await page.clock.install()
        await page.goto(stub.url + query)
        pages.append(page)
        return page

    yield opened
    violations = [await page.evaluate("violations") for page in pages]
    for page in pages:
        await page.context.close()
    assert violations == [[] for _ in pages]
    assert errors == []


async def state(page: Page, expected: str) -> None:
    """Waits until the element says it is in this state."""
    await page.wait_for_function("state => feedback.state === state", arg=expected)


async def until(true: Callable[[], object]) -> None:
    """Waits for something in the stub; the test's own time limit ends it."""
    while not true():
        await asyncio.sleep(0.02)


async def heard(page: Page, name: str) -> list[dict[str, Any]]:
    """The details of the element's events of this name, in order."""
    events: list[dict[str, Any]] = await page.evaluate("heard")
    return [event["detail"] for event in events if event["name"] == name]


async def focused(page: Page) -> str:
    """What has the focus, also inside the element's shadow root."""
    return str(
        await page.evaluate(
            "() => { const a = document.activeElement.shadowRoot?.activeElement ?? document.activeElement;"
            " return a.id || a.textContent || a.type || a.tagName }"
        )
    )


async def looks_at(slider: Locator, value: int) -> bytes:
    """A picture of the slider with the thumb, if it has one, at this value."""
    await slider.evaluate("(node, value) => { node.value = value }", value)
    return await slider.screenshot(animations="disabled")


async def pulse_page(stub: StubService, open_page: Opener, **options: Any) -> Page:
    stub.prompt = prompts.pulse()
    page = await open_page(**options)
    await state(page, "asking")
    return page


async def card_page(stub: StubService, open_page: Opener, **options: Any) -> Page:
    stub.prompt = prompts.card()
    page = await open_page(**options)
    await state(page, "asking")
    return page


# ---- asking


async def test_without_a_prompt_nothing_is_shown_and_no_room_is_taken(stub: StubService, open_page: Opener) -> None:
    page = await open_page()
    await until(lambda: stub.looks)
    await page.wait_for_function("heard.length > 0")
    assert await heard(page, "ak-ready") == [{"status": "ready"}]
    assert await page.evaluate("feedback.offsetHeight") == 0
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


async def test_a_screen_reader_finds_every_part_by_role_and_name(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page)
    await expect(page.locator("alliance-feedback")).to_match_aria_snapshot(ARIA_CARD)
    assert await page.evaluate("feedback.shadowRoot.querySelectorAll('style, [style]').length") == 0


async def test_every_label_and_description_points_into_the_same_shadow_root(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page)
    dangling = await page.evaluate(
        """() => [...feedback.shadowRoot.querySelectorAll('[aria-labelledby],[aria-describedby]')].flatMap(node =>
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


async def test_a_slider_counts_a_tap_on_its_middle_and_can_be_cleared(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page)
    slider = page.get_by_role("slider")
    await slider.click()
    await expect(slider).to_have_attribute("aria-valuetext", "50, from 0 (wrong for me) to 100 (right for me)")
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


# ---- sending


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


async def test_missing_answers_are_pointed_out_once_and_never_forced(stub: StubService, open_page: Opener) -> None:
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


# ---- the pulse


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


async def test_the_pulse_lets_the_client_choose_who_sees_it_first(stub: StubService, open_page: Opener) -> None:
    page = await pulse_page(stub, open_page)
    await page.get_by_text("Who sees it: My therapist now").click()
    await page.get_by_text("Only as part of averages").click()
    await expect(page.get_by_text("Who sees it: Only as part of averages")).to_be_visible()
    assert stub.posts == []
    await page.get_by_text("Good", exact=True).click()
    await state(page, "saved")
    assert stub.posts[0][1]["visibility"] == "aggregate_only"


# ---- dismissing


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


# ---- failures


@pytest.mark.parametrize(
    "failures",
    [
        pytest.param([Failure(500), Failure(503, headers={"Retry-After": "1"})], id="5xx"),
        pytest.param([Failure(0)], id="dropped after storing"),
        pytest.param([Failure(500), Failure(409, "conflict")], id="409 in progress on a retry"),
        pytest.param([Failure(409, "in-progress")], id="409 said to be in progress"),
        pytest.param([Failure(429)], id="429"),
    ],
)
async def test_a_retry_has_the_same_key_and_body(
    stub: StubService, open_page: Opener, failures: list[Failure]
) -> None:
    page = await pulse_page(stub, open_page)
    stub.fail_responses = list(failures)
    await page.get_by_text("Good", exact=True).click()
    await state(page, "offline")
    await expect(page.get_by_role("status")).to_contain_text("Your answer is kept on this page")
    await state(page, "saved")
    assert len(stub.posts) == len(failures) + 1
    assert len({key for key, _ in stub.posts}) == 1
    assert len(stub.posts[0][0]) == 36
    assert all(body == stub.posts[0][1] for _, body in stub.posts)
    assert len(stub.stored) == 1
    assert await heard(page, "ak-queued") == [{"prompt": "prm_1", "status": "queued"}]
    assert await heard(page, "ak-answered") == [{"prompt": "prm_1", "responses": ["rsp_1"], "status": "stored"}]


async def test_offline_answers_wait_in_memory_and_go_when_the_connection_is_back(
    stub: StubService, open_page: Opener
) -> None:
    page = await pulse_page(stub, open_page)
    await page.context.set_offline(True)
    await page.get_by_text("Good", exact=True).click()
    await state(page, "offline")
    await expect(page.get_by_role("status")).to_contain_text("There is no connection.")
    await expect(page.get_by_role("button", name="Try now")).to_be_visible()
    stored = "localStorage.length + sessionStorage.length + document.cookie.length"
    assert await page.evaluate(stored) == 0
    await page.context.set_offline(False)
    await state(page, "saved")
    assert len(stub.stored) == 1


@pytest.mark.parametrize("status", [409, 404])
async def test_a_closed_prompt_is_said_in_words_and_not_repeated(
    stub: StubService, open_page: Opener, status: int
) -> None:
    page = await pulse_page(stub, open_page)
    stub.fail_responses = [Failure(status, "conflict")]
    await page.get_by_text("Good", exact=True).click()
    await state(page, "error")
    await expect(page.get_by_role("status")).to_contain_text("There is nothing more to do")
    assert await heard(page, "ak-error") == [{"code": "closed", "status": status, "prompt": "prm_1"}]
    await page.get_by_role("button", name="Close").click()
    await state(page, "idle")
    assert len(stub.posts) == 1


async def test_refused_answers_stay_on_the_card_and_go_under_a_new_key(
    stub: StubService, open_page: Opener
) -> None:
    page = await pulse_page(stub, open_page)
    stub.fail_responses = [Failure(422, "invalid-answer")]
    await page.get_by_text("Good", exact=True).click()
    await state(page, "error")
    await expect(page.get_by_role("status")).to_contain_text("not accepted and are not saved")
    await expect(page.get_by_role("radio", name="Good")).to_be_checked()
    await page.get_by_text("Good", exact=True).click()
    await state(page, "saved")
    assert stub.posts[0][0] != stub.posts[1][0]


async def test_a_token_that_has_run_out_keeps_the_answer_until_a_new_one_is_set(
    stub: StubService, open_page: Opener
) -> None:
    page = await pulse_page(stub, open_page)
    stub.tokens = {"renewed"}
    await page.get_by_text("Good", exact=True).click()
    await state(page, "error")
    await expect(page.get_by_role("status")).to_contain_text("your answer is not sent yet")
    assert await heard(page, "ak-error") == [{"code": "token", "status": 401}]
    await page.evaluate("feedback.setAttribute('token', 'renewed')")
    await state(page, "saved")
    assert len({key for key, _ in stub.posts}) == 1
    await until(lambda: any(m.get("token") == "renewed" for m in stub.messages))


async def test_a_bad_token_at_the_start_is_said_once(stub: StubService, open_page: Opener) -> None:
    stub.tokens = set()
    page = await open_page()
    await state(page, "error")
    await expect(page.get_by_role("status")).to_contain_text("access to this page has run out")
    assert await heard(page, "ak-error") == [{"code": "token", "status": 401}]


async def test_a_failing_service_at_the_start_disturbs_nobody_and_is_asked_again(
    stub: StubService, open_page: Opener
) -> None:
    stub.fail_current, stub.live = [Failure(500), Failure(500)], False
    stub.prompt = prompts.pulse()
    page = await open_page(clock=True)
    await until(lambda: stub.looks)
    await page.wait_for_function("heard.length > 0")
    assert await heard(page, "ak-error") == [{"code": "unavailable", "status": 500}]
    assert await page.evaluate("feedback.offsetHeight") == 0
    while await page.evaluate("feedback.state") != "asking":
        await page.clock.fast_forward(15_500)
    assert len(await heard(page, "ak-error")) == 1


# ---- the live channel


async def test_the_live_channel_says_hello_with_the_token_and_comes_back_with_its_place(
    stub: StubService, open_page: Opener
) -> None:
    stub.seq = 7
    page = await open_page()
    await until(lambda: stub.sockets)
    assert stub.messages[0] == {"type": "hello", "token": "good", "seq": 0}
    await page.wait_for_function("heard.length > 0")
    await stub.hint("prompt", "prm_none")
    await stub.sockets[0].close(1012)
    await until(lambda: len(stub.messages) >= 2)
    assert stub.messages[1] == {"type": "hello", "token": "good", "seq": 8}


async def test_without_websocket_the_page_polls(stub: StubService, open_page: Opener) -> None:
    stub.live = False
    page = await open_page(clock=True)
    await page.wait_for_function("heard.length > 0")
    stub.prompt = prompts.pulse()
    looks = stub.looks
    await page.clock.fast_forward(14_000)
    await page.wait_for_timeout(100)
    assert stub.looks == looks
    await page.clock.fast_forward(2_000)
    await state(page, "asking")


async def test_hints_from_other_channels_are_deduplicated(stub: StubService, open_page: Opener) -> None:
    page = await open_page()
    await until(lambda: stub.sockets)
    stub.prompt = prompts.pulse()
    await page.evaluate(
        "for (let i = 0; i < 5; i++) feedback.hint({type: 'prompt', prompt: 'prm_1'})"
    )
    await state(page, "asking")
    await stub.hint("prompt", "prm_1")
    await page.evaluate("feedback.hint({type: 'prompt', prompt: 'prm_1'})")
    await page.wait_for_timeout(100)
    assert len(await heard(page, "ak-prompt")) == 1
    await page.get_by_text("Good", exact=True).click()
    await state(page, "saved")
    looks = stub.looks
    stub.prompt = prompts.pulse()
    await page.evaluate("feedback.hint({type: 'prompt', prompt: 'prm_1'})")
    await page.wait_for_timeout(100)
    assert await page.evaluate("feedback.state") == "saved"
    assert stub.looks <= looks + 1


async def test_a_card_being_answered_is_not_taken_away_by_the_next_prompt(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page)
    await until(lambda: stub.sockets)
    await page.get_by_label("Mostly").first.check()
    looks = stub.looks
    stub.prompt = prompts.pulse(id="prm_2")
    await stub.hint("prompt", "prm_2")
    await until(lambda: stub.looks > looks)
    await page.wait_for_timeout(100)
    await expect(page.get_by_label("Mostly").first).to_be_checked()


# ---- what pages must be able to rely on


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


async def test_dark_follows_the_person_and_the_page_can_overrule(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page, color_scheme="dark")
    surface = "getComputedStyle(feedback.shadowRoot.querySelector('.box')).backgroundColor"
    assert await page.evaluate(surface) == "rgb(28, 36, 38)"
    await page.evaluate("feedback.style.setProperty('--ak-color-scheme', 'light')")
    assert await page.evaluate(surface) == "rgb(255, 253, 250)"
    await page.evaluate("feedback.style.setProperty('--ak-surface', 'rgb(1, 2, 3)')")
    assert await page.evaluate(surface) == "rgb(1, 2, 3)"
