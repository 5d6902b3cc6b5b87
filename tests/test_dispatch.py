"""Isolation of plugin calls: limits, failures, cancellation, quarantine, budget."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from alliancekit import events
from alliancekit.dispatch import Dispatcher, Impl, Outcome, Wanted
from alliancekit.health import PluginHealth
from alliancekit.hooks import Hooks
from alliancekit.plugins import Limits, PluginHost, PluginsConfig
from alliancekit.testing.samples import EVENTS, SCORE
from alliancekit.watchdog import Watchdog
from tests.bad_plugins import CLIENTS_WORDS, EXPECTED, Good, bad_plugins

Function = Callable[[Any], Awaitable[Any]]
SCORES = Wanted(events.Score, many=True)
STYLE = Wanted(str)
LONG = 30.0
SHORT = 0.05


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def made() -> AsyncIterator[Callable[..., Dispatcher]]:
    """Builds dispatchers of `name=function`, and ends what their plugins left behind."""
    all_of_them: list[Dispatcher] = []

    def make(
        *, limit: float = LONG, call_limit: float = LONG, health: Any = PluginHealth, **functions: Function
    ) -> Dispatcher:
        impls = [Impl(n, "hook", f, limit, frozenset(), health(n)) for n, f in functions.items()]
        all_of_them.append(Dispatcher({"hook": impls}, call_limit=call_limit))
        return all_of_them[-1]

    yield make
    for dispatcher in all_of_them:
        await dispatcher.close()
        assert dispatcher.abandoned == 0


async def returns_scores(event: object) -> list[events.Score]:
    return [SCORE]


async def hangs(event: object) -> None:
    await asyncio.Event().wait()


async def swallows(event: object) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


def raises(error: BaseException) -> Function:
    async def function(event: object) -> None:
        raise error

    return function


def returns(value: object) -> Function:
    async def function(event: object) -> object:
        return value

    return function


def statuses(outcomes: list[Outcome[Any]]) -> list[tuple[str, str]]:
    return [(outcome.plugin, outcome.status) for outcome in outcomes]


async def test_nobody_implements_the_hook(made: Any) -> None:
    assert await made().notify("hook", object()) == []
    assert await made().first("hook", object(), STYLE) == []


async def test_values_come_back_in_configured_order(made: Any) -> None:
    async def slow(event: object) -> list[events.Score]:
        await asyncio.sleep(0.01)
        return []

    outcomes = await made(a=slow, b=returns_scores).collect("hook", object(), SCORES)
    assert [(o.plugin, o.hook, o.value) for o in outcomes] == [("a", "hook", []), ("b", "hook", [SCORE])]


async def test_notify_ignores_what_is_returned(made: Any) -> None:
    [outcome] = await made(a=returns("anything")).notify("hook", object())
    assert (outcome.status, outcome.value) == ("ok", None)


@pytest.mark.parametrize(
    "error", [ValueError(CLIENTS_WORDS), SystemExit(CLIENTS_WORDS), KeyboardInterrupt(), GeneratorExit()]
)
async def test_what_a_plugin_raises_is_its_own_failure(
    made: Any, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = await made(bad=raises(error), good=returns_scores).collect("hook", object(), SCORES)
    assert statuses(outcomes) == [("bad", "error"), ("good", "ok")]
    kind, reference = outcomes[0].error.split()
    assert kind == type(error).__name__
    assert reference in caplog.text
    assert "test_dispatch.py:" in caplog.text
    assert CLIENTS_WORDS not in caplog.text + repr(outcomes)


async def test_a_plugin_that_cancels_itself_failed(made: Any) -> None:
    [outcome] = await made(bad=raises(asyncio.CancelledError())).notify("hook", object())
    assert (outcome.status, outcome.error.split()[0]) == ("error", "CancelledError")


@pytest.mark.parametrize("bad", [hangs, swallows])
async def test_a_hanging_plugin_times_out_and_the_other_is_kept(made: Any, bad: Function) -> None:
    dispatcher = made(bad=bad, good=returns_scores, limit=SHORT)
    async with asyncio.timeout(10):
        outcomes = await dispatcher.collect("hook", object(), SCORES)
    assert statuses(outcomes) == [("bad", "timeout"), ("good", "ok")]
    assert dispatcher.abandoned == (1 if bad is swallows else 0)


async def test_a_plugin_may_clean_up_within_the_grace(made: Any) -> None:
    cleaned = []

    async def tidy(event: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    [outcome] = await made(a=tidy, limit=SHORT).notify("hook", object())
    assert (outcome.status, outcome.error, cleaned) == ("timeout", "TimeLimit", [True])


async def test_a_value_that_comes_after_the_limit_does_not_count(made: Any) -> None:
    async def late(event: object) -> list[events.Score]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return [SCORE]
        return []

    [outcome] = await made(a=late, limit=SHORT).collect("hook", object(), SCORES)
    assert (outcome.status, outcome.value) == ("timeout", None)


async def test_the_limit_of_the_whole_call_wins(made: Any) -> None:
    async with asyncio.timeout(10):
        [outcome] = await made(a=hangs, limit=LONG, call_limit=SHORT).notify("hook", object())
    assert outcome.status == "timeout"


async def test_each_plugin_runs_in_a_task_of_its_own(made: Any) -> None:
    tasks = []

    async def uses_asyncio(event: object) -> None:
        tasks.append(asyncio.current_task())
        async with asyncio.timeout(LONG):
            await asyncio.sleep(0)

    outcomes = await made(a=uses_asyncio, b=uses_asyncio).notify("hook", object())
    assert statuses(outcomes) == [("a", "ok"), ("b", "ok")]
    assert len({*tasks, asyncio.current_task()}) == 3


async def test_our_own_cancellation_goes_through(made: Any) -> None:
    stopped = asyncio.Event()
    started = asyncio.Event()

    async def waits(event: object) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    call = asyncio.create_task(made(a=waits).notify("hook", object()))
    await started.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(10):
        await stopped.wait()


@pytest.mark.parametrize("value", ["text", 3, None, [SCORE, "no score"], (x for x in [SCORE])])
async def test_collect_refuses_other_types(made: Any, value: object) -> None:
    [outcome] = await made(a=returns(value)).collect("hook", object(), SCORES)
    assert (outcome.status, outcome.value) == ("error", None)
    assert outcome.error.startswith("WrongType ")


async def test_first_asks_in_order_until_one_answers(made: Any) -> None:
    asked = []

    async def never(event: object) -> None:
        asked.append("c")

    dispatcher = made(a=returns(None), wrong=returns(7), bad=raises(ValueError()), b=returns("calm"), c=never)
    outcomes = await dispatcher.first("hook", object(), STYLE)
    assert statuses(outcomes) == [("a", "ok"), ("wrong", "error"), ("bad", "error"), ("b", "ok")]
    assert outcomes[-1].value == "calm"
    assert asked == []


async def test_first_has_a_budget_for_the_whole_call(made: Any) -> None:
    async with asyncio.timeout(10):
        outcomes = await made(a=hangs, b=returns("late"), call_limit=SHORT).first("hook", object(), STYLE)
    assert statuses(outcomes) == [("a", "timeout"), ("b", "skipped")]
    assert outcomes[1].error == "budget"


async def test_three_failures_in_a_row_quarantine_once_announced(
    made: Any, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    healthy = [False]

    async def flaky(event: object) -> None:
        if not healthy[0]:
            raise ValueError

    dispatcher = made(a=flaky, b=returns(None), health=lambda n: PluginHealth(n, clock=clock))

    async def call() -> str:
        outcomes = await dispatcher.notify("hook", object())
        assert outcomes[1].status == "ok"
        return outcomes[0].status

    assert [await call() for _ in range(5)] == ["error", "error", "error", "skipped", "skipped"]
    clock.now += 61
    assert [await call(), await call()] == ["error", "skipped"]
    assert caplog.text.count("times in a row") == 1
    healthy[0] = True
    clock.now += 61
    with caplog.at_level(logging.INFO):
        assert [await call(), await call()] == ["ok", "ok"]
    assert "no longer quarantined" in caplog.text


async def test_a_success_in_between_starts_the_count_again(made: Any) -> None:
    results = iter([False, False, True, False, False, True])

    async def flaky(event: object) -> None:
        if not next(results):
            raise ValueError

    dispatcher = made(a=flaky)
    seen = [(await dispatcher.notify("hook", object()))[0].status for _ in range(6)]
    assert seen == ["error", "error", "ok", "error", "error", "ok"]


async def test_a_required_plugin_is_never_skipped(made: Any, caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = made(a=raises(ValueError()), health=lambda n: PluginHealth(n, required=True))
    seen = [(await dispatcher.notify("hook", object()))[0].status for _ in range(5)]
    assert seen == ["error"] * 5
    assert [r.levelname for r in caplog.records].count("ERROR") == 5


async def test_health_keeps_names_and_milliseconds_only(made: Any) -> None:
    health = PluginHealth("a")
    dispatcher = made(a=raises(ValueError(CLIENTS_WORDS)), health=lambda n: health)
    await dispatcher.notify("hook", {"answers": CLIENTS_WORDS})
    assert (health.calls, health.failures) == (1, 1)
    [past] = health.last
    assert (past.hook, past.status) == ("hook", "error")
    assert CLIENTS_WORDS not in repr(health.last)


async def test_five_bad_plugins_at_once_harm_only_themselves(caplog: pytest.LogCaptureFixture) -> None:
    """The good plugin is right, the call ends within its budget, each bad one is named with its status."""
    good = Good()
    bad = bad_plugins()
    limits = Limits(hooks={"session_ended": 0.3, "score_alliance": 0.3})
    host = PluginHost(
        PluginsConfig(limits=limits), extra=[*bad[:2], ("good", good), *bad[2:]], discover=False
    )
    host.load()
    hooks: Hooks = host.hooks
    watchdog = Watchdog(hooks, limit=0.1).start()
    try:
        async with asyncio.timeout(10):
            notified = await hooks.session_ended(EVENTS["session_ended"])
            collected = await hooks.score_alliance(EVENTS["score_alliance"])
    finally:
        watchdog.stop()
        await host.close()

    for outcomes in (notified, collected):
        by_name = {outcome.plugin: outcome for outcome in outcomes}
        assert by_name.pop("good").status == "ok"
        seen = {name: (o.status, o.error.split()[0]) for name, o in by_name.items()}
        assert seen == EXPECTED
    assert good.ended == ["ses_1"]
    assert [score.scale for o in collected if o.value for score in o.value] == ["good"]
    assert host.report["blocking"].status == "blocked"
    assert host.report["blocking"].blocked == 2
    assert CLIENTS_WORDS not in caplog.text + json.dumps(host.report.to_json()) + repr(notified + collected)
