"""The plugin behind a name, a file, a package or a project's folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from alliancekit.errors import PluginError
from alliancekit.testing.targets import one_plugin, targets_of
from tests.plugin_hosts import GOOD, with_code

PROJECT = """
[project]
name = "alliancekit-{name}"
[project.entry-points."alliancekit.plugins"]
{name} = "alliancekit_{name}:Plugin"
"""


def test_an_installed_plugin_by_name() -> None:
    with one_plugin("strain") as (name, plugin):
        assert (name, plugin.__name__) == ("strain", "Strain")


def test_a_file_is_forgotten_with_the_block(tmp_path: Path) -> None:
    (tmp_path / "alliancekit_here.py").write_text(GOOD)
    with one_plugin(tmp_path / "alliancekit_here.py") as (name, plugin):
        assert with_code((name, plugin)).report[name].status == "loaded"
        assert "alliancekit_here" in sys.modules
    assert "alliancekit_here" not in sys.modules
    assert str(tmp_path) not in sys.path


@pytest.mark.parametrize("folder", ["", "src"])
def test_a_project(tmp_path: Path, folder: str) -> None:
    package = tmp_path / folder / "alliancekit_made"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from alliancekit_made.rules import Plugin\n")
    (package / "rules.py").write_text(GOOD)
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(name="made"))
    with one_plugin(tmp_path) as (name, plugin):
        assert (name, plugin.__module__) == ("made", "alliancekit_made.rules")


@pytest.mark.parametrize(
    ("files", "path", "words"),
    [
        ({}, "nothing.py", "neither an installed plugin nor a path"),
        ({"notes.txt": ""}, ".", "neither __init__.py nor pyproject.toml"),
        ({"empty_one.py": ""}, "empty_one.py", "holds no plugin"),
        ({"two_here.py": GOOD + GOOD.replace("Plugin", "Other")}, "two_here.py", "holds several plugins"),
        ({"pyproject.toml": "[project]\nname = 'x'"}, ".", "offers no plugin"),
        ({"pyproject.toml": PROJECT.format(name="gone")}, ".", "does not hold it"),
        (
            {"pyproject.toml": PROJECT.format(name="odd"), "alliancekit_odd.py": "Plugin = 1"},
            ".",
            "no plugin class",
        ),
    ],
)
def test_refusals(tmp_path: Path, files: dict[str, str], path: str, words: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(PluginError, match=words), one_plugin(tmp_path / path):
        pass


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(PluginError, match="Did you mean 'strain'"):
        targets_of("strian")
