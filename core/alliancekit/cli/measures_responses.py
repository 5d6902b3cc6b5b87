"""`alliancekit measures responses`: score FHIR responses and flag stored totals that disagree."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from alliancekit.instruments.fhir.responses import ReadFile, ReadResponse
    from alliancekit.scoring.stored import Recomputed


def responses(
    file: Annotated[Path, typer.Argument(help="FHIR R4 QuestionnaireResponse, Bundle or NDJSON.")],
    measure: Annotated[str, typer.Option(help="The instrument that was answered.")],
    form: Annotated[Literal["client", "therapist"], typer.Option(help="Who answered.")] = "client",
    out: Annotated[Path | None, typer.Option(help="Write here instead of to standard output.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of CSV.")] = False,
) -> None:
    """Recompute every response by the key, one line a response.

    A stored total that is not what the key gives is flagged (`total_differs`) and counted on standard error.
    Nothing is written when a response does not fit the measure: exit code 3. No name is ever printed.
    """
    from alliancekit.cli.deployment import deployment
    from alliancekit.instruments.fhir.responses import read_responses
    from alliancekit.scoring.stored import recompute

    instrument = deployment().instruments.get(measure, form)
    read = read_responses(file, instrument)
    rows = [(one, recompute(instrument, one.answers, one.stored)) for one in read.responses]
    scales = [scale.name for scale in instrument.scales]
    stored = {name for _, done in rows for name in done.stored} | ({"total"} & set(scales))
    shown = [_row(one, done, [name for name in scales if name in stored]) for one, done in rows]
    text = json.dumps(shown, indent=2) + "\n" if as_json else _csv(shown)
    if out is None:
        typer.echo(text, nl=False)
    else:
        _write(out, text)
    _warn(read, rows)


def _row(one: ReadResponse, done: Recomputed, compared: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"response": one.position, "id": one.id}
    row |= {score.scale: score.value for score in done.scores}
    row["answered"] = len(one.answers)
    row["prorated"] = any(score.prorated for score in done.scores)
    for name in compared:
        value = done.stored.get(name)
        row[f"stored_{name}"] = None if value is None else float(value)
        row[f"{name}_differs"] = None if value is None else name in done.differs
    return row


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    if rows:
        table.writerow(rows[0])
    for row in rows:
        table.writerow([_cell(value) for value in row.values()])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _write(out: Path, text: str) -> None:
    from alliancekit.errors import ConfigError

    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{out} cannot be written ({error.strerror}).", fix="Choose another --out."
        ) from None


def _warn(read: ReadFile, rows: Sequence[tuple[ReadResponse, Recomputed]]) -> None:
    differing = [one.position for one, done in rows if done.differs]
    if differing:
        some = ", ".join(map(str, differing[:10])) + (", …" if len(differing) > 10 else "")
        typer.echo(
            f"warning: {len(differing)} of {len(rows)} responses store a score that the key does not give: "
            f"response {some}",
            err=True,
        )
    if read.entered_in_error:
        typer.echo(f"warning: {read.entered_in_error} responses are entered in error; left out", err=True)
    if read.left_out:
        some = ", ".join(f"{link} ({count})" for link, count in list(read.left_out.items())[:10])
        typer.echo(
            f"warning: answers to items that the measure does not have were left out: {some}", err=True
        )
