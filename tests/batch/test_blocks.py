"""A CSV file as blocks of whole rows: where rows end, how they are numbered, why a file is refused."""

from __future__ import annotations

import gzip
from contextlib import closing
from pathlib import Path

import pytest

from alliancekit.batch import blocks
from alliancekit.batch.blocks import CsvFile
from alliancekit.errors import TableError


def made(folder: Path, content: bytes, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def read(path: Path, *, spreadsheet: bool = False) -> tuple[tuple[str, ...], list[tuple[int, int, bytes]]]:
    with closing(CsvFile(path, spreadsheet=spreadsheet)) as file:
        return file.columns, [(block.row, block.rows, block.data) for block in file.blocks()]


@pytest.mark.parametrize("size", [4, 5, 7, 16, 4096])
@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz"])
def test_blocks_of_any_size_hold_the_same_rows(
    size: int, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = b'1,x\n2,"a\n b"\n3,"c""d"\n4,\n'
    path = made(tmp_path, b"a,b\n" + rows, name)
    monkeypatch.setattr(blocks, "BLOCK", max(size, 12))
    columns, found = read(path)
    assert columns == ("a", "b")
    assert b"".join(data for _, _, data in found) == rows
    assert [row for row, _, _ in found] == [2 + sum(n for _, n, _ in found[:at]) for at in range(len(found))]
    assert sum(count for _, count, _ in found) == 4


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n\n", b"\r\n\r\n"])
def test_what_stands_behind_the_last_row_is_no_row(end: bytes, tmp_path: Path) -> None:
    _, found = read(made(tmp_path, b"a,b\n1,2" + end))
    assert found == [(2, 1, b"1,2\n")]


def test_the_share_read_reaches_one(tmp_path: Path) -> None:
    file = CsvFile(made(tmp_path, b"a\n1\n"))
    list(file.blocks())
    assert file.read_share == 1.0
    file.close()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\nx\n", "the first row is blank"),
        (b"\xef\xbb\xbfa,b\n", "byte-order mark"),
        (b"a;b\n1;2\n", "semicolons"),
        (b"a\tb\n", "tabs"),
        (b"a\rb\r", "CR"),
        (b"a,a\n", "two columns have the same name"),
        (b"a,\xff\n", "not UTF-8 text: row 1"),
        (b"a\x00,b\n", "not a CSV file"),
        (b"PK\x03\x04", "workbook"),
        (b"PAR1", "Parquet"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b",".join(b"%d" % n for n in range(10_001)) + b"\n", "more than 10,000 columns"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_header_that_cannot_be_used(content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=says):
        CsvFile(made(tmp_path, content))


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (b"1,2\n3\n", "row 3 has 1 fields, the header has 2 columns"),
        (b"1,2\n3,4,5\n", "row 3 has 3 fields"),
        (b"1,2\n\n3,4\n", "row 3 is blank"),
        (b'1,2\n3,"4\n', "quotes around a field"),
        (b"1,2\n3,\xff\n", "not UTF-8 text: row 3"),
        (b"1,\x00\n", "no text has"),
    ],
)
def test_rows_that_do_not_fit_the_header(rows: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=says):
        read(made(tmp_path, b"a,b\n" + rows))


def test_what_spreadsheets_write(tmp_path: Path) -> None:
    columns, found = read(made(tmp_path, b'\xef\xbb\xbfa;b\r\n"1;2";3,5\r\n'), spreadsheet=True)
    assert (columns, [rows for _, rows, _ in found]) == (("a", "b"), [1])


def test_gzip_that_is_none_or_ends_early(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(TableError, match="not compressed with gzip"):
        CsvFile(tmp_path / "a.csv.gz")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"a,b\n" + bytes(range(48, 58)) * 9)[:-12])
    with pytest.raises(TableError, match="ends in the middle"):
        read(tmp_path / "b.csv.gz")


def test_a_row_without_an_end_is_refused_before_it_fills_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 64)
    with pytest.raises(TableError, match="row 2 is longer than"):
        read(made(tmp_path, b"a\n" + b"x" * 1000 + b"\n"))
