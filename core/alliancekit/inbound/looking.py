"""Look into open rooms: what the platform itself lists corrects what its messages told, or failed to tell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from alliancekit import happenings
from alliancekit.adapters import Happening, OpenRoom, WebhookAdapter
from alliancekit.errors import StoreError
from alliancekit.isolation import ANYTHING

log = logging.getLogger("alliancekit.inbound")

SNAPSHOT_SECONDS: Final = 10.0
"""How long a platform may take to say who is in a room."""

AT_ONCE: Final = 8
"""Rooms of one platform that are looked into at the same time."""

SHORTEST: Final = 1.0
"""Seconds between two looks, however short an adapter wants them to be."""


async def look(
    adapter: WebhookAdapter,
    rooms: tuple[OpenRoom, ...],
    apply: Callable[[Happening], Awaitable[None]],
    clock: Callable[[], float],
) -> int:
    """Ask an adapter's platform who is in each of these rooms, and apply what it says.

    Returns: how many rooms could not be looked into.

    Raises:
        StoreError: the database failed; some rooms may be done.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(room: OpenRoom) -> bool:
        async with places:
            try:
                async with asyncio.timeout(SNAPSHOT_SECONDS):
                    seen = await adapter.snapshot(room)
                if seen is None or seen.room != room.instance or seen.kind not in {"roster", "over"}:
                    return True
                happenings.check([seen], clock())
            except asyncio.CancelledError:
                raise
            except ANYTHING as error:
                log.warning("%s: could not look into a room: %s", adapter.name, type(error).__name__)
                return False
            await apply(seen)
            return True

    tasks = [asyncio.create_task(one(room), name=f"alliancekit:look:{adapter.name}") for room in rooms]
    try:
        return sum(not done for done in await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def keep_looking(adapter: WebhookAdapter, look_once: Callable[[], Awaitable[None]]) -> None:
    """Look as often as the adapter says, until cancelled; a slow platform keeps no other one waiting."""
    while True:
        await asyncio.sleep(max(SHORTEST, adapter.snapshot_every))
        try:
            await look_once()
        except StoreError as error:
            log.warning("%s: open rooms not looked at, trying again: %s", adapter.name, type(error).__name__)
