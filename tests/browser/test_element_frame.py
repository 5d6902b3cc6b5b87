"""The element in a frame: three origins, a versioned way to talk, and no answer in any message."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from frame_page import Framing, arrived, asking, three_origins
from playwright.async_api import Browser, Frame, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

KNOWN = {
    "alliancekit", "type", "title", "height", "name", "detail",
    "status", "prompt", "moment", "session", "responses", "reason", "code",
}  # fmt: skip
POST = """([message, target]) => {
  parent.postMessage(message, target);
  for (let at = 0; at < parent.length; at += 1) parent[at].postMessage(message, target);
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origins(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Framing]:
    async with three_origins(browser, tmp_path_factory.mktemp("framing")) as framing:
        yield framing


async def second_frame(page: Page, address: str) -> Frame:
    """Puts another frame beside the feedback."""
    await page.evaluate(
        "address => new Promise((done) => { const frame = document.createElement('iframe');"
        " frame.onload = () => done(null); frame.src = address; document.body.append(frame) })",
        address,
    )
    return page.frames[-1]


def keys(value: Any) -> set[str]:
    """Every key in a message, however deep."""
    if isinstance(value, dict):
        return set(value).union(*(keys(one) for one in value.values()))
    return set().union(*(keys(one) for one in value)) if isinstance(value, list) else set()


async def test_the_allowed_page_asks_in_a_frame_and_hears_ids_and_status_only(origins: Framing) -> None:
    meeting = await origins.meeting()
    page, frame = await origins.held(meeting.client)
    tag = page.locator("iframe")
    await expect(tag).to_have_attribute("sandbox", "allow-scripts allow-same-origin allow-forms")
    await expect(tag).to_have_attribute("title", "How did you work together?")
    for question in await frame.locator(".item").all():
        await question.get_by_role("radio").last.check()
    await frame.get_by_role("button", name="Send").click()
    await page.wait_for_function("() => heard.some((one) => one.name === 'ak-answered')")
    assert await origins.stored(meeting) == ["pre_session"]
    messages = await page.evaluate("messages")
    assert {one["origin"] for one in messages} == {origins.url}
    assert {one["data"]["alliancekit"] for one in messages} == {1}
    assert {one["data"]["type"] for one in messages} == {"ready", "height", "event"}
    assert keys([one["data"] for one in messages]) <= KNOWN
    names = [one["name"] for one in await page.evaluate("heard")]
    assert names == ["ak-ready", "ak-prompt", "ak-answered"]
    assert meeting.client.token not in json.dumps([messages, [one.url for one in page.frames]])
    assert await page.evaluate("violations") == []


async def test_the_frame_is_as_high_as_what_it_shows_and_moves_nothing_before_the_person_acts(
    origins: Framing,
) -> None:
    meeting = await origins.meeting()
    page, frame = await origins.held(meeting.client)
    await page.wait_for_function("() => held.frame.offsetHeight > 300")
    tall = await frame.evaluate("Math.ceil(document.body.getBoundingClientRect().height)")
    assert await page.evaluate("held.frame.offsetHeight") == tall
    assert await frame.evaluate("document.documentElement.scrollHeight <= innerHeight")
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert await page.evaluate("[...moved, ...shifts.takeRecords().map((one) => one.value)]") == []
    await frame.get_by_role("button", name="Skip").click()
    await frame.get_by_role("button", name="Close").click()
    await page.wait_for_function("() => held.frame.offsetHeight === 0")


@pytest.mark.parametrize("claimed", ["vendor", "stranger"])
async def test_a_page_of_another_origin_gets_nothing(origins: Framing, claimed: str) -> None:
    page = await origins.open(origins.stranger)
    address = f"{origins.url}/frame?parent={getattr(origins, claimed)}"
    async with page.expect_response(lambda reply: "/frame?" in reply.url) as reply:
        frame = await second_frame(page, address)
    assert (await reply.value).status == {"vendor": 200, "stranger": 403}[claimed]
    assert frame.url.startswith("chrome-error:")
    assert await page.evaluate("messages") == []


async def test_opened_by_itself_the_page_stays_empty(origins: Framing) -> None:
    page = await origins.open(origins.url, f"/frame?parent={origins.vendor}")
    message = {"alliancekit": 1, "type": "token", "token": "x"}
    await page.evaluate("message => postMessage(message, location.origin)", message)
    await arrived(page, message)
    assert await page.locator("alliance-feedback").get_attribute("token") is None


async def test_messages_of_other_origins_and_other_windows_are_not_taken(origins: Framing) -> None:
    meeting = await origins.meeting()
    page, frame = await origins.held(meeting.client)
    height = await page.evaluate("held.frame.style.blockSize")
    forged: list[dict[str, Any]] = [
        {"alliancekit": 1, "type": "token", "token": "forged"},
        {"alliancekit": 1, "type": "theme", "properties": {"--ak-surface": "red"}},
        {"alliancekit": 1, "type": "height", "height": 1},
        {"alliancekit": 1, "type": "event", "name": "ak-answered", "detail": {"status": "stored"}},
    ]
    for address in (f"{origins.stranger}/empty", f"{origins.vendor}/empty"):
        sender = await second_frame(page, address)
        for message in forged:
            await sender.evaluate(POST, [message, "*"])
            await arrived(page, message)
            await arrived(frame, message)
        await page.evaluate("arrived.length = 0")
        await frame.evaluate("arrived.length = 0")
    assert await frame.locator("alliance-feedback").get_attribute("token") == meeting.client.token
    assert await frame.evaluate("document.documentElement.style.length") == 0
    assert await page.evaluate("held.frame.style.blockSize") == height
    assert [one["name"] for one in await page.evaluate("heard")] == ["ak-ready", "ak-prompt"]


@pytest.mark.parametrize(
    "message",
    [
        None, "token", 1, {"type": "token", "token": "x"}, {"alliancekit": 2, "type": "token", "token": "x"},
        {"alliancekit": 1, "type": "token", "token": {}}, {"alliancekit": 1, "type": "constructor"},
        {"alliancekit": 1}, {"alliancekit": 1, "type": "hint"},
        {"alliancekit": 1, "type": "theme", "properties": {"color": "red", "--x": "red"}},
        {"alliancekit": 1, "type": "theme"},
    ],
)  # fmt: skip
async def test_what_is_not_of_the_schema_does_nothing(origins: Framing, message: Any) -> None:
    meeting = await origins.meeting()
    page, frame = await origins.held(meeting.client)
    await page.evaluate("message => held.frame.contentWindow.postMessage(message, '*')", message)
    await frame.wait_for_function(
        "wanted => JSON.stringify(arrived.at(-1)) === wanted", arg=json.dumps(message, separators=(",", ":"))
    )
    assert await frame.locator("alliance-feedback").get_attribute("token") == meeting.client.token
    assert await frame.evaluate("document.documentElement.style.length") == 0
    assert await frame.evaluate("document.querySelector('alliance-feedback').state") == "asking"


async def test_a_token_that_has_run_out_is_renewed_by_the_host(origins: Framing) -> None:
    meeting = await origins.meeting()
    page = await origins.open()
    await page.evaluate(
        """([src, good]) => {
          window.asked = 0;
          hold({ src, token: async () => (asked++ ? good : "run out") });
        }""",
        [origins.url, meeting.client.token],
    )
    await asking(page)
    assert await page.evaluate("asked") == 2
    errors = [one["detail"]["code"] for one in await page.evaluate("heard") if one["name"] == "ak-error"]
    assert errors == ["token"]


async def test_a_token_may_be_set_by_hand(origins: Framing) -> None:
    meeting = await origins.meeting()
    page = await origins.open()
    await page.evaluate("src => { hold({ src, token: 'run out' }) }", origins.url)
    await page.wait_for_function("() => heard.some((one) => one.name === 'ak-error')")
    await page.evaluate("token => held.setToken(token)", meeting.client.token)
    await asking(page)


async def test_a_host_whose_tokens_are_all_refused_is_not_asked_without_end(origins: Framing) -> None:
    page = await origins.open()
    await page.clock.install()
    await page.evaluate(
        "src => { window.asked = 0; hold({ src, token: () => { asked += 1; return 'run out' } }) }",
        origins.url,
    )
    for count, wait in ((2, 0), (3, 2_000), (4, 4_000), (5, 8_000)):
        await page.clock.run_for(wait)
        await page.wait_for_function("count => asked === count", arg=count)
        await page.wait_for_function(
            "count => heard.filter((one) => one.name === 'ak-error').length === count", arg=count
        )


async def test_the_host_asks_hints_colours_and_removes(origins: Framing) -> None:
    meeting = await origins.meeting()
    theme = {"--ak-surface": "rgb(1, 2, 3)", "--ak-color-scheme": "dark"}
    page, frame = await origins.held(meeting.client, theme=theme, title="Your view")
    await expect(page.locator("iframe")).to_have_attribute("title", "Your view")
    surface = (
        "getComputedStyle(document.querySelector('alliance-feedback').shadowRoot.firstChild).backgroundColor"
    )
    assert await frame.evaluate(surface) == "rgb(1, 2, 3)"
    await frame.get_by_role("button", name="Later").click()
    await expect(frame.get_by_text("You are asked again later.")).to_be_visible()
    await page.evaluate("held.ask()")
    await expect(frame.get_by_role("button", name="Send")).to_be_visible()
    await page.evaluate("held.remove()")
    await expect(page.locator("iframe")).to_have_count(0)
