"""One hook called on several plugins at once: tasks, limits, one timer, and how each one ended.

`alliancekit.dispatch` decides whom to call; this module makes sure that none of them can harm the call.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic, perf_counter
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from alliancekit.health import PluginHealth, Status

GRACE: Final = 0.05
"""Seconds a cancelled plugin gets to clean up."""

T = TypeVar("T")

ErrorReport = Callable[[str, str, BaseException], None]
"""Told of a plugin, what it was doing (a hook, or `load`) and what it raised: for development only.

Nothing of the text of an exception may reach a log or a page of a running service: it may quote the client.
"""

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

    `limit` is in seconds. `label` names the tasks that run it: `alliancekit:<plugin>:<hook>`. `on_error` is
    set in development only.
    """

    plugin: str
    hook: str
    function: Callable[[Any], Awaitable[Any]]
    limit: float
    needs: frozenset[str]
    health: PluginHealth
    on_error: ErrorReport | None = None
    label: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", f"alliancekit:{self.plugin}:{self.hook}")


class Slot:
    """One implementation within one call."""

    __slots__ = ("call", "deadline", "impl", "outcome", "overdue", "spare", "started", "task")

    def __init__(self, call: Call, impl: Impl, limit: float, now: float) -> None:
        self.call = call
        self.impl = impl
        self.deadline = now + limit
        self.spare = limit
        self.started = 0.0
        self.overdue = False
        self.outcome: Outcome[Any] | None = None
        self.task: asyncio.Task[None] | None = None

    async def run(self, event: Any) -> None:
        """Run the implementation; never raises but for a cancellation of this task."""
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
        """Settle with what the plugin returned."""
        if self.outcome is not None:
            return
        if self.overdue or self.blocked:
            self.finish("timeout", "EventLoopBlocked" if self.blocked else "TimeLimit")
            return
        call = self.call
        impl = self.impl
        if call.wanted is None:
            value = None
        elif (wrong := call.wanted.wrong(value)) is not None:
            self.refuse(wrong, call.wanted)
            return
        seconds = perf_counter() - self.started
        self.outcome = Outcome(impl.plugin, impl.hook, "ok", seconds, value)
        impl.health.went_well(impl.hook, seconds)
        call.settled()

    def refuse(self, wrong: str, wanted: Wanted) -> None:
        """Settle a value of the wrong type."""
        ref = reference()
        impl = self.impl
        message = "plugin %s returned %s from %s, expected %s (ref %s)"
        log.warning(message, impl.plugin, wrong, impl.hook, wanted.text, ref)
        self.finish("error", f"WrongType {ref}")

    def fail(self, error: BaseException) -> None:
        """Settle with what the plugin raised."""
        if self.outcome is not None:
            return
        if self.overdue:
            self.finish("timeout", "EventLoopBlocked" if self.blocked else "TimeLimit")
            return
        if self.impl.on_error is not None:
            self.impl.on_error(self.impl.plugin, self.impl.hook, error)
        ref = reference()
        kind = type(error).__name__
        log.warning(
            "plugin %s raised %s in %s at %s (ref %s)",
            self.impl.plugin,
            kind,
            self.impl.hook,
            where(error.__traceback__),
            ref,
        )
        self.finish("error", f"{kind} {ref}")

    def finish(self, status: Status, error: str) -> None:
        """Settle with a failure and record it."""
        impl = self.impl
        seconds = perf_counter() - self.started if self.started else 0.0
        self.outcome = Outcome(impl.plugin, impl.hook, status, seconds, None, error)
        impl.health.failed(impl.hook, status, seconds, error)
        if self.task is not None:
            self.call.blockers.discard(self.task)
        self.call.settled()


class Call:
    """One hook called on several plugins at once: one waiter and one timer for all of them."""

    __slots__ = ("blockers", "due", "loop", "open", "slots", "timer", "waiter", "wanted")

    def __init__(self, blockers: set[asyncio.Task[Any]], wanted: Wanted | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiter: asyncio.Future[None] = self.loop.create_future()
        self.blockers = blockers
        self.wanted = wanted
        self.slots: list[Slot] = []
        self.open = 0
        self.timer: asyncio.TimerHandle | None = None
        self.due = 0.0

    def start(self, pairs: Iterable[tuple[Impl, float, Any]]) -> None:
        """Start a task for each (implementation, limit, event)."""
        now = monotonic()
        earliest = float("inf")
        loop = self.loop
        for impl, limit, event in pairs:
            slot = Slot(self, impl, limit, now)
            slot.task = asyncio.Task(slot.run(event), loop=loop, name=impl.label)
            self.slots.append(slot)
            earliest = min(earliest, slot.deadline)
        self.open = len(self.slots)
        self.due = earliest
        self.timer = self.loop.call_later(earliest - now, self.on_time)

    def settled(self) -> None:
        """One slot has its outcome; the last one wakes the caller."""
        self.open -= 1
        if self.open == 0 and not self.waiter.done() and not self.loop.is_closed():
            self.waiter.set_result(None)

    def on_time(self) -> None:
        """Cancel what is overdue, abandon what ignored that, and set the timer for the next deadline."""
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
                    slot.deadline = now + given
                if now >= slot.deadline:
                    slot.overdue = True
                    slot.deadline = now + GRACE
                    task.cancel()
            next_due = min(next_due, slot.deadline)
        if self.open:
            self.due = next_due
            self.timer = self.loop.call_later(max(next_due - now, 0.001), self.on_time)


class Wanted:
    """What a hook must return: a sequence of `kind` when `many` (collect), else one or None (first)."""

    __slots__ = ("kind", "many", "text")

    def __init__(self, kind: type[Any], *, many: bool = False) -> None:
        self.kind = kind
        self.many = many
        self.text = f"a sequence of {kind.__name__}" if many else f"{kind.__name__} or None"

    def wrong(self, value: Any) -> str | None:
        """The name of the wrong type, or None when the value fits."""
        kind = self.kind
        if not self.many:
            return None if value is None or isinstance(value, kind) else type(value).__name__
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            return type(value).__name__
        for item in value:
            if not isinstance(item, kind):
                return f"a sequence with {type(item).__name__}"
        return None


def where(traceback: TracebackType | None) -> str:
    """The innermost place of a traceback as `file:line`: no source text, no values."""
    place = "unknown place"
    while traceback is not None:
        place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def reference() -> str:
    """A short random id that ties an outcome to its log line."""
    return secrets.token_hex(4)


async def alone(plugin: str, what: str, work: Awaitable[T], limit: float) -> tuple[T | None, str]:
    """Await what one plugin does outside of hooks, for `limit` seconds at most.

    Args:
        plugin: whose work it is.
        what: such as `channel sms`; for the log.
        work: raises nothing before it is awaited.
        limit: seconds.

    Returns: the value and nothing, or None and the exception's type with a reference that the log repeats.
    """

    async def guarded() -> tuple[T | None, str]:
        # Inside the task: from there SystemExit would end the event loop.
        try:
            return await work, ""
        except ANYTHING as error:
            known_as = reference()
            message = "plugin %s raised %s in its %s at %s (ref %s)"
            log.warning(message, plugin, type(error).__name__, what, where(error.__traceback__), known_as)
            return None, f"{type(error).__name__}, reference {known_as}"

    task = asyncio.create_task(guarded())
    try:
        done, _ = await asyncio.wait([task], timeout=limit)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        log.warning("plugin %s: its %s took too long", plugin, what)
        return None, "timeout"
    return (None, "CancelledError") if task.cancelled() else task.result()
