"""The commands in the section about files of answers do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import alliancekit.batch
from tests.programs import run

README = Path(alliancekit.batch.__file__).with_name("README.md").read_text(encoding="utf-8")


def test_the_commands_give_what_the_section_shows(tmp_path: Path) -> None:
    for name, content in re.findall(r"```csv (\S+)\n(.*?)```", README, re.DOTALL):
        (tmp_path / name).write_text(content)
    commands = re.findall(r"^\$ (.+)\n((?:(?!\$|```).*\n)*)", README, re.MULTILINE)
    assert len(commands) == 4
    for command, shown in commands:
        program, *arguments = shlex.split(command)
        if program == "cat":
            assert (tmp_path / arguments[0]).read_text() == shown
            continue
        done = run(*arguments, folder=tmp_path)
        assert done.stderr == shown
        assert done.returncode == (3 if shown.startswith("alliancekit:") else 0)
