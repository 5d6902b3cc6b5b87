"""Call plugins in isolation: each in a task of its own, with a limit, and an `Outcome` for each.

Whatever a plugin does, the call ends in time and the other plugins' work is kept. A plugin that overruns is
cancelled, gets `GRACE` to clean up and is then abandoned. Time in which the event loop stood still because of
one plugin is not held against the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from alliancekit.isolation import GRACE, Call, Impl, Outcome, Slot, Wanted
from alliancekit.minimise import carries_sensitive_fields, minimise
from alliancekit.watchdog import plugin_of_task

__all__ = ["GRACE", "Dispatcher", "Impl", "Outcome", "Wanted"]

log = logging.getLogger("alliancekit.plugins")


class Dispatcher:
    """Calls the implementations in `table` (hook → implementations in configured order).

    Args:
        table: built once by the plugin host.
        call_limit: seconds a whole call may take, all plugins together.
    """

    def __init__(self, table: Mapping[str, Sequence[Impl]], *, call_limit: float = 5.0) -> None:
        self._impls = {hook: tuple(impls) for hook, impls in table.items()}
        self._call_limit = call_limit
        self._left: set[asyncio.Task[Any]] = set()
        # The watchdog's thread adds the tasks it caught; each is taken out when its outcome is settled.
        self._blockers: set[asyncio.Task[Any]] = set()
        self._health = {impl.plugin: impl.health for impls in table.values() for impl in impls}

    def forget(self, plugin: str) -> None:
        """Never call a plugin again."""
        self._impls = {
            hook: tuple(impl for impl in impls if impl.plugin != plugin)
            for hook, impls in self._impls.items()
        }

    @property
    def abandoned(self) -> int:
        """How many plugin tasks are still running although their call is over."""
        return len(self._left)

    async def notify(self, hook: str, event: Any) -> list[Outcome[None]]:
        """Call all plugins at once; what they return is ignored, failures are recorded."""
        return await self._together(hook, event, None)

    async def collect(self, hook: str, event: Any, wanted: Wanted) -> list[Outcome[Any]]:
        """Call all plugins at once and keep each one's sequence, in configured order."""
        return await self._together(hook, event, wanted)

    async def first(self, hook: str, event: Any, wanted: Wanted) -> list[Outcome[Any]]:
        """Call plugins in configured order until one returns something other than None.

        Returns: one outcome for each plugin that was reached; the last is the answer if its value is not
        None. When the budget for the whole call is used up, the rest is `skipped`.
        """
        ends = monotonic() + self._call_limit
        outcomes: list[Outcome[Any]] = []
        for impl in self._impls.get(hook, ()):
            left = ends - monotonic()
            if left <= 0:
                outcomes.append(_skip(impl, "budget"))
            elif impl.health.resting:
                outcomes.append(_skip(impl, "quarantined"))
            else:
                found = await self._run([(impl, min(impl.limit, left), minimise(event, impl.needs))], wanted)
                outcomes += found
                if found[0].value is not None:
                    break
        return outcomes

    def blocked(self, plugin: str, task: asyncio.Task[Any] | None) -> None:
        """The watchdog saw this task of a plugin hold the event loop; called from its thread."""
        health = self._health.get(plugin)
        if health is None:
            return
        health.held_the_loop()
        if task is not None and plugin_of_task(task) == plugin:
            self._blockers.add(task)

    async def close(self) -> None:
        """End the plugin tasks that were abandoned, also those that swallow their cancellation."""
        for task in self._left:
            task.cancel()
        if self._left:
            await asyncio.wait(self._left, timeout=GRACE)
        for task in list(self._left):
            _force(task)
        if self._left:
            await asyncio.wait(self._left, timeout=GRACE)

    async def _together(self, hook: str, event: Any, wanted: Wanted | None) -> list[Outcome[Any]]:
        impls = self._impls.get(hook)
        if not impls:
            return []
        limit = self._call_limit
        sensitive = carries_sensitive_fields(event)
        run: list[tuple[Impl, float, Any]] = []
        skipped: dict[int, Outcome[Any]] = {}
        for index, impl in enumerate(impls):
            if impl.health.resting:
                skipped[index] = _skip(impl, "quarantined")
            else:
                view = minimise(event, impl.needs) if sensitive else event
                run.append((impl, min(impl.limit, limit), view))
        outcomes = await self._run(run, wanted) if run else []
        for index, outcome in skipped.items():
            outcomes.insert(index, outcome)
        return outcomes

    async def _run(self, pairs: list[tuple[Impl, float, Any]], wanted: Wanted | None) -> list[Outcome[Any]]:
        call = Call(self._blockers, wanted)
        call.start(pairs)
        try:
            await call.waiter
        finally:
            if call.timer is not None:
                call.timer.cancel()
            if self._blockers:
                self._blockers.difference_update([task for task in tuple(self._blockers) if task.done()])
            for slot in call.slots:
                if slot.task is not None and not slot.task.done():
                    self._leave(slot, slot.task)
        return [slot.outcome for slot in call.slots if slot.outcome is not None]

    def _leave(self, slot: Slot, task: asyncio.Task[Any]) -> None:
        """Let go of a task that goes on: abandoned after its grace, or its caller was cancelled."""
        if slot.outcome is None:
            impl = slot.impl
            slot.outcome = Outcome(impl.plugin, impl.hook, "skipped", 0.0, None, "call cancelled")
            task.cancel()
        self._left.add(task)
        task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[Any]) -> None:
        self._left.discard(task)
        self._blockers.discard(task)
        if not task.cancelled():
            task.exception()


def _skip(impl: Impl, why: str) -> Outcome[Any]:
    impl.health.passed_over(impl.hook, why)
    return Outcome(impl.plugin, impl.hook, "skipped", 0.0, None, why)


def _force(task: asyncio.Task[Any]) -> None:
    """Throw GeneratorExit into a task's coroutine, which `except CancelledError` does not catch."""
    coroutine = task.get_coro()
    close = getattr(coroutine, "close", None)
    if close is not None:
        try:
            close()
        except RuntimeError as error:
            log.warning("a plugin task (%s) could not be ended: %s", task.get_name(), type(error).__name__)
    task.cancel()
