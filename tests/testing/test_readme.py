"""Every block of code on the kit's page is a test file that passes, with the kit's fixtures only."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import alliancekit.testing

README = (Path(alliancekit.testing.__file__).parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_blocks_are_tests_that_pass(tmp_path: Path) -> None:
    for number, block in enumerate(BLOCKS):
        (tmp_path / f"test_block_{number}.py").write_text(block, encoding="utf-8")
    options = [
        "asyncio_mode = auto",
        "asyncio_default_fixture_loop_scope = function",
        "filterwarnings = error",
    ]
    (tmp_path / "pytest.ini").write_text("\n".join(["[pytest]", *options]))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{sum(block.count('def test_') for block in BLOCKS) + 8} passed" in done.stdout


def test_the_page_names_every_fixture_and_public_name() -> None:
    for name in ("alliance", "fake_session", "episode", "fake_adapter", "fake_clock", "client"):
        assert f"| `{name}` |" in README
    for name in ("check_plugin", "AdapterContract", "HookFailedError", "FakeAdapter"):
        assert name in README
