"""Many calls at once in one process: everybody is heard as themselves, and nothing is left of them."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCDtlsTransport, RTCPeerConnection
from tests.ready_pages import LOUD, QUIET, ReadyPage
from tests.simulated_call import SimulatedClock
from webrtc_site import BOTH, until

from alliancekit.adapters import Caller, PromptHint, RouteRequest
from alliancekit.events import Participant, Role, SpeechSpan
from alliancekit.sessions import Fact, Gone
from alliancekit_webrtc import WebRTCSettings
from alliancekit_webrtc.adapter import SideConnections
from alliancekit_webrtc.connection import SideConnection

pytestmark = pytest.mark.webrtc

CALLS = 20
FRAME = 0.02
BEFORE = 0.5
"""Seconds of quiet before anybody speaks."""


class EverySession:
    """A host that keeps what it is told by session."""

    def __init__(self) -> None:
        self.spans: dict[str, tuple[SpeechSpan, ...]] = {}
        self.facts: dict[str, list[Fact]] = defaultdict(list)
        self.acknowledged: list[str] = []

    async def report(self, tenant: str, session: str, facts: Sequence[Fact]) -> None:
        self.facts[session].extend(facts)

    async def heard(self, tenant: str, session: str, spans: Sequence[SpeechSpan]) -> None:
        self.spans[session] = tuple(spans)

    async def waiting(self, tenant: str, participant: str) -> PromptHint | None:
        return None

    async def delivered(self, tenant: str, prompt: str, channel: str) -> None:
        self.acknowledged.append(prompt)

    def gone(self) -> Counter[str]:
        return Counter(one.how for facts in self.facts.values() for one in facts if isinstance(one, Gone))


def adapter_of(**settings: Any) -> SideConnections:
    calm = {"loopback": True, "ping_seconds": 0.5, "dead_after_pings": 20, "report_seconds": 0.2}
    return SideConnections(WebRTCSettings.model_validate({**calm, **settings}))


async def post(
    adapter: SideConnections, session: str, role: Role, offer: dict[str, Any]
) -> Mapping[str, Any]:
    who = Participant(id=f"{session}_{role}", role=role)
    caller = Caller(tenant="tenant", session=session, participant=who)
    reply = await adapter.offer(RouteRequest(caller=caller, body=json.dumps(offer).encode()))
    assert reply.status == 200, reply.body
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


def sockets() -> int:
    """How many sockets this process has open."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(entry.readlink()))
        except FileNotFoundError:
            continue  # the directory's own
    return sum(link.startswith("socket:") for link in links)


def alive(*kinds: type) -> Counter[str]:
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, kinds))


LEAKS = (RTCPeerConnection, RTCDtlsTransport, SideConnection)


def seconds_of(call: int, role: Role) -> float:
    """How long somebody speaks: everybody another time."""
    return 0.5 + 0.1 * call + (2.0 if role == "therapist" else 0.0)


async def test_twenty_calls_at_once_are_kept_apart_and_leave_nothing() -> None:
    tasks, threads, before, objects = asyncio.all_tasks(), threading.active_count(), sockets(), alive(*LEAKS)
    await twenty_calls()
    await until(lambda: asyncio.all_tasks() <= tasks)
    assert sockets() == before
    assert threading.active_count() == threads
    assert alive(*LEAKS) == objects


async def twenty_calls() -> None:
    host, adapter = EverySession(), adapter_of(max_connections=2 * CALLS)
    pages = {(f"ses_{call}", role): ReadyPage() for call in range(CALLS) for role in BOTH}
    await adapter.start(host)
    for (session, role), page in pages.items():
        await page.connect(lambda offer, at=(session, role): post(adapter, *at, offer))
    await until(lambda: all(page.observed.is_set() for page in pages.values()))
    assert len(adapter.connections) == 2 * CALLS

    asking = [
        adapter.deliver(
            PromptHint(
                prompt=f"prm_{session}_{role}",
                session=session,
                participant=f"{session}_{role}",
                role=role,
                moment="in_call",
            )
        )
        for session, role in pages
    ]
    assert all(await asyncio.gather(*asking))
    await talk(adapter, pages)
    await until(lambda: len(host.acknowledged) == 2 * CALLS)
    assert sorted(host.acknowledged) == sorted(f"prm_{session}_{role}" for session, role in pages)
    for (session, role), page in pages.items():
        assert page.prompts == [f"prm_{session}_{role}"]

    first = [page for number, page in enumerate(pages.values()) if number % 2 == 0]
    for page in first:
        page.say(type="leave")
    await until(lambda: host.gone() == {"left": CALLS})
    await adapter.stop()
    assert host.gone() == {"left": CALLS, "dropped": CALLS}
    assert adapter.connections == ()
    for call in range(CALLS):
        spoken = {span.role: span.end - span.start for span in host.spans[f"ses_{call}"]}
        assert len(host.spans[f"ses_{call}"]) == 2
        for role in BOTH:
            assert spoken[role] == pytest.approx(seconds_of(call, role), abs=0.045)
    for page in pages.values():
        await page.close()


async def talk(adapter: SideConnections, pages: Mapping[tuple[str, Role], ReadyPage]) -> None:
    """Everybody speaks as long as only they do; the adapter's clock goes on when all packets have arrived."""
    clock, payload = SimulatedClock(adapter), b"\xf8" + bytes(60)
    began, longest = clock.now, max(seconds_of(CALLS - 1, role) for role in BOTH)
    for number in range(round((BEFORE + longest + 0.5) / FRAME)):
        at = number * FRAME
        clock.now = began + at
        for (session, role), page in pages.items():
            speaks = BEFORE <= at < BEFORE + seconds_of(int(session.removeprefix("ses_")), role)
            await page.send(number, payload, LOUD if speaks else QUIET)
        await until(lambda sent=number + 1: all(c.ear.packets >= sent for c in adapter.connections))


async def test_connecting_and_leaving_again_and_again_leaves_nothing() -> None:
    async def one(adapter: SideConnections, number: int) -> None:
        page = ReadyPage()
        await page.connect(lambda offer: post(adapter, f"ses_{number % 3}", "client", offer))
        if number % 2:
            page.say(type="leave")
            await page.closed.wait()
        await page.close()

    tasks, threads, before = asyncio.all_tasks(), threading.active_count(), sockets()
    adapter = adapter_of(ping_seconds=0.1, dead_after_pings=3, keep_seconds=0.1, offers_per_minute=1000)
    await adapter.start(EverySession())
    running = asyncio.all_tasks()
    for number in range(30):
        await one(adapter, number)
    await until(lambda: asyncio.all_tasks() <= running)
    assert (sockets(), threading.active_count()) == (before, threads)
    await until(lambda: not alive(*LEAKS))
    await until(lambda: not adapter._rooms)
    assert not any((adapter._open, adapter._pending, adapter._lines, adapter._tasks))
    await adapter.stop()
    assert asyncio.all_tasks() <= tasks
