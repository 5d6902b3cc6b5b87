"""The plugin in a file or folder that is not installed: for a developer who is writing one."""

from __future__ import annotations

import importlib
import inspect
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins.find import GROUPS

FOLDERS = ("", "src")
"""Where a distribution keeps its packages, below the folder of its pyproject.toml."""


def plugin_at(path: Path) -> tuple[str, type[AllianceHooks]]:
    """Import the plugin at a path.

    Args:
        path: a Python file, a package, or the folder of a distribution, whose `pyproject.toml` names the
            plugin in its entry points.

    Returns: the plugin's name (of its entry point, else of its module without `alliancekit_`) and its class.

    Raises:
        PluginError: there is no plugin, or there are several.
        BaseException: whatever the plugin's module raises when it is imported.
    """
    place = path.resolve()
    if not place.exists():
        raise PluginError(f"{path} does not exist.", fix="Name a Python file or the folder of a plugin.")
    if (place / "pyproject.toml").is_file():
        point, folder = _entry_point(place)
        _import(point.module, folder)
        plugin = point.load()
        if not (inspect.isclass(plugin) and issubclass(plugin, AllianceHooks)):
            raise PluginError(
                f"{point.value} is no subclass of AllianceHooks.", fix="Correct the entry point."
            )
        return point.name, plugin
    if place.suffix != ".py" and not (place / "__init__.py").is_file():
        raise PluginError(
            f"{path} is neither a Python file, nor a package, nor a distribution with a pyproject.toml.",
            fix="Name one of these.",
        )
    module = _import(place.stem, place.parent)
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, AllianceHooks) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(cls.__name__ for cls in found) or "none"
        raise PluginError(
            f"{path} must define exactly one subclass of AllianceHooks; found: {names}.",
            fix="Put each plugin in a module of its own.",
        )
    return module.__name__.removeprefix("alliancekit_"), found[0]


def _entry_point(folder: Path) -> tuple[EntryPoint, Path]:
    """The one plugin of a distribution, and the folder to import it from."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PluginError(
            f"{folder / 'pyproject.toml'} cannot be read ({type(error).__name__}).", fix="Correct the file."
        ) from None
    points = project.get("entry-points", {})
    offered = [
        EntryPoint(name, value, group) for group in GROUPS for name, value in points.get(group, {}).items()
    ]
    if len(offered) != 1:
        names = ", ".join(point.name for point in offered) or "none"
        raise PluginError(
            f"{folder} must offer exactly one plugin in its entry points; found: {names}.",
            fix=f'Name the file of the one you mean, or add [project.entry-points."{GROUPS[0]}"].',
        )
    root = offered[0].module.partition(".")[0]
    for name in FOLDERS:
        if (folder / name / root).is_dir() or (folder / name / f"{root}.py").is_file():
            return offered[0], folder / name
    raise PluginError(
        f"The module {root} is neither in {folder} nor in {folder / 'src'}.", fix="Correct the entry point."
    )


def _import(name: str, folder: Path) -> ModuleType:
    """Import a module from a folder that stays on the import path, for what it imports later."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    module = importlib.import_module(name)
    home = Path(module.__file__ or "").resolve()
    if not home.is_relative_to(folder):
        raise PluginError(
            f"The name {name} is taken: Python imports it from {home.parent}.",
            fix="Rename the module; alliancekit_<name> is free of other packages' names.",
        )
    return module
