"""What follows a commit: planned pulses, descriptions, reviews; each safe to do twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from alliancekit import events
from alliancekit.events import SpeechSpan
from alliancekit.hookspecs import AllianceHooks, hookimpl
from tests.services import PLAIN, MakeSite, Meeting, Site

PULSE = PLAIN | {"settings": {"supportive": {"pulse_after_minutes": 10}}}


class Witness(AllianceHooks):
    """Keeps the kinds of events in the order in which they come."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.ended: list[events.SessionEnded] = []

    @hookimpl
    async def session_started(self, event: events.SessionStarted) -> None:
        self.seen.append("session_started")

    @hookimpl
    async def participant_joined(self, event: events.ParticipantJoined) -> None:
        self.seen.append(f"joined {event.participant.role}")

    @hookimpl
    async def participant_left(self, event: events.ParticipantLeft) -> None:
        self.seen.append(f"{event.how} {event.participant.role}")

    @hookimpl
    async def feedback_requested(self, event: events.FeedbackRequested) -> None:
        self.seen.append(f"asked {event.participant.role} {event.moment}")

    @hookimpl
    async def session_ended(self, event: events.SessionEnded) -> None:
        self.seen.append("session_ended")
        self.ended.append(event)

    @hookimpl
    async def feedback_captured(self, event: events.FeedbackCaptured) -> None:
        self.seen.append(f"captured {event.response.role}")

    @hookimpl
    async def alliance_scored(self, event: events.AllianceScored) -> None:
        self.seen.append(f"scored {event.response.role}")

    @hookimpl
    async def signal_raised(self, event: events.SignalRaised) -> None:
        self.seen.append(f"raised {event.signal.kind}")


async def moments(site: Site, meeting: Meeting) -> list[tuple[str, str]]:
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    return [(prompt["moment"], prompt["status"]) for prompt in state["prompts"]]


# planned pulses -----------------------------------------------------------------------------------


async def test_a_planned_pulse_is_asked_in_its_minute_and_once(make_site: MakeSite) -> None:
    site = await make_site(plugins=PULSE)
    meeting = await site.session()
    await site.join(meeting)
    await site.wait(meeting, 599)
    assert await moments(site, meeting) == []
    await site.wait(meeting, 1)
    assert await moments(site, meeting) == [("in_call", "open")]
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    assert [one["name"] for one in prompt["instruments"]] == ["pulse"]
    assert await site.current(meeting.therapist.token) is None
    await site.answer(meeting.client.token)
    await site.wait(meeting, 600)
    assert await moments(site, meeting) == [("in_call", "answered")]


async def test_a_call_that_ends_before_the_minute_asks_no_pulse(make_site: MakeSite) -> None:
    site = await make_site(plugins=PULSE)
    meeting = await site.session()
    await site.join(meeting)
    await site.wait(meeting, 300)
    await site.leave(meeting)
    site.clock.now += 600
    await site.settle()
    assert await moments(site, meeting) == [("end_of_call", "open")] * 2


async def test_who_wants_no_questions_in_calls_gets_none_in_the_next(make_site: MakeSite) -> None:
    site = await make_site(plugins=PULSE)
    first = await site.session(episode="e1")
    await site.join(first)
    await site.wait(first, 600)
    prompt = await site.current(first.client.token)
    assert prompt is not None
    path = f"/v1/prompts/{prompt['id']}/dismiss"
    await site.post(path, {"reason": "not_in_calls"}, key=first.client.token)
    await site.leave(first)
    second = await site.session(episode="e1")
    await site.join(second)
    await site.wait(second, 600)
    assert await moments(site, second) == []
    await site.leave(second)
    assert await moments(site, second) == [("end_of_call", "open")] * 2


async def test_without_the_setting_no_pulse_is_planned(site: Site) -> None:
    meeting = await site.session()
    await site.join(meeting)
    await site.wait(meeting, 3600)
    assert await moments(site, meeting) == []


# the order of things ------------------------------------------------------------------------------


async def test_the_hooks_of_a_session_come_in_order(make_site: MakeSite) -> None:
    witness = Witness()
    site = await make_site(extra=[("witness", witness)])
    meeting = await site.held()
    await site.answer(meeting.client.token, 1)
    seen = witness.seen
    assert seen[0] == "session_started"
    assert sorted(seen[1:3]) == ["joined client", "joined therapist"]
    assert sorted(seen[3:5]) == ["left client", "left therapist"]
    asked = sorted(one for one in seen if one.startswith("asked"))
    assert asked == ["asked client end_of_call", "asked therapist end_of_call"]
    assert seen.count("session_ended") == 1
    assert seen.index("captured client") < seen.index("scored client")
    assert any(one.startswith("raised") for one in seen[seen.index("scored client") :])
    [ended] = witness.ended
    assert (ended.reason, ended.confidence, ended.seconds) == ("explicit", 1.0, 1800.0)
    assert sorted(segment.role for segment in ended.segments) == ["client", "therapist"]


# talk balance -------------------------------------------------------------------------------------


async def test_speech_is_described_at_the_end(make_site: MakeSite) -> None:
    witness = Witness()
    site = await make_site(extra=[("witness", witness)])
    meeting = await site.held(speech=True)
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    balance = state["talk_balance"]
    assert balance["client"]["seconds"] == pytest.approx(60)
    assert balance["client"]["share"] == pytest.approx(2 / 3)
    [ended] = witness.ended
    assert ended.talk_balance is not None
    assert ended.talk_balance.client.share == balance["client"]["share"]


async def test_speech_that_arrives_after_the_end_is_described_again(each_site: Site) -> None:
    site = each_site
    meeting = await site.held(speech=True)
    began = site.clock() - 1800
    remarks = await talk_guidance(site, meeting)
    assert len(remarks) == 1
    spans = [
        SpeechSpan(role="client", start=began, end=began + 60),
        SpeechSpan(role="therapist", start=began + 60, end=began + 180),
    ]
    for _ in range(2):  # the second time nothing is new
        await site.service.heard(site.tenant, meeting.id, spans)
        await site.settle()
        state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
        assert state["talk_balance"]["client"]["share"] == pytest.approx(1 / 3)
    again = await talk_guidance(site, meeting)
    assert len(again) == 1
    assert again != remarks


async def talk_guidance(site: Site, meeting: Meeting) -> list[str]:
    point = (await site.episode(meeting))["sessions"][0]
    return [one["text"] for one in point["guidance"] if one["kind"] == "talk_balance"]


# twice --------------------------------------------------------------------------------------------


async def test_every_handler_may_run_twice(each_site: Site) -> None:
    """A crash between a handler's work and its tick mark: the rows run again, and nothing is doubled."""
    site = each_site
    meeting = await site.held(speech=True)
    await site.answer(meeting.client.token, 1)
    await site.answer(meeting.therapist.token, 4)
    before = await site.episode(meeting)
    point = before["sessions"][0]
    assert point["signals"]
    assert point["guidance"]
    rows = await site.rows()
    await site.service.database.write(
        lambda conn: conn.exec_driver_sql("UPDATE outbox SET done_at = NULL") and None
    )
    await site.settle()
    assert await site.episode(meeting) == before
    after = await site.rows()
    for table in ("prompt", "response", "score", "submission", "presence", "audit", "session", "delivery"):
        assert after[table] == rows[table], table
    for table in ("signal", "guidance", "not_computed"):
        assert len(after[table]) == len(rows[table]), table


async def test_a_plugin_that_fails_later_keeps_what_it_said_before(make_site: MakeSite) -> None:
    class Moody(AllianceHooks):
        def __init__(self) -> None:
            self.broken = False

        @hookimpl
        async def suggest_guidance(self, event: events.GuidanceWanted) -> list[events.Guidance]:
            if self.broken:
                raise ValueError("my sister Ana left me")
            return [events.Guidance(style=event.style, text="Ask about the week.")]

    moody = Moody()
    site = await make_site(extra=[("moody", moody)])
    meeting = await site.held()
    await site.answer(meeting.client.token)
    moody.broken = True
    await site.answer(meeting.therapist.token)
    point = (await site.episode(meeting))["sessions"][0]
    assert [one["text"] for one in point["guidance"] if one["plugin"] == "moody"] == ["Ask about the week."]
    assert [(gap["hook"], gap["plugin"], gap["status"]) for gap in point["not_computed"]] == [
        ("suggest_guidance", "moody", "error")
    ]
    moody.broken = False
    await site.service.heard(
        site.tenant, meeting.id, [SpeechSpan(role="client", start=site.clock() - 60, end=site.clock())]
    )
    await site.settle()
    point = (await site.episode(meeting))["sessions"][0]
    assert point["not_computed"] == []
    assert len([one for one in point["guidance"] if one["plugin"] == "moody"]) == 1


async def test_settling_waits_for_a_handler_that_ends_while_the_queue_is_looked_at(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim looks, the handler before it ends meanwhile: the next row of the lane is still waited for."""
    meeting = await site.session()
    database = site.service.database
    write = database.write

    async def slow(work: Any) -> Any:
        result = await write(work)
        if result == ():
            await asyncio.sleep(0.05)  # an empty claim is late to come back
        return result

    monkeypatch.setattr(database, "write", slow)
    await site.join(meeting)
    await site.wait(meeting, 1800)
    await site.leave(meeting)
    assert await moments(site, meeting) == [("end_of_call", "open")] * 2
