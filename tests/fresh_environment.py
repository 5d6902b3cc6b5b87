"""An environment of its own: the wheel of AllianceKit, built from this tree, beside what a test installs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOREIGN = ("ALLIANCEKIT_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV")
"""Variables of this process that must not reach another environment."""


def clean(**more: str) -> dict[str, str]:
    """The variables of a person who works in another environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", **more}


def output(*command: object, folder: Path, env: Mapping[str, str] | None = None) -> str:
    """What a command printed; the test fails with it when the command does."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=dict(env or clean()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def built(folder: Path) -> Path:
    """The wheel of AllianceKit, in the folder."""
    output(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    return next(folder.glob("alliancekit-*.whl"))


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment and the folder in which its commands run."""

    prefix: Path
    folder: Path

    def run(self, command: str, *arguments: object, folder: Path | None = None) -> str:
        """Run one of its commands to its end; returns what it printed."""
        return output(self.prefix / "bin" / command, *arguments, folder=folder or self.folder)

    def install(self, *what: object) -> None:
        """Install without asking anybody for anything but what is named."""
        options = ("install", "-q", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
        self.run("python", "-m", "pip", *options, *what)
