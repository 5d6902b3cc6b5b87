"""Time that goes on only when a test tells it to."""

from __future__ import annotations

START = 1_750_000_000.0
"""Where a fake clock begins: 2025-06-15 15:06:40 UTC, in seconds since 1970."""


class FakeClock:
    """Call it for the time; seconds since 1970-01-01 UTC.

    Attributes:
        now: the time; a test may set it, also backwards.
    """

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time."""
        return self.now

    def forward(self, seconds: float = 0.0, *, minutes: float = 0.0, days: float = 0.0) -> float:
        """Let time pass; the new time."""
        self.now += seconds + 60.0 * minutes + 86400.0 * days
        return self.now
