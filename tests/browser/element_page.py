"""What the element's tests do with a page: open it with a prompt, wait for a state, read what was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import stub_prompts as prompts
from playwright.async_api import Locator, Page
from stub_service import StubService

Opener = Callable[..., Awaitable[Page]]
"""Opens the host page in a context of its own; keyword arguments are those of `browser.new_context`."""


async def state(page: Page, expected: str) -> None:
    """Waits until the element says it is in this state."""
    await page.wait_for_function("state => feedback.state === state", arg=expected)


async def until(true: Callable[[], object]) -> None:
    """Waits for something in the stub; the test's own time limit ends it."""
    while not true():  # noqa: ASYNC110  the stub changes by requests, not by events
        await asyncio.sleep(0.02)


async def heard(page: Page, name: str) -> list[dict[str, Any]]:
    """The details of the element's events of this name, in order."""
    events: list[dict[str, Any]] = await page.evaluate("heard")
    return [event["detail"] for event in events if event["name"] == name]


async def room(page: Page) -> float:
    """How many pixels of the page's height the element takes, its margins included."""
    taken: float = await page.evaluate(
        """() => {
          const place = () => document.querySelector('#leave').getBoundingClientRect().top;
          const there = place();
          feedback.hidden = true;
          const gone = place();
          feedback.hidden = false;
          return there - gone;
        }"""
    )
    return taken


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
