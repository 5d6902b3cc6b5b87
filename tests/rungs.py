"""Channels and adapters that do as the test says, and what the tests of the delivery ladder ask of a site."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from alliancekit.adapters import Adapter, AdapterHost, Capabilities, PromptHint
from alliancekit.channels import Channel, Message
from alliancekit.hookspecs import AllianceHooks, hookimpl
from tests.services import Meeting, Site

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
