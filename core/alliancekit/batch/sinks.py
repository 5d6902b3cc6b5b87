"""Where rows are written: first beside the file, which takes their place in one step when all are there."""

from __future__ import annotations

import gzip
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

import polars as pl
from polars.exceptions import PolarsError
from typing_extensions import override

from alliancekit.batch.files import PARQUET
from alliancekit.errors import TableError

ENDINGS = (".csv", ".csv.gz", ".parquet")


class Sink(Protocol):
    """Takes frames of the same columns. Until `finish`, nothing of what is to be written can be seen."""

    is_text: bool

    def write(self, frame: pl.DataFrame) -> None:
        """Take some rows; the first frame, which may have none, gives the columns."""

    def finish(self) -> None:
        """Put the file in its place."""

    def discard(self) -> None:
        """Leave everything as it was; harmless after `finish`."""


def open_sink(path: Path) -> Sink:
    """A sink for a file, as its ending says: `.csv`, `.csv.gz` or `.parquet`.

    Raises:
        TableError: the ending is another one, or the folder cannot be written to.
    """
    ending = next((each for each in (*ENDINGS, *PARQUET) if path.name.lower().endswith(each)), None)
    if ending is None:
        raise TableError(
            f"{path.name}: its ending does not say what to write.", fix=f"Endings are {', '.join(ENDINGS)}."
        )
    if path.is_dir():
        raise TableError(f"{path} is a folder.", fix="Name a file in it.")
    try:
        return _ParquetSink(path) if ending in PARQUET else _CsvFileSink(path)
    except OSError as error:
        raise _unwritable(path, error) from None


class CsvSink:
    """Writes CSV to an open binary file, which messages call `name`."""

    is_text = True

    def __init__(self, file: IO[bytes], name: str | Path = "The output") -> None:
        self._file = file
        self._name = name
        self._header = True

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows, the first time behind the header.

        Raises:
            TableError: there is no room for them.
        """
        try:
            frame.write_csv(self._file, include_header=self._header)
        except (OSError, PolarsError) as error:
            raise _unwritable(self._name, error) from None
        self._header = False

    def finish(self) -> None:
        """Flush what is buffered."""
        self._file.flush()

    def discard(self) -> None:
        """Nothing to undo: the file belongs to the caller."""


class _CsvFileSink(CsvSink):
    """Writes a CSV file, compressed with gzip where its name ends in `.gz`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = _beside(path)
        self._raw = self._beside.open("xb", buffering=1 << 20)
        file: Any = self._raw
        if path.suffix.lower() == ".gz":
            # Without name and time the same rows give the same bytes.
            file = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=6, mtime=0)
        super().__init__(file, path)

    @override
    def finish(self) -> None:
        """Put the file in its place."""
        try:
            self._file.close()
            self._raw.close()
            self._beside.replace(self._path)
        except OSError as error:
            raise _unwritable(self._path, error) from None

    @override
    def discard(self) -> None:
        """Remove what was written so far."""
        for file in (self._file, self._raw):
            with suppress(OSError, ValueError):  # what is not yet written finds no room, or a closed file
                file.close()
        self._beside.unlink(missing_ok=True)


class _ParquetSink:
    """Writes parts and joins them at the end, so that memory does not grow with the rows."""

    is_text = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts = _beside(path)
        self._parts.mkdir()
        self._count = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Write one part."""
        try:
            frame.write_parquet(self._parts / f"{self._count:08}.parquet", compression="lz4")
        except (OSError, PolarsError) as error:
            raise _unwritable(self._path, error) from None
        self._count += 1

    def finish(self) -> None:
        """Join the parts and put the file in its place."""
        joined = self._parts / "joined.parquet"
        try:
            parts = [self._parts / f"{number:08}.parquet" for number in range(self._count)]
            pl.scan_parquet(parts, glob=False).sink_parquet(joined)
            joined.replace(self._path)
        except (OSError, PolarsError) as error:
            raise _unwritable(self._path, error) from None
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the parts."""
        shutil.rmtree(self._parts, ignore_errors=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")


def _unwritable(name: str | Path, error: Exception) -> TableError:
    return TableError(f"{name} cannot be written: {_reason(error)}.")


def _reason(error: Exception) -> str:
    """What the system said; polars tells it in a text of its own."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    number = re.search(r"(?:os error |Errno )(\d+)", str(error))
    return os.strerror(int(number[1])) if number else "unknown reason"
