"""The custom element when requests fail, tokens run out and the live channel comes and goes."""

from __future__ import annotations

import pytest
import stub_prompts as prompts
from element_page import Opener, card_page, heard, pulse_page, room, state, until
from playwright.async_api import expect
from stub_service import Failure, StubService

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


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
    assert await heard(page, "ak-answered") == [
        {"prompt": "prm_1", "responses": ["rsp_1"], "status": "stored"}
    ]


async def test_offline_answers_wait_in_memory_and_go_when_the_connection_is_back(
    stub: StubService, open_page: Opener
) -> None:
    page = await pulse_page(stub, open_page)
    await page.context.set_offline(True)
    await page.get_by_text("Good", exact=True).click()
    await state(page, "offline")
    await expect(page.get_by_role("status")).to_contain_text("There is no connection.")
    await expect(page.get_by_role("button", name="Try now")).to_be_visible()
    stored = "[localStorage.length, document.cookie.length, Object.entries(sessionStorage)]"
    assert await page.evaluate(stored) == [0, 0, [["alliancekit:prm_1", "confirmed"]]]
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


async def test_before_the_service_has_spoken_the_page_language_is_used(
    stub: StubService, open_page: Opener
) -> None:
    stub.tokens = set()
    page = await open_page(query="/?lang=es")
    await state(page, "error")
    await expect(page.get_by_role("status")).to_contain_text("Su acceso a esta página ha caducado")


async def test_a_live_channel_that_refuses_the_token_leaves_the_answers_on_the_card(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page)
    await page.get_by_label("Mostly").first.check()
    await until(lambda: stub.sockets)
    await stub.sockets[0].close(4401)
    await state(page, "error")
    assert await heard(page, "ak-error") == [{"code": "token", "status": 401}]
    await page.evaluate("feedback.setAttribute('token', 'good')")
    await state(page, "asking")
    await expect(page.get_by_label("Mostly").first).to_be_checked()


async def test_a_failing_service_at_the_start_disturbs_nobody_and_is_asked_again(
    stub: StubService, open_page: Opener
) -> None:
    stub.fail_current, stub.live = [Failure(500), Failure(500)], False
    stub.prompt = prompts.pulse()
    page = await open_page(clock=True)
    await until(lambda: stub.looks)
    await page.wait_for_function("heard.length > 0")
    assert await heard(page, "ak-error") == [{"code": "unavailable", "status": 500}]
    assert await room(page) == 0
    while await page.evaluate("feedback.state") != "asking":
        await page.clock.fast_forward(15_500)
    assert len(await heard(page, "ak-error")) == 1


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
    await page.evaluate("for (let i = 0; i < 5; i++) feedback.hint({type: 'prompt', prompt: 'prm_1'})")
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
