"""What `alliancekit new` writes, in an environment that knows only the wheel and the README's commands."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fresh_environment import Environment, built, clean, output
from tests.repo.test_architecture import PROJECT

from alliancekit.plugins import DEFAULT_PLUGINS
from alliancekit.plugins.find import GROUPS
from alliancekit.scaffold import KINDS

pytestmark = pytest.mark.timeout(600)

ORIGINALS = {name: group for group in GROUPS for name in PROJECT["entry-points"][group]}
COPIES = {f"mine_{name}": name for name in ORIGINALS}
MADE = {f"new_{kind}": kind for kind in KINDS}
FIRST = "new_style"
"""The one that is set up by the letter of its README; the others join its environment."""

NEW = """
import sys
from alliancekit.cli import app
for line in sys.stdin.read().splitlines():
    app(["new", *line.split(), "--yes"], standalone_mode=False)
"""


def commands() -> dict[str, str]:
    """What to tell `alliancekit new`, by name."""
    made = {
        name: f"adapter {name}" if kind == "adapter" else f"plugin {name} --kind {kind}"
        for name, kind in MADE.items()
    }
    for name, original in COPIES.items():
        what = ORIGINALS[original].removeprefix("alliancekit.").removesuffix("s")
        made[name] = f"{what} {name} --from {original}"
    return made


def folder_of(name: str) -> str:
    return f"alliancekit-{name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class Fresh:
    """The environment, where everything is installed from wheels, and what following the README printed."""

    env: Environment
    said: str

    @property
    def folders(self) -> list[Path]:
        return [self.env.folder / folder_of(name) for name in commands()]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """Begin as the README of a new plugin says, then write every other one and install it from its wheel."""
    home = tmp_path_factory.mktemp("fresh")
    wheel = built(home)
    output(sys.executable, "-c", NEW.replace("sys.stdin.read()", repr(commands()[FIRST])), folder=home)
    first = home / folder_of(FIRST)
    start = re.search(r"```sh\n(.*?)```", (first / "README.md").read_text(), re.DOTALL)
    assert start is not None
    said = output("bash", "-e", "-c", start[1], folder=first, env=clean(PIP_FIND_LINKS=str(home)))
    env = Environment(first / ".venv", home)
    extras = output(
        env.prefix / "bin/python",
        "-m",
        "pip",
        "install",
        "-q",
        f"{wheel}[webrtc,vonage,livekit]",
        folder=home,
    )
    assert extras == ""
    others = "\n".join(line for name, line in commands().items() if name != FIRST)
    env.run("python", "-c", NEW.replace("sys.stdin.read()", repr(others)))
    fresh = Fresh(env, said)
    wheels = home / "wheels"
    build = ("wheel", "-q", "--no-deps", "--no-build-isolation", "-w", wheels)
    env.run("python", "-m", "pip", *build, *fresh.folders)
    env.install("--force-reinstall", *sorted(wheels.glob("*.whl")))
    return fresh


def test_the_readme_is_enough_to_begin(fresh: Fresh) -> None:
    assert re.search(r"\d+ passed in", fresh.said)
    assert re.search(rf"{FIRST}\W+loaded", fresh.said)
    assert re.search(r"webrtc\W+not installed", fresh.said)


def test_every_plugin_of_the_tree_and_every_kind_is_tried() -> None:
    assert set(COPIES.values()) == set(ORIGINALS)
    assert set(MADE.values()) == set(KINDS)


def test_all_run_side_by_side_with_what_they_were_copied_from(fresh: Fresh) -> None:
    names = list(commands())
    also = json.dumps([name for name in [*names, *ORIGINALS] if name not in DEFAULT_PLUGINS])
    (fresh.env.folder / "alliancekit.toml").write_text(f"[plugins]\nalso = {also}\n")
    listed = json.loads(fresh.env.run("alliancekit", "plugins", "list", "--json"))["plugins"]
    status = {one["name"]: (one["status"], one["reason"]) for one in listed}
    assert status == dict.fromkeys([*names, *ORIGINALS], ("loaded", ""))
    where = {one["name"]: one["distribution"] for one in listed}
    assert {where[name] for name in names} == {folder_of(name) for name in names}


def test_every_test_passes_on_the_installed_wheels(fresh: Fresh) -> None:
    tests = [folder / "tests" for folder in fresh.folders]
    settings = fresh.folders[0] / "pyproject.toml"
    options = ("-m", "pytest", "-q", "-c", settings, "--rootdir", fresh.env.folder, "--import-mode=importlib")
    printed = fresh.env.run("python", *options, *tests)
    assert re.search(r"\d+ passed in", printed)
    assert "skipped" not in printed


def test_types_are_clean(fresh: Fresh) -> None:
    config = fresh.env.folder / folder_of("mine_webrtc") / "pyproject.toml"
    sources = [path for folder in fresh.folders for path in (folder / "src").iterdir()]
    tests = [path for folder in fresh.folders for path in (folder / "tests").glob("*.py")]
    fresh.env.run("mypy", "--config-file", config, *sources, *tests)
    fresh.env.run("pyright", "--pythonpath", fresh.env.prefix / "bin/python", *sources, *tests)


def test_style_is_clean(fresh: Fresh) -> None:
    fresh.env.run("ruff", "check", "--no-cache", *fresh.folders)
    made = [fresh.env.folder / folder_of(name) for name in MADE]
    fresh.env.run("ruff", "format", "--check", "--no-cache", *made)


CONTRACT = """
import json
from alliancekit.testing import check_plugin
reports = [check_plugin(name) for name in NAMES]
print(json.dumps({one.plugin: one.rung if one.rung == "gold" else str(one) for one in reports}))
"""


def test_every_one_reaches_gold(fresh: Fresh) -> None:
    printed = fresh.env.run("python", "-c", CONTRACT.replace("NAMES", repr(list(commands()))))
    found = json.loads(printed.splitlines()[-1])
    assert found == dict.fromkeys(commands(), "gold")
