"""The contract that every plugin is held to: `check_plugin` runs it and says what is missing."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks
from alliancekit.isolation import ANYTHING
from alliancekit.plugins import verify
from alliancekit.plugins.loader import explain
from alliancekit.plugins.settings import build
from alliancekit.testing import check_code, check_import, check_texts, settings_table
from alliancekit.testing.alliance import name_of
from alliancekit.testing.check_hooks import Runner
from alliancekit.testing.fake_rows import fake_data
from alliancekit.testing.report import CHECKS, RUNGS, Finding, Report, Rung, Setting
from alliancekit.testing.targets import Target, imported, targets_of

__all__ = [
    "CHECKS",
    "RUNGS",
    "Finding",
    "Report",
    "Rung",
    "Setting",
    "check_plugin",
    "check_plugins",
    "settings_tables",
]

AFTER_IMPORT: Final = tuple(
    check
    for checks in CHECKS.values()
    for check in checks
    if check not in ("import", "network", "import-time")
)
"""What cannot be checked of a module that cannot be imported."""

WHEN_RUNNING: Final = ("answers", "sparse", "loop", "adapters", "needs", "newer", "spare", "translated")
"""What cannot be checked of a plugin that does not start."""

IN_A_PROCESS: Final = ("import", "network", "import-time")
"""What cannot be checked of a class that was made without a file."""


def check_plugin(
    plugin: type[AllianceHooks] | str | Path, *, settings: Mapping[str, Any] | None = None
) -> Report:
    """Run the contract on one plugin.

    Args:
        plugin: a class, the name of an installed plugin, or a path as `alliancekit plugins check` takes it.
        settings: for a plugin that does not start with its defaults.

    Returns: what was found; `report.rung` is the highest rung reached.

    Raises:
        PluginError: there is no such plugin, or there are several: `check_plugins` takes those.
    """
    if isinstance(plugin, type):
        return _check_class(name_of(plugin), plugin, settings)
    reports = _check_targets(plugin, lambda name: settings)
    if len(reports) > 1:
        names = ", ".join(report.plugin for report in reports)
        raise PluginError(f"There are several plugins: {names}.", fix="Check them with check_plugins.")
    return reports[0]


def check_plugins(
    name_or_path: str | Path, *, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Report]:
    """Run the contract on every plugin behind a name or a path; `settings` are tables by plugin."""
    return _check_targets(name_or_path, (settings or {}).get)


def settings_tables(name_or_path: str | Path) -> dict[str, tuple[Setting, ...]]:
    """What a site may set for every plugin behind a name or a path, by plugin; imports it."""
    tables: dict[str, tuple[Setting, ...]] = {}
    for target in targets_of(name_or_path):
        with imported(target) as plugins:
            tables |= {name: settings_table.settings_of(plugin) for name, plugin in plugins}
    return tables


def _check_targets(
    name_or_path: str | Path, settings: Callable[[str], Mapping[str, Any] | None]
) -> list[Report]:
    reports: list[Report] = []
    for target in targets_of(name_or_path):
        found = list(check_import.import_problems(target))
        if any(finding.check in ("import", "network") for finding in found):
            name = target.name or target.module
            unchecked = tuple(one for one in AFTER_IMPORT if one not in {finding.check for finding in found})
            reports.append(_report(name, target.module, found, unchecked=unchecked))
            continue
        with imported(target) as plugins:
            reports += [_check(name, plugin, settings(name), found) for name, plugin in plugins]
    return reports


def _check_class(name: str, plugin: type[AllianceHooks], settings: Mapping[str, Any] | None) -> Report:
    module = sys.modules.get(plugin.__module__)
    file = getattr(module, "__file__", None)
    if file is None:
        return _check(name, plugin, settings, [], unchecked=IN_A_PROCESS)
    alone = "." not in plugin.__module__ and Path(file).name != "__init__.py"
    target = Target(plugin.__module__, file=Path(file) if alone else None)
    return _check(name, plugin, settings, list(check_import.import_problems(target)))


def _check(
    name: str,
    plugin: type[AllianceHooks],
    settings: Mapping[str, Any] | None,
    found: list[Finding],
    *,
    unchecked: tuple[str, ...] = (),
) -> Report:
    found = [*found, *check_code.contract_problems(plugin), *settings_table.settings_problems(plugin)]
    found += check_texts.documentation_problems(plugin)
    files = check_code.files_of(plugin)
    found += check_code.log_problems(files)
    if any(finding.check == "contract" for finding in found):
        unchecked += ("start", *WHEN_RUNNING)
    else:
        ran = list(_run(name, plugin, settings, files))
        found += ran
        if any(finding.check == "start" for finding in ran):
            unchecked += WHEN_RUNNING
    return _report(name, plugin.__module__, found, unchecked=unchecked, plugin=plugin)


def _run(
    name: str, plugin: type[AllianceHooks], settings: Mapping[str, Any] | None, files: list[Path]
) -> Iterator[Finding]:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            instance = build(name, plugin, settings, lambda: fake_data(name, plugin.data_version))
            runner = Runner(name, instance, files)
    except ANYTHING as error:
        why = explain(error)
        yield Finding("start", f"it does not start: {why.reason}", why.fix)
        return
    if printed.getvalue().strip():
        yield Finding("quiet", "it prints while it starts.", "Use the logging module.")
    yield from runner.run()
    yield from check_texts.translation_problems(instance, runner.alliance.instruments)


def _report(
    name: str,
    module: str,
    found: list[Finding],
    *,
    unchecked: tuple[str, ...] = (),
    plugin: type[AllianceHooks] | None = None,
) -> Report:
    order = [check for rung in RUNGS for check in CHECKS[rung]]
    return Report(
        plugin=name,
        module=module,
        hooks=verify.implemented(plugin) if plugin is not None else (),
        findings=tuple(sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.check))),
        unchecked=unchecked,
        settings=settings_table.settings_of(plugin) if plugin is not None else (),
    )
