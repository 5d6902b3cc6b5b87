"""Runs the command `alliancekit` as people and supervisors do: as a process, ended by its own process id."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("alliancekit")
PATIENCE = 90.0
"""Seconds after which a test gives up waiting; no test measures time by it."""


def environment(**more: str) -> dict[str, str]:
    """The environment of a process: this one's without settings of AllianceKit, wide and without colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALLIANCEKIT_")}
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", **more}


def run(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; `settings` are further environment variables."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Program:
    """A running `alliancekit`; its output goes to two files."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def said(self, pattern: str) -> str:
        """Wait for a line on standard error; return the pattern's first group."""
        deadline = time.monotonic() + PATIENCE
        while True:
            over = self.process.poll() is not None or time.monotonic() > deadline
            if found := re.search(pattern, self.err.read_text()):
                return found[1]
            assert not over, f"it never said {pattern}: {self.err.read_text()}"
            time.sleep(0.02)

    def told(self) -> dict[str, Any]:
        """Wait for the first line of JSON on standard output."""
        deadline = time.monotonic() + PATIENCE
        while "\n" not in (text := self.out.read_text()):
            over = self.process.poll() is not None or time.monotonic() > deadline
            assert not over, f"it never told anything: {self.err.read_text()}"
            time.sleep(0.02)
        found: dict[str, Any] = json.loads(text.splitlines()[0])
        return found

    def end(self, number: int = signal.SIGTERM, *, within: float = PATIENCE) -> int:
        """Send a signal and wait for the end; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)


@contextmanager
def running(*arguments: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Program]:
    """Run the command while the block runs; what is left of it then is killed."""
    out, err = folder / "out.txt", folder / "err.txt"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [COMMAND, *arguments], cwd=folder, env=environment(**settings or {}), stdout=stdout, stderr=stderr
        )
    try:
        yield Program(process, out, err)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
