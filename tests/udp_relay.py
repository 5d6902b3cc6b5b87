"""A bad network between a page and the service: loses, repeats, delays, reorders, and can be cut."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

Address = tuple[str, int]
CANDIDATE = re.compile(r"^(a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1) (\d+) typ host", re.MULTILINE)


@dataclass
class Weather:
    """What the network does to each datagram; may change at any time.

    Attributes:
        loss: share of datagrams that are lost.
        twice: share that arrive twice.
        late: share that arrive up to `delay` seconds later than others, and so out of order.
        delay: seconds.
        cut: nothing arrives at all.
    """

    loss: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    delay: float = 0.06
    cut: bool = False


class _Socket(asyncio.DatagramProtocol):
    """One socket of the relay."""

    def __init__(self, relay: Relay, page: Address | None) -> None:
        self._relay, self._page = relay, page

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._relay.forward(data, addr, self._page)


class Network:
    """Relays of this network stand between pages and the service; all have the same weather, clear at first.

    Args:
        seed: which datagrams are lost.

    Attributes:
        weather: what it does.
        passed: datagrams that came through.
        lost: datagrams that did not.
    """

    def __init__(self, seed: int = 1) -> None:
        self.weather = Weather()
        self.passed = 0
        self.lost = 0
        self._luck = random.Random(seed)
        self._relays: list[Relay] = []

    async def behind(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The service's answer, with the address of a new relay in place of the service's own."""
        found = CANDIDATE.search(answer["sdp"])
        assert found is not None
        relay = await Relay.start(self, ("127.0.0.1", int(found[2])))
        self._relays.append(relay)
        return {**answer, "sdp": CANDIDATE.sub(rf"\1 {relay.port} typ host", answer["sdp"])}

    def send(self, transport: asyncio.DatagramTransport, data: bytes, to: Address | None) -> None:
        """Bring a datagram on its way, as the weather is."""
        weather, luck = self.weather, self._luck
        if weather.cut or luck.random() < weather.loss:
            self.lost += 1
            return
        self.passed += 1
        for _ in range(2 if luck.random() < weather.twice else 1):
            if luck.random() < weather.late:
                loop = asyncio.get_running_loop()
                loop.call_later(luck.random() * weather.delay, self._arrive, transport, data, to)
            else:
                self._arrive(transport, data, to)

    @staticmethod
    def _arrive(transport: asyncio.DatagramTransport, data: bytes, to: Address | None) -> None:
        if not transport.is_closing():
            transport.sendto(data, to)

    async def __aenter__(self) -> Network:
        return self

    async def __aexit__(self, *_: object) -> None:
        for relay in self._relays:
            relay.close()


class Relay:
    """One relay: a port for pages, and towards the service a socket for each address of a page."""

    def __init__(self, network: Network, service: Address) -> None:
        self._network, self._service = network, service
        self._towards: dict[Address, asyncio.Future[_Socket]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, network: Network, service: Address) -> Relay:
        """Open the port for pages."""
        relay = cls(network, service)
        loop = asyncio.get_running_loop()
        _, relay._front = await loop.create_datagram_endpoint(
            lambda: _Socket(relay, None), local_addr=("127.0.0.1", 0)
        )
        return relay

    @property
    def port(self) -> int:
        """The port for pages."""
        port: int = self._front.transport.get_extra_info("sockname")[1]
        return port

    def forward(self, data: bytes, source: Address, page: Address | None) -> None:
        """Send on what came from a page (`page` is None) or, for `page`, from the service."""
        if page is not None:
            self._network.send(self._front.transport, data, page)
            return
        task = asyncio.create_task(self._to_service(data, source))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _to_service(self, data: bytes, source: Address) -> None:
        if source not in self._towards:
            loop = asyncio.get_running_loop()
            self._towards[source] = asyncio.ensure_future(self._open(loop, source))
        back = await self._towards[source]
        self._network.send(back.transport, data, None)

    async def _open(self, loop: asyncio.AbstractEventLoop, source: Address) -> _Socket:
        _, back = await loop.create_datagram_endpoint(
            lambda: _Socket(self, source), remote_addr=self._service
        )
        return back

    def close(self) -> None:
        """Close all sockets."""
        self._front.transport.close()
        for one in self._towards.values():
            if one.done():
                one.result().transport.close()


def without_addresses(offer: Mapping[str, Any]) -> dict[str, Any]:
    """A page's offer without its own addresses: the service learns the relay's, as it does behind a NAT."""
    lines = offer["sdp"].splitlines(keepends=True)
    hidden = ("a=candidate:", "a=end-of-candidates")
    return {**offer, "sdp": "".join(line for line in lines if not line.startswith(hidden))}
