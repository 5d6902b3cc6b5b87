"""An adapter that raises, hangs or exits harms only its own plugin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from alliancekit.adapters import Adapter, AdapterHost, Capabilities, PromptHint
from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.plugins import adapter_calls
from alliancekit.testing import FakeAdapter
from alliancekit.testing.fake_adapter import a_hint
from tests.services import PLAIN, MakeSite

SECRET = "the client said something"
QUICK = {"limits": {"call": 0.2}}


class Bad(Adapter):
    """Misbehaves in one method, in one way."""

    name = "bad"
    capabilities = Capabilities(in_call_prompts=True)

    def __init__(self, method: str, how: str) -> None:
        self.method, self.how = method, how
        self.called: list[str] = []

    async def _do(self, method: str) -> None:
        self.called.append(method)
        if method != self.method:
            return
        if self.how == "hangs":
            await asyncio.Event().wait()
        raise SystemExit(SECRET) if self.how == "exits" else ValueError(SECRET)

    @override
    async def start(self, host: AdapterHost) -> None:
        await self._do("start")

    @override
    async def stop(self) -> None:
        await self._do("stop")

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        await self._do("deliver")
        return False

    @override
    async def withdraw(self, prompt: str) -> None:
        await self._do("withdraw")


class Platform(AllianceHooks):
    """Brings several adapters."""

    def __init__(self, *adapters: Adapter) -> None:
        self.adapters = adapters

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return self.adapters


def extra(bad: Bad, good: FakeAdapter) -> list[tuple[str, AllianceHooks]]:
    return [("bad_platform", Platform(bad)), ("good", good.plugin)]


@pytest.mark.parametrize("how", ["raises", "hangs", "exits"])
async def test_one_that_does_not_start_is_left_out_and_named(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    bad, good = Bad("start", how), FakeAdapter()
    site = await make_site(extra=extra(bad, good), plugins={**PLAIN, **QUICK})
    assert good.running
    entry = site.service.plugins.report["bad_platform"]
    assert (entry.status, site.service.plugins.report["good"].status) == ("failed", "loaded")
    assert "its adapter bad did not start" in entry.reason
    assert "bad_platform" in caplog.text
    assert SECRET not in caplog.text + entry.reason
    await site.service.deliver([a_hint("prm_1")])
    await site.service.withdraw("par_client", "prm_1")
    assert bad.called == ["start", "stop"], "what it began is taken down, and nothing else is asked of it"
    assert [hint.prompt for hint in good.hints] == good.withdrawn == ["prm_1"]


async def test_the_other_adapters_of_its_plugin_stop(make_site: MakeSite) -> None:
    good = FakeAdapter()
    await make_site(extra=[("both", Platform(good, Bad("start", "raises")))])
    assert not good.running


async def test_a_required_one_stops_the_start_and_what_already_ran(make_site: MakeSite) -> None:
    bad, good = Bad("start", "raises"), FakeAdapter()
    plugins: dict[str, Any] = {**PLAIN, "required": ["bad_platform"]}
    before = asyncio.all_tasks()
    with pytest.raises(PluginError, match=r"bad_platform.*its adapter bad did not start"):
        await make_site(extra=extra(bad, good), plugins=plugins)
    assert not good.running
    assert asyncio.all_tasks() <= before


@pytest.mark.parametrize("method", ["deliver", "withdraw"])
@pytest.mark.parametrize("how", ["raises", "hangs", "exits"])
async def test_one_that_fails_later_is_left_alone_after_three_failures(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture, method: str, how: str
) -> None:
    bad, good = Bad(method, how), FakeAdapter()
    site = await make_site(extra=extra(bad, good), plugins={**PLAIN, **QUICK})
    for number in range(5):
        if method == "deliver":
            await site.service.deliver([a_hint(f"prm_{number}")])
        else:
            await site.service.withdraw("par_client", f"prm_{number}")
    assert bad.called == ["start", method, method, method]
    assert len(good.hints) + len(good.withdrawn) == 5
    entry = site.service.plugins.report["bad_platform"]
    assert entry.status == "quarantined"
    assert {one.hook for one in entry.last} == {"bad.start", f"bad.{method}"}
    assert f"bad.{method}" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("how", ["raises", "hangs", "exits"])
async def test_stopping_is_bounded(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(adapter_calls, "STOP_SECONDS", 0.1)
    good = FakeAdapter()
    await good.start(None)  # type: ignore[arg-type] # it only remembers its host
    with caplog.at_level(logging.WARNING):
        await adapter_calls.stop([Bad("stop", how), good])
    assert not good.running
    assert "the adapter bad" in caplog.text
    assert SECRET not in caplog.text


async def test_one_without_prompts_in_the_call_is_not_asked(make_site: MakeSite) -> None:
    quiet = FakeAdapter()
    quiet.capabilities = Capabilities()
    site = await make_site(extra=[("quiet", quiet.plugin)])
    await site.service.deliver([a_hint("prm_1")])
    assert quiet.hints == []
