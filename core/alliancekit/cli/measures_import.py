"""`alliancekit measures import`: a text pack, an instrument of the site's own, or a FHIR questionnaire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from alliancekit.instruments.imports import Import

_DONE = {"new": "Wrote", "unchanged": "Nothing to do: the same is in", "replaced": "Replaced"}
_WOULD = {"new": "Would write", "unchanged": "Nothing to do: the same is in", "replaced": "Would replace"}


def import_measure(
    file: Annotated[Path, typer.Argument(help="A text pack, an instrument, or a FHIR R4 Questionnaire.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and say what it would do.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is there.")] = False,
    name: Annotated[str, typer.Option(help="For a questionnaire: the instrument's name.")] = "",
    form: Annotated[
        Literal["client", "therapist"] | None, typer.Option(help="For a questionnaire: who answers it.")
    ] = None,
    higher: Annotated[
        Literal["better", "worse"] | None,
        typer.Option(help="For a questionnaire: what a higher total is; if not said, no rule judges it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Check a file and copy it, normalised, into the site's folder (setting measures_dir).

    Nothing is written when anything is wrong with it: exit code 3. A running service takes it up at its next
    start.
    """
    from alliancekit.cli.deployment import registered_and_folder
    from alliancekit.instruments.imports import carry_out, prepare

    registered, folder = registered_and_folder()
    prepared = prepare(file, registered, folder, name=name, form=form or "", higher=higher)
    if not dry_run:
        carry_out(prepared, folder, replace=replace)
    if as_json:
        typer.echo(json.dumps(prepared.to_json() | {"dry_run": dry_run}, indent=2))
        return
    for line in _lines(prepared, dry_run=dry_run):
        typer.echo(line)


def _lines(prepared: Import, *, dry_run: bool) -> list[str]:
    what = f"{prepared.kind} for {prepared.name} ({prepared.form} form), version {prepared.version}"
    asked = ", ".join(prepared.languages) or "none yet: its text pack is missing"
    done = (_WOULD if dry_run else _DONE)[prepared.change]
    lines = [f"Recognised: {what}.", f"Languages: {asked}.", f"{done} {prepared.target}"]
    if dry_run and prepared.change == "replaced":
        lines.append("That needs --replace.")
    if not dry_run and prepared.change != "unchanged":
        lines.append("A running service takes it up at its next start.")
    return [*lines, *(f"Note: {note}" for note in prepared.notes)]
