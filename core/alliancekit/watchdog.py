"""A daemon thread that notices when a plugin holds the event loop, and names it.

No time limit can fire while code blocks the loop (`time.sleep`, a synchronous request, a long computation).
The thread asks the loop for a sign of life; when none comes within the limit it looks up which task runs and
where. A C extension that keeps the interpreter lock stops this thread as well and is seen only afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, Protocol, Self

log = logging.getLogger("alliancekit.plugins")


@dataclass(frozen=True, slots=True)
class Incident:
    """The loop stood still for at least `seconds`; `plugin` is empty when no plugin's code ran.

    `place` is `file:line` of the innermost frame: no source text, no values.
    """

    plugin: str
    place: str
    seconds: float
    task: asyncio.Task[Any] | None = None


class Watched(Protocol):
    """What the watchdog reports to; `alliancekit.hooks.Hooks` is one."""

    @property
    def modules(self) -> Mapping[str, str]:
        """Root module → plugin name, to name a plugin whose own background task or callback blocks."""
        ...

    def blocked(self, incident: Incident) -> None:
        """Called from the watchdog's thread, once for each incident, while the loop still stands."""


class Watchdog:
    """Watches the event loop that runs where `start` is called.

    Args:
        watched: who is told.
        limit: seconds the loop may stand still.
    """

    def __init__(self, watched: Watched, *, limit: float = 0.5) -> None:
        self._watched = watched
        self._limit = limit
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Begin to watch the running event loop."""
        loop = asyncio.get_running_loop()
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._watch, args=(loop, threading.get_ident()), name="alliancekit-watchdog", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the thread; returns at once if it was never started."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=self._limit + 1)
            self._thread = None

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        alive = threading.Event()
        # A block that starts between two signs of life is seen when it lasts 1.25 times the limit.
        while not self._stop.wait(self._limit / 4):
            alive.clear()
            asked = time.monotonic()
            try:
                loop.call_soon_threadsafe(alive.set)
            except RuntimeError:
                return  # the loop is closed
            if alive.wait(self._limit):
                continue
            self._report(loop, thread, time.monotonic() - asked)
            while not (alive.wait(self._limit) or self._stop.is_set()):
                pass

    def _report(self, loop: asyncio.AbstractEventLoop, thread: int, seconds: float) -> None:
        task = asyncio.current_task(loop)
        frame = sys._current_frames().get(thread)
        plugin = plugin_of_task(task) or self._plugin_of_frames(frame)
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "unknown place"
        log.warning(
            "the event loop has been blocked for %.2f s by %s at %s; calls stand still until it returns",
            seconds,
            f"plugin {plugin}" if plugin else "the host",
            place,
        )
        self._watched.blocked(Incident(plugin, place, seconds, task))

    def _plugin_of_frames(self, frame: FrameType | None) -> str:
        modules = self._watched.modules
        while frame is not None:
            root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            if root in modules:
                return modules[root]
            frame = frame.f_back
        return ""


def plugin_of_task(task: asyncio.Task[Any] | None) -> str:
    """The plugin whose hook this task runs; empty for any other task."""
    if task is None:
        return ""
    parts = task.get_name().split(":")
    return parts[1] if len(parts) == 3 and parts[0] == "alliancekit" else ""
