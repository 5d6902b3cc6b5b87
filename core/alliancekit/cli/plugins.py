"""`alliancekit plugins`: what is loaded, disabled, failed, why, what to do; the contract on one plugin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer

from alliancekit.cli import plugins_check
from alliancekit.errors import AllianceKitError

if TYPE_CHECKING:
    from rich.table import Table

    from alliancekit.plugins import LoadReport, PluginEntry

app = typer.Typer(
    no_args_is_help=True, help="What is loaded, disabled, failed, and why; the contract on one."
)
app.command("check")(plugins_check.check)

REFUSED: Final = 3

SHOWN: Final = 3
"""How many of a plugin's last outcomes are printed; `--json` has all that are kept."""

WIDE: Final = 100
"""Columns from which on the table has room for versions and distributions."""

OWN: Final = "alliancekit"
"""Our own distribution."""

_COLOURS: Final = {
    "loaded": "green",
    "disabled": "dim",
    "not installed": "dim",
    "failed": "red",
    "quarantined": "yellow",
    "blocked": "yellow",
}


@app.callback()
def plugins() -> None:
    """What is loaded, disabled, failed, and why."""


@app.command("list")
def list_plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    no_plugins: Annotated[bool, typer.Option("--no-plugins", help="Import and load none.")] = False,
) -> None:
    """Load what is configured and say how it went; a service that runs here tells how its plugins are doing.

    Exit code 3 when a plugin failed; one that runs by default and lacks only its extra has not.
    """
    from rich.console import Console

    from alliancekit.config import load
    from alliancekit.plugins import PluginHost, status
    from alliancekit.service import plugins_config

    try:
        settings = load()
        host = PluginHost(plugins_config(settings), no_plugins=no_plugins)
        report, running = status.merged(settings.data_dir, host.load())
    except AllianceKitError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(REFUSED) from None
    if as_json:
        typer.echo(json.dumps({**report.to_json(), "service_running": running}, indent=2))
    else:
        console = Console()
        console.print(table(report, wide=console.width >= WIDE))
        if not running:
            typer.echo("No service runs here: calls and failures are counted while one does.", err=True)
    if any(entry.status == "failed" for entry in report.entries):
        raise typer.Exit(REFUSED)


def table(report: LoadReport, *, wide: bool = True) -> Table:
    """The report for people: one line a plugin, with the reason and the fix below each other.

    A table that is not `wide` names only distributions other than AllianceKit's own, below the plugin.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = Table(
        title="Plugins, in the order in which they are asked", box=SIMPLE_HEAD, title_justify="left"
    )
    titles = ["", "name", "status", *(["version", "from"] if wide else []), "load"]
    for title in titles:
        shown.add_column(title, justify="right" if title in ("", "load") else "left", no_wrap=True)
    shown.add_column("hooks, or what is wrong and what to do")
    for place, entry in enumerate(report.entries, start=1):
        colour = _COLOURS[entry.status]
        origin = entry.distribution or entry.module
        foreign = "" if wide or entry.distribution == OWN else f"from {origin} {entry.version}".strip()
        lines = [
            ", ".join(entry.hooks),
            foreign if origin else "",
            entry.reason,
            entry.fix,
            *entry.warnings,
            *_record(entry),
        ]
        shown.add_row(
            str(place) if entry.running else "",
            entry.name,
            f"[{colour}]{entry.status}[/]",
            *([entry.version, origin] if wide else []),
            f"{entry.load_ms:.0f} ms" if entry.load_ms else "",
            _plain("\n".join(line for line in lines if line)),
        )
    return shown


def _record(entry: PluginEntry) -> list[str]:
    """What a running service counted, and its last outcomes, newest last."""
    if not entry.calls and not entry.skipped:
        return []
    last = [
        f"{one.hook} {one.status} {one.milliseconds:.0f} ms {one.error}".strip()
        for one in entry.last[-SHOWN:]
    ]
    counted = f"{entry.calls} calls, {entry.failures} failed, {entry.skipped} skipped"
    return [counted, f"last: {'; '.join(last)}"]


def _plain(text: str) -> str:
    """Text without markup: a fix such as `pip install 'alliancekit[webrtc]'` holds brackets."""
    return text.replace("[", "\\[")
