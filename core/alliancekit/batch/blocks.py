"""A CSV file as a header and blocks of whole rows, read once and never held as a whole.

A row is one record: a line break inside quotes does not end it. Rows are numbered as a spreadsheet numbers
them, the header being row 1.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from alliancekit.errors import TableError

BLOCK = 4 << 20
"""Bytes read at a time, and the longest row allowed."""

MAX_COLUMNS = 10_000
SPREADSHEET = "--spreadsheet"
"""The option that accepts a byte-order mark, semicolons and decimal commas."""

_BOM = b"\xef\xbb\xbf"
_QUOTE, _NEWLINE = 0x22, 0x0A
_AS_CSV = "Save it as CSV with the character set UTF-8."
_KINDS = (
    (b"\x1f\x8b", "is compressed with gzip", "Name it with the ending .csv.gz."),
    (b"PAR1", "is a Parquet file", "Name it with the ending .parquet."),
    (b"PK\x03\x04", "is a workbook or another ZIP archive, not CSV", _AS_CSV),
    (b"\xd0\xcf\x11\xe0", "is a workbook of an old spreadsheet, not CSV", _AS_CSV),
    (b"\xff\xfe", "is UTF-16 text", _AS_CSV),
    (b"\xfe\xff", "is UTF-16 text", _AS_CSV),
)


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows as bytes, the last one ended by a line break; `row` is the number of the first."""

    data: bytes
    row: int
    rows: int


class CsvFile:
    """An open CSV file: `columns` from its header, then `blocks()`.

    Args:
        path: a file; the ending `.gz` says that it is compressed with gzip.
        spreadsheet: accept a byte-order mark and semicolons.

    Raises:
        TableError: the file is missing, empty, no gzip although named so, no CSV, not UTF-8, has a header
            that cannot be used, or (without `spreadsheet`) has a byte-order mark or semicolons.
    """

    def __init__(self, path: Path, *, spreadsheet: bool = False) -> None:
        self.path = path
        self.separator = ","
        self._spreadsheet = spreadsheet
        try:
            self._raw: IO[bytes] = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise unreadable(path, error) from None
        try:
            self._stream = gzip.GzipFile(fileobj=self._raw) if path.suffix.lower() == ".gz" else self._raw
            self._rest = self._read()
            self.columns = self._header()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._raw.close()

    @property
    def read_share(self) -> float:
        """The share of the file's bytes read so far, 0–1."""
        return self._raw.tell() / self.size if self.size else 1.0

    def blocks(self) -> Iterator[Block]:
        """The rows below the header, in order.

        Raises:
            TableError: a row has another number of fields than the header, a quote is not closed, a row is
                longer than 4 MiB, or the bytes are no UTF-8 text.
        """
        row = 2
        ended = False
        while not ended:
            more = self._read()
            ended = not more
            buffer = self._rest + more
            end = len(buffer) if ended else _whole_rows(buffer)
            # Blank lines wait for what follows: at the end of the file they are no rows.
            data = buffer[:end].rstrip(b"\r\n")
            self._rest = buffer[len(data) :] if data else buffer
            if not data:
                if len(buffer) > BLOCK and not ended:
                    raise self._too_long(row)
                continue
            skip = 2 if self._rest[:2] == b"\r\n" else 1
            self._rest = self._rest[skip:]
            data += b"\n"
            block = Block(data, row, self._checked(data, row))
            yield block
            row += block.rows

    def wrong(self, block: Block) -> TableError:
        """What is wrong with a block whose rows do not all have the header's fields: the first such row."""
        text = block.data.decode("utf-8")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.separator, strict=True)
        row, wanted = block.row, len(self.columns)
        try:
            for fields in reader:
                found = max(len(fields), 1)
                if found != wanted:
                    has = f"has {found} fields" if fields else "is blank"
                    return TableError(
                        f"{self.path.name}: row {row} {has}, the header has {wanted} columns.",
                        fix=self._ragged_fix(found, wanted),
                    )
                row += 1
            stray = re.search(f'(?:^|[{self.separator}\n])[^"{self.separator}\n]+"', text)
            row = block.row + text.count("\n", 0, stray.end()) if stray else block.row
        except csv.Error:
            pass
        return TableError(
            f"{self.path.name}: the quotes around a field in or near row {row} are not in pairs.",
            fix='A field with quotes is written "…", with "" for each quote inside.',
        )

    def _ragged_fix(self, found: int, wanted: int) -> str:
        if self.separator == "," and found > wanted:
            return (
                "A comma inside a field needs quotes around the field. If numbers are written with decimal "
                f"commas, save the file with semicolons between the columns and add {SPREADSHEET}."
            )
        return "Every row needs as many fields as the header."

    def _read(self) -> bytes:
        try:
            return self._stream.read(BLOCK)
        except (gzip.BadGzipFile, zlib.error):
            raise TableError(
                f"{self.path.name} is named .gz and is not compressed with gzip, or it is damaged.",
                fix="Name it .csv if it is plain CSV; otherwise make it again.",
            ) from None
        except EOFError:
            raise TableError(
                f"{self.path.name} ends in the middle: its gzip data are not complete.", fix="Copy it again."
            ) from None
        except OSError as error:
            raise unreadable(self.path, error) from None

    def _header(self) -> tuple[str, ...]:
        name = self.path.name
        for magic, what, fix in _KINDS:
            if self._rest.startswith(magic):
                raise TableError(f"{name} {what}.", fix=fix)
        if b"\0" in self._rest[:4096]:
            raise TableError(f"{name} is not a CSV file: it holds bytes that no text has.", fix=_AS_CSV)
        if self._rest.startswith(_BOM):
            if not self._spreadsheet:
                raise TableError(
                    f"{name} begins with a byte-order mark, as spreadsheets write it.", fix=_accept()
                )
            self._rest = self._rest[len(_BOM) :]
        if not self._rest.strip():
            raise TableError(f"{name} is empty: there is no header and no row.")
        line, self._rest = self._first_line()
        if not line.strip():
            raise TableError(f"{name}: the first row is blank.", fix="The first row names the columns.")
        return self._names(line)

    def _first_line(self) -> tuple[bytes, bytes]:
        """The header and what was read after it; refuses before a header without end is held in memory."""
        self._rest += self._read() if len(self._rest) < BLOCK else b""
        end = _first_row(self._rest)
        if end < 0 and len(self._rest) >= BLOCK:
            separators = max(self._rest.count(b","), self._rest.count(b";"))
            raise self._too_many() if separators >= MAX_COLUMNS else self._too_long(1)
        end = len(self._rest) if end < 0 else end
        return self._rest[:end].rstrip(b"\r\n"), self._rest[end + 1 :]

    def _names(self, line: bytes) -> tuple[str, ...]:
        name = self.path.name
        self._text(line, 1)
        if b"\r" in line:
            raise TableError(f"{name} ends its rows with CR, as no current program does.", fix=_AS_CSV)
        semicolons, commas = (_outside_quotes(line, mark) for mark in b";,")
        if semicolons > commas:
            if not self._spreadsheet:
                raise TableError(f"{name} has semicolons between its columns, not commas.", fix=_accept())
            self.separator = ";"
        if _outside_quotes(line, ord("\t")) > max(semicolons, commas):
            raise TableError(f"{name} has tabs between its columns, not commas.", fix="Save it as CSV.")
        if max(semicolons, commas) >= MAX_COLUMNS:
            raise self._too_many()
        try:
            reader = csv.reader([line.decode("utf-8")], delimiter=self.separator, strict=True)
            found = tuple(field.strip() for field in next(reader, []))
        except csv.Error:
            raise TableError(f"{name}: the quotes in the header are not in pairs.") from None
        if (
            twice := sorted({column for column in found if found.count(column) > 1})
            if _any_twice(found)
            else []
        ):
            shown = ", ".join(repr(column[:40]) for column in twice[:5])
            raise TableError(
                f"{name}: two columns have the same name: {shown}.", fix="Give each column a name of its own."
            )
        return found

    def _checked(self, data: bytes, row: int) -> int:
        """The number of rows of a block, after the checks that need no parsing."""
        self._text(data, row)
        wanted = len(self.columns) - 1
        mark = ord(self.separator)
        if b'"' in data:
            bare = _bare(data)
            rows, separators = int(np.count_nonzero(bare == _NEWLINE)), int(np.count_nonzero(bare == mark))
        else:
            rows, separators = data.count(b"\n"), data.count(mark)
        if separators != rows * wanted:
            raise self.wrong(Block(data, row, rows))
        return rows

    def _text(self, data: bytes, row: int) -> None:
        """Refuse bytes that are no text."""
        name = self.path.name
        if b"\0" in data:
            raise TableError(f"{name} is not a CSV file: it holds bytes that no text has.", fix=_AS_CSV)
        if data.isascii():
            return
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            place = row + data.count(b"\n", 0, error.start)
            raise TableError(
                f"{name} is not UTF-8 text: row {place} holds other bytes.",
                fix="In the spreadsheet choose “CSV UTF-8”, or the character set UTF-8.",
            ) from None

    def _too_many(self) -> TableError:
        return TableError(
            f"{self.path.name} has more than {MAX_COLUMNS:,} columns.", fix="Leave out what is not needed."
        )

    def _too_long(self, row: int) -> TableError:
        return TableError(
            f"{self.path.name}: row {row} is longer than {BLOCK >> 20} MiB.",
            fix="The file is not CSV, or a quote is not closed.",
        )


def unreadable(path: Path, error: OSError) -> TableError:
    """The refusal of a file that cannot be opened or read."""
    reason = (
        "there is no such file"
        if isinstance(error, FileNotFoundError)
        else error.strerror or "unknown reason"
    )
    return TableError(f"{path} cannot be read: {reason}.")


def _accept() -> str:
    return f"Add {SPREADSHEET} to accept files as spreadsheets write them."


def _any_twice(names: tuple[str, ...]) -> bool:
    return len(set(names)) < len(names)


def _whole_rows(buffer: bytes) -> int:
    """Where the last whole row ends; 0 when there is none."""
    end = buffer.rfind(b"\n")
    quotes = buffer.count(b'"', 0, end) if end >= 0 else 0
    while end >= 0 and quotes % 2:
        before = buffer.rfind(b"\n", 0, end)
        quotes -= buffer.count(b'"', max(before, 0), end)
        end = before
    return end + 1


def _first_row(buffer: bytes) -> int:
    """The index of the line break that ends the first row; −1 when there is none."""
    end = buffer.find(b"\n")
    quotes = buffer.count(b'"', 0, end) if end >= 0 else 0
    while end >= 0 and quotes % 2:
        after = buffer.find(b"\n", end + 1)
        quotes += buffer.count(b'"', end, after) if after >= 0 else 0
        end = after
    return end


def _bare(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The bytes that stand outside quotes, those inside as 0."""
    found = np.frombuffer(data, dtype=np.uint8)
    inside = np.cumsum(found == _QUOTE, dtype=np.uint8) & 1
    return np.where(inside, np.uint8(0), found)


def _outside_quotes(line: bytes, mark: int) -> int:
    return int(np.count_nonzero(_bare(line) == mark))
