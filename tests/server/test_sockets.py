"""Platforms that dial in: refused before they are in, alone with the adapter afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from tests.services import MakeSite, Site, on_network
from tests.toy_platform import ToyPlatform, counts
from typing_extensions import override
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from alliancekit.adapters import (
    Adapter,
    Capabilities,
    PlatformSocket,
    RawRequest,
    SocketAdapter,
    SocketClosed,
)
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.signatures import check_token


class Dialling(SocketAdapter):
    """Says back what it hears."""

    name = "dialling"
    capabilities = Capabilities(media="websocket", trust="static_token")
    subprotocols = ("toy.v2", "toy.v1")
    max_message = 100

    def __init__(self) -> None:
        self.seen: list[RawRequest] = []
        self.ended: list[str] = []

    @override
    async def start(self, host: Any) -> None:
        pass

    @override
    async def stop(self) -> None:
        pass

    @override
    def admit(self, request: RawRequest, now: float) -> str:
        self.seen.append(request)
        if request.header("x-raise"):
            raise RuntimeError("Ana said something")
        check_token(request.header("x-token"), [b"right"])
        return "the call"

    @override
    async def attend(self, call: Any, socket: PlatformSocket) -> None:
        assert call == "the call"
        try:
            while (message := await socket.receive()) != "bye":
                if message == "raise":
                    raise ValueError("Ana said something")
                await socket.send(message)
        except SocketClosed:
            self.ended.append("closed")
            raise
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        self.ended.append("left")


class DiallingPlatform(AllianceHooks):
    """Brings it."""

    def __init__(self) -> None:
        self.adapter = Dialling()

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


@pytest.fixture
def platform() -> DiallingPlatform:
    return DiallingPlatform()


@pytest.fixture
async def site(make_site: MakeSite, platform: DiallingPlatform) -> Site:
    return await make_site(extra=[("dialling", platform), ("toy", ToyPlatform())])


@pytest.fixture
async def address(site: Site) -> AsyncIterator[str]:
    async with on_network(site) as found:
        yield f"ws://{found}/v1/adapters/dialling/socket?room=a%2Fb"


RIGHT = {"X-Token": "right"}


async def test_messages_go_both_ways_until_the_adapter_is_done(
    address: str, platform: DiallingPlatform
) -> None:
    async with connect(address, additional_headers=RIGHT, subprotocols=["toy.v1", "other"]) as socket:
        assert socket.subprotocol == "toy.v1"
        for message in ("text", b"\x00\xff", "", b""):
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send("bye")
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 1000
    assert platform.adapter.ended == ["left"]
    (request,) = platform.adapter.seen
    assert request.url == "http://alliancekit.test/v1/adapters/dialling/socket?room=a%2Fb"
    assert (request.method, request.body) == ("GET", b"")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, "unsigned"), ({"X-Token": "wrong"}, "bad_signature"), (RIGHT | {"X-Raise": "1"}, "malformed")],
)
async def test_who_proves_nothing_is_refused_and_counted(
    site: Site, address: str, headers: dict[str, str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(address, additional_headers=headers)
    assert refused.value.response.status_code == 403
    assert refused.value.response.body in (b"", None)
    assert (await counts(site, "dialling"))["refused"] == {reason: 1}
    assert "Ana" not in caplog.text


@pytest.mark.parametrize("name", ["toy", "nobody"])
async def test_an_adapter_that_takes_no_sockets_has_none(address: str, name: str) -> None:
    with pytest.raises(InvalidStatus):
        await connect(address.replace("dialling", name), additional_headers=RIGHT)


async def test_what_the_adapter_raises_ends_one_connection_and_is_not_quoted(
    address: str, platform: DiallingPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        connect(address, additional_headers=RIGHT) as one,
        connect(address, additional_headers=RIGHT) as other,
    ):
        with caplog.at_level(logging.WARNING):
            await one.send("raise")
            with pytest.raises(ConnectionClosed):
                await one.recv()
        assert one.close_code == 1011
        assert "ValueError" in caplog.text
        assert "Ana" not in caplog.text
        await other.send("still there")
        assert await other.recv() == "still there"


async def test_a_message_that_is_too_long_ends_the_connection(
    address: str, platform: DiallingPlatform
) -> None:
    async with connect(address, additional_headers=RIGHT) as socket:
        await socket.send("a" * 100)
        assert len(await socket.recv()) == 100
        await socket.send("a" * 101)
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 1009
    assert platform.adapter.ended == ["closed"]


async def test_a_platform_that_breaks_off_is_noticed(address: str, platform: DiallingPlatform) -> None:
    socket = await connect(address, additional_headers=RIGHT)
    await socket.send("hello")
    await socket.recv()
    socket.transport.abort()
    async with asyncio.timeout(30):
        while not platform.adapter.ended:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert platform.adapter.ended == ["closed"]
