"""Turn one name into a verified plugin instance, or into the reason why not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint
from typing import Any

from alliancekit.data import PluginData
from alliancekit.errors import AllianceKitError, ExtraMissingError, PluginError
from alliancekit.health import PluginHealth
from alliancekit.hookspecs import AllianceHooks
from alliancekit.isolation import ANYTHING, where
from alliancekit.plugins import verify
from alliancekit.plugins.config import did_you_mean
from alliancekit.plugins.find import Found, conflict, extra_with
from alliancekit.plugins.settings import build

Given = AllianceHooks | type[AllianceHooks]
"""A plugin passed in code: an instance, or a class that the host builds with its settings."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a plugin does not run, and what to do; `extra` when an extra of its distribution is missing."""

    reason: str
    fix: str = ""
    extra: bool = False


def load(
    name: str,
    given: Given | None,
    found: Mapping[str, Sequence[Found]],
    table: Mapping[str, Any] | None,
    data: Callable[[type[AllianceHooks]], PluginData],
) -> AllianceHooks:
    """Import, verify and build a plugin.

    Raises:
        PluginError: with the reason and the fix.
        BaseException: whatever the plugin's own code raises outside of its import.
    """
    if given is None:
        plugin = _imported(name, found)
    elif inspect.isclass(given):
        plugin = given
    else:
        plugin = type(given)
    if not issubclass(plugin, AllianceHooks):
        raise PluginError(
            f"{plugin.__name__} does not inherit AllianceHooks.", fix="Make it a subclass of AllianceHooks."
        )
    if problems := verify.problems(plugin):
        raise PluginError(f"it breaks the hook contract: {'; '.join(problems)}.")
    if given is None or inspect.isclass(given):
        return build(name, plugin, table, partial(data, plugin))
    if table:
        raise PluginError(
            "it was built in code, so its table in the configuration would have no effect.",
            fix=f"Remove [plugins.settings.{name}], or pass the class instead of an instance.",
        )
    return given


def explain(error: BaseException) -> Why:
    """The reason and the fix for whatever stopped a plugin; of foreign exceptions only type and place."""
    if isinstance(error, AllianceKitError):
        return Why(error.message, error.fix, isinstance(error, ExtraMissingError))
    return Why(
        f"its start raised {type(error).__name__} at {where(error.__traceback__)}.",
        "See the plugin's own manual.",
    )


def _imported(name: str, found: Mapping[str, Sequence[Found]]) -> type[Any]:
    offers = found.get(name, ())
    if not offers:
        raise PluginError(
            "no installed distribution offers a plugin of this name.",
            fix=did_you_mean(name, found) or f"Install it, or take {name!r} out of [plugins].",
        )
    if clash := conflict(name, found):
        raise PluginError(
            f"{clash}.", fix="Uninstall all but one of them (pip uninstall …), then reinstall that one."
        )
    plugin = _import(name, offers[0], offers[0].entry_point)
    if not inspect.isclass(plugin):
        raise PluginError(
            f"its entry point {offers[0].entry_point.value} is no class.",
            fix="Point it at a subclass of AllianceHooks.",
        )
    return plugin


def _import(name: str, offer: Found, point: EntryPoint) -> Any:
    check = f"python -c 'import {offer.module}' shows the whole error."
    try:
        return point.load()
    except PluginError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name or "a module"
        if offer.module == missing or offer.module.startswith(f"{missing}."):
            raise PluginError(
                f"its module {missing} is not installed.",
                fix=f"Reinstall it: pip install --force-reinstall {offer.distribution or missing}",
            ) from None
        package = missing.partition(".")[0]
        if extra := extra_with(package, name, point.dist):
            raise ExtraMissingError(f"needs {package}.", fix=f"pip install '{extra}'") from None
        raise PluginError(f"needs {package}.", fix=f"pip install {package.replace('_', '-')}") from None
    except ImportError as error:
        raise PluginError(f"its import failed: {error.msg}.", fix=check) from None
    except AttributeError:
        raise PluginError(
            f"its entry point {point.value} or something it imports does not exist.", fix=check
        ) from None
    except ANYTHING as error:
        raise PluginError(
            f"its import raised {type(error).__name__} at {where(error.__traceback__)}.", fix=check
        ) from None


def trouble(health: PluginHealth) -> Why:
    """Why a plugin that is loaded is in trouble now; an empty reason when it is not."""
    if health.resting:
        return Why(
            f"it failed {health.in_a_row} times in a row and is skipped for a while.",
            "Its last outcomes name the hook and the exception's type; the log has the place.",
        )
    if health.blocked_lately:
        return Why(
            "it held the event loop, and every call stood still meanwhile.",
            "Make it await, or move the slow work to a thread; the log has the place.",
        )
    return Why("")
