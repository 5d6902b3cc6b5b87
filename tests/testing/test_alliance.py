"""A host with only the plugins passed."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict

from alliancekit import events
from alliancekit.errors import PluginError
from alliancekit.events import Guidance, GuidanceWanted, SessionStarted, StyleWanted
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.testing import Alliance, FakeSession, HookFailedError

SAID = "Dr. Example said so"


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = "usual"


class SaysWhatIsSet(AllianceHooks):
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @hookimpl
    async def suggest_guidance(self, event: GuidanceWanted):
        return [Guidance(style=event.style, text=self.settings.text)]


class Fails(AllianceHooks):
    @hookimpl
    async def suggest_guidance(self, event: GuidanceWanted):
        raise ValueError(SAID)

    @hookimpl
    async def choose_style(self, event: StyleWanted) -> str | None:
        raise ValueError(SAID)


class Chooses(AllianceHooks):
    def __init__(self, style: str = "supportive") -> None:
        self.style = style
        self.started = 0

    @hookimpl
    async def choose_style(self, event: StyleWanted) -> str | None:
        return self.style

    @hookimpl
    async def session_started(self, event: SessionStarted) -> None:
        self.started += 1


SESSION = FakeSession()


async def test_classes_instances_and_settings() -> None:
    chooses = Chooses()
    host = Alliance((SaysWhatIsSet, {"text": "set"}), chooses, other=SaysWhatIsSet)
    assert [entry.name for entry in host.report.entries] == ["says_what_is_set", "chooses", "other"]
    said = await host.call("suggest_guidance", SESSION.guidance_wanted())
    assert [one.text for one in said] == ["set", "usual"]
    assert await host.call("session_started", SESSION.started()) is None
    assert chooses.started == 1
    assert await host.call("choose_style", SESSION.style_wanted()) == "supportive"


async def test_nothing_installed_is_loaded() -> None:
    host = Alliance(Chooses())
    assert [entry.name for entry in host.report.entries] == ["chooses"]
    assert len(host.instruments) == len(host.styles) == len(host.adapters) == len(host.routes) == 0


async def test_a_failure_is_readable_and_has_its_cause() -> None:
    host = Alliance(Fails(), SaysWhatIsSet)
    with pytest.raises(
        HookFailedError, match=r"fails\.suggest_guidance ended with error: ValueError"
    ) as told:
        await host.call("suggest_guidance", SESSION.guidance_wanted())
    assert f"{__file__}:" in str(told.value)
    assert str(told.value.__cause__) == SAID
    assert told.value.outcome.plugin == "fails"


async def test_the_first_that_answers_does_not_hide_who_failed() -> None:
    host = Alliance(Fails(), Chooses())
    outcomes = await host.outcomes("choose_style", SESSION.style_wanted())
    assert [(one.plugin, one.status, one.value) for one in outcomes] == [
        ("fails", "error", None),
        ("chooses", "ok", "supportive"),
    ]
    with pytest.raises(HookFailedError, match=r"fails\.choose_style"):
        await host.call("choose_style", SESSION.style_wanted())


async def test_outcomes_never_raise_and_never_quote() -> None:
    (failed, went_well) = await Alliance(Fails(), SaysWhatIsSet).outcomes(
        "suggest_guidance", SESSION.guidance_wanted()
    )
    assert (failed.status, went_well.status) == ("error", "ok")
    assert SAID not in repr(failed)


async def test_a_plugin_that_does_not_load_says_why() -> None:
    with pytest.raises(PluginError, match=r"'says_what_is_set' does not run: .*txet"):
        Alliance((SaysWhatIsSet, {"txet": "x"}))


@pytest.mark.parametrize("hook", ["sugest_guidance", "register_styles"])
async def test_a_hook_that_is_none(hook: str) -> None:
    with pytest.raises(LookupError, match="no event hook"):
        await Alliance(Chooses()).outcomes(hook, SESSION.started())


async def test_fields_that_were_not_asked_for_stay_empty() -> None:
    class Reads(AllianceHooks):
        @hookimpl
        async def score_alliance(self, event: events.FeedbackCaptured):
            assert event.response.answers == {}
            return []

    assert await Alliance(Reads()).call("score_alliance", SESSION.captured(answers={"respect": 1})) == []
