"""One Chromium for a module's tests; a stub service or a whole one, and pages of it for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from bridge_page import Clinic, running_clinic
from element_page import Opener
from playwright.async_api import Browser, Page, async_playwright
from stub_service import StubService, serving


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clinic]:
    async with running_clinic(browser, tmp_path_factory.mktemp("clinic")) as clinic:
        yield clinic


@pytest_asyncio.fixture(loop_scope="module")
async def clinic(running: Clinic) -> AsyncIterator[Clinic]:
    yield running
    await running.closed()
