"""What the WebRTC adapter's tests share: a host that records, and a site that takes offers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from alliancekit.adapters import Caller, PromptHint, RouteReply, RouteRequest
from alliancekit.demo.peers import RECORDINGS, Signal
from alliancekit.events import Participant, Role, SpeechSpan
from alliancekit.sessions import Fact, Gone, Present
from alliancekit_webrtc import WebRTC, WebRTCSettings
from alliancekit_webrtc.adapter import SideConnections
from alliancekit_webrtc.connection import SideConnection

TIMELINE: dict[str, Any] = json.loads((RECORDINGS / "timeline.json").read_text(encoding="utf-8"))
BOTH: tuple[Role, Role] = ("client", "therapist")


class RecordingHost:
    """Keeps what the adapter tells; `waiting_for` is what `waiting` answers, by participant."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.spans: tuple[SpeechSpan, ...] = ()
        self.heard_calls = 0
        self.acknowledged: list[tuple[str, str, str]] = []
        self.waiting_for: dict[str, PromptHint] = {}

    async def report(self, tenant: str, session: str, facts: Sequence[Fact]) -> None:
        assert (tenant, session) == ("tenant", "ses_1")
        self.facts.extend(facts)

    async def heard(self, tenant: str, session: str, spans: Sequence[SpeechSpan]) -> None:
        assert (tenant, session) == ("tenant", "ses_1")
        self.spans = tuple(spans)
        self.heard_calls += 1

    async def waiting(self, tenant: str, participant: str) -> PromptHint | None:
        return self.waiting_for.get(participant)

    async def delivered(self, tenant: str, prompt: str, channel: str) -> None:
        self.acknowledged.append((tenant, prompt, channel))

    def gone(self) -> list[Gone]:
        return [fact for fact in self.facts if isinstance(fact, Gone)]

    def present(self) -> list[Present]:
        return [fact for fact in self.facts if isinstance(fact, Present)]


class Site:
    """An adapter that pings ten times a second, its host, and offers as a page would post them."""

    def __init__(self, host: RecordingHost | None = None, **settings: Any) -> None:
        pace = {"ping_seconds": 0.1, "dead_after_pings": 10, "report_seconds": 0.2}
        plugin = WebRTC(WebRTCSettings.model_validate({"loopback": True, **pace, **settings}))
        (adapter,) = plugin.register_adapters()
        assert isinstance(adapter, SideConnections)
        self.adapter = adapter
        self.routes = {route.path: route for route in plugin.register_routes()}
        self.host = host or RecordingHost()

    async def __aenter__(self) -> Site:
        await self.adapter.start(self.host)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.adapter.stop()

    async def request(self, role: Role | None, body: bytes) -> RouteReply:
        """Post `body` to the offer route as the participant of that role."""
        participant = None if role is None else Participant(id=f"par_{role}", role=role)
        caller = Caller(tenant="tenant", session="ses_1", participant=participant)
        return await self.routes["offer"].handler(RouteRequest(caller=caller, body=body))

    def poster(self, role: Role, change: Callable[[str], str] = str) -> Signal:
        """Make a `post_offer` for a peer; `change` alters the description on its way."""

        async def post(offer: dict[str, Any]) -> dict[str, Any]:
            reply = await self.request(role, json.dumps({**offer, "sdp": change(offer["sdp"])}).encode())
            assert reply.status == 200, reply.body
            answer: dict[str, Any] = json.loads(reply.body)
            return answer

        return post

    def of(self, role: Role) -> SideConnection:
        """The open connection of a role."""
        return next(c for c in self.adapter.connections if c.participant.role == role)


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for a condition; the limit only says when to give up."""
    async with asyncio.timeout(30):
        while True:
            now = true()
            if now if isinstance(now, bool) else await now:
                return
            await asyncio.sleep(0.02)


def hint(prompt: str, role: Role) -> PromptHint:
    """A prompt during the call."""
    return PromptHint(prompt=prompt, session="ses_1", participant=f"par_{role}", role=role, moment="in_call")


def shares(spans: Sequence[SpeechSpan]) -> dict[str, float]:
    """The share of all speech by role, in per cent."""
    seconds = {role: sum(s.end - s.start for s in spans if s.role == role) for role in BOTH}
    return {role: 100 * value / sum(seconds.values()) for role, value in seconds.items()}


def true_spans() -> list[SpeechSpan]:
    """Who truly speaks when, in seconds from the recordings' beginning."""
    return [
        SpeechSpan(role=role, start=start, end=end)
        for role in BOTH
        for start, end in TIMELINE["speaking"][role]
    ]
