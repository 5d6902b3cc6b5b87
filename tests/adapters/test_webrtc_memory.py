"""An hour of a call, in simulated time: everything that is kept of it stays small."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.ready_pages import LOUD, QUIET, ReadyPage, encoded
from tests.simulated_call import Microphone, SimulatedClock
from webrtc_site import BOTH, Site, until

from alliancekit.events import Role
from alliancekit.voice import FRAME_SECONDS, SpanKeeper
from alliancekit_webrtc.room import MOST_SPANS, SECONDS_A_SPAN

pytestmark = pytest.mark.webrtc

HOUR = 3600.0
TURN = 3.0
"""Seconds that somebody speaks, and then is silent while the other does."""


async def two_pages(site: Site, **options: Any) -> list[ReadyPage]:
    pages = [ReadyPage(**options) for _ in BOTH]
    for role, page in zip(BOTH, pages, strict=True):
        await page.connect(site.poster(role))
    for page in pages:
        await page.observed.wait()
    return pages


def turns(seconds: float) -> Iterator[tuple[int, dict[Role, bool]]]:
    """Every 20 ms: its number, and who speaks."""
    for number in range(round(seconds / FRAME_SECONDS)):
        client = int(number * FRAME_SECONDS / TURN) % 2 == 0
        yield number, {"client": client, "therapist": not client}


async def test_an_hour_of_levels_is_kept_as_its_turns_and_told_a_bounded_number_of_times() -> None:
    async with Site(report_seconds=1000.0, ping_seconds=1000.0) as site:
        pages, clock = await two_pages(site), SimulatedClock(site.adapter)
        microphones = {role: Microphone(site.of(role)) for role in BOTH}
        (room,) = site.adapter._rooms.values()
        began, told, spans_told, next_report = clock.now, 0, 0, clock.now
        for number, speaks in turns(HOUR):
            clock.now = began + number * FRAME_SECONDS
            for role, microphone in microphones.items():
                await microphone.hear(number, b"\xf8" + bytes(60), LOUD if speaks[role] else QUIET)
            if clock.now >= next_report:
                next_report = clock.now + 2.0
                if room.due(clock.now):
                    await room.report(site.host, clock.now)
                    told, spans_told = told + 1, spans_told + len(site.host.spans)
                await asyncio.sleep(0)
        await room.report(site.host, clock.now)

        exchanges = HOUR / TURN
        assert len(site.host.spans) == exchanges
        for role in BOTH:
            spoken = sum(span.end - span.start for span in site.host.spans if span.role == role)
            assert spoken == pytest.approx(HOUR / 2, rel=0.02)
        for role, microphone in microphones.items():
            ear = site.of(role).ear
            assert ear.packets == HOUR / FRAME_SECONDS
            assert len(ear.spans) == exchanges / 2
            assert microphone.waiting == 0
            assert len(microphone.receiver.getSynchronizationSources()) == 1
        # Telling all of it every two seconds would tell a million stretches.
        assert told > 50
        assert spans_told < 1.1 * HOUR / SECONDS_A_SPAN
        for page in pages:
            await page.close()


async def test_minutes_of_decoded_audio_leave_no_packet_or_frame_waiting() -> None:
    async with Site(ping_seconds=1000.0) as site:
        pages, clock = await two_pages(site, with_level=False), SimulatedClock(site.adapter)
        microphones = {role: Microphone(site.of(role)) for role in BOTH}
        packets, began = {role: encoded(role) for role in BOTH}, clock.now
        for number, _ in turns(120.0):
            clock.now = began + number * FRAME_SECONDS
            for role, microphone in microphones.items():
                await microphone.hear(number, packets[role][number % len(packets[role])][0], None)
            if number % 50 == 0:
                await until(lambda: all(one.waiting <= 8 for one in microphones.values()))
        await until(lambda: all(one.waiting == 0 for one in microphones.values()))
        assert {connection.ear.path for connection in site.adapter.connections} == {"decode"}
        assert all(5 < len(connection.ear.spans) < 120 for connection in site.adapter.connections)
        for page in pages:
            await page.close()


async def test_a_session_keeps_only_so_many_stretches_whatever_comes_and_goes() -> None:
    async with Site(report_seconds=1000.0) as site:
        pages = await two_pages(site)
        (room,) = site.adapter._rooms.values()
        connection, clock = site.of("client"), SimulatedClock(site.adapter)
        began = clock.now
        for _ in range(3):
            connection.ear.open()
            for number in range(SpanKeeper.LIMIT + 1000):
                for part in range(3):
                    clock.now = began + number + part * FRAME_SECONDS
                    connection.ear.take_level(number * 48000 + part * 960, LOUD)
            assert len(connection.ear.spans) == SpanKeeper.LIMIT + 1  # and the open one
            room._keep(connection)
        assert len(room.spans()) == MOST_SPANS < 3 * SpanKeeper.LIMIT
        for page in pages:
            await page.close()
