"""What the therapist writes on a client's page, in Chromium: nothing typed is lost, no mouse is needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from tests.tools import therapist_examples as examples

from alliancekit.server.therapist import render
from alliancekit.server.therapist.course import TaskView
from alliancekit.server.therapist.printed import SheetWords
from alliancekit.server.therapist.views import EpisodeView

pytestmark = pytest.mark.browser

ORIGIN = "http://therapist.test"
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
HINT = {"type": "updated", "session": "ses_12", "episode": "epi_1", "seq": 8}


class Desk:
    """A client's page whose live connection the test holds."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.view: EpisodeView = examples.episode(10, live=True)
        self.sent: list[str] = []
        self.sockets: list[object] = []
        self.fetched = 0
        page.route("**/*", self.answer)
        page.route_web_socket(re.compile("/v1/live"), lambda socket: self.sockets.append(socket))  # noqa: PLW0108

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).split("?")[0]
        if route.request.method == "POST":
            self.sent.append(f"{path} {route.request.post_data}")
            route.fulfill(status=303, headers={"Location": f"{ORIGIN}/therapist/episodes/epi_1"})
        elif path.startswith(render.STATIC_PATH):
            name = path.rsplit("/", 1)[1]
            route.fulfill(
                body=(render.STATIC_DIR / name).read_bytes(), content_type=KINDS[name.rpartition(".")[2]]
            )
        else:
            self.fetched += 1
            html = render.render_episode(self.view, examples.EN)
            route.fulfill(body=html, content_type="text/html", headers=dict(render.HEADERS))

    def open(self) -> None:
        self.page.goto(f"{ORIGIN}/therapist/episodes/epi_1")
        for _ in range(200):
            if self.sockets:
                return
            self.page.wait_for_timeout(25)
        raise AssertionError("the page did not connect")

    def news(self) -> None:
        """One session more, with another task and a hint about it."""
        newer = examples.episode(12, live=True)
        task = TaskView(id="tsk_new", session=12, text="Something new")
        self.view = replace(newer, course=replace(newer.course, tasks=(*newer.course.tasks, task)))
        self.sockets[-1].send(json.dumps(HINT))  # type: ignore[attr-defined]


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
def desk(browser: Browser) -> Iterator[Desk]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Desk(context.new_page())
    context.close()


def test_what_is_being_typed_outlives_news(desk: Desk) -> None:
    desk.open()
    page = desk.page
    page.locator("#note-10-text").fill("She spoke of her sister")
    page.locator("#new-task-text").press_sequentially("Call th")
    desk.news()
    expect(page.locator(".headline")).to_contain_text("8 points higher")
    expect(page.locator("#new-task-text")).to_be_focused()
    page.locator("#new-task-text").press_sequentially("e sister")
    expect(page.locator("#new-task-text")).to_have_value("Call the sister")
    expect(page.locator("#note-10-text")).to_have_value("She spoke of her sister")
    expect(page.get_by_text("Something new", exact=True)).to_have_count(0)


def test_who_thinks_better_of_it_sees_what_is_new(desk: Desk) -> None:
    desk.open()
    page = desk.page
    page.locator("#new-task-text").fill("x")
    desk.news()
    expect(page.locator(".headline")).to_contain_text("8 points higher")
    page.locator("#new-task-text").fill("")
    page.locator("#print-link").focus()
    expect(page.get_by_text("Something new", exact=True)).to_be_visible()


def test_a_word_is_given_with_the_keyboard(desk: Desk) -> None:
    desk.open()
    page = desk.page
    strain = page.locator("li.signal").filter(has_text="Possible strain").first
    strain.get_by_role("button", name="It is repaired").focus()
    with page.expect_request(lambda request: request.method == "POST"):
        page.keyboard.press("Enter")
    expect(page.locator(".headline")).to_be_visible()
    assert desk.sent == ["/therapist/episodes/epi_1/talked session=ses_10&outcome=repaired"]


def test_without_script_forms_are_sent_all_the_same(browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    desk = Desk(context.new_page())
    desk.page.goto(f"{ORIGIN}/therapist/episodes/epi_1")
    desk.page.locator("#note-10-text").fill("She spoke")
    with desk.page.expect_request(lambda request: request.method == "POST"):
        desk.page.locator("#note-10-go").click()
    assert desk.sent == ["/therapist/episodes/epi_1/notes session=ses_10&text=She+spoke"]
    context.close()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("ticked", [False, True])
def test_the_sheet_of_twelve_sessions_is_one_page(browser: Browser, paper: str, ticked: bool) -> None:
    words = SheetWords(examples.EN.language, "therapist", timezone="Europe/Rome")
    options = {"name": ticked, "dates": ticked, "notes": ticked}
    html = render.render_print(examples.episode(12, words=words), words, now=examples.START, **options)
    page = browser.new_page()

    def answer(route: Route) -> None:
        name = route.request.url.split("?")[0].rsplit("/", 1)[1]
        if name == "sheet":
            route.fulfill(body=html, content_type="text/html", headers=dict(render.HEADERS))
        else:
            route.fulfill(
                body=(render.STATIC_DIR / name).read_bytes(), content_type=KINDS[name.rpartition(".")[2]]
            )

    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/sheet")
    margin = {"top": "12mm", "bottom": "12mm", "left": "12mm", "right": "12mm"}
    pdf = page.pdf(format=paper, margin=margin)  # type: ignore[arg-type]
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
