"""The delivery ladder: a receipt for every attempt, and who may read and confirm them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from alliancekit.adapters import Capabilities, PromptHint
from alliancekit.testing import FakeAdapter
from tests.rungs import HOUR, LINKS, Line, Lines, Post, prompt_of, receipts
from tests.services import PLAIN, MakeSite, Site


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
async def site(make_site: MakeSite, post: Post) -> Site:
    """A service that sends a link an hour after the call."""
    return await make_site(extra=[("post", post)], prompts=LINKS)


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


async def test_a_confirmation_is_recorded_once_per_channel(make_site: MakeSite, url: str) -> None:
    site = await make_site(url=url, extra=[("lines", Lines(Line()))])
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
