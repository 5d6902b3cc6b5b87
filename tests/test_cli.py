"""The command `alliancekit` as a process: exit codes, readable refusals, and that it starts light."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from alliancekit.plugins import DEFAULT_PLUGINS
from tests.programs import run, running

HEAVY = {"fastapi", "starlette", "sqlalchemy", "alembic", "uvicorn", "pydantic", "aiortc", "av", "httpx"}


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a refusal consists of."""
    assert done.returncode == 3, done.stderr
    assert [line for line in done.stdout.splitlines() if not line.startswith("20")] == [], "not the log"
    [line] = [each for each in done.stderr.splitlines() if not each.startswith("20")]
    return line


def test_help_says_what_there_is(tmp_path: Path) -> None:
    done = run("--help", folder=tmp_path)
    assert done.returncode == 0
    for command in ("demo", "export", "serve", "config", "plugins"):
        assert command in done.stdout


def test_help_loads_nothing_heavy() -> None:
    script = "import sys, alliancekit.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert HEAVY & set(loaded.split()) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["config"],
        ["plugins"],
        ["plugins", "list", "--jsn"],
        ["serve", "--port", "none"],
        ["demo", "--json"],
        ["demo", "--once", "--no-plugins"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two(arguments: list[str], tmp_path: Path) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert "Usage: alliancekit" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_config_check(tmp_path: Path) -> None:
    done = run("config", "check", "--json", folder=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"] is True
    (tmp_path / "alliancekit.toml").write_text("prot = 8420\n")
    done = run("config", "check", folder=tmp_path)
    assert done.returncode == 3
    assert "prot" in done.stderr


def test_plugins_list(tmp_path: Path) -> None:
    done = run("plugins", "list", "--json", folder=tmp_path)
    assert done.returncode == 0
    plugins = json.loads(done.stdout)["plugins"]
    assert {one["name"] for one in plugins if one["status"] == "loaded"} == set(DEFAULT_PLUGINS)
    table = run("plugins", "list", folder=tmp_path)
    assert table.returncode == 0
    assert all(name in table.stdout for name in DEFAULT_PLUGINS)


def test_an_unknown_style_is_refused(tmp_path: Path) -> None:
    assert "There is no style 'stern'" in refused(run("demo", "--once", "--style", "stern", folder=tmp_path))


def test_a_port_outside_the_range_is_refused(tmp_path: Path) -> None:
    assert "port" in refused(run("serve", "--port", "70000", folder=tmp_path))


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_refused(command: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused(run(command, "--port", port, folder=tmp_path))
    assert f"127.0.0.1 port {port}" in line
    assert "--port" in line


def test_a_database_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    with running("serve", "--port", "0", folder=tmp_path) as first:
        first.said(r"AllianceKit is at (\S+)")
        line = refused(run("serve", "--port", "0", folder=tmp_path))
        assert f"in use by process {first.process.pid}" in line
        assert first.end() == 0


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "alliancekit.toml").write_text('data_dir = "alliancekit.toml/below"\n')
    assert "data directory" in refused(run("serve", "--port", "0", folder=tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_no_error(number: int, tmp_path: Path) -> None:
    with running("serve", "--port", "0", folder=tmp_path) as service:
        service.said(r"AllianceKit is at (\S+)")
        assert service.end(number) == 0
        assert "Traceback" not in service.err.read_text()
