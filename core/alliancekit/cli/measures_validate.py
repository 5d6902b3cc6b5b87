"""`alliancekit measures validate` and `schema`: whether a file can be used, and what one looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from alliancekit.errors import InstrumentError

if TYPE_CHECKING:
    from alliancekit.instruments.model import Instrument

    Known = Mapping[tuple[str, str], Instrument]

REFUSED: Final = 3


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Instruments and text packs.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Check instrument files and text packs (JSON or TOML); every mistake is listed, nothing is changed.

    A text pack is checked against its instrument too. Exit code 3 when a file cannot be used.
    """
    known = cache(_known)
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


def schema(
    pack: Annotated[bool, typer.Option("--pack", help="The schema of a text pack instead.")] = False,
) -> None:
    """Print the JSON Schema (draft 2020-12) of an instrument file, for editors and other programs."""
    from alliancekit.instruments.schema import schema_text

    typer.echo(schema_text(pack=pack), nl=False)


def _known() -> Known:
    """The instruments that a text pack may belong to."""
    from alliancekit.cli.deployment import deployment

    return {(one.name, one.form): one for one in deployment().instruments}


def _validated(file: Path, known: Callable[[], Known]) -> dict[str, Any]:
    """What a file is, and every mistake in it."""
    from alliancekit.instruments.keys import keys
    from alliancekit.instruments.packs import TextPack
    from alliancekit.instruments.site import read_site_file, worded

    result: dict[str, Any] = {"file": str(file), "ok": False, "kind": "", "name": "", "form": ""}
    mistakes: list[str] = []
    try:
        found = read_site_file(file)
        result["form"] = found.form
        if isinstance(found, TextPack):
            result["kind"], result["name"] = "text pack", found.instrument
            worded(found, known(), where=str(file))
        else:
            result["kind"], result["name"] = "instrument", found.name
            keys(found)
    except InstrumentError as error:
        lines = str(error).splitlines()
        mistakes = [line if line.startswith(str(file)) else f"{file}: {line}" for line in lines]
    return result | {"ok": not mistakes, "mistakes": mistakes}
