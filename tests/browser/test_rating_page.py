"""The rating page in a real Chromium: going on is always in reach, by keyboard too, and waits for nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Page, async_playwright, expect
from tests.chromium import launch
from tests.services import BASE_URL, MakeSite, Meeting, Site, on_network

pytestmark = pytest.mark.browser

ARABIC = [
    {"role": "client", "external_id": "c1", "language": "ar"},
    {"role": "therapist", "external_id": "t1"},
]


@contextlib.asynccontextmanager
async def clinic() -> AsyncIterator[tuple[str, list[str]]]:
    """The vendor's former exit page; its address, and the heads of the requests that came."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        page = b"<!doctype html><title>Clinic</title><link rel=icon href=data:,><h1>Goodbye</h1>"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + page)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


class Stage:
    """A service on the network and the exit page behind it."""

    def __init__(self, site: Site, address: str, exit_page: str, heads: list[str]) -> None:
        self.site, self.address, self.exit, self.heads = site, address, f"{exit_page}/after?visit=7", heads

    def rating(self, meeting: Meeting, onward: str | None = None) -> str:
        """The exit address that the vendor gave to the platform."""
        link = meeting.client.rating_url.replace(BASE_URL, f"http://{self.address}")
        return f"{link}?next={quote(self.exit if onward is None else onward, safe='')}"


@pytest.fixture
async def stage(make_site: MakeSite) -> AsyncIterator[Stage]:
    async with clinic() as (exit_page, heads):
        site = await make_site(prompts={"redirect_to": (exit_page,)})
        async with on_network(site) as address:
            yield Stage(site, address, exit_page, heads)


Opener = Callable[..., Awaitable[Page]]


@pytest.fixture
async def opened(stage: Stage) -> AsyncIterator[Opener]:
    """Opens a page of a real Chromium, closed before the service is; its console stays silent."""
    said: list[str] = []
    async with async_playwright() as play:
        browser = await launch(play)

        async def open_page(url: str, **options: Any) -> Page:
            context = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
            page = await context.new_page()
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
            await page.goto(url)
            return page

        yield open_page
        await browser.close()
    assert said == []


async def asks(page: Page) -> None:
    await expect(page.locator("alliance-feedback .box[data-state=asking]")).to_be_visible()


async def test_going_on_is_in_reach_everywhere_on_the_page(opened: Opener, stage: Stage) -> None:
    meeting = await stage.site.held()
    page = await opened(stage.rating(meeting), viewport={"width": 390, "height": 844})
    await asks(page)
    way = page.get_by_role("link", name="Continue to")
    for _ in range(2):
        await expect(way).to_be_in_viewport()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await way.click()
    await expect(page.get_by_role("heading", name="Goodbye")).to_be_visible()
    assert page.url == stage.exit
    assert "referer" not in stage.heads[0].lower(), "the link is a secret"


async def test_by_keyboard_and_after_a_reload(opened: Opener, stage: Stage) -> None:
    """The first press of Tab reaches the way on; a focused question is not hidden behind it."""
    meeting = await stage.site.held()
    page = await opened(stage.rating(meeting), viewport={"width": 390, "height": 600})
    await page.reload()
    await asks(page)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "go"
    covered = """() => {
      const host = document.activeElement;
      const inner = host.shadowRoot?.activeElement ?? host;
      const bar = document.querySelector(".onward").getBoundingClientRect();
      const box = inner.getBoundingClientRect();
      return box.top < bar.bottom && box.bottom > bar.top && !host.closest(".onward");
    }"""
    for key in ["Tab"] * 14 + ["Shift+Tab"] * 12:
        await page.keyboard.press(key)
        assert not await page.evaluate(covered), key
    await page.locator(".go").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(stage.exit)


@pytest.mark.parametrize("how", ["answer", "skip", "later"])
async def test_after_answer_skip_and_later_the_way_on_is_the_next_step(
    opened: Opener, stage: Stage, how: str
) -> None:
    meeting = await stage.site.held()
    page = await opened(stage.rating(meeting))
    await asks(page)
    if how == "answer":
        await page.get_by_label("Mostly").first.check()
        await page.get_by_role("button", name="Send").click()
        await page.get_by_role("button", name="Send as it is").click()
    else:
        await page.get_by_role("button", name=how.capitalize()).click()
    await expect(page.locator("html[data-done]")).to_be_visible()
    way = page.get_by_role("link", name="Continue to")
    await expect(way).to_be_in_viewport()
    assert page.url == stage.rating(meeting)
    await way.click()
    await page.wait_for_url(stage.exit)
    await page.go_back()
    await page.wait_for_url(stage.exit)


async def test_with_nothing_to_ask_the_page_is_never_seen(opened: Opener, stage: Stage) -> None:
    meeting = await stage.site.session()
    page = await opened(stage.rating(meeting))
    assert page.url == stage.exit


async def test_a_page_opened_by_itself_confirms_that_it_was_seen(opened: Opener, stage: Stage) -> None:
    meeting = await stage.site.held()
    page = await opened(stage.rating(meeting).partition("?")[0])
    async with page.expect_response(lambda reply: reply.url.endswith("/seen")) as reply:
        await page.reload()
    assert (await reply.value).status == 204
    await asks(page)
    assert await page.locator(".go").count() == 0
    state = (await stage.site.get(f"/v1/sessions/{meeting.id}")).json()
    [prompt] = [one["id"] for one in state["prompts"] if one["participant"] == meeting.client.id]
    found = (await stage.site.get(f"/v1/prompts/{prompt}")).json()["deliveries"]
    assert [one["channel"] for one in found if one["status"] == "seen"].count("page") == 1


async def test_from_right_to_left_and_refused(opened: Opener, stage: Stage) -> None:
    meeting = await stage.site.held(participants=ARABIC)
    page = await opened(stage.rating(meeting), viewport={"width": 320, "height": 640})
    await asks(page)
    way = page.locator(".go")
    await expect(way).to_be_in_viewport()
    assert await way.evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.goto(stage.rating(meeting, "https://evil.example/"))
    await asks(page)
    assert await way.count() == 0
    await expect(page.locator(".refused")).to_be_visible()
