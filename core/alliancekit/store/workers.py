"""A few daemon threads that run database jobs and hand the outcome to the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from alliancekit.errors import StoreError

R = TypeVar("R")
T = TypeVar("T")


class Workers(Generic[R]):
    """`count` daemon threads; each owns one resource (a connection) from its start to its end.

    The threads are daemons, so that a process can always end; what they had not committed is rolled back by
    the database.

    Args:
        name: names the threads.
        count: how many threads.
        start: makes the resource, in the thread, at its first job.
        end: gives the resource back, in the thread.
    """

    def __init__(self, name: str, count: int, start: Callable[[], R], end: Callable[[R], None]) -> None:
        self._start, self._end = start, end
        self._queue: SimpleQueue[tuple[Callable[[R], Any], _Reply] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"alliancekit-{name}-{n}", daemon=True)
            for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs no thread has taken yet."""
        return self._queue.qsize()

    async def run(self, job: Callable[[R], T]) -> T:
        """Run `job` with a thread's resource and return what it returns; its exception propagates.

        Raises:
            StoreError: the database was closed.
        """
        return await self.start(job)

    def start(self, job: Callable[[R], T]) -> asyncio.Future[T]:
        """Queue `job` and return the future of the running loop that gets its outcome.

        Raises:
            StoreError: the database was closed.
        """
        reply = _Reply(asyncio.get_running_loop())
        with self._lock:
            if self._closed:
                raise closed_error()
            self._queue.put((job, reply))
        return reply.future

    def close(self) -> None:
        """Let queued jobs finish, give the resources back and end the threads; blocks until they ended."""
        with self._lock:
            already, self._closed = self._closed, True
            if not already:
                for _ in self._threads:
                    self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        resource: R | None = None
        while (item := self._queue.get()) is not None:
            job, reply = item
            try:
                if resource is None:
                    resource = self._start()
                outcome, error = job(resource), None
            except BaseException as caught:  # whatever it is, somebody waits for this reply
                outcome, error = None, caught
            reply.send(outcome, error)
            del item, job, reply, outcome, error
        if resource is not None:
            self._end(resource)


class _Reply:
    """Carries one outcome from a thread to the event loop that waits for it."""

    __slots__ = ("_loop", "future")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()

    def send(self, outcome: Any, error: BaseException | None) -> None:
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(settle, self.future, outcome, error)
            except RuntimeError:  # the loop was closed in between: nobody waits any more
                return


def settle(future: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
    """Give a future its outcome unless its waiter was cancelled meanwhile."""
    if future.done():
        return
    if error is None:
        future.set_result(outcome)
    elif isinstance(error, Exception) and not isinstance(error, StopIteration):
        future.set_exception(error)
    else:
        failure = StoreError(f"A database job ended with {type(error).__name__}; its work was rolled back.")
        failure.__cause__ = error
        future.set_exception(failure)


def closed_error() -> StoreError:
    """Return the error for work given to a closed database."""
    return StoreError("The database was closed and takes no more work.", fix="Open it again first.")
