"""`alliancekit plugins check`: the contract suite on one plugin, as a ladder with what is missing."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from alliancekit.errors import AllianceKitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alliancekit.testing.report import Report, Setting

REFUSED: Final = 3
"""Exit code for a plugin that does not reach bronze, and for a name or path that holds none."""


def check(
    plugin: Annotated[
        str, typer.Argument(metavar="NAME|PATH", help="An installed plugin, a file, a package or a project.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    settings: Annotated[
        bool, typer.Option("--settings", help="Print what a site may set instead, as a table.")
    ] = False,
) -> None:
    """Run the contract on a plugin and print the ladder: bronze, silver, gold.

    It is started with its table of the configuration. Exit code 0 when bronze is reached, 3 when not.
    """
    from alliancekit.config import load
    from alliancekit.service import plugins_config
    from alliancekit.testing.check import check_plugins, settings_tables

    try:
        if settings:
            tables = settings_tables(plugin)
            typer.echo(_json_of(tables) if as_json else "\n\n".join(map(_table, tables, tables.values())))
            return
        reports = check_plugins(plugin, settings=plugins_config(load()).settings)
    except AllianceKitError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(REFUSED) from None
    shown = [report.to_json() for report in reports]
    typer.echo(json.dumps(shown, indent=2) if as_json else "\n\n".join(map(str, reports)))
    _leave(reports, 0 if all(report.rung for report in reports) else REFUSED)


def _leave(reports: Sequence[Report], code: int) -> None:
    """End with this code, also when the plugin left a thread behind that would keep the process alive."""
    if any(finding.check == "leftovers" for report in reports for finding in report.findings):
        sys.stdout.flush()
        os._exit(code)
    raise typer.Exit(code)


def _json_of(tables: Mapping[str, Sequence[Setting]]) -> str:
    from dataclasses import asdict

    return json.dumps({name: [asdict(one) for one in table] for name, table in tables.items()}, indent=2)


def _table(name: str, table: Sequence[Setting]) -> str:
    """A plugin's settings as a Markdown table, for its README."""
    if not table:
        return f"The plugin {name} takes no settings."
    lines = [
        f"`[plugins.settings.{name}]`",
        "",
        "| name | type | default | what it does |",
        "|---|---|---|---|",
    ]
    for one in table:
        by = ' A secret: give `{ env = "NAME" }` or `{ file = "PATH" }`.' if one.secret else ""
        kind = one.type.replace("|", "\\|")
        lines.append(f"| `{one.name}` | {kind} | {one.default} | {one.description}{by} |")
    return "\n".join(lines)
