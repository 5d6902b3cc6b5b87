"""What was loaded, what was not, why, and what to do about it: for the CLI, JSON, `/readyz` and the log."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from alliancekit.health import PastOutcome

LoadStatus = Literal["loaded", "disabled", "not installed", "failed", "quarantined", "blocked"]
"""disabled: not wanted. not installed: runs by default, and the extra that it needs is not installed.
failed: wanted, and not running. quarantined, blocked: loaded, and in trouble now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginEntry:
    """One plugin. `reason` and `fix` are empty when all is well; times in milliseconds."""

    name: str
    status: LoadStatus
    group: str = ""
    reason: str = ""
    fix: str = ""
    version: str = ""
    distribution: str = ""
    module: str = ""
    required: bool = False
    hooks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    load_ms: float = 0.0
    calls: int = 0
    failures: int = 0
    timeouts: int = 0
    skipped: int = 0
    blocked: int = 0
    last: tuple[PastOutcome, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the plugin is loaded, in whatever state."""
        return self.status in ("loaded", "quarantined", "blocked")


@dataclass(frozen=True, slots=True)
class LoadReport:
    """Every plugin that is configured, installed or passed in code; the running ones in configured order."""

    entries: tuple[PluginEntry, ...] = ()

    def __getitem__(self, name: str) -> PluginEntry:
        """The entry of a plugin.

        Raises:
            KeyError: nobody configured or installed a plugin of this name.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise KeyError(name)

    @property
    def ready(self) -> bool:
        """Whether every required plugin runs without trouble."""
        return all(entry.status == "loaded" for entry in self.entries if entry.required)

    def to_json(self) -> dict[str, Any]:
        """As plain dictionaries and lists, fit for `json.dumps`."""
        return {"ready": self.ready, "plugins": [asdict(entry) for entry in self.entries]}
