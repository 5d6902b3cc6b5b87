"""What happens when a plugin's module is imported, observed in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from alliancekit.testing.report import Finding
from alliancekit.testing.targets import Target

SLOW: Final = 5.0
"""How many times as long as what every plugin imports anyway (hooks, adapters, styles) an import may take.
The WebRTC adapter with its media libraries takes about as long as that."""

TRIES: Final = 3
"""A slow import is measured again, for the machine may have been busy; the quickest counts."""

PATIENCE: Final = 120.0
"""Seconds after which an import is given up."""

# Runs in the other process.
PROBE: Final = """
import importlib, importlib.util, json, sys, threading, time
target, output, path = json.loads(sys.argv[1])
sys.path[:] = path
begin = time.perf_counter()
import alliancekit.adapters, alliancekit.hookspecs, alliancekit.styles
seen = {"yardstick": time.perf_counter() - begin, "seconds": 0.0, "network": [], "threads": [], "error": ""}
NETWORK = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}
def audit(event, arguments):
    if event in NETWORK and watching:
        seen["network"].append(event)
        raise OSError("no network while a plugin is imported")
watching = True
sys.addaudithook(audit)
threads = set(threading.enumerate())
begin = time.perf_counter()
try:
    if target["file"]:
        spec = importlib.util.spec_from_file_location(target["module"], target["file"])
        module = sys.modules[target["module"]] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        importlib.import_module(target["module"])
except BaseException as error:
    place = error.__traceback__
    while place.tb_next is not None:
        place = place.tb_next
    seen["error"] = f"{type(error).__name__} at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
seen["seconds"] = time.perf_counter() - begin
seen["threads"] = sorted(thread.name for thread in set(threading.enumerate()) - threads)
watching = False
with open(output, "w") as file:
    json.dump(seen, file)
sys.stdout.flush()
sys.stderr.flush()
import os
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One import: seconds of plugin and yardstick, connections tried, threads left, what was printed."""

    seconds: float
    yardstick: float
    network: tuple[str, ...]
    threads: tuple[str, ...]
    error: str
    printed: str

    @property
    def ratio(self) -> float:
        """The plugin's time in yardsticks."""
        return self.seconds / max(self.yardstick, 1e-3)


def import_problems(target: Target) -> Iterator[Finding]:
    """What is wrong with the import of a plugin's module."""
    seen = observed(target)
    if seen is None:
        yield Finding("import", "its import did not end, or ended the whole process.")
        return
    if seen.network:
        yield Finding(
            "network",
            f"its import uses the network ({', '.join(sorted(set(seen.network)))}).",
            "Connect when the adapter starts, or in the hook that needs it.",
        )
    elif seen.error:
        yield Finding(
            "import", f"its import raised {seen.error}.", "Import it by itself to see the whole error."
        )
    if seen.printed:
        yield Finding("quiet", "its import prints.", "Use the logging module, and not while importing.")
    if seen.threads:
        yield Finding(
            "leftovers",
            f"its import leaves threads running: {', '.join(seen.threads)}.",
            "Start threads in an adapter's start, and end them in its stop.",
        )
    tries = 1
    while seen.ratio > SLOW and tries < TRIES:
        again = observed(target)
        tries += 1
        if again is not None and again.ratio < seen.ratio:
            seen = again
    if seen.ratio > SLOW:
        yield Finding(
            "import-time",
            f"its import takes {seen.ratio:.0f} times as long as what every plugin imports.",
            "Import heavy libraries where they are used, and do no work at import.",
        )


def observed(target: Target) -> Seen | None:
    """Import the target in another process; None when that ended without a word."""
    with tempfile.TemporaryDirectory(prefix="alliancekit-check-") as folder:
        output = Path(folder, "seen.json")
        path = [*([str(target.path)] if target.path else []), *sys.path]
        argument = json.dumps(
            [{key: str(value or "") for key, value in asdict(target).items()}, str(output), path]
        )
        try:
            done = subprocess.run(  # noqa: S603 - this Python, with a program of ours
                [sys.executable, "-c", PROBE, argument],
                cwd=folder,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        if not output.exists():
            return None
        seen: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return Seen(
        seconds=seen["seconds"],
        yardstick=seen["yardstick"],
        network=tuple(seen["network"]),
        threads=tuple(seen["threads"]),
        error=seen["error"],
        printed=(done.stdout + done.stderr).decode(errors="replace").strip(),
    )
