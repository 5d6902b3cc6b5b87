"""How the plugins of a running service are doing, as the command line shows it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alliancekit.cli.plugins import app
from alliancekit.plugins import PluginHost, status
from alliancekit.testing.samples import EVENTS
from tests.bad_plugins import CLIENTS_WORDS, Raising
from tests.plugin_hosts import with_code
from tests.services import until


async def troubled() -> PluginHost:
    host = with_code(("strain", Raising()))
    for _ in range(4):
        await host.hooks.session_ended(EVENTS["session_ended"])
    return host


async def test_the_report_of_a_running_service_is_merged(tmp_path: Path) -> None:
    host = await troubled()
    status.write(tmp_path, host.report)
    report, running = status.merged(tmp_path, with_code(("strain", Raising())).report)
    assert running
    entry = report["strain"]
    assert (entry.status, entry.calls, entry.failures, entry.skipped) == ("quarantined", 3, 3, 1)
    assert [one.status for one in entry.last] == ["error", "error", "error", "skipped"]
    assert CLIENTS_WORDS not in (tmp_path / status.FILE).read_text()


@pytest.mark.parametrize("content", ["", "[]", '{"process": 0}'])
async def test_a_file_that_is_none_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / status.FILE).write_text(content)
    report = with_code(("strain", Raising())).report
    assert status.merged(tmp_path, report) == (report, False)


@pytest.fixture
def gone() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_a_service_that_is_gone_says_nothing(tmp_path: Path, gone: int) -> None:
    host = await troubled()
    status.write(tmp_path, host.report)
    told = json.loads((tmp_path / status.FILE).read_text()) | {"process": gone}
    (tmp_path / status.FILE).write_text(json.dumps(told))
    assert status.merged(tmp_path, host.report) == (host.report, False)


async def test_the_file_follows_the_service_and_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "EVERY", 0.01)
    host = with_code(("strain", Raising()))
    task = asyncio.create_task(status.keep(tmp_path, lambda: host.report))
    await host.hooks.session_ended(EVENTS["session_ended"])
    await until(lambda: status.merged(tmp_path, with_code().report)[1])
    await until(lambda: status.merged(tmp_path, host.report)[0]["strain"].failures == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert os.listdir(tmp_path) == []


async def test_the_list_shows_counts_and_last_outcomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCEKIT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    status.write(tmp_path, (await troubled()).report)
    shown = CliRunner().invoke(app, ["list"])
    assert "3 calls, 3 failed, 1 skipped" in shown.output
    assert "session_ended error" in shown.output
    assert "quarantined" in shown.output
    told = json.loads(CliRunner().invoke(app, ["list", "--json"]).output)
    assert told["service_running"] is True
    strain = next(one for one in told["plugins"] if one["name"] == "strain")
    assert len(strain["last"]) == 4
