"""The plugin in a file, a package or a distribution's folder, not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alliancekit.errors import PluginError
from alliancekit.plugins.at_path import plugin_at
from tests.plugin_hosts import GOOD, with_code

POINTS = """
[project]
name = "alliancekit-{name}"
[project.entry-points."alliancekit.plugins"]
{name} = "alliancekit_{name}:Plugin"
"""


@pytest.fixture(autouse=True)
def same_modules() -> Iterator[None]:
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "alliancekit_here.py").write_text(GOOD)
    name, plugin = plugin_at(tmp_path / "alliancekit_here.py")
    assert (name, plugin.__name__) == ("here", "Plugin")
    assert with_code((name, plugin)).report["here"].status == "loaded"


def test_a_package(tmp_path: Path) -> None:
    (tmp_path / "own_rule").mkdir()
    (tmp_path / "own_rule" / "__init__.py").write_text(GOOD)
    assert plugin_at(tmp_path / "own_rule")[0] == "own_rule"


@pytest.mark.parametrize("folder", ["", "src"])
def test_a_distribution(tmp_path: Path, folder: str) -> None:
    package = tmp_path / folder / "alliancekit_made"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from alliancekit_made.rules import Plugin\n")
    (package / "rules.py").write_text(GOOD)
    (tmp_path / "pyproject.toml").write_text(POINTS.format(name="made"))
    name, plugin = plugin_at(tmp_path)
    assert (name, plugin.__module__) == ("made", "alliancekit_made.rules")


@pytest.mark.parametrize(
    ("files", "path", "words"),
    [
        ({}, "nothing.py", "does not exist"),
        ({"notes.txt": ""}, "notes.txt", "neither a Python file"),
        ({"empty_one.py": ""}, "empty_one.py", "found: none"),
        ({"two_here.py": GOOD + GOOD.replace("Plugin", "Other")}, "two_here.py", "found: Plugin, Other"),
        ({"json.py": GOOD}, "json.py", "The name json is taken"),
        ({"pyproject.toml": "[project"}, ".", "cannot be read"),
        ({"pyproject.toml": "[project]\nname = 'x'"}, ".", "found: none"),
        ({"pyproject.toml": POINTS.format(name="gone")}, ".", "alliancekit_gone is neither in"),
        (
            {"pyproject.toml": POINTS.format(name="odd"), "alliancekit_odd.py": "Plugin = 1"},
            ".",
            "no subclass of AllianceHooks",
        ),
    ],
)
def test_refusals(tmp_path: Path, files: dict[str, str], path: str, words: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(PluginError, match=words):
        plugin_at(tmp_path / path)
