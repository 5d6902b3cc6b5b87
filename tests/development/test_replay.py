"""A recorded session through one plugin, and what its author is told of a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from examples.long_silences import LongSilences, Settings
from examples.narrative import Narrative
from typer.testing import CliRunner

from alliancekit.cli import app
from alliancekit.development import mistakes, recording
from alliancekit.development.replay import replay
from alliancekit.errors import PluginError
from alliancekit.events import Guidance
from alliancekit.hookspecs import AllianceHooks, hookimpl

EXAMPLE = Path(__file__).parents[2] / "examples" / "long_silences.py"
WRONG = """
from alliancekit.hookspecs import AllianceHooks, hookimpl

class Wrong(AllianceHooks):
    @hookimpl
    async def session_ended(self, event):
        return self.half(event.seconds)

    def half(self, seconds):
        return seconds / "two"
"""


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "wrong_rule.py"
    file.write_text(WRONG)
    return file


async def test_each_event_of_an_implemented_hook_is_answered() -> None:
    recorded = recording.read(recording.included())
    answers = (await replay("silences", LongSilences(Settings(share=0.01)), recorded)).answers
    assert [one.hook for one in answers] == ["suggest_guidance"] * len(answers)
    assert len(answers) == sum(one.hook == "suggest_guidance" for one in recorded)
    assert {one.status for one in answers} == {"ok"}
    assert all(one.milliseconds >= 0 for one in answers)
    assert "nobody spoke" in answers[-1].value[0].text


async def test_a_failing_plugin_is_not_quarantined_and_its_mistake_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Failing(AllianceHooks):
        @hookimpl
        async def suggest_guidance(self, event: object) -> list[Guidance]:
            raise ValueError("shown to the author")

    recorded = recording.read(recording.included())
    told_to = mistakes.to_stderr(Path(__file__))
    answers = (await replay("failing", Failing, recorded, on_error=told_to)).answers
    assert len(answers) > 3
    assert {one.status for one in answers} == {"error"}
    assert all("shown" not in one.error for one in answers)
    told = capsys.readouterr().err
    assert "plugin failing, suggest_guidance:" in told
    assert 'raise ValueError("shown to the author")' in told
    assert "test_replay.py" in told
    assert "isolation.py" not in told


async def test_a_plugin_that_cannot_be_loaded_says_why() -> None:
    class Misspelt(AllianceHooks):
        @hookimpl
        async def session_stared(self, event: object) -> None: ...

    with pytest.raises(PluginError, match="there is no hook session_stared"):
        await replay("misspelt", Misspelt, ())


async def test_a_style_is_told_sessions_of_its_own_unless_another_is_named() -> None:
    recorded = recording.read(recording.included())
    own = await replay("narrative", Narrative, recorded)
    assert (own.style, own.brought) == ("narrative", ("style narrative",))
    plans = [one.value for one in own.answers if one.hook == "plan_prompts"]
    assert [len(plan.requests) for plan in plans if plan.requests] == [2]
    other = await replay("narrative", Narrative, recorded, style="directive")
    assert not any(one.value for one in other.answers)


async def test_the_plugin_runs_with_its_settings() -> None:
    recorded = recording.read(recording.included())
    found = await replay("long_silences", LongSilences, recorded, settings={"share": 0.01})
    assert found.answers[-1].value


def test_the_command_says_what_is_registered_and_that_nothing_is_called() -> None:
    shown = CliRunner().invoke(app, ["replay", str(EXAMPLE.with_name("weather.py"))])
    assert shown.exit_code == 0
    assert "registers instrument weather (client)" in shown.output
    assert "no hook that is called during a session" in shown.output


def test_the_command_reads_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alliancekit.toml").write_text(
        '[plugins]\nalso = ["long_silences"]\n[plugins.settings.long_silences]\nshare = 0.01\n'
    )
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["replay", str(EXAMPLE), "--json"])
    assert "nobody spoke" in shown.output


def test_the_command_prints_outcomes_and_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shown = CliRunner().invoke(app, ["replay", str(EXAMPLE)])
    assert shown.exit_code == 0
    assert "long_silences and the recorded session" in shown.output
    lines = CliRunner().invoke(app, ["replay", str(EXAMPLE), "--json"]).output.splitlines()
    assert {json.loads(line)["hook"] for line in lines} == {"suggest_guidance"}


def test_the_command_points_at_file_and_line(wrong: Path) -> None:
    shown = CliRunner().invoke(app, ["replay", str(wrong)])
    assert shown.exit_code == 3
    assert f'File "{wrong}", line 7, in session_ended' in shown.stderr
    assert f'File "{wrong}", line 10, in half' in shown.stderr
    assert "TypeError: unsupported operand" in shown.stderr
    assert "unsupported operand" not in shown.stdout


def test_a_mistake_elsewhere_names_its_place(tmp_path: Path) -> None:
    try:
        json.loads("{")
    except ValueError as error:
        told = mistakes.text("one", "load", error, tmp_path)
    assert "plugin one, load:" in told
    assert "decoder.py" in told
