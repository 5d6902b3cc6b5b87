"""Sending a prompt's link: each attempt is recorded, a channel that fails harms nothing, nothing leaks."""

from __future__ import annotations

import asyncio
import logging

import pytest

from alliancekit import sending
from alliancekit.channels import Channel, Message
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.store import audit, prompts
from tests.services import MakeSite, Meeting, Site


class Post(AllianceHooks):
    """A channel with three behaviours."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def good(self, message: Message) -> None:
        self.sent.append(message)

    async def raising(self, message: Message) -> None:
        raise ConnectionError(message.link)

    async def hanging(self, message: Message) -> None:
        await asyncio.sleep(60)

    @hookimpl
    def register_channels(self) -> list[Channel]:
        return [Channel(name=name, send=getattr(self, name)) for name in ("good", "raising", "hanging")]


@pytest.fixture
async def asked(make_site: MakeSite) -> tuple[Site, Meeting, str, Post]:
    post = Post()
    site = await make_site(extra=[("post", post)])
    meeting = await site.held()
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    return site, meeting, prompt["id"], post


Asked = tuple[Site, Meeting, str, Post]


async def attempts(site: Site, prompt: str) -> list[tuple[str, str]]:
    """What was tried through channels; no page is connected in these tests."""
    found = await site.service.database.read(lambda conn: prompts.deliveries(conn, prompt))
    assert (found[0].channel, found[0].status) == ("live", "unreachable")
    return [(one.channel, one.status) for one in found[1:]]


async def test_a_message_holds_a_link_and_no_name(asked: Asked) -> None:
    site, _, prompt, post = asked
    assert (await site.post(f"/v1/prompts/{prompt}/send", {"channel": "good"})).status_code == 200
    [message] = post.sent
    assert (message.to, message.role, message.language) == ("c1", "client", "en")
    assert message.link.startswith("http://alliancekit.test/r/")
    assert (await site.http.get(message.link)).status_code == 200
    assert await attempts(site, prompt) == [("good", "sent")]
    entries = await site.service.database.read(lambda conn: audit.entries(conn, site.tenant))
    assert [(one.action, one.object) for one in entries if one.action.startswith("prompt.")] == [
        ("prompt.sent", prompt)
    ]


@pytest.mark.parametrize("channel", ["raising", "hanging"])
async def test_a_channel_that_fails_is_recorded_and_the_prompt_stays_open(
    asked: Asked, channel: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sending, "LIMIT", 0.05)
    caplog.set_level(logging.DEBUG)
    site, _, prompt, post = asked
    reply = await site.post(f"/v1/prompts/{prompt}/send", {"channel": channel})
    assert (reply.status_code, reply.json()["type"].rpartition("/")[2]) == (502, "channel-failed")
    assert "/r/" not in reply.text + caplog.text
    assert await attempts(site, prompt) == [(channel, "failed")]
    assert (await site.post(f"/v1/prompts/{prompt}/send", {"channel": "good"})).status_code == 200
    assert len(post.sent) == 1


async def test_what_is_refused_sends_nothing(asked: Asked) -> None:
    site, meeting, prompt, post = asked
    path = f"/v1/prompts/{prompt}/send"
    _, other = await site.another_tenant()
    assert (await site.post(path, {"channel": "good"}, key=other)).status_code == 404
    assert (await site.post("/v1/prompts/prm_none/send", {"channel": "good"})).status_code == 404
    unknown = await site.post(path, {"channel": "pigeon"})
    assert (unknown.status_code, "good, raising, hanging" in unknown.json()["detail"]) == (422, True)
    assert (await site.post(path, {"channel": "good"}, key=meeting.client.token)).status_code == 401
    await site.answer(meeting.client.token)
    assert (await site.post(path, {"channel": "good"})).status_code == 409
    assert post.sent == []
    assert await attempts(site, prompt) == []
