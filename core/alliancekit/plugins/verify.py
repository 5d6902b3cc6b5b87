"""Whether a plugin keeps the hook contract; pluggy alone accepts misspelt and wrongly coloured hooks."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Iterator
from typing import Any, Final, get_args

from alliancekit import deprecations
from alliancekit.events import DataNeed
from alliancekit.hookspecs import HOOK_API, HOOKS, PROJECT, AllianceHooks
from alliancekit.plugins.config import did_you_mean

MARK: Final = f"{PROJECT}_impl"
SPEC_MARK: Final = f"{PROJECT}_spec"
SECOND_COPIES: Final = ("plugins.", "adapters.", "core.")
REFUSED_OPTIONS: Final = ("wrapper", "hookwrapper", "tryfirst", "trylast", "optionalhook", "specname")


def problems(plugin: type[AllianceHooks]) -> list[str]:
    """What keeps a plugin class from being loaded, in plain sentences; empty when nothing does."""
    found = [*_class_problems(plugin)]
    for name in own_names(plugin):
        if not name.startswith("__"):
            found += _member_problems(plugin, name)
    return found


def warnings(plugin: type[AllianceHooks]) -> list[str]:
    """What an author should know: deprecated hooks, and methods that may be misspelt, unmarked hooks."""
    found = list(deprecations.of_hooks(implemented(plugin)))
    for name in own_names(plugin):
        member = getattr(plugin, name, None)
        if name.startswith("_") or name in HOOKS or not inspect.isfunction(member) or hasattr(member, MARK):
            continue
        if close := difflib.get_close_matches(name, HOOKS, n=1, cutoff=0.85):
            found.append(
                f"the method {name} is no hook; if {close[0]} is meant, rename and mark it @hookimpl"
            )
    return found


def implemented(plugin: type[AllianceHooks]) -> tuple[str, ...]:
    """The hooks that a plugin class implements, in the order of `HOOKS`."""
    return tuple(name for name in HOOKS if hasattr(getattr(plugin, name, None), MARK))


def second_copy() -> str:
    """A module of ours that was imported by its folder as well (`plugins.alliancekit_strain`), or empty."""
    prefixes = tuple(f"{folder}alliancekit" for folder in SECOND_COPIES)
    return next((name for name in sorted(sys.modules) if name.startswith(prefixes)), "")


def own_names(plugin: type[AllianceHooks]) -> list[str]:
    """The names a plugin class and its bases below `AllianceHooks` define, each once."""
    names: dict[str, None] = {}
    for cls in plugin.__mro__:
        if cls not in AllianceHooks.__mro__:
            names.update(dict.fromkeys(vars(cls)))
    return list(names)


def _class_problems(plugin: type[AllianceHooks]) -> Iterator[str]:
    if plugin.__module__.startswith(SECOND_COPIES):
        yield (
            f"its module is {plugin.__module__}, a copy: import {plugin.__module__.partition('.')[2]}, "
            "and do not put the repository's root on the import path"
        )
    api = plugin.hook_api
    if api != HOOK_API:
        side = "upgrade alliancekit" if isinstance(api, int) and api > HOOK_API else "upgrade the plugin"
        yield f"it is written for hook API {api!r}, this is {HOOK_API}: {side}"
    version: Any = plugin.data_version
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        yield "`data_version` must be a whole number from 1"
    needs: Any = plugin.needs
    if isinstance(needs, str) or not isinstance(needs, (set, frozenset, tuple, list)):
        yield "`needs` must be a frozenset of names"
    else:
        for need in needs:
            if need not in get_args(DataNeed):
                yield f"`needs` names {need!r}. {did_you_mean(str(need), get_args(DataNeed))}".strip()


def _member_problems(plugin: type[AllianceHooks], name: str) -> Iterator[str]:
    member = inspect.getattr_static(plugin, name)
    if isinstance(member, (staticmethod, classmethod)):
        member = member.__func__
    options = getattr(member, MARK, None)
    if hasattr(member, SPEC_MARK):
        yield f"{name} is marked as a hook specification; only the host defines hooks"
    elif options is None:
        if name in HOOKS:
            yield f"{name} has the name of a hook but is not marked @hookimpl, so it would never be called"
    elif name not in HOOKS:
        yield f"there is no hook {name}. {did_you_mean(name, HOOKS)}".strip()
    else:
        used = [option for option in REFUSED_OPTIONS if options.get(option)]
        if used:
            yield f"{name} uses {', '.join(used)}: not supported, order comes from the configuration"
        yield from _shape_problems(plugin, name)


def _shape_problems(plugin: type[AllianceHooks], name: str) -> Iterator[str]:
    function = inspect.getattr_static(plugin, name)
    if not inspect.isfunction(function):
        yield f"{name} must be a plain method"
        return
    register = HOOKS[name].kind == "register"
    if register and inspect.iscoroutinefunction(function):
        yield f"{name} must be a plain `def`: register hooks run before the event loop"
    if not register and not inspect.iscoroutinefunction(function):
        yield f"{name} must be `async def`"
    expected = [] if register else ["event"]
    parameters = list(inspect.signature(function).parameters.values())[1:]
    plain = all(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in parameters)
    if [p.name for p in parameters] != expected or not plain:
        wanted = "no argument" if register else "exactly one argument, `event`, without a default"
        yield f"{name} must take {wanted} beside self"
