"""Signing in with a password and a code in a real Chromium, by keyboard and without JavaScript."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from tests.chromium import launch
from tests.services import Site, on_network

from alliancekit import totp

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_passwords")]

PASSWORD = "tin lamp seven orchard"


@pytest.fixture
async def address(site: Site) -> AsyncIterator[str]:
    async with on_network(site) as found:
        site.app.backend.base_url = f"http://{found}"  # type: ignore[attr-defined]
        yield f"http://{found}"


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as play:
        chromium = await launch(play)
        yield await chromium.new_context(
            viewport={"width": 320, "height": 640}, locale="ar", java_script_enabled=False
        )
        await chromium.close()


async def operate(site: Site, what: str, **given: Any) -> Any:
    operator = site.app.backend.operator  # type: ignore[attr-defined]
    operator.base_url = site.app.backend.base_url  # type: ignore[attr-defined]
    return await operator.do(what, given)


async def typed(page: Page, **fields: str) -> None:
    """Fill the form in as the keyboard does: from field to field with Tab, then Enter."""
    await page.locator(f"#{next(iter(fields))}").focus()
    for name, text in fields.items():
        await expect(page.locator(f"#{name}")).to_be_focused()
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await expect(page.locator(".main-button")).to_be_focused()
    await page.keyboard.press("Enter")


async def test_from_the_link_to_the_clients_and_out_again(
    site: Site, address: str, context: BrowserContext
) -> None:
    made = await operate(
        site, "users.create", login="sam@clinic.example", role="therapist", person="t1", tenant=site.tenant
    )
    secret = (await operate(site, "users.totp", user=made["id"], on=True))["secret"]
    page = await context.new_page()

    await page.goto(made["link"])
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await typed(page, new=PASSWORD, again=PASSWORD)
    await page.wait_for_url(f"{address}/sign-in?done=password")

    await typed(page, login="sam@clinic.example", password=PASSWORD, code="000000")
    problem = page.get_by_role("alert")
    await expect(problem).to_be_visible()
    await expect(page.locator("#login")).to_have_value("sam@clinic.example")
    await expect(page.locator("#password")).to_have_value("")

    await page.locator("#login").fill("")
    code = totp.code(secret, int(site.clock.now // totp.STEP))
    await typed(page, login="sam@clinic.example", password=PASSWORD, code=code)
    await page.wait_for_url(f"{address}/therapist")
    assert [one["path"] for one in await context.cookies(f"{address}/therapist")] == ["/therapist"]

    await page.goto(f"{address}/therapist/account")
    for box in await page.locator("button, input:visible").all():
        size = await box.bounding_box()
        assert size is not None
        assert size["height"] >= 44
        assert size["x"] >= 0
        assert size["x"] + size["width"] <= 320
    await page.locator("form[action$='/sign-out'] button").click()
    await page.wait_for_url(f"{address}/sign-in?done=out")
    answer = await page.goto(f"{address}/therapist")
    assert answer is not None
    assert answer.status == 401
    await page.locator('a[href="/sign-in"]').click()
    await page.wait_for_url(f"{address}/sign-in")
