"""The tutorial: its code is that of the files, its commands print what it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alliancekit.cli import app

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "examples" / "PLUGINS.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([\w/]+\.py)`:\n\n```python\n(.*?)```", TUTORIAL, flags=re.DOTALL)
CONSOLE = "".join(re.findall(r"```console\n(.*?)```", TUTORIAL, flags=re.DOTALL))
COMMANDS = re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", CONSOLE, flags=re.MULTILINE)


def test_the_code_is_that_of_the_files() -> None:
    assert len(CODE) == TUTORIAL.count("```python") == 6
    for file, code in CODE:
        assert code == (ROOT / file).read_text(encoding="utf-8"), file


def test_the_commands_print_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    shutil.copytree(ROOT / "examples", "examples", ignore=shutil.ignore_patterns("__pycache__"))
    assert {shlex.split(command)[1] for command, _ in COMMANDS} == {"replay", "plugins", "new"}
    for command, expected in COMMANDS:
        shown = CliRunner().invoke(app, shlex.split(command)[1:])
        assert shown.exit_code == 0, (command, shown.output)
        assert re.fullmatch(pattern(expected), plain(shown.stdout)), (command, shown.stdout)


def plain(text: str) -> str:
    """Without the ends of lines, and every time the same."""
    return re.sub(r" *\d+\.\d\d(?= )", " 0.00", re.sub(r" +$", "", text, flags=re.MULTILINE)).strip()


def pattern(expected: str) -> str:
    """`…` on a line of its own stands for any lines."""
    return re.escape(plain(expected)).replace("…", "[\\s\\S]*")
