"""What an import costs: `alliancekit`, what a plugin imports, and the kit's pytest plugin.

Run it: `python -m tests.bench.bench_import`. Processor time, the best of several processes;
ratios to Python's own start and to `import pydantic`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

ROUNDS = 4
SUBJECTS = {
    "import alliancekit": ("", "import alliancekit"),
    "import alliancekit.hookspecs (a plugin)": ("", "import alliancekit.hookspecs"),
    "the kit's pytest plugin, pytest being there": (
        "import pytest",
        "import alliancekit.testing.pytest_plugin",
    ),
}
TIMED = "import time\n{before}\nbegin = time.process_time()\n{code}\nprint(time.process_time() - begin)"


def milliseconds(code: str, before: str = "") -> float:
    """What `code` takes after `before`, in the quickest of several processes."""
    command = [sys.executable, "-c", TIMED.format(before=before, code=code)]
    return 1000 * min(float(subprocess.check_output(command)) for _ in range(ROUNDS))


def python_start() -> float:
    """What a Python that does nothing takes, start and end."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        begin = spent()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        fastest = min(fastest, spent() - begin)
    return fastest * 1000


def spent() -> float:
    """Seconds of processor time that the processes started here have used, those that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run() -> list[dict[str, Any]]:
    """One row for each import."""
    start, pydantic = python_start(), milliseconds("import pydantic.main")
    rows = []
    for name, (before, code) in SUBJECTS.items():
        took = milliseconds(code, before)
        rows.append(
            {
                "name": name,
                "ms": round(took, 1),
                "python_ms": round(start, 1),
                "pydantic_ms": round(pydantic, 1),
                "ratio_to_python": round(took / start, 2),
                "ratio_to_pydantic": round(took / pydantic, 2),
            }
        )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
