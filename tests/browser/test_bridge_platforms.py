"""The page bridge in a real Chromium, against a running service, with each platform's published events."""

from __future__ import annotations

import asyncio
import time

import pytest
from bridge_page import Clinic, both_there, how, kinds, reports_of, therapist_leaves
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PLATFORMS = ("jitsi", "daily", "whereby", "twilio", "livekit", "zoom")
WITH = {
    "eject": ("jitsi", "daily", "whereby", "livekit", "zoom"),
    "lose": ("daily", "twilio", "livekit", "zoom"),
    "end": ("daily", "whereby", "twilio", "livekit", "zoom"),
    "talk": ("jitsi", "daily", "livekit", "zoom"),
    "early": ("daily", "twilio", "livekit", "zoom"),
}


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
