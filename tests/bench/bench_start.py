"""What plugins cost at start: a host that loads and verifies 0, 10 and 50, against pluggy registering them.

Run it: `python -m tests.bench.bench_start`. Processor time, the best of several rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pluggy

from alliancekit import events
from alliancekit.hookspecs import PROJECT, AllianceHooks, hookimpl
from alliancekit.plugins import PluginHost

NUMBERS = (0, 10, 50)
ROUNDS = 20


class Small(AllianceHooks):
    """Two hooks that do nothing."""

    @hookimpl
    async def session_started(self, event: events.SessionStarted) -> None:
        return None

    @hookimpl
    async def session_ended(self, event: events.SessionEnded) -> None:
        return None


def best(start: Callable[[], Any]) -> float:
    """Milliseconds of the quickest round."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        start()
        fastest = min(fastest, time.process_time() - begin)
    return fastest * 1000


def hosted(number: int) -> None:
    """A loaded host."""
    PluginHost(extra=[(f"p{one}", Small()) for one in range(number)], discover=False).load()


def bare(number: int) -> None:
    """A pluggy manager with the same plugins."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(AllianceHooks)
    for one in range(number):
        manager.register(Small(), f"p{one}")


def run() -> list[dict[str, Any]]:
    """One row for each number of plugins."""
    rows = []
    for number in NUMBERS:
        host_ms, bare_ms = best(lambda n=number: hosted(n)), best(lambda n=number: bare(n))  # type: ignore[misc]
        rows.append(
            {
                "plugins": number,
                "host_ms": round(host_ms, 2),
                "bare_pluggy_ms": round(bare_ms, 2),
                "ratio": round(host_ms / bare_ms, 1),
            }
        )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
