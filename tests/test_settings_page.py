"""SETTINGS.md: current, complete, and true about the variables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alliancekit.cli import settings_page
from alliancekit.config import Settings, load
from alliancekit.secret_refs import Section


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert settings_page.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_page_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings_page, "PAGE", tmp_path / "SETTINGS.md")
    assert settings_page.main(["--check"]) == 3
    assert settings_page.main([]) == 0
    assert settings_page.main(["--check"]) == 0


def test_every_setting_is_there_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| .+? \| (.*) \|$", settings_page.page(), re.MULTILINE))
    names = set()
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            names |= {f"{name}.{each}" for each in kind.model_fields}
        else:
            names.add(name)
    assert set(rows) == names
    assert [name for name, meaning in rows.items() if len(meaning) < 10] == []


def test_a_variable_is_named_as_the_page_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALLIANCEKIT_LIMITS__TENANT", "5/minute")
    monkeypatch.setenv("ALLIANCEKIT_TRUSTED_PROXIES", '["10.0.0.0/8"]')
    settings = load()
    assert settings.limits.tenant == "5/minute"
    assert [str(one) for one in settings.trusted_proxies] == ["10.0.0.0/8"]
