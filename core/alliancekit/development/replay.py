"""Feed a recorded session to one plugin, in order, and keep what it answered and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from alliancekit.development.recording import Recorded
from alliancekit.errors import PluginError
from alliancekit.isolation import ErrorReport, Outcome
from alliancekit.plugins import Given, Limits, PluginHost, PluginsConfig


@dataclass(frozen=True, slots=True)
class Answer:
    """What the plugin made of one event.

    `status`, `milliseconds` and `error` (type and reference) are those of its outcome; `value` is what it
    returned.
    """

    hook: str
    status: str
    milliseconds: float
    error: str
    value: Any


async def replay(
    name: str, plugin: Given, recorded: Sequence[Recorded], *, on_error: ErrorReport | None = None
) -> list[Answer]:
    """Run the plugin alone in a host of its own, isolated and limited as in a service, but never quarantined.

    Args:
        name: the plugin's name.
        plugin: its class, or an instance with its settings.
        recorded: the session; events of hooks that the plugin does not implement are passed over.
        on_error: told of every exception.

    Returns: one answer for each event the plugin was asked about.

    Raises:
        PluginError: the plugin cannot be loaded; says why.
    """
    config = PluginsConfig(limits=Limits(patience=len(recorded) + 1))
    host = PluginHost(config, extra=[(name, plugin)], discover=False, on_error=on_error)
    host.load()
    entry = host.report[name]
    if entry.status != "loaded":
        raise PluginError(f"The plugin {name!r} does not run: {entry.reason}", fix=entry.fix)
    answers: list[Answer] = []
    for one in recorded:
        if one.hook in entry.hooks:
            given: Any = await getattr(host.hooks, one.hook)(one.event)
            outcome: Outcome[Any] | None = given[0] if isinstance(given, list) else given
            past = host.report[name].last[-1]
            value = None if outcome is None else outcome.value
            answers.append(Answer(one.hook, past.status, past.milliseconds, past.error, value))
    await host.close()
    return answers


def table(name: str, answers: list[Answer]) -> Table:
    """What the plugin answered, a line an event, for people."""
    shown = Table(title=f"{name} and the recorded session")
    for title in ("hook", "outcome", "milliseconds", "answer"):
        shown.add_column(title, justify="right" if title == "milliseconds" else "left", overflow="fold")
    for one in answers:
        colour = "green" if one.status == "ok" else "red"
        said = one.error or ("" if one.value is None else short(one.value))
        shown.add_row(one.hook, f"[{colour}]{one.status}[/]", f"{one.milliseconds:.2f}", said)
    return shown


def short(value: object) -> str:
    """A value in at most 200 characters, as text without markup."""
    text = repr(value)
    return (text if len(text) <= 200 else f"{text[:199]}…").replace("[", "\\[")
