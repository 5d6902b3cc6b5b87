"""The WebRTC adapter with real media on 127.0.0.1; the host is a recorder."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import aioice.ice
import pytest
from webrtc_site import BOTH, TIMELINE, RecordingHost, Site, hint, shares, true_spans, until

from alliancekit.demo.peers import RECORDINGS, CallPeer, PeerHint
from alliancekit.errors import PluginError
from alliancekit.events import Role
from alliancekit.sessions import CallState, merge_all
from alliancekit_webrtc import WebRTCSettings
from alliancekit_webrtc.connection import MAX_MESSAGES
from alliancekit_webrtc.line import tell
from alliancekit_webrtc.loopback import loopback_only
from alliancekit_webrtc.observing import Ear

pytestmark = pytest.mark.webrtc

Peers = dict[Role, CallPeer]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as site:
        yield site


@pytest.fixture
async def peers() -> AsyncIterator[Peers]:
    peers: Peers = {role: CallPeer(RECORDINGS / f"{role}.ogg") for role in BOTH}
    yield peers
    for peer in peers.values():
        await peer.close()


async def test_a_call_between_two_peers_is_observed_by_level(site: Site, peers: Peers) -> None:
    client, therapist = peers["client"], peers["therapist"]
    await client.call(therapist.answer)
    for role, peer in peers.items():
        await peer.connect_side(site.poster(role))
    await until(lambda: client.observed and therapist.observed)
    began, _ = await asyncio.gather(client.play(), therapist.play())
    await asyncio.sleep(0.6)
    paths = {connection.ear.path for connection in site.adapter.connections}
    await client.leave()
    await therapist.leave()
    await until(lambda: len(site.host.gone()) == 2)

    assert paths == {"level"}
    for role, peer in peers.items():
        assert await peer.packets_received() > 0
        assert peer.frames_heard > 0
        assert shares(site.host.spans)[role] == pytest.approx(shares(true_spans())[role], abs=5)
        mine = [span for span in site.host.spans if span.role == role]
        for (start, end), span in zip(TIMELINE["speaking"][role], mine, strict=True):
            assert span.start - began == pytest.approx(start, abs=0.5)
            assert span.end - began == pytest.approx(end, abs=0.5)
    assert {fact.how for fact in site.host.gone()} == {"left"}
    assert site.host.heard_calls > 3


async def test_without_a_level_header_the_audio_is_decoded(site: Site, peers: Peers) -> None:
    def without_level(sdp: str) -> str:
        return "".join(line for line in sdp.splitlines(keepends=True) if "ssrc-audio-level" not in line)

    for role, peer in peers.items():
        await peer.connect_side(site.poster(role, without_level))
    await until(lambda: all(peer.observed for peer in peers.values()))
    playing = [asyncio.create_task(peer.play()) for peer in peers.values()]
    first, _ = TIMELINE["speaking"]["therapist"][0]
    await until(lambda: bool(site.of("therapist").ear.spans))
    await until(lambda: len([s for s in site.host.spans if s.role == "client"]) > 0)
    await asyncio.sleep(1)
    assert {connection.ear.path for connection in site.adapter.connections} == {"decode"}
    (start, _), (therapist_start, _) = (site.of(role).ear.spans[0] for role in BOTH)
    assert therapist_start - start == pytest.approx(first, abs=0.5)
    for task in playing:
        task.cancel()


async def test_the_page_s_receiver_reports_survive_the_level_tap(site: Site, peers: Peers) -> None:
    for role, peer in peers.items():
        await peer.connect_side(site.poster(role))
    await until(lambda: all(peer.observed for peer in peers.values()))
    side = peers["client"]._side
    assert side is not None

    async def reported() -> bool:
        return any(r.type == "remote-inbound-rtp" for r in (await side.getSenders()[0].getStats()).values())

    await until(reported)


async def test_prompts_reach_the_page_and_are_acknowledged(site: Site, peers: Peers) -> None:
    client = peers["client"]
    site.host.waiting_for["par_client"] = hint("prm_waiting", "client")
    assert await site.adapter.deliver(hint("prm_early", "client")) is False
    await client.connect_side(site.poster("client"))
    assert await client.hints.get() == PeerHint("prm_waiting", "in_call")
    assert await site.adapter.deliver(hint("prm_2", "client")) is True
    assert await site.adapter.deliver(hint("prm_3", "therapist")) is False
    assert await client.hints.get() == PeerHint("prm_2", "in_call")
    await site.adapter.withdraw("prm_unknown")
    await site.adapter.withdraw("prm_2")
    assert await client.hints.get() == PeerHint("prm_2", open=False)
    await until(lambda: len(site.host.acknowledged) == 2)
    assert [entry[1:] for entry in site.host.acknowledged] == [
        ("prm_waiting", "webrtc"),
        ("prm_2", "webrtc"),
    ]


async def test_only_what_was_shown_is_acknowledged_and_only_once(site: Site, peers: Peers) -> None:
    client = peers["client"]
    await client.connect_side(site.poster("client"))
    channel = client._channel
    assert channel is not None
    client._send(channel, type="ack", prompt="prm_of_somebody_else")
    await site.adapter.deliver(hint("prm_1", "client"))
    await client.hints.get()
    client._send(channel, type="ack", prompt="prm_1")
    await client.leave()
    await until(lambda: len(site.host.gone()) == 1)
    assert site.host.acknowledged == [("tenant", "prm_1", "webrtc")]


async def test_presence_is_told_again_and_again_and_ends_when_they_leave(peers: Peers) -> None:
    async with Site(present_seconds=0.15) as site:
        await peers["client"].connect_side(site.poster("client"))
        await until(lambda: len(site.host.present()) >= 3)
        await peers["client"].leave()
        await until(lambda: len(site.host.gone()) == 1)
    first, *_ = site.host.present()
    (gone,) = site.host.gone()
    assert {fact.connection for fact in site.host.present()} == {first.connection} == {gone.connection}
    assert gone.how == "left"
    assert gone.joined_at == first.joined_at
    assert gone.at >= site.host.present()[-1].at


async def test_a_silent_page_is_dropped_at_its_last_sign_of_life(site: Site, peers: Peers) -> None:
    client = peers["client"]
    await client.connect_side(site.poster("client"))
    connection = site.of("client")
    await until(lambda: connection.seen_at > connection.opened_at)
    client.mute_pongs = True
    await until(lambda: len(site.host.gone()) == 1)
    (gone,) = site.host.gone()
    assert (gone.how, gone.at, gone.connection) == ("dropped", connection.seen_at, connection.id)
    await until(lambda: not client.side_open.is_set())
    assert site.adapter.connections == ()


async def test_presence_told_while_a_page_is_silent_does_not_outlive_the_drop(peers: Peers) -> None:
    async with Site(present_seconds=0.05) as site:
        client = peers["client"]
        await client.connect_side(site.poster("client"))
        client.mute_pongs = True
        await until(lambda: len(site.host.gone()) == 1)
    assert len(site.host.present()) > 1
    (connection,) = merge_all(CallState(), site.host.facts).connections.values()
    assert connection.gone


def test_the_defaults_notice_a_dead_page_within_five_seconds() -> None:
    settings = WebRTCSettings()
    assert (settings.dead_after_pings + 1) * settings.ping_seconds < 5


async def test_observing_needs_both_to_consent_and_ends_with_either(site: Site, peers: Peers) -> None:
    client, therapist = peers["client"], peers["therapist"]
    therapist.set_consent(False)
    for role, peer in peers.items():
        await peer.connect_side(site.poster(role))
    await asyncio.sleep(0.3)
    assert not client.observed
    assert not therapist.observed

    therapist.set_consent(True)
    await until(lambda: client.observed and therapist.observed)
    playing = asyncio.create_task(client.play())
    await until(lambda: any(span.role == "client" for span in site.host.spans))

    client.set_consent(False)
    await until(lambda: not client.observed and not therapist.observed)
    assert {c.ear.path for c in site.adapter.connections} == {"level"}
    heard = site.of("client").ear.packets
    await asyncio.sleep(0.3)
    assert site.of("client").ear.packets == heard
    assert [c.ear.listening for c in site.adapter.connections] == [False, False]
    assert any(span.role == "client" for span in site.host.spans)
    playing.cancel()


async def test_audio_sent_without_consent_is_not_looked_at(site: Site, peers: Peers) -> None:
    client = peers["client"]
    client.set_consent(False)
    await client.connect_side(site.poster("client"))
    side = client._side
    assert side is not None
    (sender,) = side.getSenders()
    from alliancekit.demo.peers import RecordingTrack

    sender.replaceTrack(RecordingTrack(client._recording))
    playing = asyncio.create_task(client.play())
    await asyncio.sleep(1)
    ear = site.of("client").ear
    assert (ear.path, ear.packets, ear.spans, site.host.spans) == ("nothing", 0, [], ())
    playing.cancel()


async def test_one_alone_is_not_observed(site: Site, peers: Peers) -> None:
    for role, peer in peers.items():
        await peer.connect_side(site.poster(role))
    await until(lambda: peers["client"].observed)
    await peers["therapist"].leave()
    await until(lambda: not peers["client"].observed)


async def test_a_second_connection_replaces_the_first(site: Site, peers: Peers) -> None:
    first = peers["client"]
    await first.connect_side(site.poster("client"))
    before = site.of("client").id
    again = CallPeer(RECORDINGS / "client.ogg")
    await again.connect_side(site.poster("client"))
    await until(lambda: len(site.host.gone()) == 1)
    assert site.host.gone()[0].connection == before
    assert site.of("client").id != before
    await until(first.replaced.is_set)
    await until(lambda: not first.side_open.is_set())
    assert again.side_open.is_set()
    await again.close()


async def good_offer() -> str:
    peer = CallPeer(RECORDINGS / "client.ogg")
    seen: list[str] = []

    async def keep(offer: dict[str, Any]) -> dict[str, Any]:
        seen.append(offer["sdp"])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await peer.connect_side(keep)
    await peer.close()
    return seen[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda sdp: "",
        lambda sdp: "nonsense",
        lambda sdp: sdp.replace("m=audio", "m=video"),
        lambda sdp: sdp[: sdp.index("m=application")],
        lambda sdp: sdp + sdp[sdp.index("m=audio") :],
        lambda sdp: sdp.replace("opus/48000/2", "unheard/48000/2"),
        lambda sdp: "".join(line for line in sdp.splitlines(True) if "fingerprint" not in line),
        lambda sdp: "".join(line for line in sdp.splitlines(True) if "ice-ufrag" not in line),
        lambda sdp: "".join(line for line in sdp.splitlines(True) if "a=setup" not in line),
        lambda sdp: sdp.replace("typ host", "typ"),
        lambda sdp: sdp * 20,
        lambda sdp: "".join(line for line in sdp.splitlines(True) if "BUNDLE" not in line),
    ],
)
async def test_a_bad_description_is_a_clear_problem_and_leaves_nothing(site: Site, change: Any) -> None:
    sdp = change(await good_offer())
    tasks = asyncio.all_tasks()
    reply = await site.request("client", json.dumps({"type": "offer", "sdp": sdp}).encode())
    assert reply.status == 400
    assert reply.content_type == "application/problem+json"
    assert json.loads(reply.body)["title"] == "Bad offer"
    await until(lambda: asyncio.all_tasks() <= tasks)
    assert site.adapter._pending == {}


async def test_whatever_line_is_missing_the_answer_is_clear_and_nothing_fails_later() -> None:
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context))
    lines = (await good_offer()).splitlines(True)
    async with Site(offers_per_minute=1000) as site:
        for missing in range(len(lines)):
            sdp = "".join(lines[:missing] + lines[missing + 1 :])
            reply = await site.request("client", json.dumps({"type": "offer", "sdp": sdp}).encode())
            assert reply.status in (200, 400)
            assert (reply.status == 200) == bool(site.adapter._pending), lines[missing]
    gc.collect()
    assert failures == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type":"answer","sdp":"v=0"}', b'{"type":"offer"}'])
async def test_a_body_that_is_no_offer_is_refused(site: Site, body: bytes) -> None:
    assert (await site.request("client", body)).status == 400


async def test_offers_are_limited_and_need_a_participant(peers: Peers) -> None:
    body = json.dumps({"type": "offer", "sdp": await good_offer()}).encode()
    async with Site(max_connections=1, connect_seconds=0.2) as site:
        assert (await site.request(None, body)).status == 403
        assert (await site.request("client", body)).status == 200
        assert (await site.request("therapist", body)).status == 503
        await until(lambda: not site.adapter._pending)
        assert (await site.request("therapist", body)).status == 200
        assert site.host.facts == []
    assert (await site.request("therapist", body)).status == 503


async def test_a_page_that_floods_is_dropped(site: Site, peers: Peers) -> None:
    client = peers["client"]
    await client.connect_side(site.poster("client"))
    channel = client._channel
    assert channel is not None
    for _ in range(2):
        client._send(channel, type="unheard of")
        channel.send("x" * 2000)
    await asyncio.sleep(0.3)
    assert client.side_open.is_set()
    for _ in range(MAX_MESSAGES * 8):
        client._send(channel, type="pong", n=1)
    await until(lambda: [fact.how for fact in site.host.gone()] == ["dropped"])


async def test_stopping_closes_everything_and_leaves_no_task_or_thread(peers: Peers) -> None:
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    site = Site()
    await site.adapter.start(site.host)
    for role, peer in peers.items():
        await peer.connect_side(site.poster(role))
    await until(lambda: peers["client"].observed)
    assert asyncio.all_tasks() > tasks
    started = asyncio.get_running_loop().time()
    await site.adapter.stop()
    assert asyncio.get_running_loop().time() - started < 2
    assert sorted(fact.how for fact in site.host.gone()) == ["dropped", "dropped"]
    for peer in peers.values():
        await peer.close()
    await until(lambda: asyncio.all_tasks() <= tasks)
    left = {thread.name for thread in set(threading.enumerate()) - threads}
    assert not [name for name in left if "decoder" in name]


class BrokenHost(RecordingHost):
    async def report(self, tenant: str, session: str, facts: Any) -> None:
        raise RuntimeError("Erika Mustermann")

    async def waiting(self, tenant: str, participant: str) -> None:
        raise RuntimeError("Erika Mustermann")


async def test_a_failing_host_does_not_break_the_connection(
    peers: Peers, caplog: pytest.LogCaptureFixture
) -> None:
    async with Site(BrokenHost(), present_seconds=0.1) as site:
        await peers["client"].connect_side(site.poster("client"))
        await until(lambda: "report" in caplog.text)
        assert await site.adapter.deliver(hint("prm_1", "client"))
        assert (await peers["client"].hints.get()).prompt == "prm_1"
    assert "RuntimeError" in caplog.text
    assert "Erika" not in caplog.text
    assert "par_client" not in caplog.text


def test_the_level_tap_says_so_when_aiortc_has_changed() -> None:
    with pytest.raises(PluginError, match="jitter buffer"):
        Ear(lambda: 0.0).attach(object())  # type: ignore[arg-type]


async def test_only_loopback_is_offered_where_that_is_set(peers: Peers) -> None:
    body = json.dumps({"type": "offer", "sdp": await good_offer()}).encode()
    async with Site() as site:
        sdp: str = json.loads((await site.request("client", body)).body)["sdp"]
    candidates = [line.split()[4] for line in sdp.splitlines() if line.startswith("a=candidate")]
    assert set(candidates) == {"127.0.0.1"}
    assert "127.0.0.1" not in aioice.ice.get_host_addresses(True, False)
    with loopback_only():
        assert aioice.ice.get_host_addresses(True, True) == ["127.0.0.1"]


async def test_the_script_is_served_as_a_module(site: Site) -> None:
    from alliancekit.adapters import Caller, RouteRequest

    route = site.routes["side.js"]
    assert (route.method, route.auth) == ("GET", "none")
    reply = await route.handler(RouteRequest(caller=Caller(tenant="")))
    assert reply.content_type.startswith("text/javascript")
    assert b"export async function connectSide" in reply.body


async def test_a_call_to_the_host_that_is_just_done_does_not_hide_a_stop() -> None:
    done = asyncio.Event()

    async def call(host: RecordingHost) -> None:
        await done.wait()

    async def report() -> None:
        while True:
            await tell(RecordingHost(), "report", call)
            await asyncio.Event().wait()

    reporting = asyncio.create_task(report())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    done.set()
    await asyncio.sleep(0)
    reporting.cancel()
    ended, _ = await asyncio.wait((reporting,), timeout=5)
    assert ended == {reporting}
