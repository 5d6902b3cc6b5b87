"""`alliancekit config check`: what a person and a program see, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alliancekit.cli.config import app


@pytest.fixture(autouse=True)
def _empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_person_sees_dotted_names_and_a_verdict() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert "call.grace = 20.0\n" in result.stdout
    assert result.stdout.endswith("The settings can be used.\n")
    assert list(Path().iterdir()) == []


def test_a_program_gets_json() -> None:
    result = CliRunner().invoke(app, ["check", "--json"])
    answer = json.loads(result.stdout)
    assert (answer["ok"], answer["problems"]) == (True, [])
    assert answer["settings"]["port"] == 8420


@pytest.mark.parametrize("text", ["prot = 1", "database_url = { env = 'NOT_SET' }"])
def test_settings_that_cannot_be_used_exit_with_three(text: str) -> None:
    Path("alliancekit.toml").write_text(text)
    plain = CliRunner().invoke(app, ["check"])
    assert plain.exit_code == 3
    assert "problem: The se" in plain.stderr
    as_json = CliRunner().invoke(app, ["check", "--json"])
    assert as_json.exit_code == 3
    assert len(json.loads(as_json.stdout)["problems"]) == 1


def test_a_channel_that_no_plugin_offers_is_named_with_those_that_are() -> None:
    settings = "[prompts]\nlink_after = 3600\nlink_channel = '{}'\n"
    Path("alliancekit.toml").write_text(settings.format("pigeon"))
    refused = CliRunner().invoke(app, ["check"])
    assert refused.exit_code == 3
    assert "no plugin that runs offers the channel 'pigeon'" in refused.stderr
    offered = Path("alliancekit.toml")
    offered.write_text(settings.format("outbox_folder") + "[plugins]\nalso = ['outbox_folder']\n")
    assert CliRunner().invoke(app, ["check"]).exit_code == 0
