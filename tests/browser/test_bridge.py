"""The page bridge in a real Chromium, against a running service, with each platform's published events."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from bridge_page import Clinic, running_clinic
from playwright.async_api import Browser, Page, Request, expect
from tests.services import Meeting

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PLATFORMS = ("jitsi", "daily", "whereby", "twilio", "livekit", "zoom")
WITH = {
    "eject": ("jitsi", "daily", "whereby", "livekit", "zoom"),
    "lose": ("daily", "twilio", "livekit", "zoom"),
    "end": ("daily", "whereby", "twilio", "livekit", "zoom"),
    "talk": ("jitsi", "daily", "livekit", "zoom"),
    "early": ("daily", "twilio", "livekit", "zoom"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clinic]:
    async with running_clinic(browser, tmp_path_factory.mktemp("clinic")) as clinic:
        yield clinic


@pytest_asyncio.fixture(loop_scope="module")
async def clinic(running: Clinic) -> AsyncIterator[Clinic]:
    yield running
    await running.closed()


async def both_there(clinic: Clinic, meeting: Meeting, page: Page) -> None:
    """The therapist is there from another page; the client joins by this one's platform."""
    await clinic.report(meeting.therapist, {"kind": "joined", "ago": 2_000})
    await page.evaluate("platform.join()")
    await clinic.until(lambda: clinic.segments(meeting))
    await asyncio.sleep(0.2)


async def therapist_leaves(clinic: Clinic, meeting: Meeting) -> None:
    await clinic.report(meeting.therapist, {"kind": "left", "ago": 0, "how": "left"})


async def how(clinic: Clinic, meeting: Meeting, expected: str) -> None:
    """Wait until the client's only presence has ended this way."""

    async def ended() -> bool:
        return [one[2] for one in await clinic.segments(meeting)] == [expected]

    await clinic.until(ended)


# each platform -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_joining_and_leaving_and_then_the_rating(clinic: Clinic, platform: str) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, f"platform={platform}")
    await both_there(clinic, meeting, page)
    assert await page.evaluate("call.state") == "in_call"
    await page.get_by_role("button", name="Leave").click()
    await how(clinic, meeting, "left")
    await therapist_leaves(clinic, meeting)
    await clinic.until_ended(meeting)
    await expect(page.get_by_role("heading", level=2)).to_be_visible()
    assert await page.evaluate("states") == ["in_call", "left"]
    assert await clinic.asked(meeting) == {"client", "therapist"}
    [(joined, left, _)] = await clinic.segments(meeting)
    assert abs(left - time.time()) < 30
    assert joined < left


@pytest.mark.parametrize("platform", WITH["eject"])
async def test_whoever_is_sent_out_is_not_asked(clinic: Clinic, platform: str) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, f"platform={platform}")
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.eject()")
    await how(clinic, meeting, "left")
    await therapist_leaves(clinic, meeting)
    await clinic.until_ended(meeting)
    assert await clinic.asked(meeting) == {"therapist"}
    assert await page.get_by_role("heading", level=2).count() == 0


@pytest.mark.parametrize("platform", WITH["lose"])
async def test_a_lost_connection_is_a_drop(clinic: Clinic, platform: str) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, f"platform={platform}")
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.lose()")
    await how(clinic, meeting, "dropped")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_coming_back_by_itself_is_no_leave(clinic: Clinic, platform: str) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, f"platform={platform}")
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.waver()")
    await asyncio.sleep(0.2)
    assert [one[2] for one in await clinic.segments(meeting)] == ["ended"], "still there"
    await page.evaluate("platform.recover()")
    assert await page.evaluate("call.state") == "in_call"
    await page.evaluate("platform.leave()")
    await how(clinic, meeting, "left")


async def test_a_try_to_come_back_that_fails_was_a_drop_at_its_beginning(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=livekit")
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.waver()")
    broke = time.time()
    await asyncio.sleep(1.5)
    await page.evaluate("platform.lose()")
    await how(clinic, meeting, "dropped")
    [(_, left, _)] = await clinic.segments(meeting)
    assert left < broke + 1


@pytest.mark.parametrize("platform", WITH["end"])
async def test_the_end_for_all_is_believed_of_the_therapists_page(clinic: Clinic, platform: str) -> None:
    meeting = await clinic.meeting()
    for one in meeting.people:
        page = await clinic.open(one, f"platform={platform}")
        await page.evaluate("platform.join()")
        role = one.role
        await clinic.until(lambda role=role: clinic.segments(meeting, role))
    await asyncio.sleep(0.2)
    await clinic.contexts[0].pages[0].evaluate("platform.end()")
    await asyncio.sleep(0.3)
    assert (await clinic.state(meeting))["status"] == "live", "a client cannot end a call"
    await page.evaluate("platform.end()")
    state = await clinic.until_ended(meeting)
    assert (state["end_reason"], state["end_confidence"]) == ("explicit", 1.0)
    assert await clinic.asked(meeting) == {"client", "therapist"}


@pytest.mark.parametrize("platform", WITH["talk"])
async def test_speaking_times_of_a_page_that_consents(clinic: Clinic, platform: str) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, f"platform={platform}&consent")
    await both_there(clinic, meeting, page)
    await clinic.report(meeting.therapist, {"kind": "spoke", "ago": 100, "ms": 700})
    await page.evaluate("platform.talk(true)")
    await asyncio.sleep(0.6)
    await page.evaluate("platform.talk(false); platform.leave()")
    await how(clinic, meeting, "left")
    assert await clinic.speech(meeting, "therapist") == [pytest.approx(0.7)]
    [seconds] = await clinic.speech(meeting, "client")
    assert 0.5 < seconds < 5


async def test_without_consent_no_speaking_times_leave_the_page(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=livekit")
    bodies = reports_of(page)
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.talk(true)")
    await asyncio.sleep(0.3)
    await page.evaluate("platform.talk(false); platform.leave()")
    await how(clinic, meeting, "left")
    assert [kind for body in bodies for kind in kinds(body)] == ["joined", "here", "left"]


@pytest.mark.parametrize("platform", WITH["early"])
async def test_a_platform_that_is_connected_already(clinic: Clinic, platform: str) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, f"platform={platform}&early")
    assert await page.evaluate("call.state") == "in_call"
    await clinic.until(lambda: clinic.segments(meeting))


async def test_jitsi_sends_somebody_else_out(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=jitsi")
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.another()")
    assert await page.evaluate("call.state") == "in_call"


async def test_left_first_and_the_reason_after_it(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=jitsi")
    await both_there(clinic, meeting, page)
    await page.evaluate("platform.leave(); platform.eject()")
    await how(clinic, meeting, "left")
    await therapist_leaves(clinic, meeting)
    await clinic.until_ended(meeting)
    assert await clinic.asked(meeting) == {"therapist"}


async def test_words_of_a_platform_that_nobody_knows_do_not_reach_its_own_code(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    for platform in ("jitsi", "daily", "livekit", "zoom"):
        page = await clinic.open(meeting.client, f"platform={platform}")
        thrown = await page.evaluate(
            """() => {
              const names = ["videoConferenceJoined", "participantKickedOut", "error", "network-connection",
                "active-speaker-change", "activeSpeakersChanged", "disconnected", "connection-change",
                "active-speaker"];
              try {
                for (const name of names)
                  for (const said of [undefined, null, 7, "x", {}]) platform.sdk.emit(name, said);
              } catch (error) { return String(error); }
            }"""
        )
        assert thrown is None
        assert await page.evaluate("typeof call.state") == "string"


# the page ----------------------------------------------------------------------------------------------


def reports_of(page: Page) -> list[dict[str, object]]:
    """The bodies of the page's reports, as they are sent from now on."""
    bodies: list[dict[str, object]] = []

    def sent(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/report") and request.post_data:
            bodies.append(json.loads(request.post_data))

    page.on("request", sent)
    return bodies


def kinds(body: dict[str, object]) -> list[str]:
    events = body["events"]
    assert isinstance(events, list)
    return [one["kind"] for one in events]


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


async def told(bodies: list[dict[str, object]], count: int) -> bool:
    return len(bodies) >= count


async def test_a_service_that_fails_is_asked_again_in_growing_pauses(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=twilio")
    await clinic.until(lambda: clinic.segments(meeting))
    failed: list[float] = []

    async def fail(route: object) -> None:
        failed.append(time.monotonic())
        await route.fulfill(status=503, body="{}", headers={"Access-Control-Allow-Origin": "*"})  # type: ignore[attr-defined]

    await page.route(re.compile("/report$"), fail)
    await page.evaluate("platform.leave()")
    await clinic.until(lambda: told(failed, 3))  # type: ignore[arg-type]
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


async def test_no_token_is_a_warning_and_the_call_goes_on(clinic: Clinic) -> None:
    page = await clinic.open(None, "platform=daily")
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


# what is asked -----------------------------------------------------------------------------------------


async def asking(
    clinic: Clinic, query: str = "", language: str = "en", **options: object
) -> tuple[Meeting, Page]:
    """A client in the call, who is being asked."""
    people = [
        {"role": "client", "external_id": "c1", "language": language},
        {"role": "therapist", "external_id": "t1"},
    ]
    meeting = await clinic.meeting(participants=people)
    page = await clinic.open(meeting.client, f"platform=jitsi&{query}", **options)
    await both_there(clinic, meeting, page)
    await page.locator("#microphone").focus()
    await clinic.ask(meeting)
    await expect(page.locator("alliance-feedback input").first).to_be_attached()
    return meeting, page


UNCOVERED = """selector => {
  const box = document.querySelector(selector).getBoundingClientRect();
  const points = [[0.5, 0.1], [0.5, 0.5], [0.5, 0.9], [0.2, 0.5], [0.8, 0.5]];
  return box.top >= 0 && box.bottom <= innerHeight && points.every(([x, y]) =>
    document.elementFromPoint(box.left + x * box.width, box.top + y * box.height).matches(selector));
}"""
SIZES = [(1280, 800), (390, 844), (390, 600), (800, 400)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("direction", ["", "rtl"])
async def test_the_card_covers_no_button_and_takes_no_focus(
    clinic: Clinic, width: int, height: int, direction: str
) -> None:
    language = "ar" if direction else "en"
    _, page = await asking(clinic, direction, language, viewport={"width": width, "height": height})
    assert await page.evaluate("document.activeElement.id") == "microphone"
    assert await page.evaluate(UNCOVERED, "#leave")
    assert await page.evaluate(UNCOVERED, "#microphone")
    box = await page.locator(".alliancekit-bridge").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    if width > 1000:
        assert (box["x"] < 20) == bool(direction), "at the end of the line"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_card_goes_where_it_covers_nothing_that_the_vendor_names(clinic: Clinic) -> None:
    _, page = await asking(clinic, f"avoid={quote('header, #leave')}", viewport={"width": 900, "height": 900})
    card = page.locator(".alliancekit-bridge")

    async def below() -> bool:
        box = await card.bounding_box()
        return box is not None and box["y"] > 100

    await clinic.until(below)
    assert await page.evaluate(UNCOVERED, "#leave")


async def test_the_card_goes_along_into_full_screen_and_back(clinic: Clinic) -> None:
    meeting, page = await asking(clinic)
    await page.get_by_text("Who sees it").click()
    await page.locator("#microphone").click()
    await page.wait_for_function(
        "() => document.fullscreenElement?.contains(document.querySelector('.alliancekit-bridge'))"
    )
    await expect(page.get_by_role("group", name="Who may see")).to_be_visible()
    await page.evaluate("document.exitFullscreen()")
    await page.wait_for_function(
        "() => document.querySelector('.alliancekit-bridge').parentNode === document.body"
    )
    await page.get_by_text("All right", exact=True).click()
    await page.wait_for_function("() => document.querySelector('alliance-feedback').state === 'saved'")
    assert [one["status"] for one in (await clinic.state(meeting))["prompts"]] == ["answered"]


async def test_it_is_answered_by_keyboard_after_the_pages_own_controls(clinic: Clinic) -> None:
    meeting, page = await asking(clinic)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.id") == "leave"
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.tagName") == "ALLIANCE-FEEDBACK"
    await page.keyboard.press("Space")
    await page.wait_for_function("() => document.querySelector('alliance-feedback').state === 'saved'")
    [prompt] = [one for one in (await clinic.state(meeting))["prompts"] if one["moment"] == "in_call"]
    assert prompt["status"] == "answered"


async def test_a_page_with_an_element_of_its_own_gets_no_second_one(clinic: Clinic) -> None:
    _, page = await asking(clinic, "own")
    assert await page.locator("alliance-feedback").count() == 1
    assert await page.locator("#questions alliance-feedback").count() == 1
    assert await page.locator(".alliancekit-bridge").count() == 0


async def test_a_place_that_the_vendor_chose(clinic: Clinic) -> None:
    _, page = await asking(clinic, "into")
    assert await page.locator("#questions alliance-feedback").count() == 1
    assert await page.locator(".alliancekit-bridge").count() == 0


async def test_what_is_shown_is_confirmed(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client, "platform=daily")
    await both_there(clinic, meeting, page)
    async with page.expect_request(re.compile(r"/v1/prompts/prm_[^/]+/seen$")) as sent:
        prompt = await clinic.ask(meeting)
    request = await sent.value
    assert f"/{prompt}/" in request.url
    assert request.post_data_json == {"channel": "bridge"}
    assert request.headers["authorization"] == f"Bearer {meeting.client.token}"
    await expect(page.locator("alliance-feedback input").first).to_be_attached()


async def test_jitsis_own_notification_asks_first(clinic: Clinic) -> None:
    words = {"title": "A question", "description": "It takes one tap.", "label": "Answer"}
    meeting, page = await asking(clinic, f"more={quote(json.dumps({'notify': words}))}")
    [command] = await page.evaluate("platform.sdk.commands")
    assert command[0] == "showNotification"
    assert {key: command[1][key] for key in ("title", "description", "timeout")} == {
        "title": "A question",
        "description": "It takes one tap.",
        "timeout": "sticky",
    }
    [action] = command[1]["customActions"]
    assert action["label"] == "Answer"
    card = page.locator("alliance-feedback")
    await expect(card).to_be_hidden()
    await page.evaluate("id => platform.sdk.emit('customNotificationActionTriggered', {data: {id}})", "other")
    await expect(card).to_be_hidden()
    await page.evaluate(
        "id => platform.sdk.emit('customNotificationActionTriggered', {data: {id}})", action["uuid"]
    )
    await expect(card).to_be_visible()
    assert await page.evaluate("document.activeElement.tagName") == "ALLIANCE-FEEDBACK"
    await page.keyboard.press("Space")
    await page.wait_for_function("() => platform.sdk.commands.at(-1)[0] === 'hideNotification'")
    await page.evaluate("platform.leave()")
    await therapist_leaves(clinic, meeting)
    await expect(page.get_by_role("button", name="Send")).to_be_visible(timeout=15_000)


async def test_pages_without_a_platform_of_the_six(clinic: Clinic) -> None:
    meeting = await clinic.meeting()
    page = await clinic.open(meeting.client)
    await page.evaluate("call.left('declined')")
    await how(clinic, meeting, "left")
    await page.evaluate("call.joined(); call.joined()")
    await page.evaluate("call.reconnecting(); call.reconnected(); call.ended(); call.ended(); call.left()")

    async def twice() -> bool:
        return len(await clinic.segments(meeting)) == 2

    await clinic.until(twice)
    assert await page.evaluate("states") == ["left", "in_call", "reconnecting", "in_call", "left"]
