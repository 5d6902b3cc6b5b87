"""The plugin host on every Python found here, from 3.11 to 3.13, and on both pluggy versions it promises."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
PLUGGIES = ("1.6.0", "1.7.0")
HOST_TESTS = [
    f"tests/{name}.py"
    for name in ("test_dispatch", "test_hooks", "test_plugins", "test_plugins_verify", "test_deprecations")
]
NEEDED = ["pytest>=9.2", "pytest-asyncio>=1.5", "pytest-timeout>=2.4", "httpx>=0.28", "typer"]


def works(python: str) -> bool:
    """A shim of a version manager is on the PATH even where its version is not installed."""
    script = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == python.rpartition("python")[2]


def found() -> dict[str, str]:
    """Interpreter by version: the running one, and others on the PATH or of pyenv."""
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    pythons = {own: sys.executable}
    for version in PYTHONS:
        folders = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin"))
        path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
        python = shutil.which(f"python{version}", path=path)
        if version not in pythons and python and works(python):
            pythons[version] = python
    return pythons


FOUND = found()


def run(*command: object, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module", params=FOUND)
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of this Python in which AllianceKit and what its host's tests need are installed."""
    if FOUND[request.param] == sys.executable:
        return Path(sys.executable)
    folder = tmp_path_factory.mktemp(f"python{request.param}")
    run(FOUND[request.param], "-m", "venv", folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "-q", "-e", ROOT, *NEEDED)
    return folder / "bin" / "python"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("pluggy", PLUGGIES)
def test_the_host_keeps_its_promises(python: Path, pluggy: str, tmp_path: Path) -> None:
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", tmp_path, f"pluggy=={pluggy}")
    env = {"PYTHONPATH": str(tmp_path), "CI": ""}
    shown = run(python, "-c", "import pluggy; print(pluggy.__version__)", env=env)
    assert shown.strip() == pluggy
    printed = run(
        *(python, "-m", "pytest", "-q", "--noconftest", "-p", "tests.plugin_hosts", "-p", "no:cacheprovider"),
        *("-p", "no:xdist", *HOST_TESTS),
        env=env,
    )
    assert " passed" in printed
