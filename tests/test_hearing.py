"""What adapters that listen tell: everything heard, once, in order, also when the database is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest
from typing_extensions import override

from alliancekit import hearing
from alliancekit.adapters import Happening, Rejected
from alliancekit.errors import StoreError
from alliancekit.hearing import Hearing
from alliancekit.testing.fake_adapter import RecordingHost
from alliancekit.voice import Listener

QUIET, LOUD = 90, 20


class Host(RecordingHost):
    """Fails as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[Exception] = []
        self.calls: list[tuple[str, int]] = []

    @override
    async def happened(self, adapter: str, happenings: Sequence[Happening]) -> None:
        self.calls.append((adapter, len(happenings)))
        if self.failures:
            raise self.failures.pop(0)
        await super().happened(adapter, happenings)


@pytest.fixture
def host() -> Host:
    return Host()


def speak(listener: Listener, start: float, seconds: float = 1.0) -> None:
    """Half a second of silence, then speech."""
    for number in range(round((seconds + 0.5) / 0.02)):
        listener.level(start - 0.5 + number * 0.02, LOUD if number >= 25 else QUIET)


async def test_each_stream_is_told_of_its_own_person(host: Host) -> None:
    heard = Hearing("toy", host)
    client, therapist = heard.open("room", person="c1", connection="a"), heard.open("room", connection="b")
    await heard.tell()
    assert host.calls == []
    speak(client, 100.0)
    speak(therapist, 110.0)
    await heard.tell()
    assert host.calls == [("toy", 2)]
    one, other = host.happenings
    assert (one.kind, one.room, one.person, one.connection) == ("spoke", "room", "c1", "a")
    assert (other.person, other.connection) == ("", "b")
    assert (one.at - one.seconds, one.at) == pytest.approx((100.0, 101.0), abs=0.1)
    await heard.tell()
    assert len(host.happenings) == 2


async def test_what_a_closed_stream_heard_is_told_and_nothing_more(host: Host) -> None:
    heard = Hearing("toy", host)
    listener = heard.open("room", person="c1")
    speak(listener, 100.0)
    assert len(heard) == 1
    heard.close(listener)
    heard.close(listener)
    assert len(heard) == 0
    speak(listener, 200.0)
    await heard.tell()
    assert [round(one.at) for one in host.happenings] == [101]


async def test_nothing_is_lost_while_the_database_is_away(
    host: Host, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "BATCH", 2)
    host.failures = [StoreError("away"), StoreError("away")]
    heard = Hearing("toy", host)
    listener = heard.open("room", person="c1")
    for number in range(5):
        speak(listener, 100.0 + number * 10)
    await heard.tell()
    assert host.happenings == []
    await heard.tell()
    await heard.tell()
    assert [round(one.at) for one in host.happenings] == [101, 111, 121, 131, 141]
    assert [count for _, count in host.calls] == [2, 2, 2, 2, 1]
    assert "StoreError" in caplog.text


async def test_what_is_refused_is_not_told_again(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.failures = [Rejected("malformed")]
    heard = Hearing("toy", host)
    listener = heard.open("room", person="c1")
    speak(listener, 100.0)
    await heard.tell()
    await heard.tell()
    assert host.happenings == []
    assert len(host.calls) == 1
    assert [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING] == [
        "what toy heard was refused: malformed"
    ]


async def test_what_waits_is_limited_and_the_oldest_goes_first(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "KEPT", 3)
    host.failures = [StoreError("away")]
    heard = Hearing("toy", host)
    listener = heard.open("room", person="c1")
    for number in range(5):
        speak(listener, 100.0 + number * 10)
    await heard.tell()
    await heard.tell()
    assert [round(one.at) for one in host.happenings] == [121, 131, 141]


async def test_it_tells_by_itself_until_it_is_cancelled(host: Host) -> None:
    heard = Hearing("toy", host, every=0.01)
    running = asyncio.create_task(heard.run())
    listener = heard.open("room", person="c1")
    for start in (100.0, 110.0):
        speak(listener, start)
        async with asyncio.timeout(10):
            while not host.happenings or host.happenings[-1].at < start:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
