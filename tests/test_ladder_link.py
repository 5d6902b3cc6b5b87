"""The last rung: one link at most, nothing after the prompt is closed, and what stops in between."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from alliancekit.ladder import AGAIN, PAUSES
from alliancekit.testing.fake_clock import FakeClock
from tests.rungs import HOUR, LINKS, Line, Lines, Post, dismiss, later, prompt_of, receipts
from tests.services import MakeSite, Site, running_site


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
async def site(make_site: MakeSite, post: Post) -> Site:
    """A service that sends a link an hour after the call."""
    return await make_site(extra=[("post", post)], prompts=LINKS)


# the link -----------------------------------------------------------------------------------------


async def test_who_did_not_answer_gets_one_link(site: Site, post: Post) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    await later(site, HOUR - 1)
    assert post.sent == []
    await later(site, 1)
    [message] = post.sent
    assert (message.to, message.role, message.moment) == ("c1", "client", "end_of_call")
    assert (await site.http.get(message.link)).status_code == 200
    prompt = await prompt_of(site, meeting)
    assert await receipts(site, prompt) == [("post", "planned"), ("live", "unreachable"), ("post", "sent")]
    theirs = await receipts(site, await prompt_of(site, meeting, "therapist"))
    assert theirs == [("post", "planned"), ("live", "unreachable"), ("post", "cancelled")]
    await later(site, 6 * 86400)
    assert len(post.sent) == 1


@pytest.mark.parametrize("reason", ["skip", "not_in_calls"])
async def test_who_put_it_away_gets_none(site: Site, post: Post, reason: str) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    prompt = await prompt_of(site, meeting)
    await dismiss(site, meeting, prompt, reason)
    assert (await receipts(site, prompt))[-1] == ("post", "cancelled")
    await later(site, HOUR)
    assert post.sent == []
    assert [status for _, status in await receipts(site, prompt)].count("cancelled") == 1


async def test_who_said_later_gets_it_later(site: Site, post: Post) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    prompt = await prompt_of(site, meeting)
    site.clock.now += HOUR - 10
    await dismiss(site, meeting, prompt, "later")
    await later(site, 10)
    assert post.sent == []
    assert (await site.get(f"/v1/prompts/{prompt}")).json()["deliveries"][0]["at"] == site.clock() + 290
    await later(site, 290)
    assert len(post.sent) == 1


async def test_who_looks_at_the_questions_gets_it_once_they_left_without_an_answer(
    site: Site, post: Post
) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    prompt = await prompt_of(site, meeting)
    page = site.service.live.connect(("participant", meeting.client.id), nothing, lambda: None)
    await site.service.delivered(site.tenant, prompt, "live")
    await later(site, HOUR)
    await later(site, HOUR)
    assert post.sent == []
    site.service.live.disconnect(page)
    await later(site, max(HOUR, AGAIN))
    assert len(post.sent) == 1
    assert await receipts(site, prompt) == [
        ("post", "planned"),
        ("live", "unreachable"),
        ("live", "seen"),
        ("post", "sent"),
    ]


async def nothing(text: str) -> None:
    """Takes a hint and does nothing."""


async def test_a_page_that_never_showed_them_is_no_reason_to_send_none(site: Site, post: Post) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    site.service.live.connect(("participant", meeting.client.id), nothing, lambda: None)
    await later(site, HOUR)
    assert len(post.sent) == 1


async def test_a_link_that_the_vendor_sent_is_not_sent_again(site: Site, post: Post) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    prompt = await prompt_of(site, meeting)
    assert (await site.post(f"/v1/prompts/{prompt}/send", {"channel": "other"})).status_code == 200
    await later(site, HOUR)
    assert len(post.sent) == 1
    assert (await receipts(site, prompt))[-1] == ("post", "cancelled")


async def test_a_channel_that_fails_is_tried_again_a_few_times(
    site: Site, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    prompt = await prompt_of(site, meeting)
    post.fails = 2
    await later(site, HOUR)
    for pause in PAUSES[:2]:
        await later(site, pause - 1)
        assert post.sent == []
        await later(site, 1)
    assert len(post.sent) == 1
    ladder = [status for channel, status in await receipts(site, prompt) if channel == "post"]
    assert ladder == ["planned", "failed", "planned", "failed", "planned", "sent"]
    assert "/r/" not in caplog.text


async def test_a_channel_that_never_works_is_given_up(site: Site, post: Post) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    post.fails = 100
    await later(site, HOUR)
    for pause in PAUSES:
        await later(site, pause)
    await later(site, 86400)
    assert post.fails == 100 - len(PAUSES) - 1
    assert (await receipts(site, await prompt_of(site, meeting)))[-1] == ("post", "failed")


async def test_an_answer_between_two_attempts_ends_them(site: Site, post: Post) -> None:
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    prompt = await prompt_of(site, meeting)
    post.fails = 1
    await later(site, HOUR)
    await site.answer(meeting.client.token)
    await later(site, 86400)
    assert post.sent == []
    assert (await receipts(site, prompt))[-3:] == [
        ("post", "failed"),
        ("post", "planned"),
        ("post", "cancelled"),
    ]


async def test_a_channel_whose_plugin_is_gone_is_a_failure_and_the_service_starts(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    site = await make_site(prompts=LINKS)
    assert "prompts.link_channel: no plugin that runs offers the channel 'post'" in caplog.text
    meeting = await site.held()
    await later(site, HOUR)
    assert ("post", "failed") in await receipts(site, await prompt_of(site, meeting))


async def test_without_the_setting_no_link_is_sent(make_site: MakeSite, post: Post) -> None:
    site = await make_site(extra=[("post", post)])
    meeting = await site.held()
    await later(site, 6 * 86400)
    assert post.sent == []
    assert await receipts(site, await prompt_of(site, meeting)) == [("live", "unreachable")]


async def test_questions_during_the_call_get_none(site: Site, post: Post) -> None:
    meeting = await site.session()
    await site.join(meeting)
    await site.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": "in_call", "role": "client"})
    assert await receipts(site, await prompt_of(site, meeting)) == [("live", "unreachable")]


async def test_an_expired_prompt_gets_none(make_site: MakeSite, post: Post) -> None:
    settings = {"expire_after": HOUR + 100, "again_after": 200.0, **LINKS}
    site = await make_site(extra=[("post", post)], prompts=settings)
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    prompt = await prompt_of(site, meeting)
    site.clock.now += HOUR - 1
    await dismiss(site, meeting, prompt, "later")
    await later(site, 1)
    await later(site, 300)
    assert post.sent == []
    assert (await receipts(site, prompt))[-1] == ("post", "cancelled")


async def test_a_plan_survives_a_restart(tmp_path: Path, migrated_file: Path, post: Post) -> None:
    shutil.copy(migrated_file, tmp_path / "alliancekit.db")
    clock = FakeClock(1_790_000_000.0)
    options: dict[str, Any] = {"extra": [("post", post)], "prompts": LINKS, "clock": clock}
    async with running_site(tmp_path, **options) as site:
        meeting = await site.held()
        await site.answer(meeting.therapist.token)
        key, prompt = site.key, await prompt_of(site, meeting)
    clock.now += HOUR
    async with running_site(tmp_path, **options) as site:
        await site.settle()
        found = (await site.get(f"/v1/prompts/{prompt}", key=key)).json()["deliveries"]
    assert [one["status"] for one in found] == ["planned", "unreachable", "sent"]
    assert len(post.sent) == 1


async def test_a_stop_while_a_link_is_handed_over_sends_no_second_one(
    tmp_path: Path, migrated_file: Path, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the channel took it is not known; nobody gets two."""
    monkeypatch.setattr("alliancekit.service.DRAIN_SECONDS", 0.05)
    shutil.copy(migrated_file, tmp_path / "alliancekit.db")
    clock = FakeClock(1_790_000_000.0)
    options: dict[str, Any] = {"extra": [("post", post)], "prompts": LINKS, "clock": clock}
    post.hangs = True
    async with running_site(tmp_path, **options) as site:
        meeting = await site.held()
        await site.answer(meeting.therapist.token)
        key, prompt = site.key, await prompt_of(site, meeting)
        clock.now += HOUR
        site.service.relay.wake()
        async with asyncio.timeout(60):
            while not post.sent:  # noqa: ASYNC110 - the channel tells nobody
                await asyncio.sleep(0.01)
    post.hangs = False
    async with running_site(tmp_path, **options) as site:
        await site.settle()
        clock.now += 86400
        await site.settle()
        found = (await site.get(f"/v1/prompts/{prompt}", key=key)).json()["deliveries"]
    assert [one["status"] for one in found] == ["planned", "unreachable", "unknown"]
    assert len(post.sent) == 1


async def test_every_step_may_run_twice(make_site: MakeSite, url: str, post: Post) -> None:
    """On every database: a crash between a handler's work and its tick mark, before and after the link."""
    site = await make_site(url=url, extra=[("post", post), ("lines", Lines(Line()))], prompts=LINKS)
    meeting = await site.held()
    await site.answer(meeting.therapist.token)
    post.fails = 1
    found = []
    for pause in (0, HOUR, PAUSES[0]):
        await later(site, pause)
        before = (await site.rows())["delivery"]
        await site.service.database.write(
            lambda conn: conn.exec_driver_sql("UPDATE outbox SET done_at = NULL") and None
        )
        await site.settle()
        assert (await site.rows())["delivery"] == before
        found.append((len(post.sent), post.fails))
    assert found == [(0, 1), (0, 0), (1, 0)]
    assert [channel for channel, _ in await receipts(site, await prompt_of(site, meeting))] == [
        *("post", "live", "line"),
        *("post", "post", "post"),
    ]
