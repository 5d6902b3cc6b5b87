"""What a client does not want seen now is seen nowhere: not over HTTP, on pages, in hooks or in the log."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import Any

import pytest
from tests.services import MakeSite, Meeting, Site

from alliancekit import events
from alliancekit.hookspecs import AllianceHooks, hookimpl


class Curious(AllianceHooks):
    """Keeps every event it is given."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @hookimpl
    async def feedback_captured(self, event: events.FeedbackCaptured) -> None:
        self.seen.append(event)

    @hookimpl
    async def alliance_scored(self, event: events.AllianceScored) -> None:
        self.seen.append(event)

    @hookimpl
    async def score_alliance(self, event: events.FeedbackCaptured) -> list[events.Score]:
        self.seen.append(event)
        return []

    @hookimpl
    async def detect_signals(self, event: events.SeriesUpdated) -> list[events.Signal]:
        self.seen.append(event)
        return []

    @hookimpl
    async def suggest_guidance(self, event: events.GuidanceWanted) -> list[events.Guidance]:
        self.seen.append(event)
        return []


class Needy(Curious):
    needs = frozenset({"answers", "series", "hidden"})


class Answers(Curious):
    needs = frozenset({"answers", "series"})


@pytest.mark.parametrize("visibility", ["therapist_later", "aggregate_only"])
async def test_a_hidden_answer_is_nowhere_to_be_seen(
    make_site: MakeSite, visibility: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    curious, answers, needy = Curious(), Answers(), Needy()
    site = await make_site(extra=[("curious", curious), ("answers", answers), ("needy", needy)])
    meeting = await site.held()
    await site.answer(meeting.client.token, 0, visibility=visibility)
    point = (await site.episode(meeting))["sessions"][0]
    [response] = point["responses"]
    assert (response["visibility"], response["scores"]) == (visibility, None)
    assert point["signals"] == []
    assert point["guidance"] == []
    page = await therapist_page(site, meeting)
    assert "Not at all" not in page
    assert "0 %" not in page
    assert "hope" not in caplog.text
    for event in curious.seen:
        held = event.response.answers if hasattr(event, "response") else {}
        assert held == {}
        # `scales` names every item of every instrument, whoever answered what.
        told = {name: value for name, value in asdict(event).items() if name != "scales"}
        assert "hope" not in json.dumps(told, default=str)
    alone = [
        event.response for plugin in (curious, answers) for event in plugin.seen if hasattr(event, "response")
    ]
    assert [(one.scores, dict(one.answers)) for one in alone] == [((), {})] * 6
    # Only what the therapist may see goes into the hooks whose results the therapist sees.
    for event in (*curious.seen, *answers.seen, *needy.seen):
        if isinstance(event, events.SeriesUpdated):
            assert all(one.responses == () for one in event.series)
        if isinstance(event, events.GuidanceWanted):
            assert event.responses == ()
    known = [event.response for event in needy.seen if hasattr(event, "response")]
    assert all("hope" in one.answers and one.scores for one in known)
    assert len(known) == 3


async def test_what_is_shown_now_is_found_where_the_hidden_is_missing(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    """The same places do show an open answer: the test above looks where there is something to find."""
    caplog.set_level(logging.DEBUG)
    needy = Needy()
    site = await make_site(extra=[("needy", needy)])
    meeting = await site.held()
    await site.answer(meeting.client.token, 0)
    point = (await site.episode(meeting))["sessions"][0]
    assert point["responses"][0]["scores"]
    assert [signal["kind"] for signal in point["signals"]]
    assert point["guidance"]
    assert "Not at all" in await therapist_page(site, meeting)
    series = [event for event in needy.seen if isinstance(event, events.SeriesUpdated)]
    assert any(one.responses for event in series for one in event.series)
    assert "hope" not in caplog.text


async def test_a_later_answer_is_shown_once_the_next_session_has_ended(site: Site) -> None:
    first = await site.held(episode="e1")
    await site.answer(first.client.token, 1, visibility="therapist_later")
    second = await site.session(episode="e1")
    [response] = (await site.episode(first))["sessions"][0]["responses"]
    assert response["scores"] is None
    await site.join(second)
    await site.wait(second, 600)
    await site.leave(second)
    [response] = (await site.episode(first))["sessions"][0]["responses"]
    assert response["scores"]


async def therapist_page(site: Site, meeting: Meeting) -> str:
    async with site.signed_in() as browser:
        page = await browser.get(f"/therapist/episodes/{meeting.episode}")
    assert page.status_code == 200
    return page.text
