"""What adapters that listen tell the host: every few seconds, who spoke from when to when.

An adapter opens one listener for each person's stream, feeds it, and closes it. Everything else is here: the
batches, and keeping them while the database does not take them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Final

from alliancekit.adapters import AdapterHost, Happening, Rejected
from alliancekit.errors import StoreError
from alliancekit.voice import Listener

log = logging.getLogger("alliancekit.hearing")

EVERY: Final = 3.0
"""Seconds between two reports: a page that shows the talk balance is at most this old."""

BATCH: Final = 500
"""Stretches of speech in one report."""

KEPT: Final = 20_000
"""Stretches that are kept while they cannot be told; then the oldest are forgotten."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ear:
    listener: Listener
    room: str
    person: str
    connection: str


class Hearing:
    """All the listeners of one adapter, told to its host in batches.

    Args:
        adapter: its name.
        host: whom it tells.
        every: seconds between two reports.
    """

    def __init__(self, adapter: str, host: AdapterHost, *, every: float = EVERY) -> None:
        self._adapter = adapter
        self._host = host
        self._every = every
        self._ears: dict[int, _Ear] = {}
        self._untold: deque[Happening] = deque(maxlen=KEPT)
        self._telling = asyncio.Lock()

    def open(self, room: str, *, person: str = "", connection: str = "") -> Listener:
        """A listener for one stream; its times are seconds since 1970 UTC.

        Args:
            room: the room's instance.
            person: whom the stream is of, as in `Happening`.
            connection: their presence, as in `Happening`; one of both is needed.
        """
        listener = Listener()
        self._ears[id(listener)] = _Ear(listener, room, person, connection)
        return listener

    def close(self, listener: Listener) -> None:
        """The stream ended; what was heard of it is told with the next report."""
        ear = self._ears.pop(id(listener), None)
        if ear is not None:
            listener.close()
            self._collect(ear)

    def __len__(self) -> int:
        return len(self._ears)

    def _collect(self, ear: _Ear) -> None:
        for start, end in ear.listener.take():
            self._untold.append(
                Happening(
                    kind="spoke",
                    room=ear.room,
                    at=end,
                    seconds=end - start,
                    person=ear.person,
                    connection=ear.connection,
                )
            )

    async def tell(self) -> None:
        """Tell what was heard since the last time; what the database does not take is told again later."""
        async with self._telling:
            for ear in tuple(self._ears.values()):
                self._collect(ear)
            while self._untold:
                batch = [self._untold.popleft() for _ in range(min(BATCH, len(self._untold)))]
                try:
                    await self._host.happened(self._adapter, batch)
                except StoreError as error:
                    self._untold.extendleft(reversed(batch))
                    log.warning("what %s heard waits: %s", self._adapter, type(error).__name__)
                    return
                except Rejected as error:
                    log.warning("what %s heard was refused: %s", self._adapter, error.reason)

    async def run(self) -> None:
        """Tell again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            await self.tell()
