"""Feed a recorded session to one plugin, in order, and keep what it answered and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from rich.box import SIMPLE_HEAD
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


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a recording.

    `answers` are those to its events, `brought` says what the plugin registers, a line each, and `style` is
    the style that the session was told to follow, empty where that is the recorded one.
    """

    answers: list[Answer]
    brought: tuple[str, ...] = ()
    style: str = ""


async def replay(
    name: str,
    plugin: Given,
    recorded: Sequence[Recorded],
    *,
    settings: Mapping[str, Any] | None = None,
    style: str = "",
    on_error: ErrorReport | None = None,
) -> Replayed:
    """Run the plugin alone in a host of its own, isolated and limited as in a service, but never quarantined.

    Args:
        name: the plugin's name.
        plugin: its class, or an instance with its settings.
        recorded: the session; events of hooks that the plugin does not implement are passed over.
        settings: the plugin's table of the configuration.
        style: which style the session follows instead of the recorded one; a plugin that brings a style gets
            sessions of its own (first) style when this is empty.
        on_error: told of every exception.

    Raises:
        PluginError: the plugin cannot be loaded; says why.
    """
    tables = {name: dict(settings)} if settings else {}
    config = PluginsConfig(limits=Limits(patience=len(recorded) + 1), settings=tables)
    host = PluginHost(config, extra=[(name, plugin)], discover=False, on_error=on_error)
    host.load()
    entry = host.report[name]
    if entry.status != "loaded":
        raise PluginError(f"The plugin {name!r} does not run: {entry.reason}", fix=entry.fix)
    style = style or next(iter(host.styles), "")
    answers: list[Answer] = []
    for one in recorded:
        if one.hook in entry.hooks:
            event: Any = one.event
            if style and hasattr(event, "style"):
                event = replace(event, style=style)
            given: Any = await getattr(host.hooks, one.hook)(event)
            outcome: Outcome[Any] | None = given[0] if isinstance(given, list) else given
            past = host.report[name].last[-1]
            value = None if outcome is None else outcome.value
            answers.append(Answer(one.hook, past.status, past.milliseconds, past.error, value))
    await host.close()
    return Replayed(answers, brought(host), style)


def brought(host: PluginHost) -> tuple[str, ...]:
    """What the plugins of a host register, a line each."""
    return (
        *(f"instrument {one.name} ({one.form})" for one in host.instruments),
        *(f"style {name}" for name in host.styles),
        *(f"rule {one.name}" for one in host.rules),
        *(f"adapter {one.name}" for one in host.adapters),
        *(f"route {one.method} /v1/plugins/{plugin}/{one.path.strip('/')}" for plugin, one in host.routes),
        *(f"export format {name}" for name in host.exporters),
        *(f"channel {name}" for name in host.channels),
    )


def table(name: str, answers: list[Answer], *, style: str = "") -> Table:
    """What the plugin answered, a line an event, for people."""
    told = f", told in the style {style}" if style else ""
    shown = Table(title=f"{name} and the recorded session{told}", box=SIMPLE_HEAD, title_justify="left")
    for title in ("hook", "outcome", "milliseconds", "answer"):
        shown.add_column(title, justify="right" if title == "milliseconds" else "left", overflow="fold")
    for one in answers:
        colour = "green" if one.status == "ok" else "red"
        said = one.error or short(one.value)
        shown.add_row(one.hook, f"[{colour}]{one.status}[/]", f"{one.milliseconds:.2f}", said)
    return shown


def short(value: object) -> str:
    """A value in at most 200 characters, as text without markup; nothing for None and for nothing found.

    Fields that have their default are left out.
    """
    if value is None or value in ((), []):
        return "nothing"
    text = _text(value)
    return (text if len(text) <= 200 else f"{text[:199]}…").replace("[", "\\[")


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(map(_text, value))
    if not is_dataclass(value) or isinstance(value, type):
        return repr(value)
    given = [
        f"{one.name}={getattr(value, one.name)!r}"
        for one in fields(value)
        if getattr(value, one.name) != one.default
    ]
    return f"{type(value).__name__}({', '.join(given)})"
