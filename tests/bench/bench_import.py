"""What an import costs: `alliancekit`, what a plugin imports, and the kit's pytest plugin.

Run it: `python -m tests.bench.bench_import`. Processor time, the best of several processes; ratios to Python's
own start and to `import pydantic`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

ROUNDS = 4
SUBJECTS = {
    "import alliancekit": "import alliancekit",
    "import alliancekit.hookspecs (a plugin)": "import alliancekit.hookspecs",
    "the kit's pytest plugin beside pytest": "import pytest, alliancekit.testing.pytest_plugin",
}
YARDSTICKS = {"nothing": "pass", "pydantic": "import pydantic, pydantic.main", "pytest": "import pytest"}


def milliseconds(code: str) -> float:
    """The quickest of several processes that run `code`."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        begin = spent()
        subprocess.run([sys.executable, "-c", code], check=True)
        fastest = min(fastest, spent() - begin)
    return fastest * 1000


def spent() -> float:
    """Seconds of processor time that the processes started here have used, those that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run() -> list[dict[str, Any]]:
    """One row for each import; `ms` beyond Python's own start, or pytest's where it stands beside that."""
    yardsticks = {name: milliseconds(code) for name, code in YARDSTICKS.items()}
    rows = []
    for name, code in SUBJECTS.items():
        whole = milliseconds(code)
        base = yardsticks["pytest" if "pytest" in code else "nothing"]
        rows.append(
            {
                "name": name,
                "ms": round(max(whole - base, 0.0), 1),
                "whole_ms": round(whole, 1),
                "python_ms": round(yardsticks["nothing"], 1),
                "pydantic_ms": round(yardsticks["pydantic"], 1),
                "ratio_to_python": round(whole / yardsticks["nothing"], 1),
                "ratio_to_pydantic": round(whole / yardsticks["pydantic"], 2),
            }
        )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
