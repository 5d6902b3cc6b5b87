"""Run a plugin's hooks and adapters, isolated as in the service, and note what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import threading
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from alliancekit.adapters import Adapter, PromptHint
from alliancekit.hookspecs import HOOKS, AllianceHooks
from alliancekit.instruments.catalogue import scales_of
from alliancekit.isolation import ANYTHING, Outcome, where
from alliancekit.minimise import minimise
from alliancekit.plugins.verify import implemented
from alliancekit.testing import events_for
from alliancekit.testing.alliance import Alliance
from alliancekit.testing.fake_adapter import RecordingHost
from alliancekit.testing.report import Finding
from alliancekit.testing.samples import EVENTS, RESPONSE, SIGNAL
from alliancekit.watchdog import Watchdog

LOOP_SECONDS: Final = 0.2
"""How long a hook may hold the event loop; it is asked twice, for the machine may be busy."""

ADAPTER_SECONDS: Final = 5.0
"""How long an adapter may take to start; it has two seconds to stop, and here some to spare."""

LEFT_SECONDS: Final = 0.5
"""How long tasks and threads may take to end by themselves after the last call."""

LIMITS: Final = {"patience": 1_000_000, "block": LOOP_SECONDS}
NOBODY: Final = PromptHint(
    prompt="prm_nobody", session="ses_nobody", participant="par_nobody", role="client", moment="in_call"
)
ANSWERED: Final = frozenset({SIGNAL.sentence, *RESPONSE.answers})
"""What must not be logged: the words of the sample events."""


class Runner:
    """Tries one plugin in a thread and an event loop of its own.

    Args:
        name: of the plugin.
        plugin: the instance, built with its settings.
        files: its source files: what they log is read.
    """

    def __init__(self, name: str, plugin: AllianceHooks, files: Sequence[Path]) -> None:
        self.name, self.plugin = name, plugin
        self.findings: list[Finding] = []
        self.read: set[str] = set()
        self.alliance = Alliance(limits=LIMITS, **{name: plugin})
        self._files = {str(file) for file in files}
        self._bad: set[str] = set()

    @property
    def hooks(self) -> list[str]:
        """The event hooks to try: those the plugin has and there is a sample event for."""
        found = implemented(type(self.plugin))
        return [hook for hook in found if HOOKS[hook].kind != "register" and hook in EVENTS]

    def run(self) -> list[Finding]:
        """Try everything; what went wrong, each thing once."""
        threads = set(threading.enumerate())
        printed = io.StringIO()
        logged = _Logged(self._files)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), logged.attached():
            worker = threading.Thread(target=_in_a_loop, args=(self._try_all(),), name="alliancekit-check")
            worker.start()
            worker.join()
        if printed.getvalue().strip():
            self._found("quiet", "it prints while it runs.", "Use the logging module.")
        for place, problem in sorted(logged.problems):
            self._found("discreet", f"{place} {problem}.", "Log types, counts and milliseconds only.")
        for thread in set(threading.enumerate()) - threads:
            thread.join(LEFT_SECONDS)
            if thread.is_alive():
                self._found(
                    "leftovers",
                    f"the thread {thread.name} still runs after the last call.",
                    "End it in the adapter's stop, or use asyncio.to_thread.",
                )
        needs = frozenset(self.plugin.needs)
        for need in sorted(self.read - needs):
            self._found(
                "needs",
                f"it reads `{need}`, which is empty because `needs` does not name it.",
                f"Declare needs = frozenset({sorted(self.read | needs)}).",
            )
        for need in sorted(needs - self.read) if self._all_was_read() else ():
            self._found("spare", f"it declares the need `{need}`, and no hook read it.", "Take it out.")
        return list(dict.fromkeys(self.findings))

    def _all_was_read(self) -> bool:
        """Whether what was not read is not needed.

        A hook that failed may not have come to it, and exporters are not run here. Nothing tells the need
        `hidden` from a response that is shown: it may be declared by whoever receives single responses.
        """
        if any("response" in EVENTS[hook].__dataclass_fields__ for hook in self.hooks):
            self.read.update(frozenset({"hidden"}) & self.plugin.needs)
        return not self._bad and "register_exporters" not in implemented(type(self.plugin))

    # steps ---------------------------------------------------------------------------------------------

    async def _try_all(self) -> None:
        watchdog = Watchdog(self.alliance.hooks, limit=LOOP_SECONDS).start()
        tasks = asyncio.all_tasks()
        styles = list(self.alliance.styles)
        scales = [info for instrument in self.alliance.instruments for info in scales_of(instrument)]
        try:
            for hook in self.hooks:
                cases = [
                    ("answers", "", event) for event in events_for.usual(hook, styles=styles, scales=scales)
                ]
                cases += [("sparse", case, event) for case, event in events_for.sparse(hook, styles=styles)]
                needs = frozenset(self.plugin.needs)
                cases += [
                    ("newer", "", events_for.newer(minimise(event, needs))) for _, _, event in cases[:1]
                ]
                for check, case, event in cases:
                    await self._try(check, hook, case, event)
                if hook not in self._bad:
                    await self._spy(hook, styles, scales)
            for adapter in self.alliance.adapters:
                await self._try_adapter(adapter)
            await self.alliance.close()
        finally:
            watchdog.stop()
        left = asyncio.all_tasks() - tasks
        if left:
            _, left = await asyncio.wait(left, timeout=LEFT_SECONDS)
        for task in left:
            self._found(
                "leftovers",
                f"the task {_called(task)} still runs after the last call.",
                "Keep the task and end it: in the hook itself, or in the adapter's stop.",
            )

    async def _try(self, check: str, hook: str, case: str, event: Any) -> None:
        """One call; a hook that failed once is not tried further: what follows would say the same."""
        if hook in self._bad:
            return
        outcome, cause = await self._call(hook, event)
        if outcome is not None and outcome.error.startswith("EventLoopBlocked"):
            outcome, cause = await self._call(hook, event)
        if outcome is None or outcome.status == "ok":
            return
        self._bad.add(hook)
        what = f"{hook}{f' {case}' if case else ''}"
        if outcome.error.startswith("EventLoopBlocked"):
            self._found(
                "loop",
                f"{what} holds the event loop: every call of the service stands still meanwhile.",
                "Await what can be awaited, and give slow work to asyncio.to_thread.",
            )
        elif outcome.status == "timeout":
            self._found(check, f"{what} does not end within its limit of {HOOKS[hook].limit:g} s.")
        else:
            kind = outcome.error.partition(" ")[0]
            place = f" at {where(cause.__traceback__)}" if cause is not None else ""
            self._found(check, f"{what} ends with {kind}{place}.")

    async def _call(self, hook: str, event: Any) -> tuple[Outcome[Any] | None, BaseException | None]:
        outcomes = await self.alliance.outcomes(hook, event)
        return (outcomes[0] if outcomes else None), self.alliance.raised.get((self.name, hook))

    async def _spy(self, hook: str, styles: Sequence[str], scales: Sequence[Any]) -> None:
        needs = frozenset(self.plugin.needs)
        for event in events_for.usual(hook, styles=styles, scales=scales):
            spied = events_for.spied(event, needs, self.read)
            with contextlib.suppress(*ANYTHING):
                async with asyncio.timeout(HOOKS[hook].limit):
                    await getattr(self.plugin, hook)(spied)

    async def _try_adapter(self, adapter: Adapter) -> None:
        host = RecordingHost()
        steps = (
            ("start", lambda: adapter.start(host)),
            ("deliver", lambda: adapter.deliver(NOBODY)),
            ("withdraw", lambda: adapter.withdraw(NOBODY.prompt)),
            ("stop", adapter.stop),
        )
        for step, call in steps:
            try:
                async with asyncio.timeout(ADAPTER_SECONDS):
                    given = await call()
            except TimeoutError:
                problem = f"does not end within {ADAPTER_SECONDS:g} s"
            except ANYTHING as error:
                problem = f"raises {type(error).__name__} at {where(error.__traceback__)}"
            else:
                if step != "deliver" or given is False:
                    continue
                problem = "says that it delivered a prompt to nobody"
            self._found("adapters", f"{step} of the adapter {adapter.name} {problem}.")

    def _found(self, check: str, problem: str, fix: str = "") -> None:
        self.findings.append(Finding(check, problem, fix))


class _Logged(logging.Handler):
    """Reads what the plugin's own files log."""

    def __init__(self, files: set[str]) -> None:
        super().__init__(logging.DEBUG)
        self._of_plugin = files
        self.problems: set[tuple[str, str]] = set()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.pathname not in self._of_plugin:
            return
        place = f"{Path(record.pathname).name}:{record.lineno}"
        if record.exc_info:
            self.problems.add((place, "puts a traceback with its exception's text into the log"))
        elif any(word in record.getMessage() for word in ANSWERED):
            self.problems.add((place, "puts what a client or a signal said into the log"))

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        root = logging.getLogger()
        level = root.level
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.setLevel(level)
            root.removeHandler(self)


def _in_a_loop(work: Coroutine[Any, Any, None]) -> None:
    """Like `asyncio.run`, but a thread that never ends does not keep it from ending."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        ending = loop.create_task(loop.shutdown_default_executor())
        loop.run_until_complete(asyncio.wait({ending}, timeout=LEFT_SECONDS))
    finally:
        loop.close()


def _called(task: asyncio.Task[Any]) -> str:
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", task.get_name()))
