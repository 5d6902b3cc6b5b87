"""A page that is closed mid-answer: what was confirmed goes out, what was lost is said, nothing is kept."""

from __future__ import annotations

import pytest
import stub_prompts as prompts
from element_page import Opener, card_page, heard, pulse_page, state, until
from playwright.async_api import Page, expect
from stub_service import Failure, StubService

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

BEGUN = (
    "You began to answer “The session” here before. Those answers were not sent and are not kept."
    " You can start again."
)
LOST = (
    "The page was closed before your answers to “Pulse” were sent. They are not kept. You can answer again."
)


async def marks(page: Page) -> list[list[str]]:
    """What this tab has stored."""
    found: list[list[str]] = await page.evaluate(
        "[...Object.entries(localStorage), ...Object.entries(sessionStorage)]"
    )
    return found


async def test_a_queued_answer_goes_out_as_the_page_closes(stub: StubService, open_page: Opener) -> None:
    page = await pulse_page(stub, open_page, clock=True)
    stub.fail_responses = [Failure(503, headers={"Retry-After": "600"})]
    await page.get_by_text("Good", exact=True).click()
    await state(page, "offline")
    assert len(stub.posts) == 1
    await page.goto("about:blank")
    await until(lambda: stub.stored)
    assert len({key for key, _ in stub.posts}) == 1
    assert [body["answers"] for body in stub.stored.values()] == [{"pulse": {"now": 2}}]
    await page.goto(stub.url)


async def test_an_answer_under_way_is_not_cut_off_by_closing(stub: StubService, open_page: Opener) -> None:
    page = await pulse_page(stub, open_page)
    await page.evaluate(
        """() => {
          const plain = fetch;
          window.sent = [];
          window.fetch = (url, options) => {
            sent.push([options.method, options.keepalive]);
            return plain(url, options);
          };
        }"""
    )
    await page.get_by_text("Good", exact=True).click()
    await state(page, "saved")
    assert ["POST", True] in await page.evaluate("sent")
    assert all(kept == (method == "POST") for method, kept in await page.evaluate("sent"))


async def test_an_answer_that_never_got_through_is_said_when_the_page_comes_back(
    stub: StubService, open_page: Opener
) -> None:
    page = await pulse_page(stub, open_page)
    stub.fail_responses = [Failure(503)] * 5
    await page.get_by_text("Good", exact=True).click()
    await state(page, "offline")
    assert await marks(page) == [["alliancekit:prm_1", "confirmed"]]
    await page.reload()
    await state(page, "asking")
    await expect(page.locator("alliance-feedback .notice")).to_have_text(LOST)
    await expect(page.get_by_role("status")).to_have_text(f"{LOST} There is a short question for you: Pulse")
    assert await page.locator("alliance-feedback input:checked[name=pulse]").count() == 0
    assert await marks(page) == []
    stub.fail_responses = []
    await page.get_by_text("Good", exact=True).click()
    await state(page, "saved")
    await expect(page.get_by_text(LOST)).to_be_hidden()
    assert await marks(page) == []


async def test_an_answer_that_arrives_just_after_the_page_came_back_is_not_called_lost(
    stub: StubService, open_page: Opener
) -> None:
    page = await pulse_page(stub, open_page)
    await page.evaluate("sessionStorage.setItem('alliancekit:prm_2', 'confirmed')")
    # At the start, when the live channel is there, and a little later.
    stub.prompt = prompts.pulse(id="prm_2")
    stub.then = [prompts.pulse(id="prm_2"), prompts.pulse(id="prm_3")]
    await page.reload()
    await state(page, "asking")
    assert [one["prompt"] for one in await heard(page, "ak-prompt")] == ["prm_3"]
    await expect(page.locator("alliance-feedback .notice")).to_be_hidden()


@pytest.mark.parametrize("layout", ["card", "steps"])
async def test_a_half_filled_card_is_told_to_be_lost_and_starts_fresh(
    stub: StubService, open_page: Opener, layout: str
) -> None:
    stub.prompt = prompts.card(layout=layout)
    page = await open_page()
    await page.get_by_label("Mostly").first.check()
    assert await marks(page) == [["alliancekit:prm_1", "begun"]]
    await page.reload()
    await state(page, "asking")
    await expect(page.locator("alliance-feedback .notice")).to_have_text(BEGUN)
    await expect(page.get_by_label("Mostly").first).not_to_be_checked()
    assert stub.posts == []
    await page.reload()
    await state(page, "asking")
    await expect(page.locator("alliance-feedback .notice")).to_be_hidden()


async def test_a_card_that_nobody_touched_and_one_that_was_put_away_lose_nothing(
    stub: StubService, open_page: Opener
) -> None:
    page = await card_page(stub, open_page)
    assert await marks(page) == []
    await page.reload()
    await state(page, "asking")
    await expect(page.locator("alliance-feedback .notice")).to_be_hidden()
    await page.get_by_label("Mostly").first.check()
    await page.get_by_role("button", name="Skip").click()
    await state(page, "dismissed")
    assert await marks(page) == []


async def test_in_another_tab_nothing_is_said(stub: StubService, open_page: Opener) -> None:
    page = await card_page(stub, open_page)
    await page.get_by_label("Mostly").first.check()
    other = await page.context.new_page()
    await other.goto(stub.url)
    await state(other, "asking")
    await expect(other.locator("alliance-feedback .notice")).to_be_hidden()


async def test_a_page_without_storage_asks_and_sends_as_ever(stub: StubService, open_page: Opener) -> None:
    page = await open_page()
    await page.context.add_init_script(
        "Object.defineProperty(window, 'sessionStorage',"
        " { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    stub.prompt = prompts.pulse()
    await page.reload()
    await state(page, "asking")
    await page.get_by_text("Good", exact=True).click()
    await state(page, "saved")
