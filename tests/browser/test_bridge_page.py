"""What the page bridge does when pages close, networks and services fail, and tokens run out."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from bridge_page import Clinic, both_there, how, kinds, reports_of, therapist_leaves, told
from playwright.async_api import Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_closed_page_is_a_drop_and_the_link_still_asks(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=jitsi")
    await both_there(clinic, meeting, page)
    began = time.monotonic()
    await page.close(run_before_unload=False)
    assert time.monotonic() - began < 5
    await how(clinic, meeting, "dropped")
    await therapist_leaves(clinic, meeting)
    await clinic.until_ended(meeting)
    assert await clinic.asked(meeting) == {"client", "therapist"}
    context = await clinic.browser.new_context()
    rating = await context.new_page()
    await rating.goto(meeting.client.rating_url)
    await expect(rating.get_by_role("button", name="Send")).to_be_visible()
    await context.close()


async def test_leaving_the_page_right_after_hanging_up_is_a_leave(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=daily")
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.leave(); location.href = 'about:blank'")
    await page.wait_for_url("about:blank")
    await how(clinic, meeting, "left")


async def test_a_reload_is_a_drop_and_a_second_presence(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=whereby")
    await both_there(clinic, meeting, page)
    await page.reload()
    await page.wait_for_function("() => window.ready")
    await page.evaluate("platform.join()")

    async def there() -> bool:
        found = await clinic.segments(meeting)
        return [one[2] for one in found] == ["dropped", "ended"]

    await clinic.until(there)


async def test_what_happened_offline_is_told_later_with_its_own_time(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=livekit")
    await both_there(clinic, meeting, page)
    await page.context.set_offline(True)
    await page.evaluate("platform.leave()")
    left = time.time()
    await asyncio.sleep(2)
    assert [one[2] for one in await clinic.segments(meeting)] == ["ended"], "nobody was told"
    await page.context.set_offline(False)
    await how(clinic, meeting, "left")
    [(_, told, _)] = await clinic.segments(meeting)
    assert abs(told - left) < 1


async def test_a_wrong_clock_of_the_page_does_no_harm(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=daily")
    await page.evaluate("Date.now = () => 0")
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.leave()")
    await how(clinic, meeting, "left")
    [(joined, left, _)] = await clinic.segments(meeting)
    assert all(abs(one - time.time()) < 30 for one in (joined, left))


async def test_beats_while_in_the_call_and_none_after_it(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=zoom")
    await page.clock.install()
    bodies = reports_of(page)
    await page.evaluate("platform.join()")
    await clinic.until(lambda: clinic.segments(meeting))
    for beats in (1, 2):
        await page.clock.run_for(15_100)
        await clinic.until(lambda beats=beats: told(bodies, beats + 1))
    assert [kinds(body) for body in bodies] == [["joined", "here"], ["here"], ["here"]]
    await page.evaluate("platform.leave()")
    await how(clinic, meeting, "left")
    await page.clock.run_for(60_000)
    await asyncio.sleep(0.3)
    assert [kinds(body) for body in bodies[3:]] == [["left"]]
    assert len({body["connection"] for body in bodies}) == 1


async def test_a_service_that_fails_is_asked_again_in_growing_pauses(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=twilio")
    await clinic.until(lambda: clinic.segments(meeting))
    failed: list[float] = []

    async def fail(route: Route) -> None:
        failed.append(time.monotonic())
        await route.fulfill(status=503, body="{}", headers={"Access-Control-Allow-Origin": "*"})

    await page.route(re.compile("/report$"), fail)
    await page.evaluate("platform.leave()")
    await clinic.until(lambda: told(failed, 3))
    await page.unroute(re.compile("/report$"))
    await how(clinic, meeting, "left")
    assert failed[2] - failed[1] > failed[1] - failed[0]


async def test_a_refused_token_stops_it_and_a_new_one_goes_on(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(None, "platform=livekit", token="ak1.wrong")
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    bodies = reports_of(page)
    await page.evaluate("platform.join()")

    async def warned() -> bool:
        return any("refuses the token" in one for one in warnings)

    await clinic.until(warned)
    await page.evaluate("platform.leave()")
    await asyncio.sleep(0.3)
    assert len(bodies) == 1
    await page.evaluate("token => call.renew(token)", meeting.client.token)
    await how(clinic, meeting, "left")


async def test_no_token_or_no_platform_is_a_warning_and_the_call_goes_on(clinic: Clinic) -> None:
    page = await clinic.open(None, "platform=daily")
    for name in ("jitsi", "daily", "whereby", "twilio", "livekit", "zoom"):
        for nothing in ("undefined", "null", "{}"):
            await page.evaluate(f"call.{name}({nothing})")
    await page.evaluate("platform.join(); platform.leave()")
    assert await page.evaluate("call.state") == "left"
    assert await page.locator("alliance-feedback").count() == 0


async def test_closing_it_leaves_nothing_behind(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=zoom")
    await both_there(clinic, meeting, page)
    await page.evaluate("call.close(); call.close()")
    await how(clinic, meeting, "left")
    assert await page.evaluate("platform.sdk.listeners") == 0
    assert await page.locator("alliance-feedback").count() == 0
