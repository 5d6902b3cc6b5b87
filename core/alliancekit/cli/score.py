"""`alliancekit score`: score a file of answers collected elsewhere."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from alliancekit.errors import TableError

if TYPE_CHECKING:
    from alliancekit.batch.run import Summary


def score(
    file: Annotated[Path, typer.Argument(help="CSV, CSV compressed with gzip (.gz), or Parquet.")],
    measure: Annotated[str, typer.Option(help="The instrument, such as wai-sr.")],
    form: Annotated[
        Literal["client", "therapist"] | None, typer.Option(help="Who answered; client if both may.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write: .csv, .csv.gz or .parquet. Default: CSV to stdout.")
    ] = None,
    skip_invalid: Annotated[
        Path | None, typer.Option(help="Write rows with a wrong value there and go on.")
    ] = None,
    spreadsheet: Annotated[
        bool,
        typer.Option("--spreadsheet", help="Accept a byte-order mark, semicolons and decimal commas."),
    ] = False,
) -> None:
    """Score each row of a file by the instrument's published key.

    The items' columns are called item1, item2, … or 1, 2, … or NAME_1, NAME_2, … An empty cell is a missing
    answer. Added are a column for each scale, `answered` and `prorated`; all others are passed on as they
    are. A wrong value refuses the file with exit code 3, and nothing is written.
    """
    from alliancekit.batch.run import score_file
    from alliancekit.batch.sinks import CsvSink, open_sink
    from alliancekit.cli import chosen

    _all_different(file, out, skip_invalid)
    instrument = chosen.instrument(measure, form)
    with _progress(file.name) as progress:
        run = partial(
            score_file, instrument, file, skipped=skip_invalid, spreadsheet=spreadsheet, progress=progress
        )
        if out is not None:
            summary = run(sink=open_sink(out))
        else:
            with tempfile.TemporaryFile() as kept:
                summary = run(sink=CsvSink(kept))
                kept.seek(0)
                shutil.copyfileobj(kept, sys.stdout.buffer)
    for line in _lines(summary, skip_invalid):
        typer.echo(line, err=True)


def _all_different(source: Path, out: Path | None, skipped: Path | None) -> None:
    """Refuse to write two of the files onto each other."""
    named = [("the input", source), ("--out", out), ("--skip-invalid", skipped)]
    known: dict[Path, str] = {}
    for what, path in named:
        if path is None:
            continue
        real = path.resolve()
        if real in known:
            raise TableError(f"{what} and {known[real]} are the same file.", fix="Name another one.")
        known[real] = what


@contextmanager
def _progress(name: str) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _lines(summary: Summary, skipped: Path | None) -> Iterator[str]:
    yield f"{summary.scored:,} {'row' if summary.scored == 1 else 'rows'} scored."
    if summary.skipped:
        yield f"{summary.skipped:,} with a wrong value written to {skipped} instead, each with its reason."
    for scale, count in summary.differing.items():
        yield f"{count:,} stored values of {scale} differ from the computed ones, see {scale}_differs."
