"""The commands on the researchers' page do what it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import alliancekit.scoring
from tests.commands import call

README = Path(alliancekit.scoring.__file__).with_name("README.md").read_text(encoding="utf-8")


def test_the_commands_give_what_the_page_shows(tmp_path: Path) -> None:
    for name, content in re.findall(r"```csv (\S+)\n(.*?)```", README, re.DOTALL):
        (tmp_path / name).write_text(content)
    commands = re.findall(r"^\$ alliancekit (.+)\n((?:(?!\$|```).*\n)*)", README, re.MULTILINE)
    assert [command.split()[0] for command, _ in commands] == [
        *("change", "change", "signals", "congruence", "congruence"),
    ]
    for command, shown in commands:
        done = call(*shlex.split(command), folder=tmp_path)
        refused = shown.startswith("alliancekit:")
        assert done.returncode == (3 if refused else 0), done.stderr
        if shown:
            assert (done.stderr if refused else done.stdout) == shown


def test_what_the_page_says_of_signals_and_congruence(tmp_path: Path) -> None:
    for name, content in re.findall(r"```csv (\S+)\n(.*?)```", README, re.DOTALL):
        (tmp_path / name).write_text(content)
    done = call("signals", "--measure", "srs", "course.csv", folder=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 7
    assert lines[0]["silent"]
    spoke = lines[5]["signals"]
    assert {one["kind"] for one in spoke} == {"low_score", "possible_strain"}
    assert all(one["rule"] and one["inputs"] and one["source"] and one["sessions_needed"] for one in spoke)
    both = json.loads(call("congruence", "both.csv", folder=tmp_path).stdout)
    [course] = both["courses"]
    assert {"truth_and_bias", "limits_of_agreement", "concordance"} <= set(course)
