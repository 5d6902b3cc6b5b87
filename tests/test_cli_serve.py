"""`alliancekit serve` says what is wrong before it writes; then it connects, locks, migrates, serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from alliancekit.store import migrate
from tests.programs import run, running

WRONG = {
    "a key that is too short": 'signing_keys = [{ kid = "a", env = "SHORT" }]',
    "a key that is not there": 'signing_keys = [{ kid = "a", file = "absent" }]',
    "a token that is too short": '[metrics]\ntoken = { env = "SHORT" }',
    "a token that is not there": '[metrics]\ntoken = { file = "absent" }',
    "a required plugin that does not exist": '[plugins]\nrequired = ["nobody"]',
    "a plugin's secret that is not there": '[plugins.settings.push]\nsecrets = [{ file = "absent" }]',
    "a measure without wording": 'default_measure = "sai"',
    "a setting that does not exist": "prot = 1",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_nothing_is_written_when_the_settings_are_wrong(text: str, tmp_path: Path) -> None:
    (tmp_path / "alliancekit.toml").write_text(text)
    done = run("serve", "--port", "0", folder=tmp_path, SHORT="short")
    assert done.returncode == 3, done.stderr
    assert "tenant key" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["alliancekit.toml"]


@pytest.mark.postgres
def test_a_database_server_is_not_touched_when_the_settings_are_wrong(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = {"ALLIANCEKIT_DATABASE_URL": postgres_url}
    for more in ({}, {"ALLIANCEKIT_SIGNING_KEY": "short"}):
        done = run("serve", "--port", "0", folder=tmp_path, **settings, **more)
        assert done.returncode == 3, done.stderr
        assert "openssl rand -base64 48" in done.stderr
    engine = create_engine(postgres_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    assert list(tmp_path.iterdir()) == []

    key = "k" * 64
    with running(
        "serve", "--port", "0", folder=tmp_path, settings={**settings, "ALLIANCEKIT_SIGNING_KEY": key}
    ) as service:
        service.said(r"AllianceKit is at (\S+)\n")
        assert migrate.is_at_head(postgres_url)
        assert service.end() == 0
