"""The therapist's pages in a real Chromium under their real policy, with live updates from a stub server."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect
from tests.tools import therapist_examples as examples

from alliancekit.server.therapist import render
from alliancekit.server.therapist.views import EpisodeView

pytestmark = pytest.mark.browser

CLIENT = "/therapist/episodes/epi_1"


@dataclass
class Stub:
    """A server with one client's page; `view` may be changed while it runs."""

    view: EpisodeView = field(default_factory=lambda: examples.episode(10, live=True))
    signed_in: bool = True
    hellos: list[dict[str, object]] = field(default_factory=list)
    fetched: int = 0
    origin: str = ""
    sockets: list[WebSocket] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    async def episode(self, request: Request) -> HTMLResponse:
        self.fetched += 1
        html = (
            render.render_episode(self.view, examples.EN)
            if self.signed_in
            else render.render_sign_in(examples.EN)
        )
        return HTMLResponse(html, headers=dict(render.HEADERS))

    async def today(self, request: Request) -> HTMLResponse:
        return HTMLResponse(
            render.render_caseload(examples.caseload(live=True), examples.EN), headers=dict(render.HEADERS)
        )

    async def live(self, websocket: WebSocket) -> None:
        self.loop = asyncio.get_running_loop()
        await websocket.accept()
        self.hellos.append(await websocket.receive_json())
        await websocket.send_json({"type": "ready", "seq": 7})
        self.sockets.append(websocket)
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            self.sockets.remove(websocket)

    def in_loop(self, make: object) -> None:
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(make, self.loop).result(5)  # type: ignore[arg-type]

    def hint(self) -> None:
        """Tell every open page that something is new."""
        for one in list(self.sockets):
            self.in_loop(
                one.send_json({"type": "updated", "session": "ses_10", "episode": "epi_1", "seq": 8})
            )

    def hang_up(self, code: int) -> None:
        for one in list(self.sockets):
            self.in_loop(one.close(code))


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    application = Starlette(
        routes=[
            Route("/therapist", made.today),
            Route(CLIENT, made.episode),
            Mount(render.STATIC_PATH, StaticFiles(directory=render.STATIC_DIR)),
            WebSocketRoute("/v1/live", made.live),
        ]
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        made.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            application, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield made
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, stub: Stub) -> Iterator[Page]:
    """A page that fails the test on any policy violation, script error or request to elsewhere."""
    context = browser.new_context(base_url=stub.origin, viewport={"width": 1280, "height": 800})
    made = context.new_page()
    complaints: list[str] = []
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("request", lambda r: None if r.url.startswith(stub.origin) else complaints.append(r.url))
    made.add_init_script(
        "window.violations = []; document.addEventListener('securitypolicyviolation',"
        " e => window.violations.push(e.violatedDirective + ' ' + e.blockedURI))"
    )
    yield made
    violations = made.evaluate("window.violations")
    context.close()
    assert complaints == []
    assert violations == []


def opened(page: Page, stub: Stub) -> None:
    """The client's page with its live connection up."""
    page.goto(CLIENT)
    wait_until(page, lambda: len(stub.sockets) == 1)


def wait_until(page: Page, met: object, tries: int = 200) -> None:
    for _ in range(tries):
        if met():  # type: ignore[operator]
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never happened")


def newer(view: EpisodeView) -> EpisodeView:
    """The same client with one session more, a new signal and another total."""
    return replace(examples.episode(12), live=view.live)


def test_the_policy_is_in_force(browser: Browser, stub: Stub) -> None:
    context = browser.new_context(base_url=stub.origin)
    page = context.new_page()
    page.goto(CLIENT)
    refused = """(sink) => { try { sink(); return '' } catch (error) { return error.name } }"""
    for sink in (
        "() => { document.querySelector('h1').innerHTML = 'x' }",
        "() => new DOMParser().parseFromString('<p>', 'text/html')",
        "() => trustedTypes.createPolicy('ak-therapist', {})",
    ):
        assert page.evaluate(f"({refused})({sink})") == "TypeError", sink
    page.evaluate("document.querySelector('h1').setAttribute('style', 'color: red')")
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(34, 40, 43)"
    context.close()


def test_the_token_goes_in_the_first_message_only(page: Page, stub: Stub) -> None:
    opened(page, stub)
    assert stub.hellos == [{"type": "hello", "token": "live-token", "seq": 0}]


def test_a_hint_replaces_what_changed_and_moves_nothing(page: Page, stub: Stub) -> None:
    opened(page, stub)
    page.locator("#trend-part").scroll_into_view_if_needed()
    page.locator("#more-sessions-sum").focus()
    page.locator("#more-sessions-sum").press("Enter")
    page.locator("#scales").evaluate("e => e.scrollIntoView({block: 'start'})")
    page.evaluate("document.querySelector('#about').marked = true")
    before = page.locator("#scales").bounding_box()
    assert before is not None
    top = page.evaluate("scrollY")
    stub.view = newer(stub.view)
    stub.hint()
    expect(page.locator(".headline")).to_contain_text("8 points higher")
    expect(page.get_by_role("status")).to_have_text("New answers arrived")
    after = page.locator("#scales").bounding_box()
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    assert page.evaluate("scrollY") > top + 20, "what stands above grew, so holding still takes scrolling"
    assert page.evaluate("document.activeElement.id") == "more-sessions-sum"
    assert page.locator("#more-sessions").evaluate("e => e.open")
    assert page.locator("#about").evaluate("e => e.marked"), "an unchanged part is left alone"
    expect(page.locator("tr[data-session='12']")).to_have_count(1)


def test_a_hint_without_news_says_nothing(page: Page, stub: Stub) -> None:
    opened(page, stub)
    page.locator("#why-3-sum").click()
    fetched = stub.fetched
    stub.hint()
    wait_until(page, lambda: stub.fetched > fetched)
    page.wait_for_timeout(300)
    expect(page.get_by_role("status")).to_have_text("")
    assert page.locator("#why-3").evaluate("e => e.open")


def test_the_first_session_appears_on_an_empty_page(page: Page, stub: Stub) -> None:
    later, stub.view = stub.view, replace(examples.episode(0), live=stub.view.live)
    opened(page, stub)
    expect(page.get_by_role("heading", name="No sessions yet")).to_be_visible()
    stub.view = later
    stub.hint()
    expect(page.locator(".headline")).to_contain_text("18 points lower")


def test_a_lost_line_comes_back_and_catches_up(page: Page, stub: Stub) -> None:
    opened(page, stub)
    stub.hang_up(1012)
    stub.view = newer(stub.view)
    wait_until(page, lambda: len(stub.hellos) == 2)
    assert stub.hellos[1]["seq"] == 7
    expect(page.locator(".headline")).to_contain_text("8 points higher")


def test_a_refused_token_ends_politely_and_is_not_tried_again(page: Page, stub: Stub) -> None:
    opened(page, stub)
    stub.hang_up(4401)
    expect(page.get_by_role("status")).to_contain_text("Live updates have ended")
    expect(page.get_by_role("link", name="Open the page again.")).to_be_visible()
    page.wait_for_timeout(1500)
    assert len(stub.hellos) == 1


def test_signed_out_keeps_the_page_and_says_so(page: Page, stub: Stub) -> None:
    opened(page, stub)
    stub.signed_in = False
    stub.hint()
    expect(page.get_by_role("status")).to_contain_text("you may have to sign in")
    expect(page.locator(".headline")).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("path", [CLIENT, "/therapist"])
def test_no_sideways_scroll_on_a_phone(page: Page, stub: Stub, path: str, width: int) -> None:
    stub.view = newer(stub.view)
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(path)
    for summary in page.locator("summary:visible").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_one_chart_is_shown_at_each_width(page: Page) -> None:
    page.goto(CLIENT)
    for width, shown, hidden in ((1280, "trend", "trend-narrow"), (390, "trend-narrow", "trend")):
        page.set_viewport_size({"width": width, "height": 700})
        expect(page.locator(f"svg[aria-labelledby='chart-{shown}-title']")).to_be_visible()
        expect(page.locator(f"svg[aria-labelledby='chart-{hidden}-title']")).to_be_hidden()
    expect(page.locator("#trend-numbers table")).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 700})
    expect(page.locator("#trend-numbers table")).to_be_visible()
    box = page.locator("#trend-numbers table").bounding_box()
    assert box is not None
    assert box["height"] > 200


def test_the_chart_is_an_image_with_a_name_and_a_description(page: Page) -> None:
    page.goto(CLIENT)
    image = page.get_by_role("img", name="Check-in: total, 0 to 100")
    expect(image).to_have_accessible_description(
        "Example data. Client: 8 ratings, from 68 in session 1 to 62 in session 10."
        " Therapist: 8 ratings, from 60 in session 1 to 74 in session 10. Missed: session 4."
    )


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", [CLIENT, "/therapist"])
def test_the_keyboard_reaches_everything_in_order(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href], summary')]"
        ".filter(e => e.checkVisibility({contentVisibilityAuto: true}))"
        ".map(e => e.id || e.textContent.trim())"
    )
    reached: list[str] = []
    buttons = page.locator("button, input, textarea, select, [tabindex='0']").count()
    for _ in range(len(wanted) + buttons + 6):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
        ring = page.evaluate(
            "() => { const e = document.activeElement;"
            " const s = getComputedStyle(e), a = getComputedStyle(e, '::after');"
            " return e === document.body || s.outlineStyle !== 'none' || a.outlineStyle !== 'none' }"
        )
        assert ring, reached[-1]
    assert [name for name in dict.fromkeys(reached) if name in wanted] == wanted


def test_headings_are_in_order_for_assistive_technology(page: Page) -> None:
    page.goto(CLIENT)
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(e => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_dark_mode_changes_the_ground_and_the_marks(page: Page) -> None:
    page.goto(CLIENT)
    look = (
        "[getComputedStyle(document.body).backgroundColor,"
        " getComputedStyle(document.querySelector('.mark.client')).fill]"
    )
    page.emulate_media(color_scheme="light")
    light = page.evaluate(look)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(look)
    assert light == ["rgb(246, 244, 240)", "rgb(23, 96, 106)"]
    assert dark == ["rgb(20, 25, 27)", "rgb(124, 202, 209)"]


def test_works_without_script(browser: Browser, stub: Stub) -> None:
    context = browser.new_context(base_url=stub.origin, java_script_enabled=False)
    page = context.new_page()
    page.goto(CLIENT)
    page.locator("#why-3-sum").click()
    expect(page.get_by_text("After Gumz et al. 2012").first).to_be_visible()
    expect(page.locator("#live-note")).to_be_hidden()
    page.get_by_role("link", name="Today").click()
    page.get_by_role("link", name="Client 4711").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Client 4711")
    context.close()
