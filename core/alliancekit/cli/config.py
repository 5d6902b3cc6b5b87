"""`alliancekit config`: what is in effect, and whether the service could start with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from alliancekit.errors import AllianceKitError, ConfigError

if TYPE_CHECKING:
    from alliancekit.config import Settings

REFUSED = 3
"""Exit code for settings that cannot be used."""

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
"""Browsers take these for safe without TLS."""

app = typer.Typer(help="Look at the settings.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Look at the settings."""


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False) -> None:
    """Print the settings in effect, secrets masked, and say what would keep the service from starting.

    Exit code: 0 when the service could start, 3 when it could not. Changes nothing and generates no key.
    """
    from alliancekit.config import effective, load, problems

    shown: dict[str, Any] = {}
    try:
        settings = load()
        shown, found = effective(settings), problems(settings)
        if not found:
            found = _deployment_problems(settings)
            for advice in _advice(settings):
                typer.echo(f"warning: {advice}", err=True)
    except ConfigError as error:
        found = [str(error)]
    if as_json:
        typer.echo(json.dumps({"ok": not found, "settings": shown, "problems": found}, indent=2))
    else:
        for line in _lines(shown):
            typer.echo(line)
        for problem in found:
            typer.echo(f"problem: {problem}", err=True)
        if not found:
            typer.echo("The settings can be used.")
    if found:
        raise typer.Exit(REFUSED)


def _deployment_problems(settings: Settings) -> list[str]:
    """What does not fit the plugins and measures that are here; a broken file of the site is said as well."""
    from alliancekit.plugins import PluginHost
    from alliancekit.service import (
        default_measure_problem,
        deployed_instruments,
        link_problem,
        plugins_config,
    )

    host = PluginHost(plugins_config(settings))
    try:
        host.load()
    except AllianceKitError as error:
        return [str(error)]
    deployment = deployed_instruments(settings, host)
    for problem in deployment.problems:
        typer.echo(f"warning: {problem}", err=True)
    reasons = (default_measure_problem(settings, deployment.instruments), link_problem(settings, host))
    return [reason for reason in reasons if reason]


def _advice(settings: Settings) -> list[str]:
    """What lets the service start, and yet keeps browsers from it."""
    from alliancekit.cli.serve import NO_ORIGINS, ORIGINS_EXAMPLE

    found = [] if settings.allowed_origins else [f"{NO_ORIGINS} {ORIGINS_EXAMPLE}"]
    here = urlsplit(settings.base_url())
    if here.scheme == "http" and here.hostname not in LOOPBACK:
        found.append(
            "public_url begins with http://: pages under https:// cannot load anything from it."
            " Put TLS in front, and write https://."
        )
    return found


def _lines(table: dict[str, Any], prefix: str = "") -> list[str]:
    """One line a setting, with its dotted name."""
    lines: list[str] = []
    for name, value in table.items():
        if isinstance(value, dict) and value and not {"env", "file"} & set(value):
            lines += _lines(value, f"{prefix}{name}.")
        else:
            lines.append(f"{prefix}{name} = {json.dumps(value, ensure_ascii=False)}")
    return lines
