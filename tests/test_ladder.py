"""The delivery ladder: a receipt for every attempt, one link at most, nothing after the prompt is closed."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from alliancekit.adapters import Adapter, AdapterHost, Capabilities, PromptHint
from alliancekit.channels import Channel, Message
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.ladder import AGAIN, PAUSES
from alliancekit.testing import FakeAdapter
from alliancekit.testing.fake_clock import FakeClock
from tests.services import PLAIN, MakeSite, Meeting, Site, running_site

HOUR = 3600.0
LINKS = {"link_after": HOUR, "link_channel": "post"}


class Post(AllianceHooks):
    """A channel that takes messages, or fails as often as it is told to."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.fails = 0
        self.hangs = False

    async def send(self, message: Message) -> None:
        if self.fails:
            self.fails -= 1
            raise ConnectionError(message.link)
        self.sent.append(message)
        if self.hangs:
            await asyncio.Event().wait()

    @hookimpl
    def register_channels(self) -> list[Channel]:
        return [Channel(name="post", send=self.send), Channel(name="other", send=self.send)]


class Line(Adapter):
    """An adapter that answers as it is told to."""

    name = "line"
    capabilities = Capabilities(in_call_prompts=True)

    def __init__(self, answer: Any = True) -> None:
        self.answer = answer
        self.hints: list[PromptHint] = []
        self.withdrawn: list[str] = []
        self.slow_for = ""
        self.free = asyncio.Event()

    @override
    async def start(self, host: AdapterHost) -> None:
        pass

    @override
    async def stop(self) -> None:
        pass

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        self.hints.append(hint)
        if hint.role == self.slow_for:
            await self.free.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return bool(self.answer)

    @override
    async def withdraw(self, prompt: str) -> None:
        self.withdrawn.append(prompt)


class Lines(AllianceHooks):
    """Brings adapters."""

    def __init__(self, *adapters: Adapter) -> None:
        self.adapters = adapters

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return self.adapters


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
async def site(make_site: MakeSite, post: Post) -> Site:
    """A service that sends a link an hour after the call."""
    return await make_site(extra=[("post", post)], prompts=LINKS)


async def prompt_of(site: Site, meeting: Meeting, role: str = "client") -> str:
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    [person] = [one.id for one in meeting.people if one.role == role]
    [found] = [one["id"] for one in state["prompts"] if one["participant"] == person]
    return str(found)


async def receipts(site: Site, prompt: str) -> list[tuple[str, str]]:
    found = (await site.get(f"/v1/prompts/{prompt}")).json()["deliveries"]
    return [(one["channel"], one["status"]) for one in found]


async def dismiss(site: Site, meeting: Meeting, prompt: str, reason: str) -> None:
    path = f"/v1/prompts/{prompt}/dismiss"
    assert (await site.post(path, {"reason": reason}, key=meeting.client.token)).status_code == 204


async def later(site: Site, seconds: float) -> None:
    site.clock.now += seconds
    await site.settle()


# in the call --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "receipt"),
    [(True, "sent"), (False, "unreachable"), (ValueError("Ana said something"), "failed")],
)
async def test_every_adapter_leaves_its_receipt(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture, answer: Any, receipt: str
) -> None:
    line, quiet = Line(answer), FakeAdapter()
    quiet.capabilities = Capabilities()
    site = await make_site(extra=[("lines", Lines(line)), ("quiet", quiet.plugin)])
    meeting = await site.held()
    prompt = await prompt_of(site, meeting)
    assert await receipts(site, prompt) == [("live", "unreachable"), ("line", receipt)]
    assert len(line.hints) == 2
    assert "Ana" not in caplog.text


async def test_one_that_hangs_is_a_failure(make_site: MakeSite) -> None:
    line = Line()
    line.slow_for = "client"
    plugins = {**PLAIN, "limits": {"call": 0.1}}
    site = await make_site(extra=[("lines", Lines(line))], plugins=plugins)
    meeting = await site.held()
    assert await receipts(site, await prompt_of(site, meeting)) == [
        ("live", "unreachable"),
        ("line", "failed"),
    ]
    assert (await receipts(site, await prompt_of(site, meeting, "therapist")))[1:] == [("line", "sent")]


async def test_a_slow_adapter_delays_nobody_elses_prompt(make_site: MakeSite) -> None:
    """The client comes first in every list, and the therapist's prompt does not wait for theirs."""
    line = Line()
    line.slow_for = "client"
    site = await make_site(extra=[("lines", Lines(line))])
    meeting = await site.session()
    hints = [
        PromptHint(
            prompt=f"prm_{one.role}", session=meeting.id, participant=one.id, role=role, moment="in_call"
        )
        for one, role in ((meeting.client, "client"), (meeting.therapist, "therapist"))
    ]
    delivering = asyncio.create_task(site.service.deliver(hints))
    async with asyncio.timeout(60):
        while len(line.hints) < 2:  # noqa: ASYNC110 - the adapter tells nobody
            await asyncio.sleep(0.001)
    assert not delivering.done()
    line.free.set()
    await delivering


async def test_a_receipt_of_a_prompt_that_is_gone_is_not_stored(make_site: MakeSite) -> None:
    site = await make_site(extra=[("lines", Lines(Line()))])
    hint = PromptHint(
        prompt="prm_gone", session="ses_1", participant="par_1", role="client", moment="in_call"
    )
    await site.service.deliver([hint])
    await site.service.delivered(site.tenant, "prm_gone", "line")
    assert (await site.rows())["delivery"] == []


async def test_a_crash_before_the_delivery_loses_no_prompt(make_site: MakeSite, monkeypatch: Any) -> None:
    """The prompt is stored, the process dies: what was queued with it delivers it, once."""
    line = Line()
    site = await make_site(extra=[("lines", Lines(line))])
    with monkeypatch.context() as patch:
        patch.setattr(site.service.pipeline, "_deliver", dies)
        meeting = await site.held()
    prompt = await prompt_of(site, meeting)
    assert await receipts(site, prompt) == [("live", "unreachable"), ("line", "sent")]
    await site.service.database.write(
        lambda conn: conn.exec_driver_sql("UPDATE outbox SET done_at = NULL") and None
    )
    await site.settle()
    assert await receipts(site, prompt) == [("live", "unreachable"), ("line", "sent")]
    assert len(line.hints) == 2


async def dies(hints: Sequence[PromptHint]) -> None:
    """Does nothing, as a process that is no more."""


# what pages confirm, what vendors read ------------------------------------------------------------


async def test_a_confirmation_is_recorded_once_per_channel(make_site: MakeSite) -> None:
    site = await make_site(extra=[("lines", Lines(Line()))])
    meeting = await site.held()
    prompt = await prompt_of(site, meeting)
    path = f"/v1/prompts/{prompt}/seen"
    for channel in ("line", "page", "line", "live", "redirect", "page"):
        reply = await site.post(path, {"channel": channel}, key=meeting.client.token)
        assert (reply.status_code, reply.content) == (204, b"")
    await asyncio.gather(
        *(site.post(path, {"channel": "line"}, key=meeting.client.token) for _ in range(5)),
        *(site.service.delivered(site.tenant, prompt, "line") for _ in range(5)),
    )
    seen = [channel for channel, status in await receipts(site, prompt) if status == "seen"]
    assert seen == ["line", "page", "live", "redirect"]


async def test_a_confirmation_of_somebody_else_or_of_no_channel_is_refused(site: Site) -> None:
    meeting = await site.held()
    prompt = await prompt_of(site, meeting)
    path = f"/v1/prompts/{prompt}/seen"
    before = await site.rows()
    for token in (meeting.therapist.token, (await site.session()).client.token):
        assert (await site.post(path, {"channel": "live"}, key=token)).status_code == 404
    token = meeting.client.token
    assert (await site.post("/v1/prompts/prm_none/seen", {"channel": "live"}, key=token)).status_code == 404
    for channel in ("pigeon", "Live", "", "x" * 65, "li ve", 7, None):
        assert (await site.post(path, {"channel": channel}, key=token)).status_code == 422
    for body in ({}, {"channel": "live", "more": 1}):
        assert (await site.post(path, body, key=token)).status_code == 422
    assert (await site.post(path, {"channel": "live"})).status_code == 401
    assert (await site.rows())["delivery"] == before["delivery"]


async def test_a_vendor_reads_what_became_of_a_prompt_and_no_answer(site: Site) -> None:
    meeting = await site.held()
    at = site.clock()
    prompt = await prompt_of(site, meeting)
    shown = (await site.get(f"/v1/prompts/{prompt}")).json()
    assert shown == {
        "id": prompt,
        "session": meeting.id,
        "participant": meeting.client.id,
        "role": "client",
        "moment": "end_of_call",
        "status": "open",
        "created_at": at,
        "expires_at": at + 7 * 86400,
        "deliveries": [
            {"channel": "post", "status": "planned", "at": at + HOUR},
            {"channel": "live", "status": "unreachable", "at": at},
        ],
    }
    await site.answer(meeting.client.token, 1)
    answered = (await site.get(f"/v1/prompts/{prompt}")).json()
    assert answered == shown | {
        "status": "answered",
        "deliveries": [*shown["deliveries"], {"channel": "post", "status": "cancelled", "at": at}],
    }
    _, key = await site.another_tenant()
    assert (await site.get(f"/v1/prompts/{prompt}", key=key)).status_code == 404
    assert (await site.get("/v1/prompts/prm_none")).status_code == 404
    assert (await site.get(f"/v1/prompts/{prompt}", key=meeting.client.token)).status_code == 401
    assert (await site.get("/v1/prompts/current", key=meeting.client.token)).status_code == 200


async def test_a_prompt_whose_time_is_over_says_so(site: Site) -> None:
    meeting = await site.held()
    prompt = await prompt_of(site, meeting)
    site.clock.now += 8 * 86400
    assert (await site.get(f"/v1/prompts/{prompt}")).json()["status"] == "expired"


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
