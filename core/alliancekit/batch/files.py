"""The one reader of tables: CSV, gzip CSV and Parquet, whole or in batches.

Cells of a CSV file stay text, so that what is passed on stays as it was: `007` stays `007`. Where a number is
needed, `alliancekit.batch.numbers` makes it. Rows are numbered as a spreadsheet numbers them: the header is
row 1, so that the first row of a frame is row 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import polars as pl
from polars.exceptions import PolarsError
from typing_extensions import override

from alliancekit.batch.blocks import MAX_COLUMNS, Block, CsvFile, unreadable
from alliancekit.errors import TableError

FIRST_ROW = 2
"""The number of the first row below the header."""

PARQUET = (".parquet", ".pq")
BATCH_ROWS = 1 << 17
"""Rows of a Parquet file read at a time."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows in the order of the file; `first_row` is the number of the first of them."""

    frame: pl.DataFrame
    first_row: int


class Table(AbstractContextManager["Table"]):
    """An open file of answers: `columns`, then `batches()` once.

    The columns of a CSV file are strings, an empty cell null (or an empty string, where the file has `""`);
    those of a Parquet file keep their types. Memory does not grow with the file.

    Args:
        path: the ending says what it is: `.parquet` or `.pq`, `.gz` for gzip CSV, anything else CSV.
        spreadsheet: accept a byte-order mark and semicolons in CSV (`numbers` accepts decimal commas).

    Raises:
        TableError: the file is missing, empty, not what its ending says, not UTF-8, has duplicate columns or
            more than 10,000; and without `spreadsheet` a byte-order mark or semicolons.
    """

    def __init__(self, path: str | Path, *, spreadsheet: bool = False) -> None:
        self.path = Path(path)
        self.is_parquet = self.path.suffix.lower() in PARQUET
        self._csv: CsvFile | None = None
        self._done = 0.0
        if self.is_parquet:
            self._scan, self.schema = _scan_parquet(self.path)
            self.columns = tuple(self.schema)
        else:
            self._csv = CsvFile(self.path, spreadsheet=spreadsheet)
            self.columns = self._csv.columns
            self.schema = pl.Schema(dict.fromkeys(self.columns, pl.String()))

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._csv is not None:
            self._csv.close()

    @property
    def read_share(self) -> float:
        """The share of the file read so far, 0–1."""
        return self._done if self._csv is None else self._csv.read_share

    def batches(self) -> Iterator[Batch]:
        """The rows, in the order of the file.

        Raises:
            TableError: rows with another number of fields than the header, quotes that are not in pairs, text
                that is not UTF-8, damaged gzip or Parquet data.
        """
        if self._csv is None:
            yield from self._parquet_batches()
            return
        for block in self._csv.blocks():
            yield Batch(_parsed(self._csv, block), block.row)

    def _parquet_batches(self) -> Iterator[Batch]:
        try:
            rows = self._scan.select(pl.len()).collect().item()
            for start in range(0, rows, BATCH_ROWS):
                frame = self._scan.slice(start, BATCH_ROWS).collect()
                self._done = (start + frame.height) / rows
                yield Batch(frame, FIRST_ROW + start)
        except (PolarsError, OSError):
            raise TableError(f"{self.path.name} is damaged: its rows cannot be read.") from None


def read(path: str | Path, *, spreadsheet: bool = False) -> pl.DataFrame:
    """A whole file as strings, for files that fit into memory: row `i` of the frame is row `i` + 2.

    Raises:
        TableError: as `Table` and `Table.batches`.
    """
    with Table(path, spreadsheet=spreadsheet) as table:
        frames = [_as_text(batch.frame) for batch in table.batches()]
        return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(table.columns, pl.String()))


def _parsed(file: CsvFile, block: Block) -> pl.DataFrame:
    """A block's cells as strings."""
    try:
        frame = pl.read_csv(
            block.data,
            has_header=False,
            schema=dict.fromkeys(file.columns, pl.String()),
            separator=file.separator,
        )
    except PolarsError:
        raise file.wrong(block) from None
    if frame.height != block.rows:
        raise file.wrong(block)
    return frame


def _scan_parquet(path: Path) -> tuple[pl.LazyFrame, pl.Schema]:
    """A Parquet file, not yet read, and its columns."""
    try:
        with path.open("rb") as file:
            if not file.read(4):
                raise TableError(f"{path.name} is empty.")
        # A file, never a pattern: a name may hold `*` or `[`.
        scan = pl.scan_parquet(path, glob=False)
        schema = scan.collect_schema()
    except OSError as error:
        raise unreadable(path, error) from None
    except PolarsError:
        raise TableError(
            f"{path.name} is named as a Parquet file and is none, or it is damaged.",
            fix="Name it .csv if it is CSV; otherwise make it again.",
        ) from None
    if len(schema) > MAX_COLUMNS:
        raise TableError(
            f"{path.name} has more than {MAX_COLUMNS:,} columns.", fix="Leave out what is not needed."
        )
    if nested := [name for name, kind in schema.items() if kind.is_nested() or kind == pl.Binary]:
        raise TableError(
            f"{path.name}: the column {nested[0][:40]!r} holds lists, records or bytes, not plain values.",
            fix="Leave it out.",
        )
    return scan, schema


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as strings; a not-a-number is a missing value."""
    return frame.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None)).cast(pl.String)
