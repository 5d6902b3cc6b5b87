"""Runs `alliancekit serve` for the examples that try a service of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALLIANCEKIT = [sys.executable, "-c", "from alliancekit.cli import main; main()"]


@dataclass(frozen=True)
class Trial:
    """A running service."""

    address: str
    key: str
    environment: dict[str, str]

    def run(self, *command: str) -> Any:
        """What an `alliancekit` command that asks the service answers, from its JSON."""
        done = subprocess.run(  # noqa: S603 - our own command
            [*ALLIANCEKIT, *command, "--service", self.address, "--json"],
            env=self.environment | {"ALLIANCEKIT_KEY": self.key},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return json.loads(done.stdout)


@contextmanager
def service(folder: Path, *, origin: str, **settings: Any) -> Iterator[Trial]:
    """A service with its data in `folder`, for pages of `origin`; `settings` are its further settings."""
    wanted = {"data_dir": str(folder), "port": "0", "allowed_origins": [origin], **settings}
    # For trying it out: a call of seconds counts, and is over soon after both have left.
    wanted |= {"call__minimum_together": 2, "call__grace": 2}
    environment = os.environ | {
        f"ALLIANCEKIT_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in wanted.items()
    }
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*ALLIANCEKIT, "serve", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise SystemExit("AllianceKit did not start. Run `alliancekit config check`.")
        ready = json.loads(said)
        yield Trial(ready["url"], ready["key"], dict(environment))
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
