"""`alliancekit new` as a process: what it writes, asks and refuses."""

from __future__ import annotations

import os
import pty
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.programs import COMMAND, environment, run


def test_it_writes_a_distribution_and_says_what_is_next(tmp_path: Path) -> None:
    done = run("new", "plugin", "mine", "--kind", "rule", "--into", "below", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pip install -e '.[dev]'" in done.stdout
    folder = tmp_path / "below" / "alliancekit-mine"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"] == {"alliancekit.plugins": {"mine": "alliancekit_mine:Mine"}}
    for name in ("README.md", "LICENSE", ".gitignore", ".github/workflows/ci.yml", "tests/test_mine.py"):
        text = (folder / name).read_text()
        assert text
        assert "<<" not in text
    assert (folder / "src/alliancekit_mine/py.typed").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["plugin", "mine"], "--kind style|instrument|rule|exporter"),
        (["plugin", "directive", "--kind", "style"], "installed already"),
        (["plugin", "Mine", "--kind", "style"], "Try 'mine'"),
        (["plugin", "mine", "--from", "directiv"], "Did you mean 'directive'"),
        (["plugin", "mine", "--from", "webrtc"], "alliancekit new adapter NAME --from webrtc"),
        (["adapter", "mine", "--from", "strain"], "alliancekit new plugin NAME --from strain"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_refusal_writes_nothing(arguments: list[str], expected: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "new", *arguments],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [["plugin", "mine", "--kind", "video"], ["plugin", "mine", "--kind", "rule", "--from", "strain"]],
)
def test_wrong_usage_is_two(arguments: list[str], tmp_path: Path) -> None:
    done = run("new", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def at_a_terminal(folder: Path, answers: str, *arguments: str) -> tuple[int, str]:
    """The exit code and what was on the screen."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "new", *arguments], cwd=folder, env=environment(), stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    os.write(master, answers.encode())
    screen = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        screen += part
    os.close(master)
    return process.wait(60), screen.decode()


def test_at_a_terminal_it_asks(tmp_path: Path) -> None:
    code, screen = at_a_terminal(tmp_path, "exporter\nAda Example\ny\n", "plugin", "mine")
    assert code == 0, screen
    assert "a format that a client's episode can be exported in" in screen
    assert "Ada Example" in (tmp_path / "alliancekit-mine" / "LICENSE").read_text()
    assert (
        "register_exporters" in (tmp_path / "alliancekit-mine/src/alliancekit_mine/__init__.py").read_text()
    )


def test_at_a_terminal_no_is_no(tmp_path: Path) -> None:
    code, _ = at_a_terminal(tmp_path, "Ada Example\nn\n", "plugin", "mine", "--kind", "rule")
    assert code == 3
    assert list(tmp_path.iterdir()) == []
