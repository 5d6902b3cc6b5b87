"""What isolation costs: notify of plugins through `Hooks` against bare pluggy, a plain loop and bare tasks.

Run it: `python -m tests.bench.bench_dispatch`. Processor time, the best of many short rounds.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pluggy

from alliancekit import events
from alliancekit.hookspecs import PROJECT, AllianceHooks, hookimpl
from alliancekit.plugins import PluginHost

PLUGINS = 5
NUMBERS = (1, 5, 20)
ROUNDS = 40
CALLS = 200
EVENT = events.SessionStarted(tenant="t", episode="e", session="s", at=0.0, style="directive", number=1)


class Quick(AllianceHooks):
    """Returns at once."""

    @hookimpl
    async def session_started(self, event: events.SessionStarted) -> None:
        return None


async def best(call: Callable[[], Awaitable[Any]]) -> float:
    """Microseconds a call."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(CALLS):
            await call()
        fastest = min(fastest, time.process_time() - begin)
    return fastest / CALLS * 1e6


async def measure(loop_name: str, count: int = PLUGINS) -> dict[str, Any]:
    """One row of the result, on the running loop."""
    plugins = [(f"p{number}", Quick()) for number in range(count)]
    host = PluginHost(extra=plugins, discover=False)
    host.load()
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(AllianceHooks)
    for name, plugin in plugins:
        manager.register(plugin, name)

    async def bare() -> None:
        for coroutine in manager.hook.session_started(event=EVENT):
            await coroutine

    async def plain() -> None:
        for _, plugin in plugins:
            await plugin.session_started(EVENT)

    async def tasks() -> None:
        loop = asyncio.get_running_loop()
        for task in [loop.create_task(plugin.session_started(EVENT)) for _, plugin in plugins]:
            await task

    hooks_us = await best(lambda: host.hooks.session_started(EVENT))
    bare_us = await best(bare)
    tasks_us = await best(tasks)
    return {
        "name": f"notify, {count} plugins, {loop_name}",
        "plugins": count,
        "hooks_us": round(hooks_us, 1),
        "bare_pluggy_us": round(bare_us, 1),
        "bare_tasks_us": round(tasks_us, 1),
        "plain_loop_us": round(await best(plain), 1),
        "ratio_to_pluggy": round(hooks_us / bare_us, 1),
        "ratio_to_tasks": round(hooks_us / tasks_us, 1),
    }


def run() -> list[dict[str, Any]]:
    """Rows for uvloop, which the service runs on, by number of plugins; one for asyncio's own loop."""
    import uvloop

    rows = [uvloop.run(measure("uvloop", count)) for count in NUMBERS]
    return [*rows, asyncio.run(measure("asyncio"))]


if __name__ == "__main__":
    for row in run():
        print(row)
