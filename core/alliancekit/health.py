"""What the host remembers of each plugin's calls: counters, the last outcomes, quarantine, blocked time.

Names and milliseconds only: no value, no argument and no exception text is ever kept.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "error", "timeout", "skipped"]
"""How one call of one plugin ended."""

KEPT = 20
"""How many outcomes are kept for each plugin."""

log = logging.getLogger("alliancekit.plugins")


@dataclass(frozen=True, slots=True)
class PastOutcome:
    """One call that is over; `error` holds an exception's type and a reference, never its text."""

    hook: str
    status: Status
    milliseconds: float
    error: str = ""


class PluginHealth:
    """One plugin's record.

    After `patience` failures in a row the plugin is quarantined: skipped for `cooling` seconds, then tried
    again; a failing trial starts the next cooling time. A `required` plugin is never quarantined, each of its
    failures is logged as an error instead.
    """

    def __init__(
        self,
        plugin: str,
        *,
        required: bool = False,
        patience: int = 3,
        cooling: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plugin = plugin
        self.required = required
        self.calls = 0
        self.failures = 0
        self.timeouts = 0
        self.skipped = 0
        self.in_a_row = 0
        self.blocked = 0
        self.resting_until = 0.0
        self._blocked_at = float("-inf")
        self._patience = patience
        self._cooling = cooling
        self._clock = clock
        self._last: deque[tuple[str, Status, float, str]] = deque(maxlen=KEPT)

    @property
    def last(self) -> tuple[PastOutcome, ...]:
        """The last outcomes, oldest first."""
        return tuple(PastOutcome(h, s, round(sec * 1000, 3), e) for h, s, sec, e in self._last)

    @property
    def resting(self) -> bool:
        """Whether the plugin is quarantined now."""
        return self.resting_until != 0.0 and self._clock() < self.resting_until

    @property
    def blocked_lately(self) -> bool:
        """Whether it held the event loop within the last cooling time."""
        return self._clock() - self._blocked_at < self._cooling

    def went_well(self, hook: str, seconds: float) -> None:
        """Record a call that ended in time."""
        self.calls += 1
        self._last.append((hook, "ok", seconds, ""))
        if self.in_a_row:
            self.in_a_row = 0
            if self.resting_until:
                self.resting_until = 0.0
                log.info("plugin %s answered again and is no longer quarantined", self.plugin)

    def failed(self, hook: str, status: Status, seconds: float, error: str) -> None:
        """Record a failure; the third in a row starts the quarantine and announces it once."""
        self.calls += 1
        self.failures += 1
        self.timeouts += status == "timeout"
        self.in_a_row += 1
        self._last.append((hook, status, seconds, error))
        if self.required:
            log.error("required plugin %s failed in %s (%s, %s)", self.plugin, hook, status, error)
        elif self.in_a_row >= self._patience:
            announced = self.resting_until != 0.0
            self.resting_until = self._clock() + self._cooling
            if not announced:
                log.warning(
                    "plugin %s failed %d times in a row, last in %s (%s): skipped for %g s, then tried again",
                    self.plugin,
                    self.in_a_row,
                    hook,
                    error,
                    self._cooling,
                )

    def passed_over(self, hook: str, why: str) -> None:
        """Record that the plugin was not called."""
        self.skipped += 1
        self._last.append((hook, "skipped", 0.0, why))
        if self.required:
            log.error("required plugin %s was not called in %s (%s)", self.plugin, hook, why)

    def held_the_loop(self) -> None:
        """Record that the plugin blocked the event loop; called from the watchdog's thread."""
        self.blocked += 1
        self._blocked_at = self._clock()
