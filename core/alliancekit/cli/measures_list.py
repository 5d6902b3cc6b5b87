"""`alliancekit measures list` and `show`: which instruments there are, and everything about one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from alliancekit.errors import UnknownInstrumentError

if TYPE_CHECKING:
    from alliancekit.instruments.site import Deployed

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def list_measures(as_json: AsJson = False) -> None:
    """List the instruments of the enabled plugins and of the site.

    A name is marked † where part of the key is not confirmed in a source.
    """
    from rich.console import Console

    from alliancekit.cli.measures_shown import overview, summary

    deployed = _deployed()
    if as_json:
        found = [summary(one, deployed) for one in deployed.instruments]
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        Console().print(overview(deployed))


def show(
    name: Annotated[str, typer.Argument(help="The instrument, such as wai-sr.")],
    form: Annotated[
        Literal["client", "therapist"] | None, typer.Option(help="Only this form; all without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about an instrument: key, missing answers, cut-offs, norms, rights, what is open."""
    from rich.console import Console

    from alliancekit.cli.measures_shown import everything, page

    deployed = _deployed()
    forms = deployed.instruments.forms(name)
    if not forms:
        raise _unknown(name, deployed)
    if form:
        forms = (deployed.instruments.get(name, form),)
    if as_json:
        found = {"name": name, "forms": [everything(one, deployed) for one in forms]}
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    console = Console()
    for number, one in enumerate(forms):
        if number:
            console.print()
        console.print(page(one, deployed))


def _deployed() -> Deployed:
    """All instruments of this deployment; what cannot be used is said on standard error."""
    from alliancekit.cli.deployment import deployment

    deployed = deployment()
    for problem in deployed.problems:
        typer.echo(problem, err=True)
    return deployed


def _unknown(name: str, deployed: Deployed) -> UnknownInstrumentError:
    from alliancekit.plugins.config import did_you_mean

    hint = did_you_mean(name, deployed.instruments.names())
    return UnknownInstrumentError(
        f"There is no instrument {name!r}.", fix=f"{hint} `alliancekit measures list` shows them all.".strip()
    )
