"""A host with only the plugins that a test passes, isolated as in the service, with failures one can read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from alliancekit.adapters import Adapter, Route
from alliancekit.dispatch import Outcome
from alliancekit.errors import PluginError
from alliancekit.events import Event, Style
from alliancekit.hooks import Hooks
from alliancekit.hookspecs import HOOKS, AllianceHooks
from alliancekit.instruments.catalogue import Instruments
from alliancekit.isolation import where
from alliancekit.plugins import LoadReport, PluginHost, PluginsConfig
from alliancekit.plugins.config import did_you_mean
from alliancekit.testing.fake_rows import FakeRows

Plugin = AllianceHooks | type[AllianceHooks] | tuple[type[AllianceHooks], Mapping[str, Any]]
"""A plugin to load: an instance, a class built with its default settings, or a class with its settings."""


class HookFailedError(AssertionError):
    """A plugin failed where a test wanted its answer; the plugin's own exception is the cause.

    Attributes:
        outcome: how the call ended, as the host saw it.
    """

    def __init__(self, outcome: Outcome[Any], cause: BaseException | None = None) -> None:
        self.outcome = outcome
        text = f"{outcome.plugin}.{outcome.hook} ended with {outcome.status}: {outcome.error}"
        if cause is not None:
            text += f", raised at {where(cause.__traceback__)}"
        super().__init__(text)


class Alliance:
    """The plugins of one test: nothing installed is looked for, nothing is shared with another test.

    What they keep is in memory, in `rows`; `raised` holds each hook's last exception by (plugin, hook), for
    tests only: its text may quote a client, so a service forgets it at once.

    Args:
        plugins: in the order in which they are asked.
        **named: plugins under a name of the test's choice; the others are named after their class.
        limits: as in the configuration (`{"call": 1.0}`).

    Raises:
        PluginError: a plugin does not load; says why and what to do.
    """

    def __init__(self, *plugins: Plugin, limits: Mapping[str, Any] | None = None, **named: Plugin) -> None:
        every = [(name_of(plugin), plugin) for plugin in plugins] + list(named.items())
        tables = {name: dict(plugin[1]) for name, plugin in every if isinstance(plugin, tuple)}
        extra = [(name, plugin[0] if isinstance(plugin, tuple) else plugin) for name, plugin in every]
        config = PluginsConfig.model_validate({"settings": tables, "limits": dict(limits or {})})
        self.rows = FakeRows()
        self.raised: dict[tuple[str, str], BaseException] = {}
        self.host = PluginHost(config, extra=extra, discover=False, new_rows=self.rows, on_error=self._keep)
        for entry in self.host.load().entries:
            if not entry.running:
                raise PluginError(f"The plugin {entry.name!r} does not run: {entry.reason}", fix=entry.fix)

    @property
    def report(self) -> LoadReport:
        """How every plugin is doing."""
        return self.host.report

    @property
    def hooks(self) -> Hooks:
        """The typed calls; they never raise."""
        return self.host.hooks

    @property
    def instruments(self) -> Instruments:
        """What the plugins brought to ask."""
        return self.host.instruments

    @property
    def styles(self) -> MappingProxyType[str, Style]:
        """The styles the plugins brought, by name."""
        return self.host.styles

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The connections to platforms the plugins brought, not started."""
        return self.host.adapters

    @property
    def routes(self) -> tuple[tuple[str, Route], ...]:
        """The HTTP routes the plugins brought, as (plugin, route)."""
        return self.host.routes

    async def outcomes(self, hook: str, event: Event) -> list[Outcome[Any]]:
        """How every plugin that was reached ended; never raises because of one.

        Raises:
            LookupError: there is no such event hook.
        """
        if hook not in HOOKS or HOOKS[hook].kind == "register":
            raise LookupError(f"There is no event hook {hook!r}. {did_you_mean(hook, HOOKS)}".strip())
        before = {one.name: one.calls + one.skipped for one in self.report.entries}
        found = await getattr(self.hooks, hook)(event)
        if HOOKS[hook].kind != "first":
            return list(found)
        # The host names only who answered; the record also knows who failed or had nothing to say before.
        reached = [one for one in self.report.entries if one.calls + one.skipped != before[one.name]]
        return [
            found
            if found is not None and one.name == found.plugin
            else Outcome(
                one.name,
                hook,
                one.last[-1].status,
                one.last[-1].milliseconds / 1000,
                None,
                one.last[-1].error,
            )
            for one in reached
        ]

    async def call(self, hook: str, event: Event) -> Any:
        """What the plugins answer: a flat list (collect), one value or None (first), None (notify).

        Raises:
            HookFailedError: a plugin failed or was too slow; its own exception is the cause.
            LookupError: there is no such event hook.
        """
        outcomes = await self.outcomes(hook, event)
        for one in outcomes:
            if one.status != "ok":
                cause = self.raised.get((one.plugin, hook)) if one.status == "error" else None
                raise HookFailedError(one, cause) from cause
        kind = HOOKS[hook].kind
        if kind == "collect":
            return [value for one in outcomes for value in one.value or ()]
        return (
            next((one.value for one in outcomes if one.value is not None), None) if kind == "first" else None
        )

    def _keep(self, plugin: str, doing: str, error: BaseException) -> None:
        self.raised[plugin, doing] = error

    async def close(self) -> None:
        """End plugin tasks that ignored their time limit."""
        await self.host.close()


def name_of(plugin: Plugin) -> str:
    """The name a plugin gets in a test: its class's name in snake case."""
    kind = plugin[0] if isinstance(plugin, tuple) else plugin
    name = (kind if isinstance(kind, type) else type(kind)).__name__
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
