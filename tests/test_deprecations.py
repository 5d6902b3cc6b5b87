"""What was promised to authors of plugins: time to change, and plugins of earlier versions that still run."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from alliancekit import deprecations, events
from alliancekit.deprecations import DEPRECATIONS, Deprecation, of_hooks
from alliancekit.hookspecs import HOOKS, AllianceHooks, hookimpl
from alliancekit.plugins import PluginHost
from alliancekit.testing.samples import EVENTS
from tests.plugin_hosts import with_code
from tests.recorded.plugin_0_1 import Recorded, Settings

OLD = Deprecation(kind="hook", name="session_started", since="0.3", removed_in="0.5", instead="use another")


def minor(text: str) -> tuple[int, int]:
    major, second = text.split(".")[:2]
    return int(major), int(second)


def problems(table: tuple[Deprecation, ...], now: str) -> list[str]:
    """What is wrong with a table of deprecations in a version."""
    found = [f"{one.name} goes too early" for one in table if not in_time(one)]
    found += [f"{one.name} should be gone" for one in table if minor(one.removed_in) <= minor(now)]
    found += [f"{one.name} does not exist" for one in table if not exists(one)]
    return found


def in_time(one: Deprecation) -> bool:
    since, until = minor(one.since), minor(one.removed_in)
    return until[0] > since[0] or until[1] >= since[1] + 2


def exists(one: Deprecation) -> bool:
    if one.kind == "hook":
        return one.name in HOOKS
    if one.kind == "field":
        cls, _, name = one.name.partition(".")
        return name in {field.name for field in fields(getattr(events, cls))}
    return True


def test_every_deprecation_keeps_the_promise() -> None:
    assert problems(DEPRECATIONS, version("alliancekit")) == []


def test_a_broken_promise_is_found() -> None:
    early = Deprecation(kind="field", name="SessionEnded.reason", since="0.3", removed_in="0.4", instead="-")
    unknown = Deprecation(kind="field", name="SessionEnded.why", since="0.3", removed_in="0.9", instead="-")
    assert problems((OLD, early, unknown), "0.4") == [
        "SessionEnded.reason goes too early",
        "SessionEnded.reason should be gone",
        "SessionEnded.why does not exist",
    ]


def test_a_plugin_with_a_deprecated_hook_is_loaded_and_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(AllianceHooks):
        @hookimpl
        async def session_started(self, event: events.SessionStarted) -> None:
            pass

    monkeypatch.setattr(deprecations, "DEPRECATIONS", (OLD,))
    entry = with_code(("late", Late)).report["late"]
    assert entry.status == "loaded"
    assert entry.warnings == (
        "the hook session_started is deprecated since 0.3 and goes in 0.5: use another",
    )
    assert of_hooks(["session_ended"]) == ()


RECORDED = {"plugin_0_1.py": "33b831a5d239e1ce04d993159b297e8ad4290758d0e2f0ca8e84eaab246868a8"}
"""Recorded plugins and their contents: they stand for plugins that others have written."""


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_plugin_is_what_was_recorded(name: str) -> None:
    content = (Path(__file__).parent / "recorded" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == RECORDED[name]


async def outcomes(host: PluginHost) -> dict[str, Any]:
    """What the recorded plugin answers to every event it knows."""
    found = {}
    for hook in host.report["recorded"].hooks:
        if hook in EVENTS:
            given = await getattr(host.hooks, hook)(EVENTS[hook])
            [outcome] = given if isinstance(given, (list, tuple)) else [given]
            assert outcome.status == "ok", (hook, outcome)
            found[hook] = outcome.value
    return found


async def test_a_plugin_of_version_0_1_still_works() -> None:
    plugin = Recorded(Settings(points=5))
    host = with_code(("recorded", plugin))
    entry = host.report["recorded"]
    assert (entry.status, entry.reason, entry.warnings) == ("loaded", "", ())
    assert len(entry.hooks) == 18
    assert host.instruments.get("recorded").scales[0].name == "total"
    assert set(host.styles) == {"recorded"}
    assert [adapter.name for adapter in host.adapters] == ["recorded"]
    assert [(name, route.path) for name, route in host.routes] == [("recorded", "hello")]
    found = await outcomes(host)
    assert plugin.heard == [
        "started directive 2 2",
        "joined client",
        "dropped client",
        "ended timed_out 0.7 3000",
        "asked end_of_call check-in",
        "captured check-in ['empathy', 'respect']",
        "scored ['bond']",
        "raised low_score",
    ]
    assert found["choose_style"] == "recorded"
    assert found["score_alliance"][0].percent == 25.0
    assert found["detect_signals"][0].inputs == {"missed": 1.0, "points": 5.0}
    assert found["suggest_guidance"][0].about == "low_score"
    assert found["plan_prompts"].requests[0].instruments == ("check-in", "recorded")
    assert found["describe_talk"].client.seconds == 30.0
