"""The one-file example is loaded by the real host and does what it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from alliancekit.events import GuidanceWanted, TalkBalance, TalkShare
from alliancekit.plugins import PluginHost, PluginsConfig

PATH = Path(__file__).parents[2] / "examples" / "long_silences.py"


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("long_silences", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["long_silences"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(silence: float) -> GuidanceWanted:
    half = TalkShare(seconds=60.0, share=0.5, turns=4)
    balance = TalkBalance(client=half, therapist=half, overlap=0.0, silence=silence, observed_seconds=300.0)
    return GuidanceWanted(
        tenant="ten", episode="epi", session="ses", at=0.0, style="supportive", number=3, talk_balance=balance
    )


@pytest.mark.parametrize(("silence", "remarks"), [(0.3, 0), (0.6, 1)])
async def test_it_remarks_on_much_silence(example: ModuleType, silence: float, remarks: int) -> None:
    config = PluginsConfig(settings={"long_silences": {"share": 0.5}})
    host = PluginHost(config, extra=[("long_silences", example.LongSilences)], discover=False)
    assert host.load()["long_silences"].status == "loaded"
    (outcome,) = await host.hooks.suggest_guidance(call(silence))
    assert outcome.status == "ok"
    assert len(outcome.value or ()) == remarks


def test_its_settings_are_checked(example: ModuleType) -> None:
    config = PluginsConfig(settings={"long_silences": {"share": 2}})
    host = PluginHost(config, extra=[("long_silences", example.LongSilences)], discover=False)
    entry = host.load()["long_silences"]
    assert entry.status == "failed"
    assert "share" in entry.reason
