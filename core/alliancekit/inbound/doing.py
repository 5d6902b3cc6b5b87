"""What came of what platforms said, in counts that outlive the process.

Counting must cost a message nothing, so counts are gathered in memory and added to the stored ones every few
seconds and at the end. A crash loses the counts of the last seconds and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from alliancekit.errors import StoreError
from alliancekit.metrics import Metrics
from alliancekit.store.adapter_counts import Count, Key, add_counts, read_counts
from alliancekit.store.database import Database

log = logging.getLogger("alliancekit.inbound")

SAVE_EVERY: Final = 5.0
"""Seconds of counts that a crash may lose."""

NOBODY: Final = ""
"""Whose a count is where no tenant can be told."""

REFUSED: Final = "refused:"

Counted = Literal["heard", "taken", "unknown_rooms", "strangers", "reconciliations", "looks", "failed_looks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What came of what an adapter's platform said, for one reader.

    Attributes:
        taken: messages that were applied.
        last_at: when the last genuine message came, seconds since 1970 UTC; None before the first.
        since: when counting began; None before the first count.
        refused: messages by the reason for which they were refused.
        refused_at: when a message was last refused, by reason.
        unknown_rooms: how often a genuine message was about a room that no session waits for.
        strangers: mentions of people who are not in the session, such as bots.
        reconciliations: how often the platform's own list of a room changed what was known.
        looks: how often an open room was looked into; `failed_looks`: how often that failed.
    """

    taken: int = 0
    last_at: float | None = None
    since: float | None = None
    refused: Mapping[str, int] = field(default_factory=dict)
    refused_at: Mapping[str, float] = field(default_factory=dict)
    unknown_rooms: int = 0
    strangers: int = 0
    reconciliations: int = 0
    looks: int = 0
    failed_looks: int = 0


class Counts:
    """What the adapters of this process did, and what is stored of earlier ones and of other processes.

    Args:
        database: where counts are kept.
        clock: seconds since 1970 UTC.
        metrics: also counts what was taken and what was refused.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float], metrics: Metrics | None = None
    ) -> None:
        self._messages = (metrics or Metrics()).messages
        self._database = database
        self._clock = clock
        self._stored: dict[Key, Count] = {}
        self._new: dict[Key, Count] = {}
        self._saving: dict[Key, Count] = {}

    def add(self, adapter: str, what: Counted, *, tenant: str = NOBODY, times: int = 1) -> None:
        """Count something; no more than a change in memory."""
        if times:
            self._add((adapter, tenant, what), times)
        if what == "taken":
            self._messages.add(adapter, what, times=times)

    def refused(self, adapter: str, reason: str, *, tenant: str = NOBODY, times: int = 1) -> None:
        """Count a refusal by its reason."""
        if times:
            self._add((adapter, tenant, REFUSED + reason), times)
            self._messages.add(adapter, reason, times=times)

    def _add(self, key: Key, times: int) -> None:
        now = self._clock()
        one = Count(count=times, first_at=now, last_at=now)
        self._new[key] = self._new[key] + one if key in self._new else one

    def doing(self, adapter: str, tenants: Collection[str] | None = None) -> Doing:
        """What an adapter did: for these tenants, or for all and nobody where it is not said whom for."""
        return doing(_sum(_sum(self._stored, self._saving), self._new), adapter, tenants)

    def for_tenant(self, adapter: str, tenant: str, *, alone: bool) -> Doing:
        """What one tenant may know: its own, and what nobody can be told whose it is.

        Args:
            adapter: which.
            tenant: who asks.
            alone: whether it is the only tenant. Else the time of the last message is its own's only: another
                one would tell when others have calls.
        """
        if alone:
            return self.doing(adapter, {tenant, NOBODY})
        own, nobodys = self.doing(adapter, {tenant}), self.doing(adapter, {NOBODY})
        return replace(
            own,
            refused={**nobodys.refused, **own.refused},
            refused_at={**nobodys.refused_at, **own.refused_at},
            unknown_rooms=nobodys.unknown_rooms,
            looks=nobodys.looks,
            failed_looks=nobodys.failed_looks,
        )

    async def keep(self) -> None:
        """Add to the stored counts now and then, until cancelled."""
        await self.save()
        while True:
            await asyncio.sleep(SAVE_EVERY)
            await self.save()

    async def save(self) -> None:
        """Add to the stored counts, and take note of what other processes counted."""
        more = self._saving = self._new
        self._new = {}
        try:
            if more:
                await self._database.write(lambda conn: add_counts(conn, self._saving))
                more = {}
            self._stored = await self._database.read(read_counts)
        except StoreError as error:
            self._new = _sum(more, self._new)
            log.warning("counts of platforms not stored, trying again: %s", type(error).__name__)
        finally:
            self._saving = {}


def doing(counts: Mapping[Key, Count], adapter: str, tenants: Collection[str] | None = None) -> Doing:
    """What counts say of an adapter, for these tenants, or for everybody and nobody."""
    mine: dict[str, Count] = {}
    for (name, tenant, what), one in counts.items():
        if name == adapter and (tenants is None or tenant in tenants):
            mine[what] = mine[what] + one if what in mine else one

    def times(what: Counted) -> int:
        return mine[what].count if what in mine else 0

    refused = {key.removeprefix(REFUSED): one for key, one in mine.items() if key.startswith(REFUSED)}
    return Doing(
        taken=times("taken"),
        last_at=mine["heard"].last_at if "heard" in mine else None,
        since=min((one.first_at for one in mine.values()), default=None),
        refused={reason: one.count for reason, one in sorted(refused.items())},
        refused_at={reason: one.last_at for reason, one in sorted(refused.items())},
        unknown_rooms=times("unknown_rooms"),
        strangers=times("strangers"),
        reconciliations=times("reconciliations"),
        looks=times("looks"),
        failed_looks=times("failed_looks"),
    )


def _sum(some: Mapping[Key, Count], others: Mapping[Key, Count]) -> dict[Key, Count]:
    found = dict(some)
    for key, one in others.items():
        found[key] = found[key] + one if key in found else one
    return found
