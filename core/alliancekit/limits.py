"""How often one caller may ask: a budget for each key, kept in the memory of this process.

The generic cell rate algorithm (ITU-T I.371): a key's whole state is one number, the time at which its budget
will be full again. It costs half a microsecond a request, needs no thread, and tells to the second when to
come back. Several processes have a budget each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from alliancekit.errors import RefusedError

PERIODS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
"""Seconds of the periods that a rate may name."""

MOST_KEYS: Final = 100_000
"""Keys that are remembered; above it, those whose budget is full again are forgotten, then the oldest."""


class TooManyRequestsError(RefusedError):
    """Somebody asked too often; `retry_after` is in seconds, rounded up."""

    status: ClassVar[int] = 429
    slug: ClassVar[str] = "too-many-requests"

    def __init__(self, wait: float) -> None:
        self.retry_after = max(1, math.ceil(wait))
        super().__init__(
            "Too many requests came in a short time; this one was not looked at.",
            fix=f"Send it again in {self.retry_after} s.",
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` requests in `seconds`; all of them may come at once, then they come back evenly."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The rate that `120/minute` or `5/15 minutes` says; None for `off`.

        Raises:
            ValueError: it says something else.
        """
        if text.strip() == "off":
            return None
        count, _, period = (part.strip() for part in text.partition("/"))
        number, _, unit = period.rpartition(" ")
        try:
            rate = cls(int(count), float(number or 1) * PERIODS[unit.strip().removesuffix("s")])
        except (ValueError, KeyError):
            rate = cls(0, 0.0)
        if rate.count < 1 or not 0 < rate.seconds < math.inf:
            raise ValueError("give a rate as 120/minute or 5/15 minutes (second, minute, hour, day), or off")
        return rate


class RateLimiter:
    """Budgets by key.

    Args:
        clock: seconds; any clock that does not go backwards by much.
        most_keys: how many keys are remembered.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, most_keys: int = MOST_KEYS) -> None:
        self._clock = clock
        self._most_keys = most_keys
        self._full_at: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def allow(self, key: Hashable, rate: Rate | None) -> bool:
        """Take one request from a key's budget; False, and nothing taken, when it is used up."""
        return self.take(key, rate) == 0.0

    def check(self, key: Hashable, rate: Rate | None) -> None:
        """Take one request from a key's budget.

        Raises:
            TooManyRequestsError: it is used up; nothing was taken.
        """
        wait = self.take(key, rate)
        if wait:
            raise TooManyRequestsError(wait)

    def take(self, key: Hashable, rate: Rate | None) -> float:
        """Take one request from a key's budget.

        Args:
            key: whose budget, such as `("address", "203.0.113.7")`; the same key always with the same rate.
            rate: how large it is; None: without end.

        Returns:
            0.0, or, when it is used up and nothing was taken, the seconds until there is one again.
        """
        if rate is None:
            return 0.0
        now = self._clock()
        each = rate.seconds / rate.count
        # A clock that was set back must not shut anybody out for longer than one period.
        full_at = min(max(self._full_at.get(key, now), now), now + rate.seconds)
        wait = full_at + each - rate.seconds - now
        if wait > each * 1e-6:  # what is left of adding floats
            self._full_at[key] = full_at
            return wait
        self._full_at[key] = full_at + each
        if len(self._full_at) > self._most_keys:
            self._forget(now)
        return 0.0

    def wait(self, key: Hashable, rate: Rate | None) -> float:
        """What `take` would return, without taking anything."""
        if rate is None or (full_at := self._full_at.get(key)) is None:
            return 0.0
        now = self._clock()
        each = rate.seconds / rate.count
        wait = min(full_at, now + rate.seconds) + each - rate.seconds - now
        return wait if wait > each * 1e-6 else 0.0

    def give_back(self, key: Hashable, rate: Rate | None) -> None:
        """Undo a `take` that succeeded: it turned out to be somebody else's request."""
        full_at = self._full_at.get(key)
        if rate is not None and full_at is not None:
            self._full_at[key] = full_at - rate.seconds / rate.count

    def _forget(self, now: float) -> None:
        kept = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        excess = len(kept) - self._most_keys // 2
        for key in list(kept)[: max(0, excess)]:
            del kept[key]
        self._full_at = kept
