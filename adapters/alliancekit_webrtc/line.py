"""Calls to the host: in order for each connection, with a time limit, and never in the way of the call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from alliancekit.adapters import AdapterHost

logger = logging.getLogger(__name__)

HOST_SECONDS = 10.0
"""How long the host may take for one call before it counts as not taken."""

BEHIND = 8
"""Calls waiting, from which on a line counts as behind."""

HostCall = Callable[[AdapterHost], Awaitable[None]]


async def tell(host: AdapterHost, what: str, call: HostCall) -> None:
    """Make one call; a failure is logged by `what` and the error's type, never by its text."""
    try:
        async with asyncio.timeout(HOST_SECONDS):
            await call(host)
    except Exception as error:
        # The host may fail in any way; a live connection must outlive that.
        logger.warning("the host did not take '%s': %s", what, type(error).__name__)


class HostLine:
    """One connection's calls, made one after the other by `run`."""

    def __init__(self, host: AdapterHost) -> None:
        self._host = host
        self._calls: asyncio.Queue[tuple[str, HostCall] | None] = asyncio.Queue()

    @property
    def behind(self) -> bool:
        """Whether the host is so slow that what can be told later should be."""
        return self._calls.qsize() >= BEHIND

    def tell(self, what: str, call: HostCall) -> None:
        """Put a call at the end of the line."""
        self._calls.put_nowait((what, call))

    def finish(self) -> None:
        """Let `run` return after the calls that wait now."""
        self._calls.put_nowait(None)

    async def run(self) -> None:
        """Make the calls until `finish`."""
        while (item := await self._calls.get()) is not None:
            await tell(self._host, *item)
