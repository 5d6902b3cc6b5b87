"""What the configuration says about plugins: the table `[plugins]`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alliancekit.errors import ConfigError
from alliancekit.hookspecs import HOOKS

DEFAULT_PLUGINS: Final = (
    "directive",
    "nondirective",
    "facilitative",
    "supportive",
    "task_oriented",
    "strain",
    "talk_balance",
    "measures",
    "published",
    "export",
    "webrtc",
)
"""What runs when the configuration names nothing, in this order."""

Seconds = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`Did you mean 'strain'?`, or an empty text when nothing known comes close."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else ""


class Limits(BaseModel):
    """How long plugins may take, in seconds.

    Attributes:
        hooks: limit by hook, instead of the hook's own.
        plugins: limit by plugin, for all its hooks; wins over the hook's.
        call: limit of one whole call, all plugins together.
        block: how long a plugin may hold the event loop before the watchdog names it.
        patience: failures in a row before a plugin is skipped for a while.
        cooling: how long it is skipped.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hooks: dict[str, Seconds] = {}
    plugins: dict[str, Seconds] = {}
    call: Seconds = 5.0
    block: Seconds = 0.5
    patience: Annotated[int, Field(ge=1)] = 3
    cooling: Seconds = 60.0

    @model_validator(mode="after")
    def _fit(self) -> Self:
        for hook in self.hooks:
            if hook not in HOOKS or HOOKS[hook].kind == "register":
                raise ValueError(f"limits.hooks: no event hook {hook!r}. {did_you_mean(hook, HOOKS)}".strip())
        for name, seconds in (self.hooks | self.plugins).items():
            if seconds > self.call:
                raise ValueError(
                    f"the limit of {name!r} ({seconds:g} s) is above limits.call ({self.call:g} s)"
                )
        return self

    def of(self, plugin: str, hook: str) -> float:
        """The limit of one plugin's hook, in seconds."""
        return self.plugins.get(plugin) or self.hooks.get(hook) or HOOKS[hook].limit


class PluginsConfig(BaseModel):
    """Which plugins run, in which order, within which limits, with which settings.

    Attributes:
        enabled: names in the order in which they are asked.
        also: names beside `enabled`, asked before them: the last of those answers what nobody else plans.
        disabled: names that never run, also when `enabled` or code names them.
        required: names without which the application must not start; never quarantined.
        limits: see `Limits`.
        settings: a table for each plugin, validated by the plugin's own model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: list[str] = list(DEFAULT_PLUGINS)
    also: list[str] = []
    disabled: list[str] = []
    required: list[str] = []
    limits: Limits = Limits()
    settings: dict[str, dict[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _no_stray_tables(cls, table: Any) -> Any:
        if isinstance(table, dict):
            for key in table:
                if key not in cls.model_fields:
                    hint = did_you_mean(str(key), cls.model_fields)
                    raise ConfigError(
                        f"The configuration has the unknown entry {key!r} in [plugins]; it has no effect.",
                        fix=hint or f"Settings of a plugin belong in [plugins.settings.{key}].",
                    )
        return table

    @model_validator(mode="after")
    def _once(self) -> Self:
        twice = sorted({name for name in self.order if self.order.count(name) > 1})
        if twice:
            raise ValueError(f"plugins.enabled and plugins.also name {', '.join(twice)} twice")
        return self

    def names(self, plugin: str) -> bool:
        """Whether somebody asked for a plugin by its name; the others run because nothing says otherwise."""
        chosen = self.enabled if "enabled" in self.model_fields_set else ()
        return any(plugin in places for places in (chosen, self.also, self.required, self.settings))

    @property
    def order(self) -> list[str]:
        """Every wanted name, in the order in which the plugins are asked."""
        return [*self.also, *self.enabled]
