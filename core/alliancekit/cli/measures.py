"""`alliancekit measures`: which instruments there are, everything about one, and whether a file is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from alliancekit.errors import InstrumentError, UnknownInstrumentError

if TYPE_CHECKING:
    from alliancekit.instruments.site import Deployed

REFUSED: Final = 3

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]

app = typer.Typer(no_args_is_help=True, help="Instruments and text packs.")


@app.callback()
def measures() -> None:
    """Instruments and text packs."""


@app.command("list")
def list_measures(as_json: AsJson = False) -> None:
    """List the instruments of the enabled plugins and of the site.

    A name is marked † where part of the key is not confirmed in a source.
    """
    from rich.console import Console

    from alliancekit.cli.measures_shown import overview, summary

    deployed = deployed_measures()
    if as_json:
        found = [summary(one, deployed) for one in deployed.instruments]
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        Console().print(overview(deployed))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The instrument, such as wai-sr.")],
    form: Annotated[str, typer.Option(help="Only this form: client or therapist.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show everything about an instrument: key, missing answers, cut-offs, norms, rights, what is open."""
    from rich.console import Console

    from alliancekit.cli.measures_shown import everything, page

    deployed = deployed_measures()
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


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Instruments and text packs.")],
    as_json: AsJson = False,
) -> None:
    """Check instrument files and text packs (JSON or TOML); every mistake is listed, nothing is changed.

    A text pack is checked against its instrument too. Exit code 3 when a file cannot be used.
    """
    registered: list[Deployed] = []

    def known() -> Deployed:
        if not registered:
            registered.append(deployed_measures())
        return registered[0]

    results = [_validated(file, known) for file in files]
    if as_json:
        ok = all(result["ok"] for result in results)
        typer.echo(json.dumps({"ok": ok, "files": results}, indent=2, ensure_ascii=False))
    else:
        for result in results:
            if result["ok"]:
                typer.echo(
                    f"{result['file']}: {result['kind']} {result['name']}, {result['form']} form: fine"
                )
            for mistake in result["mistakes"]:
                typer.echo(mistake, err=True)
    if not all(result["ok"] for result in results):
        raise typer.Exit(REFUSED)


@app.command()
def schema(
    pack: Annotated[bool, typer.Option("--pack", help="The schema of a text pack instead.")] = False,
) -> None:
    """Print the JSON Schema (draft 2020-12) of an instrument file, for editors and other programs."""
    from alliancekit.instruments.schema import schema_text

    typer.echo(schema_text(pack=pack), nl=False)


def deployed_measures() -> Deployed:
    """All instruments of this deployment; what could not be loaded is said on standard error.

    Raises:
        ConfigError: the settings cannot be used.
        PluginError: a required plugin failed.
    """
    from alliancekit.config import load
    from alliancekit.plugins import PluginHost
    from alliancekit.service import deployed_instruments, plugins_config

    settings = load()
    host = PluginHost(plugins_config(settings))
    for entry in host.load().entries:
        if entry.status == "failed":
            typer.echo(
                f"The plugin {entry.name} failed; what it brings is not here. {entry.reason}", err=True
            )
    deployed = deployed_instruments(settings, host)
    for problem in deployed.problems:
        typer.echo(problem, err=True)
    return deployed


def _unknown(name: str, deployed: Deployed) -> UnknownInstrumentError:
    from alliancekit.plugins.config import did_you_mean

    hint = did_you_mean(name, deployed.instruments.names())
    return UnknownInstrumentError(
        f"There is no instrument {name!r}.", fix=f"{hint} `alliancekit measures list` shows them all.".strip()
    )


def _validated(file: Path, known: Any) -> dict[str, Any]:
    """One file's result: what it is and every mistake; `known` gives the instruments a pack may belong to."""
    from alliancekit.instruments.keys import keys
    from alliancekit.instruments.packs import TextPack
    from alliancekit.instruments.site import read_site_file, worded

    result: dict[str, Any] = {
        "file": str(file), "ok": False, "kind": "", "name": "", "form": "", "mistakes": []
    }  # fmt: skip
    try:
        found = read_site_file(file)
        result["form"] = found.form
        if isinstance(found, TextPack):
            result["kind"], result["name"] = "text pack", found.instrument
            worded(found, {(one.name, one.form): one for one in known().instruments}, where=str(file))
        else:
            result["kind"], result["name"] = "instrument", found.name
            keys(found)
        result["ok"] = True
    except InstrumentError as error:
        lines = str(error).splitlines()
        result["mistakes"] = [line if line.startswith(str(file)) else f"{file}: {line}" for line in lines]
    return result
