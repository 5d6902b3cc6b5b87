"""The plugin host: one object an application, no state in any module."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter
from types import MappingProxyType
from typing import Any

import pluggy

from alliancekit.adapters import Adapter, Route
from alliancekit.channels import Channel
from alliancekit.dispatch import Dispatcher, Impl
from alliancekit.errors import ConfigError, PluginError, StoreError
from alliancekit.events import DataNeed, RuleInfo, Style
from alliancekit.exports import Exporter
from alliancekit.health import PluginHealth
from alliancekit.hooks import Hooks
from alliancekit.hookspecs import HOOKS, PROJECT, AllianceHooks
from alliancekit.instruments.catalogue import Instruments
from alliancekit.isolation import ANYTHING, ErrorReport
from alliancekit.languages import Language
from alliancekit.pages import Page
from alliancekit.plugins import adapter_calls, verify
from alliancekit.plugins.config import DEFAULT_PLUGINS, PluginsConfig, did_you_mean
from alliancekit.plugins.data import Rows, migrate
from alliancekit.plugins.entries import Loading, entry_of, not_enabled
from alliancekit.plugins.find import Found, find
from alliancekit.plugins.loader import Given, Why, explain, load
from alliancekit.plugins.registry import Registry
from alliancekit.plugins.report import LoadReport

log = logging.getLogger("alliancekit.plugins")


class PluginHost:
    """Finds, loads and verifies the plugins of one application and lets the host call them.

    Args:
        config: which plugins, in which order, with which limits and settings.
        extra: plugins beside the installed ones, as (name, instance or class). One whose name is
            enabled takes that place in the order, instead of an installed one; others come last.
        discover: whether installed plugins are looked for; False loads `extra` only.
        no_plugins: load nothing at all, not even `extra` or what is required.
        on_error: told of every exception of a plugin; for development only.
        new_rows: where plugins keep their rows, when there are none yet that `open_data` would migrate.
    """

    def __init__(
        self,
        config: PluginsConfig | None = None,
        *,
        extra: Sequence[tuple[str, Given]] = (),
        discover: bool = True,
        no_plugins: bool = False,
        on_error: ErrorReport | None = None,
        new_rows: Rows | None = None,
    ) -> None:
        self._new_rows = new_rows
        self._on_error = on_error
        self._config = config or PluginsConfig()
        self._extra = dict(extra)
        if len(self._extra) != len(extra):
            raise PluginError("Two plugins passed in code have the same name.", fix="Rename one of them.")
        self._discover = discover
        self._no_plugins = no_plugins
        self._found: dict[str, tuple[Found, ...]] = {}
        self._plugins: dict[str, Loading] = {}
        self._registry = Registry()
        self._hooks: Hooks | None = None

    def load(self) -> LoadReport:
        """Load everything; a plugin that fails is left out with a reason, unless it is required.

        Raises:
            ConfigError: the configuration names a plugin that does not exist, in a place where that matters.
            PluginError: a required plugin failed, this module tree is imported twice, or this host is loaded.
        """
        if self._hooks is not None:
            raise PluginError(
                "This plugin host is already loaded.", fix="Make one host for each application."
            )
        self._found = find() if self._discover else {}
        self._plugins = {name: self._wanted(name) for name in self._order()}
        self._check_names()
        for plugin in self._plugins.values():
            if not plugin.off:
                self._load(plugin)
        if copy := verify.second_copy():
            raise PluginError(
                f"The module {copy} is a second copy of {copy.partition('.')[2]}, so hooks would run twice.",
                fix="Import it by its own name and keep the repository's root off the import path.",
            )
        self._hooks = self._build(self._register())
        report = self.report
        for entry in report.entries:
            if entry.status == "failed":
                log.warning("plugin %s does not run: %s %s", entry.name, entry.reason, entry.fix)
                if entry.required and not self._no_plugins:
                    raise PluginError(
                        f"The required plugin {entry.name!r} failed: {entry.reason}", fix=entry.fix
                    )
        log.info("%d plugins run", sum(entry.running for entry in report.entries))
        return report

    async def open_data(self, rows: Rows) -> None:
        """Let plugins at their rows, each once these are of its version; one whose migration fails is off.

        Raises:
            PluginError: a required plugin's migration failed.
            StoreError: the database does not answer.
        """
        for plugin in self._plugins.values():
            if plugin.hooks is None or plugin.data is None:
                continue
            try:
                await migrate(plugin.name, plugin.hooks, rows)
            except StoreError:
                raise
            except ANYTHING as error:
                self.turn_off(plugin.name, explain(error))
            else:
                plugin.data.open(rows)

    def turn_off(self, name: str, why: Why) -> None:
        """Let go of a plugin that was loaded; its instruments and styles stay, sessions refer to them.

        Raises:
            PluginError: the plugin is required.
        """
        plugin = self._plugins[name]
        plugin.hooks, plugin.why = None, why
        self.hooks.forget(name)
        self._registry.forget(name)
        log.warning("plugin %s does not run: %s %s", name, why.reason, why.fix)
        if plugin.health.required:
            raise PluginError(f"The required plugin {name!r} failed: {why.reason}", fix=why.fix)

    def runs(self, name: str) -> bool:
        """Whether a plugin is loaded and has not been turned off since."""
        return name in self._plugins and self._plugins[name].hooks is not None

    async def close(self) -> None:
        """End the plugin tasks that are still running although their calls are over."""
        await self.hooks.close()

    @property
    def hooks(self) -> Hooks:
        """What the host may ask the plugins.

        Raises:
            PluginError: before `load`.
        """
        if self._hooks is None:
            raise PluginError("The plugin host is not loaded yet.", fix="Call load() first.")
        return self._hooks

    @property
    def instruments(self) -> Instruments:
        """What can be asked."""
        return self._registry.instruments

    @property
    def styles(self) -> MappingProxyType[str, Style]:
        """Style by name."""
        return MappingProxyType(self._registry.styles)

    @property
    def rules(self) -> tuple[RuleInfo, ...]:
        """The rules that the plugins say they follow, in configured order."""
        return tuple(self._registry.rules.values())

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The connections to video platforms, in configured order."""
        return tuple(adapter for _, adapter in self._registry.adapters.values())

    def adapters_of(self, name: str) -> tuple[Adapter, ...]:
        """The connections that one plugin brought."""
        return tuple(adapter for owner, adapter in self._registry.adapters.values() if owner == name)

    @property
    def routes(self) -> tuple[tuple[str, Route], ...]:
        """Each plugin's HTTP routes, as (plugin, route)."""
        return tuple((plugin, route) for (plugin, _, _), route in self._registry.routes.items())

    @property
    def exporters(self) -> Mapping[str, tuple[str, Exporter]]:
        """Export format → (plugin, exporter)."""
        return MappingProxyType(self._registry.exporters)

    @property
    def channels(self) -> Mapping[str, tuple[str, Channel]]:
        """Delivery channel → (plugin, channel)."""
        return MappingProxyType(self._registry.channels)

    @property
    def rule_owners(self) -> Mapping[str, str]:
        """Rule → the plugin that follows it."""
        return self._registry.owners("rule")

    @property
    def pages(self) -> Mapping[tuple[str, str], Page]:
        """(plugin, path) → page, in configured order."""
        return MappingProxyType(self._registry.pages)

    @property
    def languages(self) -> tuple[Language, ...]:
        """What plugins bring beside AllianceKit's own languages."""
        return tuple(self._registry.languages.values())

    def needs(self, name: str) -> frozenset[DataNeed]:
        """What a plugin that runs declares to need."""
        hooks = self._plugins[name].hooks
        return frozenset() if hooks is None else frozenset(hooks.needs)

    @property
    def report(self) -> LoadReport:
        """How every plugin is doing now."""
        configured = [
            entry_of(plugin, self._found, named=self._config.names(plugin.name))
            for plugin in self._plugins.values()
        ]
        names = sorted(self._found.keys() - self._plugins.keys())
        others = [not_enabled(name, self._found) for name in names]
        return LoadReport((*configured, *others))

    # steps of load -------------------------------------------------------------------------------------

    def _order(self) -> list[str]:
        enabled = [name for name in self._config.order if self._discover or name in self._extra]
        return list(dict.fromkeys([*enabled, *self._extra]))

    def _wanted(self, name: str) -> Loading:
        limits = self._config.limits
        required = name in self._config.required
        health = PluginHealth(name, required=required, patience=limits.patience, cooling=limits.cooling)
        plugin = Loading(name, health, given=self._extra.get(name))
        if self._no_plugins:
            plugin.off, plugin.why = True, Why("started without plugins.", "Start without --no-plugins.")
        elif name in self._config.disabled:
            plugin.off = True
            plugin.why = Why("the configuration disables it.", "Change plugins.disabled.")
        return plugin

    def _check_names(self) -> None:
        config = self._config
        known = {*DEFAULT_PLUGINS, *config.order, *self._extra, *self._found}
        places: dict[str, Iterable[str]] = {
            "plugins.settings": config.settings,
            "plugins.limits.plugins": config.limits.plugins,
            "plugins.disabled": config.disabled,
        }
        for place, names in places.items():
            for name in names:
                if name not in known:
                    raise ConfigError(
                        f"{place} names {name!r}, and no plugin has that name; it has no effect.",
                        fix=did_you_mean(name, known) or "Correct or remove it.",
                    )
        for name in () if self._no_plugins else config.required:
            if name not in self._plugins or name in config.disabled:
                raise ConfigError(
                    f"plugins.required names {name!r}, which is not enabled: the application cannot start.",
                    fix=did_you_mean(name, self._plugins) or f"Add {name!r} to plugins.also.",
                )

    def _load(self, plugin: Loading) -> None:
        begin = perf_counter()
        try:
            table = self._config.settings.get(plugin.name)
            plugin.hooks = load(
                plugin.name, plugin.given, self._found, table, partial(plugin.keep, rows=self._new_rows)
            )
            plugin.warnings = verify.warnings(type(plugin.hooks))
            for warning in plugin.warnings:
                log.warning("plugin %s: %s", plugin.name, warning)
        except ANYTHING as error:
            self._tell(plugin.name, "load", error)
            plugin.hooks, plugin.why = None, explain(error)
        plugin.seconds = perf_counter() - begin

    def _register(self) -> pluggy.PluginManager:
        """Register in reverse, for pluggy calls the last registered first; then take the contributions."""
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(AllianceHooks)
        for plugin in reversed(self._plugins.values()):
            if plugin.hooks is not None:
                try:
                    manager.register(plugin.hooks, plugin.name)
                except (pluggy.PluginValidationError, ValueError) as error:
                    self._drop(manager, plugin, PluginError(f"pluggy refuses it ({type(error).__name__})."))
        # A language is compared with the instruments of all plugins.
        for plugin in sorted(self._plugins.values(), key=_brings_a_language):
            if plugin.hooks is not None:
                begin = perf_counter()
                try:
                    plugin.warnings += self._registry.take(plugin.name, plugin.hooks)
                except ANYTHING as error:
                    self._tell(plugin.name, "register", error)
                    self._drop(manager, plugin, error)
                plugin.seconds += perf_counter() - begin
        return manager

    def _tell(self, plugin: str, doing: str, error: BaseException) -> None:
        if self._on_error is not None:
            self._on_error(plugin, doing, error)

    @staticmethod
    def _drop(manager: pluggy.PluginManager, plugin: Loading, error: BaseException) -> None:
        # pluggy 1.6 leaves a plugin half registered when it refuses it.
        if manager.has_plugin(plugin.name):
            manager.unregister(name=plugin.name)
        plugin.hooks, plugin.why = None, explain(error)

    def _build(self, manager: pluggy.PluginManager) -> Hooks:
        table: dict[str, list[Impl]] = {}
        for hook, info in HOOKS.items():
            if info.kind == "register":
                continue
            caller: pluggy.HookCaller = getattr(manager.hook, hook)
            table[hook] = [
                self._impl(one.plugin_name, hook, one.function, self._config.limits.of(one.plugin_name, hook))
                for one in reversed(caller.get_hookimpls())
            ]
        table |= adapter_calls.table(self._registry.adapters.values(), self._impl)
        return Hooks(Dispatcher(table, call_limit=self._config.limits.call), modules=self._modules())

    def _impl(self, name: str, hook: str, function: Callable[[Any], Any], limit: float) -> Impl:
        plugin = self._plugins[name]
        needs = frozenset(plugin.hooks.needs) if plugin.hooks is not None else frozenset()
        return Impl(name, hook, function, limit, needs, plugin.health, self._on_error)

    def _modules(self) -> dict[str, str]:
        owners: dict[str, list[str]] = {}
        for plugin in self._plugins.values():
            if plugin.hooks is not None:
                root = type(plugin.hooks).__module__.partition(".")[0]
                owners.setdefault(root, []).append(plugin.name)
        return {root: names[0] for root, names in owners.items() if len(names) == 1 and root != PROJECT}


def _brings_a_language(plugin: Loading) -> bool:
    return plugin.hooks is not None and "register_languages" in verify.implemented(type(plugin.hooks))
