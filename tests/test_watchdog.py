"""Blocking is noticed while it lasts, and named; every wait ends on an event, not on a clock."""

import asyncio
import threading
from collections.abc import Mapping

import pytest

from alliancekit.dispatch import Dispatcher, Impl
from alliancekit.health import PluginHealth
from alliancekit.watchdog import Incident, Watchdog, plugin_of_task

PATIENCE = 20.0
LIMIT = 0.05


class Watched:
    """Records incidents and lets the blocking code go on."""

    def __init__(self, modules: Mapping[str, str] | None = None) -> None:
        self.modules: Mapping[str, str] = modules or {}
        self.incidents: list[Incident] = []
        self.seen = threading.Event()

    def blocked(self, incident: Incident) -> None:
        self.incidents.append(incident)
        self.seen.set()

    def hold(self) -> None:
        """Hold the loop until the watchdog has noticed."""
        assert self.seen.wait(PATIENCE)


async def test_the_plugin_and_the_place_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched()

    async def blocks(event: object) -> None:
        watched.hold()

    dispatcher = Dispatcher(
        {"hook": [Impl("stuck", "hook", blocks, 60.0, frozenset(), PluginHealth("stuck"))]}
    )
    watchdog = Watchdog(watched, limit=LIMIT).start()
    await dispatcher.notify("hook", object())
    watchdog.stop()
    [incident] = watched.incidents
    assert incident.plugin == "stuck"
    assert incident.seconds >= LIMIT
    assert incident.task is not None
    assert caplog.text.count("the event loop has been blocked") == 1
    assert "by plugin stuck" in caplog.text


async def test_the_outcome_and_the_record_say_so() -> None:
    health = PluginHealth("stuck")
    watched = Watched()

    async def blocks(event: object) -> str:
        watched.hold()
        return "too late"

    dispatcher = Dispatcher({"hook": [Impl("stuck", "hook", blocks, 60.0, frozenset(), health)]})

    class Both(Watched):
        def blocked(self, incident: Incident) -> None:
            dispatcher.blocked(incident.plugin, incident.task)
            watched.blocked(incident)

    watchdog = Watchdog(Both(), limit=LIMIT).start()
    [outcome] = await dispatcher.notify("hook", object())
    watchdog.stop()
    assert (outcome.status, outcome.error) == ("timeout", "EventLoopBlocked")
    assert (health.blocked, health.failures, health.blocked_lately) == (1, 1, True)


async def test_a_background_task_is_named_by_its_module() -> None:
    watched = Watched({__name__.partition(".")[0]: "mine"})

    async def background() -> None:
        watched.hold()

    watchdog = Watchdog(watched, limit=LIMIT).start()
    await asyncio.create_task(background())
    watchdog.stop()
    assert watched.incidents[0].plugin == "mine"


async def test_blocking_host_code_is_not_blamed_on_a_plugin(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched()
    watchdog = Watchdog(watched, limit=LIMIT).start()
    watched.hold()
    watchdog.stop()
    assert watched.incidents[0].plugin == ""
    assert "by the host" in caplog.text


async def test_every_incident_is_reported() -> None:
    watched = Watched()
    watchdog = Watchdog(watched, limit=LIMIT).start()
    for expected in (1, 2):
        watched.seen.clear()
        watched.hold()
        assert len(watched.incidents) == expected
        await asyncio.sleep(LIMIT * 3)
    watchdog.stop()


async def test_stop_ends_the_thread() -> None:
    watchdog = Watchdog(Watched())
    watchdog.stop()
    watchdog.start()
    assert "alliancekit-watchdog" in {thread.name for thread in threading.enumerate()}
    watchdog.stop()
    assert "alliancekit-watchdog" not in {thread.name for thread in threading.enumerate()}


async def test_only_our_own_tasks_have_a_plugin() -> None:
    task = asyncio.current_task()
    assert task is not None
    assert plugin_of_task(None) == ""
    assert plugin_of_task(task) == ""
    task.set_name("alliancekit:strain:session_ended")
    assert plugin_of_task(task) == "strain"
