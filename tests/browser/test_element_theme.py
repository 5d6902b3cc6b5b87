"""The element in a page's own colours and flow: contrast is measured, and nothing on the page moves."""

from __future__ import annotations

from typing import Any

import pytest
import stub_prompts as prompts
from element_page import Opener, room, shifts, state, until
from playwright.async_api import Page
from stub_service import StubService

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def warnings(page: Page, theme: dict[str, str]) -> list[str]:
    """What the console is told when the page sets this and is asked again."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type == "warning" else None)
    await page.evaluate(
        "theme => Object.entries(theme).forEach(([name, value]) => feedback.style.setProperty(name, value))",
        theme,
    )
    await page.get_by_role("button", name="Later").click()
    await page.get_by_role("button", name="Answer now").click()
    # The check comes with the next task but one; a console message arrives in order.
    await page.evaluate("() => new Promise((done) => setTimeout(() => setTimeout(done)))")
    async with page.expect_console_message(lambda message: message.text == "done"):
        await page.evaluate("console.log('done')")
    return told


@pytest.mark.parametrize(
    ("theme", "poor"),
    [
        ({"--ak-accent": "#0b675c", "--ak-on-accent": "white", "--ak-color-scheme": "light"}, []),
        ({"--ak-text": "light-dark(#111, #eee)"}, []),
        ({"--ak-radius": "2px", "--ak-font": "serif"}, []),
        (
            {"--ak-text": "#777777", "--ak-surface": "#ffffff", "--ak-color-scheme": "light"},
            ["light: --ak-text on --ak-surface has 4.48:1, least 4.5:1"],
        ),
        (
            {"--ak-line": "rgb(200 200 200)", "--ak-color-scheme": "light"},
            ["light: --ak-line on --ak-surface has 1.65:1, least 3:1"],
        ),
        (
            {"--ak-focus": "oklch(0.9 0 0)", "--ak-surface": "white", "--ak-color-scheme": "light"},
            ["light: --ak-focus on --ak-surface has 1.3:1, least 3:1"],
        ),
        (
            {"--ak-text": "rgb(0 0 0 / 50%)", "--ak-surface": "#fff", "--ak-color-scheme": "light"},
            ["light: --ak-text on --ak-surface has 3.9:1, least 4.5:1"],
        ),
        (
            {"--ak-text": "#111111", "--ak-chosen": "light-dark(#eee, #ddd)"},
            ["dark: --ak-text on --ak-surface has 1.2:1, least 4.5:1"],
        ),
    ],
)
async def test_a_theme_with_too_little_contrast_is_named_with_its_ratio(
    stub: StubService, open_page: Opener, theme: dict[str, str], poor: list[str]
) -> None:
    stub.prompt = prompts.card()
    page = await open_page()
    told = await warnings(page, theme)
    assert len(told) == (1 if poor else 0), told
    for line in poor:
        start, ratio = line.split(" has ")[0], line.split(" has ")[1]
        [found] = [one for one in told[0].splitlines() if one.startswith(start)]
        assert found.split(" has ")[1][:3] == ratio[:3]
        assert found.split("least")[1] == ratio.split("least")[1]
    assert await warnings(page, {}) == [], "once"


async def test_without_a_theme_and_in_forced_colours_nothing_is_measured(
    stub: StubService, open_page: Opener
) -> None:
    stub.prompt = prompts.card()
    assert await warnings(await open_page(), {}) == []
    page = await open_page(forced_colors="active")
    assert await warnings(page, {"--ak-text": "#777777", "--ak-surface": "#777777"}) == []


# the page's flow --------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", ["plain", "grid", "reserved"])
async def test_the_script_arrives_and_moves_nothing(stub: StubService, open_page: Opener, look: str) -> None:
    page = await open_page(query=f"/?look={look}")
    await page.wait_for_function("heard.length > 0")
    assert await shifts(page) == []
    taken = await room(page)
    assert taken >= 992 if look == "reserved" else taken == {"plain": 0, "grid": 48}[look]


async def test_where_room_is_reserved_a_question_moves_nothing(stub: StubService, open_page: Opener) -> None:
    page = await open_page(query="/?look=reserved")
    await until(lambda: stub.sockets)
    await shifts(page)
    for made in (prompts.card(), prompts.steps(prompts.card(id="prm_2")), prompts.pulse(id="prm_3")):
        stub.prompt = made
        await stub.hint("prompt", made["id"])
        await state(page, "asking")
        await page.wait_for_function("id => heard.some((one) => one.detail.prompt === id)", arg=made["id"])
        assert await shifts(page) == []
        stub.prompt = None
        await stub.hint("prompt_closed", made["id"])
        await state(page, "dismissed")
        assert await shifts(page) == []


async def test_without_reserved_room_a_question_moves_the_page_and_that_is_measured(
    stub: StubService, open_page: Opener
) -> None:
    page = await open_page()
    await until(lambda: stub.sockets)
    await shifts(page)
    stub.prompt = prompts.card()
    await stub.hint("prompt", "prm_1")
    await state(page, "asking")
    assert sum(await shifts(page)) > 0


async def test_nothing_of_the_element_lies_over_the_page(stub: StubService, open_page: Opener) -> None:
    """A button to hang up is reached at once, whatever the element shows."""
    for made in (None, prompts.pulse(), prompts.card(id="prm_2"), prompts.steps(prompts.card(id="prm_3"))):
        stub.prompt = made
        page = await open_page()
        await page.wait_for_function("heard.length > 0")
        leave = page.locator("#leave")
        await leave.scroll_into_view_if_needed()
        covered: Any = await leave.evaluate(
            "node => { const b = node.getBoundingClientRect();"
            " return document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2) !== node }"
        )
        assert covered is False
        shown = await page.evaluate("getComputedStyle(feedback).position")
        assert shown == "static"
