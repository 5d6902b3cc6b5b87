"""The shape of the tree: layers, public names, packaging, docstrings, words that must not appear."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "alliancekit"
PUBLIC = {
    "events",
    "hookspecs",
    "instruments",
    "scoring",
    "adapters",
    "client",
    "signatures",
    "fields",
    "hearing",
    "channels",
    "data",
    "exports",
    "languages",
    "pages",
    "panels",
    "rest",
    "sessions",
    "errors",
    "styles",
    "testing",
    "voice",
}
GROUPS = ("plugins", "adapters")
LONGEST_FILE = 400
LONGEST_TEST = 500
"""Lines; a longer file is split by subject."""
OWN_LIMITS = {"core/alliancekit/hookspecs.py": 850}
"""All hooks stand in one place by design; most of its lines are the examples that `HOOKS.md` shows."""

BANNED = re.compile(
    r"\b(TODO|FIXME|XXX|HACK|HIPAA[- ]compliant|GDPR[- ]compliant|blacklist|whitelist)\b"
    r"|except Exception:\s*pass|pytest\.mark\.(skip|xfail)|pytest\.skip\("
)
EXTRAS = {"aiortc", "av", "webrtcvad", "psycopg", "fastapi", "uvicorn", "sqlalchemy", "alembic", "typer"}


GENERATED = {".venv", ".git", "__pycache__", "node_modules", "output", "build", "dist"}


def files(top: Path = ROOT) -> Iterator[Path]:
    """Every file below a folder except what is generated."""
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name not in GENERATED]
        yield from (Path(folder, name) for name in names)


def sources(*tops: str) -> list[Path]:
    return sorted(path for top in tops for path in files(ROOT / top) if path.suffix == ".py")


def packages(group: str) -> set[str]:
    """The directories of a group that hold a package."""
    folder = ROOT / group
    return {path.parent.name for path in folder.glob("*/__init__.py")} if folder.is_dir() else set()


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


CODE = sources("core", *GROUPS)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_layers() -> None:
    """In a process of its own: the linter's command switches off every logger that exists."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a file imports; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_plugins_and_adapters_use_public_names_only() -> None:
    public = PUBLIC | set(import_module("alliancekit").__all__)
    wrong: list[tuple[str, str]] = []
    for path in sources(*GROUPS):
        own = path.relative_to(ROOT).parts[1]
        for name in imported(path):
            first, _, rest = name.partition(".")
            hidden = first == "alliancekit" and rest.split(".")[0] not in public
            if hidden or (first.startswith("alliancekit_") and first != own):
                wrong.append((name_of(path), name))
    assert wrong == []


ADAPTER_EDGES = {("core/alliancekit/demo/peers.py", "alliancekit_webrtc.loopback.loopback_only")}
"""The scripted peers of the demo gather ICE candidates by the adapter's own rule."""


def test_the_host_knows_no_plugin_or_adapter() -> None:
    edges = {
        (name_of(path), name)
        for path in sources("core")
        for name in imported(path)
        if name.startswith("alliancekit_")
    }
    assert edges == ADAPTER_EDGES


def modules() -> set[str]:
    """The top-level modules and sub-packages of alliancekit."""
    return {path.relative_to(CORE).parts[0].removesuffix(".py") for path in sources("core/alliancekit")}


def test_the_map_names_every_module_and_nothing_else() -> None:
    shown = import_module("alliancekit").__doc__ or ""
    assert sorted(re.findall(r"^([a-z_]+) {2,}\S", shown, re.MULTILINE)) == sorted(modules() - {"__init__"})


PUBLIC_MODULES = ["alliancekit", *(f"alliancekit.{name}" for name in sorted(PUBLIC & modules()))]


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_exported_names_exist(name: str) -> None:
    module = import_module(name)
    exported = getattr(module, "__all__", [])
    assert [each for each in exported if not hasattr(module, each)] == []
    assert len(set(exported)) == len(exported)


def test_importing_the_package_is_light() -> None:
    script = "import sys, alliancekit, alliancekit.hookspecs; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert EXTRAS & set(loaded.split()) == set()


def test_no_second_copy_of_a_module_is_loaded() -> None:
    prefixes = ("plugins.", "adapters.", "core.")
    assert [name for name in sys.modules if name.startswith(prefixes)] == []


def test_source_roots_are_no_packages() -> None:
    assert [top for top in ("core", *GROUPS) if (ROOT / top / "__init__.py").exists()] == []


def test_every_folder_with_modules_is_a_package() -> None:
    """Without `__init__.py` the import graph does not see the folder and the layers do not hold for it."""
    folders = {path.parent for path in sources("core/alliancekit") if "migrations" not in path.parts}
    assert [name_of(each) for each in sorted(folders) if not (each / "__init__.py").exists()] == []


@pytest.mark.parametrize("group", GROUPS)
def test_every_package_is_an_entry_point_and_the_other_way_round(group: str) -> None:
    entries = PROJECT["entry-points"][f"alliancekit.{group}"]
    assert packages(group) == {target.partition(":")[0] for target in entries.values()}
    for name, target in entries.items():
        module, _, attribute = target.partition(":")
        assert module == f"alliancekit_{name}"
        assert hasattr(import_module(module), attribute)


def test_the_wheel_holds_every_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    held = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    missing = {name_of(path).partition("/")[2] for path in CODE} - held
    assert missing == set()
    tops = {name.partition("/")[0] for name in held if ".dist-info/" not in name}
    assert tops == {"alliancekit"}.union(*(packages(group) for group in GROUPS))


def test_every_module_says_what_it_is() -> None:
    silent = [path for path in CODE if not ast.get_docstring(ast.parse(path.read_text()))]
    assert [name_of(path) for path in silent] == []


def test_files_are_short_enough() -> None:
    limits = [(CODE, LONGEST_FILE), (sources("tests", "examples"), LONGEST_TEST)]
    lengths = [(path, path.read_text().count("\n"), limit) for paths, limit in limits for path in paths]
    too_long = [
        (name_of(path), lines)
        for path, lines, limit in lengths
        if lines > OWN_LIMITS.get(name_of(path), limit)
    ]
    assert too_long == []


def test_no_banned_words() -> None:
    others = [path for path in [*CODE, *sources("tests", "examples")] if path != Path(__file__)]
    found = [(name_of(path), match.group()) for path in others for match in BANNED.finditer(path.read_text())]
    assert found == []


def test_nothing_swallows_a_cancellation() -> None:
    """In Python 3.11 `asyncio.wait_for` does when the awaited thing is just done: use `asyncio.timeout`."""
    assert [name_of(path) for path in CODE if "wait_for(" in path.read_text()] == []


LOCKS = re.compile(r".*[.-]lock(\.json|\.yaml|b)?|npm-shrinkwrap\.json|requirements.*\.txt")


def test_no_lock_file_names_a_registry() -> None:
    """What is installed comes from the registry that the machine is set up for."""
    locks = [path for path in files() if LOCKS.fullmatch(path.name)]
    assert [name_of(path) for path in locks if "://" in path.read_text(errors="replace")] == []
