"""In continuous integration a skip is a failure; elsewhere it stays a skip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPS = {
    "test": "import pytest\n\ndef test_one():\n    pytest.{}('not here')\n",
    "file": "import pytest\npytest.{}('not here', allow_module_level=True)\n\ndef test_one():\n    pass\n",
}


@pytest.mark.parametrize(("ci", "outcome"), [("true", "1 failed, 1 error"), ("", "2 skipped")])
def test_skips_fail_in_ci_only(tmp_path: Path, ci: str, outcome: str) -> None:
    for name, text in SKIPS.items():
        (tmp_path / f"test_{name}.py").write_text(text.format("skip"))
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --continue-on-collection-errors\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.no_skips", str(tmp_path), f"--rootdir={tmp_path}"],
        cwd=ROOT,
        env={**os.environ, "CI": ci, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout
    assert (done.returncode == 0) is (not ci)
