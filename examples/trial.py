"""Runs `alliancekit serve` for the examples that try a service of its own; what it keeps goes with the folder."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALLIANCEKIT = [sys.executable, "-c", "from alliancekit.cli import main; main()"]
KEY = re.compile(r"shown only now: (ak_\S+)")
READY = re.compile(r"AllianceKit is at (http\S+)")


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
        [*ALLIANCEKIT, "serve"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        key, address = _said(process, KEY, READY)
        yield Trial(address, key, dict(environment))
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _said(process: subprocess.Popen[str], *wanted: re.Pattern[str]) -> list[str]:
    """What the starting service says of each of these; afterwards nobody reads its log."""
    found: dict[re.Pattern[str], str] = {}
    assert process.stderr is not None
    for line in process.stderr:
        found |= {one: match[1] for one in wanted if (match := one.search(line))}
        if len(found) == len(wanted):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return [found[one] for one in wanted]
    raise SystemExit("AllianceKit did not start. Run `alliancekit config check`.")
