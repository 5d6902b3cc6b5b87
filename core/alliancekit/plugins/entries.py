"""One name on its way from the configuration to the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from alliancekit.health import PluginHealth
from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins import verify
from alliancekit.plugins.data import KeptData, Rows
from alliancekit.plugins.find import Found
from alliancekit.plugins.loader import Given, Why, trouble
from alliancekit.plugins.report import LoadStatus, PluginEntry


@dataclass(slots=True)
class Loading:
    """A plugin and what became of it so far."""

    name: str
    health: PluginHealth
    given: Given | None = None
    hooks: AllianceHooks | None = None
    why: Why | None = None
    off: bool = False
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    data: KeptData | None = None

    def keep(self, kind: type[AllianceHooks], rows: Rows | None) -> KeptData:
        """The plugin's handle on its rows."""
        self.data = KeptData(self.name, kind.data_version)
        if rows is not None:
            self.data.open(rows)
        return self.data


def entry_of(plugin: Loading, found: Mapping[str, Sequence[Found]], *, named: bool) -> PluginEntry:
    """How a plugin is doing now; one that nobody `named` and whose extra is missing has not failed."""
    health = plugin.health
    why = plugin.why or trouble(health)
    status: LoadStatus = "loaded"
    if plugin.hooks is None:
        absent = why.extra and not named
        status = "disabled" if plugin.off else "not installed" if absent else "failed"
    elif health.resting:
        status = "quarantined"
    elif health.blocked_lately:
        status = "blocked"
    entry = PluginEntry(
        name=plugin.name,
        status=status,
        reason=why.reason,
        fix=why.fix,
        required=health.required,
        hooks=verify.implemented(type(plugin.hooks)) if plugin.hooks is not None else (),
        warnings=tuple(plugin.warnings),
        load_ms=round(plugin.seconds * 1000, 3),
        calls=health.calls,
        failures=health.failures,
        timeouts=health.timeouts,
        skipped=health.skipped,
        blocked=health.blocked,
        last=health.last,
    )
    if plugin.given is not None:
        kind = plugin.given if isinstance(plugin.given, type) else type(plugin.given)
        return replace(entry, group="code", module=kind.__module__)
    return _described(entry, found)


def not_enabled(name: str, found: Mapping[str, Sequence[Found]]) -> PluginEntry:
    """An installed plugin that the configuration does not name."""
    entry = PluginEntry(
        name=name,
        status="disabled",
        reason="installed, but not enabled.",
        fix=f"Add {name!r} to plugins.also to run it.",
    )
    return _described(entry, found)


def _described(entry: PluginEntry, found: Mapping[str, Sequence[Found]]) -> PluginEntry:
    for offer in found.get(entry.name, ())[:1]:
        return replace(
            entry,
            group=offer.group,
            version=offer.version,
            distribution=offer.distribution,
            module=offer.module,
        )
    return entry
