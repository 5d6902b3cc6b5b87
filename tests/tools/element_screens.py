"""Takes pictures of the element's states into `tests/output/element/`, to be looked at by people.

Usage: `python tests/tools/element_screens.py [name …]`; without names all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

import stub_prompts as prompts  # noqa: E402
from stub_service import Failure, StubService, serving  # noqa: E402
from tests.chromium import launch  # noqa: E402
from tests.tools.looks import LOOKS  # noqa: E402

OUTPUT = ROOT / "tests" / "output" / "element"
Act = Callable[[Page, StubService], Awaitable[None]]


async def nothing(page: Page, stub: StubService) -> None:
    """Leaves the prompt as it came."""


async def half(page: Page, stub: StubService) -> None:
    """Answers some items and sends, so that the missing ones are pointed out."""
    await page.get_by_role("radio").nth(3).check()
    await page.get_by_role("slider").press("ArrowRight")
    await page.locator("alliance-feedback .primary").click()


async def send(page: Page, stub: StubService) -> None:
    """Answers the pulse."""
    await page.get_by_role("radio").last.click()


async def fail(page: Page, stub: StubService) -> None:
    """Answers while the service is down."""
    stub.fail_responses = [Failure(503)] * 20
    await send(page, stub)


async def refuse(page: Page, stub: StubService) -> None:
    """Answers and is refused."""
    stub.fail_responses = [Failure(422, "invalid-answer")]
    await half(page, stub)
    await page.locator("alliance-feedback .primary").click()


async def later(page: Page, stub: StubService) -> None:
    """Puts the prompt off."""
    await page.locator("alliance-feedback .plain").first.click()


async def arrow(page: Page, stub: StubService) -> None:
    """Chooses by keyboard, without sending."""
    await page.get_by_role("radio").first.focus()
    await page.keyboard.press("ArrowDown")


async def second(page: Page, stub: StubService) -> None:
    """Answers the first step and goes on."""
    await page.get_by_role("radio").nth(3).check()
    await page.locator("alliance-feedback .primary").first.click()


async def last(page: Page, stub: StubService) -> None:
    """Leaves all steps but the first one out."""
    await second(page, stub)
    await page.get_by_role("slider").focus()
    while await page.locator("alliance-feedback .last").is_hidden():
        await page.keyboard.press("Enter")


async def came_back(page: Page, stub: StubService) -> None:
    """Answers half, closes the page and opens it again."""
    await page.get_by_role("radio").nth(3).check()
    await page.reload()
    await page.locator("alliance-feedback section").wait_for()


async def lost(page: Page, stub: StubService) -> None:
    """Sends while the service is down, closes the page and opens it again."""
    await fail(page, stub)
    await page.wait_for_function("feedback.state === 'offline'")
    await page.reload()
    await page.locator("alliance-feedback section").wait_for()


NARROW = {"viewport": {"width": 320, "height": 640}}
PHONE = {"viewport": {"width": 390, "height": 844}}
WIDE = {"viewport": {"width": 1280, "height": 800}}
DARK = {"color_scheme": "dark"}
STEPS = prompts.steps(prompts.long_card())
ARABIC_STEPS = prompts.steps(prompts.arabic_card())


async def framed(page: Page, stub: StubService) -> None:
    """Opens the vendor's page that holds the element in a frame."""
    await page.goto(f"{stub.url}/holder")
    await page.frame_locator("iframe").locator("alliance-feedback section").wait_for()


SCREENS: dict[str, tuple[dict[str, Any], dict[str, Any], Act]] = {
    "light": (prompts.card(), {}, nothing),
    "dark": (prompts.card(), {"color_scheme": "dark"}, half),
    "long": (prompts.long_card(), {}, nothing),
    "faces": (prompts.faces(), {}, nothing),
    "faces-narrow": (prompts.faces("in_call"), {"viewport": {"width": 320, "height": 640}}, nothing),
    "missing": (prompts.card(), {}, half),
    "rtl": (prompts.arabic_card(), {}, nothing),
    "narrow": (prompts.card(), {"viewport": {"width": 320, "height": 640}}, half),
    "narrow-pulse": (prompts.pulse(), {"viewport": {"width": 320, "height": 640}}, nothing),
    "pulse": (prompts.pulse(), {}, nothing),
    "pulse-dark": (prompts.pulse(), {"color_scheme": "dark"}, arrow),
    "forced-colours": (prompts.card(), {"forced_colors": "active"}, half),
    "saved": (prompts.pulse(), {}, send),
    "saved-dark": (prompts.pulse(), {"color_scheme": "dark"}, send),
    "offline": (prompts.pulse(), {}, fail),
    "later": (prompts.pulse(), {}, later),
    "error": (prompts.card(), {}, refuse),
    "steps-first": (STEPS, {}, nothing),
    "steps-middle": (prompts.steps(), {}, second),
    "steps-last": (prompts.steps(), {}, last),
    "steps-first-wide": (STEPS, WIDE, nothing),
    "steps-middle-dark": (prompts.steps(), DARK | PHONE, second),
    "steps-last-dark": (prompts.steps(), DARK | PHONE, last),
    "steps-first-narrow": (STEPS, NARROW, nothing),
    "steps-middle-narrow": (prompts.steps(), NARROW, second),
    "steps-last-narrow": (prompts.steps(), NARROW, last),
    "steps-forced-colours": (prompts.steps(), {"forced_colors": "active"}, second),
    "steps-rtl": (ARABIC_STEPS, PHONE, second),
    "steps-last-rtl": (ARABIC_STEPS, PHONE | DARK, last),
    "frame": (prompts.card(), {}, framed),
    "frame-dark": (prompts.steps(), PHONE | DARK, framed),
    "not-sent-begun": (prompts.card(), {}, came_back),
    "not-sent-confirmed": (prompts.pulse(), {}, lost),
    "not-sent-narrow": (prompts.pulse(), NARROW | DARK, lost),
    "not-sent-rtl": (ARABIC_STEPS, PHONE, came_back),
}


MAIN = (
    "light",
    "faces",
    "pulse",
    "missing",
    "saved",
    "offline",
    "later",
    "error",
    "steps-first",
    "steps-last",
)
"""States that are pictured in every size and look."""


@contextlib.asynccontextmanager
async def shown(
    browser: Browser, name: str, look: dict[str, Any] | None = None, *, rtl: bool = False
) -> AsyncIterator[Page]:
    """The named state, in a page and with a service of its own; `look` replaces its own options."""
    prompt, options, act = SCREENS[name]
    options = options if look is None else look
    language, direction = ("ar", "rtl") if rtl or "rtl" in name else ("en", "ltr")
    async with serving(StubService(prompt=prompt, language=language, direction=direction)) as stub:
        page = await browser.new_page(**{"viewport": {"width": 800, "height": 640}, **options})
        await page.goto(stub.url + f"/?lang={language}")
        await page.locator("alliance-feedback section").wait_for()
        await act(page, stub)
        # What moves has come to rest.
        await page.wait_for_function("() => document.getAnimations().length === 0")
        yield page
        await page.close()


async def main(names: list[str]) -> None:
    """Takes the named pictures; without names every state, and the main ones in every look."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as play:
        browser = await launch(play)
        for name in names or SCREENS:
            await take(browser, name, f"{name}")
        for state in () if names else MAIN:
            for look, options in LOOKS.items():
                await take(browser, state, f"{state}-{look}", options, rtl="rtl" in look)
        await browser.close()


async def take(
    browser: Browser, name: str, picture: str, options: dict[str, Any] | None = None, *, rtl: bool = False
) -> None:
    async with shown(browser, name, options, rtl=rtl) as page:
        await page.wait_for_timeout(300)
        await page.screenshot(path=OUTPUT / f"{picture}.png", full_page=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
