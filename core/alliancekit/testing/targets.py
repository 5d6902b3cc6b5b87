"""Find the plugin classes behind a name or a path."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins.config import did_you_mean
from alliancekit.plugins.find import GROUPS, conflict, find
from alliancekit.testing.alliance import name_of


@dataclass(frozen=True, slots=True)
class Target:
    """Where a plugin's code is.

    Attributes:
        module: the module that defines the class.
        path: where `module` has to be looked for beside the usual places; None for what is installed.
        file: to load by its path, for a single file outside of any package.
        name: under which it is registered, where that is known.
        attribute: the class's name in `module`; empty for every plugin class that is defined there.
    """

    module: str
    path: Path | None = None
    file: Path | None = None
    name: str = ""
    attribute: str = ""


def targets_of(name_or_path: str | Path) -> list[Target]:
    """The modules to check for an installed plugin's name, a file, a package folder or a project folder.

    Raises:
        PluginError: nothing of that name is installed, there is no such path, or no plugin is in it.
    """
    found = find()
    name = str(name_or_path)
    if name in found:
        if clash := conflict(name, found):
            raise PluginError(
                f"The plugin {name!r} cannot be checked: {clash}.", fix="Uninstall one of them."
            )
        point = found[name][0].entry_point
        return [Target(point.module, name=name, attribute=point.attr)]
    path = Path(name_or_path).resolve()
    if not path.exists():
        hint = did_you_mean(name, found) or f"Installed: {', '.join(sorted(found)) or 'none'}."
        raise PluginError(f"There is neither an installed plugin nor a path {name!r}.", fix=hint)
    if path.is_file():
        return [Target(path.stem, path=path.parent, file=path)]
    if (path / "__init__.py").exists():
        return [Target(path.name, path=path.parent)]
    if (path / "pyproject.toml").exists():
        return _project(path)
    raise PluginError(
        f"{path} holds neither __init__.py nor pyproject.toml.",
        fix="Name a plugin's file, its package folder or its project folder.",
    )


@contextlib.contextmanager
def one_plugin(name_or_path: str | Path) -> Iterator[tuple[str, type[AllianceHooks]]]:
    """The name and the class of the one plugin that is meant, as long as the block runs.

    Raises:
        PluginError: there is none, or there are several.
        Exception: whatever the import raises.
    """
    with contextlib.ExitStack() as stack:
        found = [one for target in targets_of(name_or_path) for one in stack.enter_context(imported(target))]
        if len(found) != 1:
            raise PluginError(
                f"{name_or_path} holds several plugins: {', '.join(name for name, _ in found)}.",
                fix="Name the file of the one you mean.",
            )
        yield found[0]


def _project(path: Path) -> list[Target]:
    project = tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    points = project.get("entry-points", {})
    targets = []
    for group in GROUPS:
        for name, value in points.get(group, {}).items():
            module, _, attribute = value.partition(":")
            root = module.partition(".")[0]
            places = [path / "src", path, path / "plugins", path / "adapters"]
            place = next((p for p in places if (p / root).is_dir() or (p / f"{root}.py").is_file()), None)
            if place is None:
                raise PluginError(
                    f"The entry point {name!r} names the module {module}, and {path} does not hold it.",
                    fix="Correct the entry point, or put the module into src/.",
                )
            targets.append(Target(module, path=place, name=name, attribute=attribute))
    if not targets:
        raise PluginError(
            f"The pyproject.toml in {path} offers no plugin.",
            fix=f'Add [project.entry-points."{GROUPS[0]}"].',
        )
    return targets


@contextlib.contextmanager
def imported(target: Target) -> Iterator[Sequence[tuple[str, type[AllianceHooks]]]]:
    """The target's plugins as (name, class); what was imported for it is forgotten with the block.

    Raises:
        PluginError: the module holds no plugin class.
        Exception: whatever the import raises.
    """
    path, before = list(sys.path), set(sys.modules)
    if target.path is not None:
        sys.path.insert(0, str(target.path))
    importlib.invalidate_caches()
    try:
        yield _classes(target, _module(target))
    finally:
        sys.path[:] = path
        if target.path is not None:
            for name in set(sys.modules) - before:
                file = getattr(sys.modules[name], "__file__", None)
                if file is not None and Path(file).is_relative_to(target.path):
                    del sys.modules[name]


def _module(target: Target) -> ModuleType:
    if target.file is None:
        return importlib.import_module(target.module)
    spec = importlib.util.spec_from_file_location(target.module, target.file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{target.file} is no Python module.", fix="Name a file that ends with .py.")
    module = sys.modules[target.module] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _classes(target: Target, module: ModuleType) -> list[tuple[str, type[AllianceHooks]]]:
    if target.attribute:
        found = getattr(module, target.attribute, None)
        if not (inspect.isclass(found) and issubclass(found, AllianceHooks)):
            raise PluginError(
                f"The entry point {target.module}:{target.attribute} is no plugin class.",
                fix="Point it at a subclass of AllianceHooks.",
            )
        return [(target.name, found)]
    root = target.module.partition(".")[0]
    shown = getattr(module, "__all__", None)
    classes = [
        value
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, AllianceHooks)
        and value.__module__.partition(".")[0] == root
        and (shown is None or name in shown)
        and not name.startswith("_")
    ]
    if not classes:
        raise PluginError(
            f"The module {target.module} holds no plugin.", fix="Inherit AllianceHooks and export the class."
        )
    return [(name_of(one), one) for one in dict.fromkeys(classes)]
