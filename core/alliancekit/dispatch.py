"""Call plugins in isolation: each in a task of its own, with a limit, and an `Outcome` for each.

Whatever a plugin does, the call ends in time and the other plugins' work is kept. A plugin that overruns is
cancelled, gets `GRACE` to clean up and is then abandoned. Time in which the event loop stood still because of
one plugin is not held against the others.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic, perf_counter
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from alliancekit.health import PluginHealth, Status
from alliancekit.minimise import carries_sensitive_fields, minimise

GRACE: Final = 0.05
"""Seconds a cancelled plugin gets to clean up."""

T = TypeVar("T")

log = logging.getLogger("alliancekit.plugins")

# A plugin may raise any of these; none may end the host. CancelledError is handled apart.
ANYTHING = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """How one plugin's implementation of one hook ended.

    `value` is set only when `status` is `ok`. `error` is the exception's type and a reference that the log
    repeats (`ValueError 5f0c21aa`), never its text: that may quote the client. A skipped plugin says why
    there (`quarantined`, `budget`).
    """

    plugin: str
    hook: str
    status: Status
    seconds: float
    value: T | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Impl:
    """One plugin's implementation of one event hook.

    `limit` is in seconds. `label` names the tasks that run it: `alliancekit:<plugin>:<hook>`.
    """

    plugin: str
    hook: str
    function: Callable[[Any], Awaitable[Any]]
    limit: float
    needs: frozenset[str]
    health: PluginHealth
    label: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", f"alliancekit:{self.plugin}:{self.hook}")


class _Slot:
    """One implementation within one call."""

    __slots__ = ("call", "deadline", "impl", "outcome", "overdue", "spare", "started", "task")

    def __init__(self, call: _Call, impl: Impl, limit: float, now: float) -> None:
        self.call = call
        self.impl = impl
        self.deadline = now + limit
        self.spare = limit
        self.started = perf_counter()
        self.overdue = False
        self.outcome: Outcome[Any] | None = None
        self.task: asyncio.Task[None] | None = None

    async def run(self, event: Any) -> None:
        impl = self.impl
        self.started = perf_counter()
        try:
            value = await impl.function(event)
        except asyncio.CancelledError as error:
            self.fail(error)
            if self.task is not None and self.task.cancelling():
                raise
        except ANYTHING as error:
            self.fail(error)
        else:
            self.succeed(value)

    @property
    def blocked(self) -> bool:
        """Whether the watchdog saw this task hold the event loop."""
        return bool(self.call.blockers) and self.task in self.call.blockers

    def succeed(self, value: Any) -> None:
        if self.outcome is not None:
            return
        if self.overdue or self.blocked:
            self.finish("timeout", "EventLoopBlocked" if self.blocked else "TimeLimit")
        elif (wrong := self.call.wanted.wrong(value)) is not None:
            reference = _reference()
            log.warning(
                "plugin %s returned %s from %s, expected %s (ref %s)",
                self.impl.plugin,
                wrong,
                self.impl.hook,
                self.call.wanted.text,
                reference,
            )
            self.finish("error", f"WrongType {reference}")
        else:
            seconds = perf_counter() - self.started
            impl = self.impl
            self.outcome = Outcome(impl.plugin, impl.hook, "ok", seconds, value if self.call.wanted.kind else None)
            impl.health.went_well(impl.hook, seconds)
            self.call.settled()

    def fail(self, error: BaseException) -> None:
        if self.outcome is not None:
            return
        if self.overdue:
            self.finish("timeout", "EventLoopBlocked" if self.blocked else "TimeLimit")
            return
        reference = _reference()
        kind = type(error).__name__
        log.warning(
            "plugin %s raised %s in %s at %s (ref %s)",
            self.impl.plugin,
            kind,
            self.impl.hook,
            where(error.__traceback__),
            reference,
        )
        self.finish("error", f"{kind} {reference}")

    def finish(self, status: Status, error: str) -> None:
        impl = self.impl
        seconds = perf_counter() - self.started
        self.outcome = Outcome(impl.plugin, impl.hook, status, seconds, None, error)
        impl.health.failed(impl.hook, status, seconds, error)
        if self.task is not None:
            self.call.blockers.discard(self.task)
        self.call.settled()


class _Call:
    """One hook called on several plugins at once: one waiter and one timer for all of them."""

    __slots__ = ("blockers", "due", "loop", "open", "slots", "timer", "waiter", "wanted")

    def __init__(self, blockers: set[asyncio.Task[Any]], wanted: Wanted) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiter: asyncio.Future[None] = self.loop.create_future()
        self.blockers = blockers
        self.wanted = wanted
        self.slots: list[_Slot] = []
        self.open = 0
        self.timer: asyncio.TimerHandle | None = None
        self.due = 0.0

    def start(self, pairs: Iterable[tuple[Impl, float, Any]]) -> None:
        now = monotonic()
        earliest = float("inf")
        create_task = self.loop.create_task
        for impl, limit, event in pairs:
            slot = _Slot(self, impl, limit, now)
            slot.task = create_task(slot.run(event), name=impl.label)
            self.slots.append(slot)
            earliest = min(earliest, slot.deadline)
        self.open = len(self.slots)
        self.due = earliest
        self.timer = self.loop.call_later(earliest - now, self.on_time)

    def settled(self) -> None:
        self.open -= 1
        if self.open == 0 and not self.waiter.done() and not self.loop.is_closed():
            self.waiter.set_result(None)

    def on_time(self) -> None:
        now = monotonic()
        late = now - self.due
        next_due = float("inf")
        for slot in self.slots:
            task = slot.task
            if slot.outcome is not None or task is None:
                continue
            if slot.overdue:
                if now >= slot.deadline:
                    slot.finish("timeout", "TimeLimit abandoned")
                    continue
            else:
                if late > GRACE and slot.spare > 0 and task not in self.blockers:
                    # The loop stood still: give that time back, at most once the limit in all.
                    given = min(late, slot.spare)
                    slot.spare -= given
                    slot.deadline += given
                if now >= slot.deadline:
                    slot.overdue = True
                    slot.deadline = now + GRACE
                    task.cancel()
            next_due = min(next_due, slot.deadline)
        if self.open:
            self.due = next_due
            self.timer = self.loop.call_later(max(next_due - now, 0.001), self.on_time)


class Wanted:
    """What a hook must return: `many` of `kind` (collect), one or None (first), anything (kind None)."""

    __slots__ = ("kind", "many", "text")

    def __init__(self, kind: type[Any] | None = None, *, many: bool = False) -> None:
        self.kind = kind
        self.many = many
        name = "anything" if kind is None else kind.__name__
        self.text = f"a sequence of {name}" if many else f"{name} or None"

    def wrong(self, value: Any) -> str | None:
        """The name of the wrong type, or None when the value fits."""
        kind = self.kind
        if kind is None:
            return None
        if not self.many:
            return None if value is None or isinstance(value, kind) else type(value).__name__
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            return type(value).__name__
        for item in value:
            if not isinstance(item, kind):
                return f"a sequence with {type(item).__name__}"
        return None


_NOTHING: Final = Wanted()


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
        self.blockers: set[asyncio.Task[Any]] = set()

    @property
    def abandoned(self) -> int:
        """How many plugin tasks are still running although their call is over."""
        return len(self._left)

    async def notify(self, hook: str, event: Any) -> list[Outcome[None]]:
        """Call all plugins at once; what they return is ignored, failures are recorded."""
        return await self._together(hook, event, _NOTHING)

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

    async def _together(self, hook: str, event: Any, wanted: Wanted) -> list[Outcome[Any]]:
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

    async def _run(self, pairs: list[tuple[Impl, float, Any]], wanted: Wanted) -> list[Outcome[Any]]:
        call = _Call(self.blockers, wanted)
        call.start(pairs)
        try:
            await call.waiter
        finally:
            if call.timer is not None:
                call.timer.cancel()
            if call.open or any(not slot.task.done() for slot in call.slots if slot.task):
                self._leave(call)
        return [slot.outcome for slot in call.slots if slot.outcome is not None]

    def _leave(self, call: _Call) -> None:
        for slot in call.slots:
            task = slot.task
            if task is None or task.done():
                continue
            if slot.outcome is None:
                slot.outcome = Outcome(slot.impl.plugin, slot.impl.hook, "skipped", 0.0, None, "call cancelled")
                task.cancel()
            self._left.add(task)
            task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[Any]) -> None:
        self._left.discard(task)
        self.blockers.discard(task)
        if not task.cancelled():
            task.exception()


def where(traceback: TracebackType | None) -> str:
    """The innermost place of a traceback as `file:line`: no source text, no values."""
    place = "unknown place"
    while traceback is not None:
        place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _reference() -> str:
    return secrets.token_hex(4)


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
