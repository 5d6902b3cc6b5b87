"""The in-call channel: who is connected, and hints to them.

A hint says *that* something changed, never what was answered; the page then asks over HTTP. A hint that is
lost costs latency only: the database is the truth. Hints to one connection keep their order.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

Send = Callable[[str], Awaitable[None]]

BACKLOG = 32
"""Hints that may wait for one slow connection before it is closed; it then reconnects and asks anew."""

Address = tuple[str, ...]
"""`("participant", id)` or `("therapist", tenant, external id)`."""


class Connection:
    """One connected page.

    Args:
        address: whose page it is.
        send: brings one hint to the page.
        drop: called once when the page is too slow to keep; it has to close the connection, so that the page
            notices, connects again and asks what it missed.
    """

    __slots__ = ("_backlog", "_closing", "_drop", "_send", "_task", "address", "dropped")

    def __init__(self, address: Address, send: Send, drop: Callable[[], object]) -> None:
        self.address = address
        self.dropped = False
        self._drop = drop
        self._send = send
        self._backlog: deque[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def push(self, text: str) -> bool:
        """Queue a hint; False when the connection is closed or too slow."""
        if self._closing:
            return False
        if self._backlog is None:
            self._backlog = deque()
        if len(self._backlog) >= BACKLOG:
            self.end()
            return False
        self._backlog.append(text)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain())
        return True

    def end(self) -> None:
        """Close the connection from this side."""
        if not self._closing:
            self._closing = self.dropped = True
            self._drop()

    async def _drain(self) -> None:
        try:
            while self._backlog:
                await self._send(self._backlog.popleft())
        except (OSError, RuntimeError):
            # The peer went away between two hints; its receive loop removes the connection.
            self._closing = True
        finally:
            self._backlog = None
            self._task = None

    def close(self) -> None:
        """Send nothing more."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()


class LiveHub:
    """All connected pages of this process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._by_address: dict[Address, list[Connection]] = {}
        # Starts at the clock so that it also grows over a restart.
        self._sequence = int(clock() * 1000)

    @property
    def sequence(self) -> int:
        """The number of the newest hint."""
        return self._sequence

    def __len__(self) -> int:
        return sum(len(connections) for connections in self._by_address.values())

    def connect(self, address: Address, send: Send, drop: Callable[[], object]) -> Connection:
        """Add a connected page; see `Connection`."""
        connection = Connection(address, send, drop)
        self._by_address.setdefault(address, []).append(connection)
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Remove a page; harmless when it is gone already."""
        connection.close()
        connections = self._by_address.get(connection.address)
        if connections and connection in connections:
            connections.remove(connection)
            if not connections:
                del self._by_address[connection.address]

    def drop(self, address: Address) -> None:
        """Close the pages of an address: whoever may still look connects again with a token that holds."""
        for connection in list(self._by_address.get(address, ())):
            connection.end()

    def connected(self, address: Address) -> bool:
        """Whether at least one page of this address is connected."""
        return address in self._by_address

    def hint(self, addresses: Iterable[Address], message: Mapping[str, Any]) -> int:
        """Send a hint to all pages of the addresses; returns how many took it."""
        self._sequence += 1
        text = json.dumps({**message, "seq": self._sequence})
        reached = 0
        for address in addresses:
            for connection in list(self._by_address.get(address, ())):
                if connection.push(text):
                    reached += 1
                else:
                    self.disconnect(connection)
        return reached
