"""Audio that Janus forwards: RTP headers, whose stream it is, and that loss or strangers make no speech."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.adapters.fake_janus import fake_janus, of, running, someone, until
from tests.voice.opus_packets import SPEAKING, packets_of
from typing_extensions import override

from alliancekit.testing import FakeClock
from alliancekit_janus import JanusSettings
from alliancekit_janus.tap import PAYLOAD_TYPE, Tap, read_rtp

TICKS = 960


def rtp(payload: bytes, *, ssrc: int, number: int, first: int = 0x80) -> bytes:
    """A packet whose audio began `number` × 20 ms after the first; its timestamps are about to wrap."""
    timestamp = (0xFFFFFF00 + number * TICKS) & 0xFFFFFFFF
    head = bytes([first, PAYLOAD_TYPE]) + (number & 0xFFFF).to_bytes(2) + timestamp.to_bytes(4)
    return head + ssrc.to_bytes(4) + payload


class Played(Tap):
    """A tap that is fed by a test, on a clock of the test."""

    def __init__(self) -> None:
        self.time = FakeClock(100.0)
        super().__init__(self.time)

    @override
    async def open(self, address: str, port: int) -> None:
        raise AssertionError("no port is needed")

    def play(self, packets: Iterator[tuple[int, bytes]], ssrc: int) -> None:
        """Feed packets, each 20 ms × its number after the first."""
        for number, payload in packets:
            self.time.now = 100.0 + number * 0.02
            self.datagram_received(rtp(payload, ssrc=ssrc, number=number), None)


def speech(tap: Tap, ssrc: int) -> float:
    return sum(end - start for start, end in tap.forget(ssrc))


def test_two_streams_on_one_port_are_two_people() -> None:
    tap = Played()
    ssrc = {role: tap.listen() for role in SPEAKING}
    both = zip(packets_of("client"), packets_of("therapist"), strict=False)
    for number, pair in enumerate(both):
        for role, payload in zip(ssrc, pair, strict=True):
            tap.play(iter([(number, payload)]), ssrc[role])
    for role, spans in SPEAKING.items():
        truth = sum(end - start for start, end in spans)
        assert speech(tap, ssrc[role]) == pytest.approx(truth, rel=0.15)


def test_packets_of_nobody_are_dropped() -> None:
    tap = Played()
    ssrc = tap.listen()
    tap.play(enumerate(packets_of("client")), ssrc ^ 1)
    assert tap.packets == 0
    assert tap.forget(ssrc) == []
    assert tap.take(ssrc) == tap.forget(ssrc) == []


@given(st.binary(max_size=60), st.booleans())
def test_any_datagram_is_read_or_dropped(data: bytes, headed: bool) -> None:
    tap = Played()
    ssrc = tap.listen()
    tap.datagram_received(rtp(data, ssrc=ssrc, number=1, first=data[0]) if headed and data else data, None)
    assert tap.forget(ssrc) == []


def test_optional_parts_of_the_header_are_passed_over() -> None:
    plain = rtp(b"opus", ssrc=7, number=1)
    extension = b"\xbe\xde\x00\x01" + b"\x10\x90\x00\x00"
    everything = bytes([0x80 | 0x20 | 0x10 | 2]) + plain[1:12] + b"\0" * 8 + extension + b"opus" + b"\0\0\x03"
    for data in (plain, everything):
        found = read_rtp(data)
        assert found is not None
        assert (found.ssrc, found.payload) == (7, b"opus")
    assert read_rtp(plain[:11]) is None
    assert read_rtp(bytes([0x80, 96]) + plain[2:]) is None
    assert read_rtp(bytes([0x40]) + plain[1:]) is None
    assert read_rtp(bytes([0xA0]) + plain[1:12] + b"\xff") is None, "padding longer than the packet"


async def test_forwarding_follows_who_publishes() -> None:
    async with fake_janus() as fake, running(fake, listen="audio") as (adapter, host):
        fake.people = [someone("par_client~1"), someone("par_therapist~1", publisher=False)]
        await until(lambda: fake.asked("rtp_forward"))
        [asked] = fake.asked("rtp_forward")
        body: dict[str, Any] = asked["body"]
        assert (body["publisher_id"], body["host"]) == ("par_client~1", "127.0.0.1")
        [stream] = body["streams"]
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number, payload in enumerate(packets_of("client")[:150]):
                data = rtp(payload, ssrc=stream["ssrc"], number=number)
                await loop.run_in_executor(None, sender.sendto, data, ("127.0.0.1", stream["port"]))
        await until(lambda: of(host, "spoke"))
        assert of(host, "spoke")[0] == ("spoke", "par_client", "par_client~1")
        assert adapter.watchers[0].listening == 1
    [stopped] = fake.asked("stop_rtp_forward")
    assert (stopped["body"]["publisher_id"], stopped["body"]["stream_id"]) == ("par_client~1", 7)


async def test_a_publisher_who_is_gone_is_no_longer_listened_to() -> None:
    async with fake_janus() as fake, running(fake, listen="audio") as (adapter, _):
        fake.people = [someone("par_client~1")]
        await until(lambda: adapter.watchers and adapter.watchers[0].listening == 1)
        await fake.event(videoroom="event", unpublished="par_client~1")
        await until(lambda: adapter.watchers[0].listening == 0)
        await fake.event(videoroom="event", publishers=[someone("par_client~1")])
        await until(lambda: adapter.watchers[0].listening == 1)
    assert len(fake.asked("stop_rtp_forward")) == 1, "Janus has ended the first one itself"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.7.7", "fd00::7"])
def test_audio_may_come_over_this_machine_and_private_networks(address: str) -> None:
    assert JanusSettings(tap_address=address).tap_address == address


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450::1", "0.0.0.0", "::", "janus.example", ""])
def test_audio_does_not_come_over_the_internet(address: str) -> None:
    with pytest.raises(ValidationError):
        JanusSettings(tap_address=address)


def test_a_site_may_say_that_its_network_is_safe() -> None:
    assert JanusSettings(tap_address="8.8.8.8", tap_insecure=True).tap_insecure


@pytest.mark.parametrize(
    "url", ["http://janus.example", "janus.example:8188", "wss://user:secret@janus.example"]
)
def test_addresses_are_websockets_without_passwords(url: str) -> None:
    with pytest.raises(ValidationError):
        JanusSettings(url=url)
