"""The test kit for authors of plugins and adapters; `README.md` beside this file shows all of it in use.

pytest_plugin     the fixtures: alliance, fake_session, fake_adapter, fake_clock, episode, client
alliance          a host with only the plugins you pass
fake_session      the events of one session
episode           a course of sessions in one line
fake_adapter      a platform that says what the test tells it to, and a host that records
fake_clock        time that goes on only when told to
site              the whole service over HTTP, on a database of its own
stored            write an episode into a database
samples           one event for each hook
check             the contract every plugin is held to
adapter_contract  the contract every adapter is held to
recorded_contract the contract of adapters of platforms that post what happens, from a recorded call
webhook_contract  the same and more, for those who can sign as the platform does
recorded          a recorded call of a platform, and what becomes of it
hostile           bodies that no platform sends

Names are imported when they are first used: installing the kit costs a test run nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alliancekit.testing.adapter_contract import AdapterContract
    from alliancekit.testing.alliance import Alliance, HookFailedError
    from alliancekit.testing.check import Report, check_plugin, check_plugins
    from alliancekit.testing.episode import Episode
    from alliancekit.testing.fake_adapter import FakeAdapter, RecordingHost
    from alliancekit.testing.fake_clock import FakeClock
    from alliancekit.testing.fake_session import FakeSession
    from alliancekit.testing.recorded import Recorded, read_recorded
    from alliancekit.testing.recorded_contract import RecordedContract
    from alliancekit.testing.site import Site, running_site
    from alliancekit.testing.webhook_contract import WebhookContract

__all__ = [
    "AdapterContract",
    "Alliance",
    "Episode",
    "FakeAdapter",
    "FakeClock",
    "FakeSession",
    "HookFailedError",
    "Recorded",
    "RecordedContract",
    "RecordingHost",
    "Report",
    "Site",
    "WebhookContract",
    "check_plugin",
    "check_plugins",
    "read_recorded",
    "running_site",
]

_HOME = {
    "AdapterContract": "adapter_contract",
    "Alliance": "alliance",
    "Episode": "episode",
    "FakeAdapter": "fake_adapter",
    "FakeClock": "fake_clock",
    "FakeSession": "fake_session",
    "HookFailedError": "alliance",
    "Recorded": "recorded",
    "RecordedContract": "recorded_contract",
    "RecordingHost": "fake_adapter",
    "Report": "check",
    "Site": "site",
    "WebhookContract": "webhook_contract",
    "check_plugin": "check",
    "check_plugins": "check",
    "read_recorded": "recorded",
    "running_site": "site",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
