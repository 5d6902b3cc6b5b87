"""What a page that means harm, or is broken, can do to the WebRTC adapter: little, and it is counted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import av
import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st
from test_webrtc_many import alive, sockets
from tests.ready_pages import QUIET, ReadyPage
from webrtc_site import Site, until

from alliancekit.errors import PluginError
from alliancekit_webrtc.adapter import check_av
from alliancekit_webrtc.connection import MAX_CANDIDATES, MAX_CHANNELS, SideConnection, acceptable
from alliancekit_webrtc.messages import MAX_SDP
from alliancekit_webrtc.traffic import MAX_HOARD, MAX_SOURCES

pytestmark = pytest.mark.webrtc

OFFER = """\
v=0
o=- 3987 3987 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 50000 UDP/TLS/RTP/SAVPF 96
c=IN IP4 127.0.0.1
a=sendonly
a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=mid:0
a=rtcp-mux
a=ssrc:1234 cname:a
a=rtpmap:96 opus/48000/2
a=candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 {print}
a=setup:actpass
m=application 50000 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 127.0.0.1
a=mid:1
a=sctp-port:5000
a=max-message-size:65536
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 {print}
a=setup:actpass
""".format(print=":".join(["AB"] * 32)).replace("\n", "\r\n")
LINES = OFFER.splitlines(keepends=True)


def with_lines(more: str, count: int, after: str = "a=rtcp-mux\r\n") -> str:
    """The offer with `count` further lines; `{}` in them is their number."""
    return OFFER.replace(after, after + "".join(more.format(number) + "\r\n" for number in range(count)))


def body(sdp: str) -> bytes:
    return json.dumps({"type": "offer", "sdp": sdp}).encode()


# offers -----------------------------------------------------------------------------------------------


async def test_a_usual_offer_is_answered_also_without_an_address_for_rtcp() -> None:
    assert "a=rtcp:" not in OFFER
    async with Site() as site:
        assert (await site.request("client", body(OFFER))).status == 200


def test_of_many_candidates_the_first_are_taken() -> None:
    many = with_lines("a=candidate:{0} 1 udp 2130706431 10.0.0.1 {0} typ host", 350)
    assert len(many) < MAX_SDP
    assert [len(media.ice_candidates) for media in acceptable(many).media] == [MAX_CANDIDATES, 0]


@pytest.mark.parametrize(
    "sdp",
    [
        with_lines("a=rtpmap:{} opus/48000/2", 200),
        with_lines("a=extmap:{} urn:x", 200),
        with_lines("a=ssrc:{} cname:a", 200),
        OFFER + LINES[5] * 300,
        OFFER + "".join(LINES[5:18]),
        OFFER.replace("m=audio", "m=video"),
        OFFER.replace("m=application", "m=video"),
    ],
)
async def test_an_offer_of_too_much_is_refused_and_counted(sdp: str) -> None:
    assert len(sdp) < MAX_SDP
    async with Site() as site:
        reply = await site.request("client", body(sdp))
        assert reply.status == 400
        assert site.adapter.refused == {"bad_offer": 1}
        assert not site.adapter._pending


async def test_hundreds_of_sections_and_huge_descriptions_are_not_even_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(SessionDescription, "parse", parsed.append)
    async with Site() as site:
        for sdp in (OFFER + LINES[5] * 300, OFFER + "a=x\r\n" * MAX_SDP):
            assert (await site.request("client", body(sdp))).status == 400
    assert parsed == []


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_whatever_is_changed_an_offer_is_read_or_refused(luck: random.Random, changes: int) -> None:
    lines = list(LINES)
    for _ in range(changes):
        change(lines, luck)
    try:
        description = acceptable("".join(lines))
    except ValueError:
        return
    assert len(description.media) == 2


def change(lines: list[str], luck: random.Random) -> None:
    """Change one line as a fuzzer would."""
    at = luck.randrange(len(lines))
    line = lines[at].rstrip()
    words = line.split(" ")
    words[luck.randrange(len(words))] = luck.choice(
        ["", "-1", "99999999999999999999", "é\0", "a=", "1e9", ":"]
    )
    cut = line[: luck.randrange(len(line) + 1)]
    lines[at] = (
        luck.choice([" ".join(words), cut, line + line, line * 40, luck.choice(lines).rstrip()]) + "\r\n"
    )


async def test_changed_offers_get_an_answer_or_a_problem_and_leave_nothing() -> None:
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context))
    luck, before, tasks = random.Random(5), sockets(), asyncio.all_tasks()
    async with Site(offers_per_minute=1000) as site:
        for number in range(150):
            lines = list(LINES)
            for _ in range(1 + number % 3):
                change(lines, luck)
            reply = await site.request("client", body("".join(lines)))
            assert reply.status in {200, 400}
            assert (reply.status == 200) == bool(site.adapter._pending)
        assert 0 < site.adapter.refused["bad_offer"] < 150
    await until(lambda: asyncio.all_tasks() <= tasks)
    assert (sockets(), failures) == (before, [])


async def test_a_flood_of_offers_is_answered_with_come_later_and_leaves_one_connection() -> None:
    before, tasks = sockets(), asyncio.all_tasks()
    async with Site(offers_per_minute=10) as site:
        replies = await asyncio.gather(*(site.request("client", body(OFFER)) for _ in range(100)))
        assert [reply.status for reply in replies].count(429) == 90
        late = next(reply for reply in replies if reply.status == 429)
        assert 1 <= int(late.headers["Retry-After"]) <= 60
        assert site.adapter.refused["too_fast"] == 90
        assert len(site.adapter._pending) == 1
        assert (await site.request("therapist", body(OFFER))).status == 200
        await until(lambda: not site.adapter._tasks)
        await until(lambda: alive(SideConnection)["SideConnection"] == 2)
    await until(lambda: asyncio.all_tasks() <= tasks)
    assert sockets() == before


async def test_offers_are_forgotten_when_they_no_longer_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alliancekit_webrtc.admission.MINUTE", 0.3)
    async with Site(offers_per_minute=1) as site:
        assert (await site.request("client", body(OFFER))).status == 200
        assert (await site.request("client", body(OFFER))).status == 429
        await until(lambda: len(site.adapter._admission) == 0)
        assert (await site.request("client", body(OFFER))).status == 200


async def test_a_half_open_connection_is_closed_after_the_limit() -> None:
    before, tasks = sockets(), asyncio.all_tasks()
    async with Site(connect_seconds=0.3) as site:
        running = asyncio.all_tasks()
        assert (await site.request("client", body(OFFER))).status == 200
        assert sockets() > before
        await until(lambda: not site.adapter._pending)
        await until(lambda: asyncio.all_tasks() <= running)
        assert site.adapter.refused == {"never_opened": 1}
        assert sockets() == before
        assert site.host.facts == []
    assert asyncio.all_tasks() <= tasks


async def test_when_all_is_in_use_somebody_may_still_replace_their_own() -> None:
    async with Site(max_connections=1) as site, connected(site):
        refused = await site.request("therapist", body(OFFER))
        assert refused.status == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert site.adapter.refused == {"full": 1}
        assert (await site.request("client", body(OFFER))).status == 200


# open connections -------------------------------------------------------------------------------------


@asynccontextmanager
async def connected(site: Site) -> AsyncIterator[ReadyPage]:
    page = ReadyPage()
    try:
        await page.connect(site.poster("client"))
        yield page
    finally:
        await page.close()


async def many_messages(page: ReadyPage) -> None:
    for _ in range(500):
        page.say(type="pong", n=1)


async def many_channels(page: ReadyPage) -> None:
    for number in range(MAX_CHANNELS + 1):
        page.peer.createDataChannel(f"another {number}")


async def a_message_without_end(page: ReadyPage) -> None:
    sctp = page.peer.sctp
    assert sctp is not None
    await sctp._send(0, 51, bytes(3 * MAX_HOARD))
    sctp._outbound_queue.pop()


async def many_packets(page: ReadyPage) -> None:
    with contextlib.suppress(ConnectionError):  # ended while it sends
        for number in range(2400):
            await page.send(number, b"\xf8" + bytes(60), QUIET)
            if number % 50 == 0:  # as many as a socket's buffer holds
                await asyncio.sleep(0.005)


async def many_sources(page: ReadyPage) -> None:
    for number in range(MAX_SOURCES + 4):
        await page.send(number, b"\xf8" + bytes(60), QUIET, ssrc=number + 1)


@pytest.mark.parametrize(
    "flood", [many_messages, many_channels, a_message_without_end, many_packets, many_sources]
)
async def test_a_page_that_sends_more_than_it_has_reason_for_is_ended(
    flood: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine that is busy with other things sends fewer than the true limit.
    monkeypatch.setattr("alliancekit_webrtc.traffic.MAX_PACKETS", 60.0 if flood is many_packets else 600.0)
    async with Site() as site, connected(site) as page:
        await flood(page)
        await until(lambda: [fact.how for fact in site.host.gone()] == ["dropped"])
        assert site.adapter.refused == {"flood": 1}


async def test_a_page_that_sends_what_pages_send_stays() -> None:
    """A browser's busiest second: audio in 20 ms packets, two sources, ten messages, two channels."""
    async with Site() as site, connected(site) as page:
        page.peer.createDataChannel("another")
        for number in range(60):
            await page.send(number, b"\xf8" + bytes(60), QUIET, ssrc=number % 2 + 1)
            if number % 6 == 0:
                page.say(type="consent", talk_balance=True)
            await asyncio.sleep(0.02)
        assert site.adapter.refused == {}
        assert len(site.adapter.connections) == 1


@pytest.mark.parametrize("version", ["17.0.1", "16.1.0", "9.2", "0", "rubbish"])
def test_a_pyav_that_loses_memory_is_refused(version: str) -> None:
    with pytest.raises(PluginError, match="loses memory") as refused:
        check_av(version)
    assert refused.value.fix == "Install av>=17.1."


@pytest.mark.parametrize("version", ["17.1", "17.1.0rc1", "18.0.0", "20.1", av.__version__])
def test_a_pyav_that_does_not_is_taken(version: str) -> None:
    check_av(version)
