"""`alliancekit dev`: a real run, a mistake shown at its line, and a new start at each save."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.programs import COMMAND

GOOD = """
from alliancekit.hookspecs import AllianceHooks, hookimpl

class Rule(AllianceHooks):
    @hookimpl
    async def signal_raised(self, event):
        pass
"""
BAD = GOOD.replace("pass", "event.nothing")


class Run:
    """The command in a process, and what it printed so far."""

    def __init__(self, plugin: Path) -> None:
        self.log = plugin.parent / "log.txt"
        self.seen = 0
        # Where this test was started in the background, SIGINT is ignored, and children would inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        command = [COMMAND, "dev", plugin, "--port", "0"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env={**os.environ, "COLUMNS": "120"}
            )
        signal.signal(signal.SIGINT, before)

    def waits_for(self, pattern: str) -> None:
        """Wait until the pattern is printed after what was waited for before."""
        for _ in range(900):
            found = re.search(pattern, self.log.read_text()[self.seen :])
            if found:
                self.seen += found.end()
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    file = tmp_path / "own" / "own_rule.py"
    file.write_text(GOOD)
    return file


@pytest.fixture
def run(plugin: Path) -> Iterator[Run]:
    run = Run(plugin)
    yield run
    if run.process.poll() is None:
        os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait()


@pytest.mark.webrtc
@pytest.mark.timeout(240)
def test_a_save_starts_the_demo_again_with_the_plugin(run: Run, plugin: Path) -> None:
    run.waits_for("rule and the recorded session")
    run.waits_for("Now try it yourself")
    plugin.write_text(BAD)
    run.waits_for("saved: starting again")
    run.waits_for(r'own_rule.py", line 7, in signal_raised\n +event.nothing')
    run.waits_for("AttributeError: 'SignalRaised' object has no attribute 'nothing'")
    plugin.write_text("class Broken(:\n")
    run.waits_for("SyntaxError")
    run.waits_for("Save a file to try again")
    plugin.write_text(GOOD)
    run.waits_for("rule and the recorded session")
    os.kill(run.process.pid, signal.SIGINT)
    assert run.process.wait(timeout=60) == 0
