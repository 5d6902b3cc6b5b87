"""`alliancekit plugins`: what is loaded, disabled, failed, why, what to do; the contract on one plugin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer

from alliancekit.cli import plugins_check
from alliancekit.errors import AllianceKitError

if TYPE_CHECKING:
    from rich.table import Table

    from alliancekit.plugins import LoadReport

app = typer.Typer(no_args_is_help=True, help="What is loaded, disabled, failed, and why.")
app.command("check")(plugins_check.check)

REFUSED: Final = 3

_COLOURS: Final = {
    "loaded": "green",
    "disabled": "dim",
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
    """Load what is configured and say how it went. Exit code 3 when a plugin failed."""
    from rich.console import Console

    from alliancekit.config import load
    from alliancekit.plugins import PluginHost
    from alliancekit.service import plugins_config

    try:
        host = PluginHost(plugins_config(load()), no_plugins=no_plugins)
        report = host.load()
    except AllianceKitError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(REFUSED) from None
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    else:
        Console().print(table(report))
    if any(entry.status == "failed" for entry in report.entries):
        raise typer.Exit(REFUSED)


def table(report: LoadReport) -> Table:
    """The report for people: one line a plugin, with the reason and the fix below each other."""
    from rich.table import Table

    shown = Table(title="Plugins, in the order in which they are asked", show_lines=False)
    for title in ("name", "status", "version", "from", "load", "hooks, or what is wrong and what to do"):
        shown.add_column(title, justify="right" if title == "load" else "left", overflow="fold")
    for entry in report.entries:
        colour = _COLOURS[entry.status]
        lines = [", ".join(entry.hooks), entry.reason, entry.fix, *entry.warnings]
        shown.add_row(
            entry.name,
            f"[{colour}]{entry.status}[/]",
            entry.version,
            entry.distribution or entry.module,
            f"{entry.load_ms:.0f} ms" if entry.load_ms else "",
            _plain("\n".join(line for line in lines if line)),
        )
    return shown


def _plain(text: str) -> str:
    """Text without markup: a fix such as `pip install 'alliancekit[webrtc]'` holds brackets."""
    return text.replace("[", "\\[")
