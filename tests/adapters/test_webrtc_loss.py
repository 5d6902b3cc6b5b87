"""The side connection over bad networks: loss, repetition, reordering, outages; and dead peers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.ready_pages import LOUD, QUIET, ReadyPage
from tests.udp_relay import Network, Weather, without_addresses
from webrtc_site import BOTH, Site, hint, shares, until

from alliancekit.demo.peers import Signal
from alliancekit.events import Role
from alliancekit.sessions import CallPolicy, CallState, merge_all, status

pytestmark = pytest.mark.webrtc

FRAME = 0.02
PACKET = b"\xf8" + bytes(60)
"""An Opus packet; what is in it is not read where it has a level."""

SPEAKING: dict[Role, list[tuple[float, float]]] = {
    "client": [(0.5, 2.5), (4.0, 5.5)],
    "therapist": [(3.0, 3.8), (6.0, 6.7)],
}
"""Who speaks from when to when."""

LAST = 7.3

Pages = dict[Role, ReadyPage]


def through(site: Site, role: Role, network: Network) -> Signal:
    """A `post_offer` whose connection goes through the network's relays."""
    post = site.poster(role)

    async def relayed(offer: dict[str, Any]) -> dict[str, Any]:
        return await network.behind(await post(without_addresses(offer)))

    return relayed


@asynccontextmanager
async def a_call(seed: int, **settings: Any) -> AsyncIterator[tuple[Site, Network, Pages]]:
    """A site and both pages, connected to it through a network."""
    pages: Pages = {role: ReadyPage() for role in BOTH}
    async with Network(seed) as network, Site(**settings) as site:
        try:
            for role, page in pages.items():
                await page.connect(through(site, role, network))
            await until(lambda: all(page.observed.is_set() for page in pages.values()))
            yield site, network, pages
        finally:
            for page in pages.values():
                await page.close()


async def talk(pages: Pages, seconds: float = LAST) -> float:
    """Both send their packets in real time; returns when the first was sent, on `time.time`."""
    began, wall = time.monotonic(), time.time()
    for number in range(round(seconds / FRAME)):
        at = number * FRAME
        for role, page in pages.items():
            speaks = any(start <= at < end for start, end in SPEAKING[role])
            await page.send(number, PACKET, LOUD if speaks else QUIET)
        await asyncio.sleep(max(0.0, began + at + FRAME - time.monotonic()))
    return wall


def true_shares() -> dict[Role, float]:
    seconds = {role: sum(end - start for start, end in SPEAKING[role]) for role in BOTH}
    return {role: 100 * seconds[role] / sum(seconds.values()) for role in BOTH}


async def test_a_tenth_lost_some_twice_and_out_of_order_hardly_changes_the_talk_balance() -> None:
    async with a_call(3, ping_seconds=0.5, dead_after_pings=3) as (site, network, pages):
        network.weather = Weather(loss=0.1, twice=0.05, late=0.2)
        began = await talk(pages)
        await until(lambda: len(site.host.spans) == sum(map(len, SPEAKING.values())))
        assert network.lost > 50
        assert site.host.gone() == []
        for role in BOTH:
            mine = [span for span in site.host.spans if span.role == role]
            assert shares(site.host.spans)[role] == pytest.approx(true_shares()[role], abs=5)
            for (start, end), span in zip(SPEAKING[role], mine, strict=True):
                assert span.start - began == pytest.approx(start, abs=0.3)
                assert span.end - began == pytest.approx(end, abs=0.3)


async def test_prompts_arrive_over_a_network_that_loses_every_fifth_datagram() -> None:
    async with a_call(5, ping_seconds=0.5, dead_after_pings=20) as (site, network, pages):
        network.weather = Weather(loss=0.2, twice=0.1, late=0.3)
        asked = [f"prm_{number}" for number in range(10)]
        for prompt in asked:
            assert await site.adapter.deliver(hint(prompt, "client"))
        await until(lambda: [prompt for _, prompt, _ in site.host.acknowledged] == asked)
        assert pages["client"].prompts == asked
        assert pages["therapist"].prompts == []


async def test_an_outage_of_two_seconds_ends_nothing_and_delays_a_prompt_only() -> None:
    async with a_call(7, ping_seconds=1.0, dead_after_pings=4) as (site, network, pages):
        before = {connection.id for connection in site.adapter.connections}
        talking = asyncio.create_task(talk(pages, 4.0))
        await asyncio.sleep(1.0)
        network.weather.cut = True
        assert await site.adapter.deliver(hint("prm_1", "client"))
        await asyncio.sleep(2.0)
        assert pages["client"].prompts == []
        network.weather.cut = False
        await until(lambda: pages["client"].prompts == ["prm_1"])
        await until(lambda: len(site.host.acknowledged) == 1)
        await talking
        assert {connection.id for connection in site.adapter.connections} == before
        assert site.host.gone() == []


async def test_a_dead_network_is_noticed_in_pings_and_the_session_waits_for_its_grace() -> None:
    async with a_call(1, ping_seconds=0.2, dead_after_pings=3) as (site, network, pages):
        quiet = {role: site.of(role) for role in BOTH}
        network.weather.cut = True
        cut_at = asyncio.get_running_loop().time()
        await until(lambda: len(site.host.gone()) == 2)
        # aiortc alone says so after thirty seconds.
        assert asyncio.get_running_loop().time() - cut_at < 10
        assert {fact.how for fact in site.host.gone()} == {"dropped"}
        assert {fact.connection for fact in site.host.gone()} == {one.id for one in quiet.values()}
        assert not await site.adapter.deliver(hint("prm_1", "client"))

        state = merge_all(CallState(), site.host.facts)
        lost_at = max(fact.at for fact in site.host.gone())
        policy = CallPolicy()
        assert status(state, lost_at + policy.grace - 1, policy).status == "paused"
        over = status(state, lost_at + policy.grace, policy)
        assert (over.status, over.reason, over.ended_at) == ("ended", "everybody_left", lost_at)
        assert pages["client"].prompts == []


async def test_somebody_who_comes_back_gets_what_was_asked_meanwhile() -> None:
    async with a_call(1, ping_seconds=0.2, dead_after_pings=3) as (site, network, _):
        network.weather.cut = True
        await until(lambda: len(site.host.gone()) == 2)
        assert not await site.adapter.deliver(hint("prm_1", "client"))
        site.host.waiting_for["par_client"] = hint("prm_1", "client")
        network.weather.cut = False
        again = ReadyPage()
        await again.connect(through(site, "client", network))
        await until(lambda: again.prompts == ["prm_1"])
        state = merge_all(CallState(), site.host.facts)
        back = max(fact.at for fact in site.host.present())
        assert status(state, back, CallPolicy()).status == "in_call"
        await again.close()


async def test_a_page_whose_script_stands_still_is_dropped_later_than_a_dead_one() -> None:
    async with Site(ping_seconds=0.1, dead_after_pings=3, frozen_after_pings=12) as site:
        page = ReadyPage()
        await page.connect(site.poster("client"))
        connection = site.of("client")
        page.answers_pings = False
        page.say(type="consent", talk_balance=True)
        seen = 0
        while not site.host.gone():
            seen = max(seen, connection.unanswered)
            await page.send(seen, PACKET, QUIET)
            await asyncio.sleep(0.02)
        assert 10 <= seen <= 12
        await page.close()
