"""A load generator that costs little: keep-alive connections that send ready-made requests."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import cast

import httptools


@dataclass(frozen=True)
class Load:
    """What a round of requests gave; `late` are the latencies in milliseconds, sorted."""

    seconds: float
    late: tuple[float, ...]
    statuses: tuple[int, ...]
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.late) / self.seconds

    def percentile(self, percent: int) -> float:
        """A latency in milliseconds."""
        return self.late[min(len(self.late) - 1, len(self.late) * percent // 100)]

    def accepted(self) -> int:
        """How many requests were answered with 201."""
        return self.statuses.count(201)


@dataclass(frozen=True)
class Figures:
    """Medians over rounds. `cpu` is the server's processor time in microseconds a request."""

    rate: float
    p50: float
    p99: float
    cpu: float


def medians(rounds: Sequence[Load]) -> Figures:
    """The median round in each figure."""
    middle = statistics.median
    return Figures(
        rate=middle(one.rate for one in rounds),
        p50=middle(one.percentile(50) for one in rounds),
        p99=middle(one.percentile(99) for one in rounds),
        cpu=middle(one.cpu / len(one.late) * 1e6 for one in rounds),
    )


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one was answered."""

    def __init__(self, requests: Iterator[bytes], late: list[float], statuses: list[int]) -> None:
        self._requests, self._late, self._statuses = requests, late, statuses
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._late.append((perf_counter() - self._sent) * 1000)
        self._statuses.append(self._parser.get_status_code())
        self._parser = httptools.HttpResponseParser(self)
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    def send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            return
        self._sent = perf_counter()
        self._transport.write(request)


async def load(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send the requests to 127.0.0.1, each once, on this many keep-alive connections."""
    loop = asyncio.get_running_loop()
    late: list[float] = []
    statuses: list[int] = []
    waiting = iter(requests)
    pairs = [
        await loop.create_connection(lambda: _Connection(waiting, late, statuses), "127.0.0.1", port)
        for _ in range(connections)
    ]
    begun = perf_counter()
    for _, connection in pairs:
        connection.send()
    await asyncio.gather(*(connection.done for _, connection in pairs))
    seconds = perf_counter() - begun
    for transport, _ in pairs:
        transport.close()
    return Load(seconds, tuple(sorted(late)), tuple(statuses))


def get(path: str, **headers: str) -> bytes:
    """The bytes of a GET."""
    return _head("GET", path, headers)


def post(path: str, body: bytes, **headers: str) -> bytes:
    """The bytes of a POST of JSON; `Idempotency_Key` becomes `Idempotency-Key`."""
    return (
        _head("POST", path, {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers})
        + body
    )


def _head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: bench", *lines, "", ""]).encode()
