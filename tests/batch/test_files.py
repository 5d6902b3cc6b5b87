"""The reader of tables: what is text stays text, rows keep their numbers, and what is no table is refused."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliancekit.batch import blocks
from alliancekit.batch.files import FIRST_ROW, Table, read
from alliancekit.errors import TableError


def made(folder: Path, content: bytes | str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, *, spreadsheet: bool = False) -> str:
    with pytest.raises(TableError) as caught:
        read(path, spreadsheet=spreadsheet)
    return str(caught.value)


def test_cells_stay_as_they_are(tmp_path: Path) -> None:
    frame = read(made(tmp_path, 'id,text,empty\n007," a, ""b""\nc ",\n1e3,é,""\n'))
    assert frame.columns == ["id", "text", "empty"]
    assert frame.rows() == [("007", ' a, "b"\nc ', None), ("1e3", "é", "")]
    assert set(frame.dtypes) == {pl.String}


@pytest.mark.parametrize("content", ["a,b\n1,2\n3,", "a,b\r\n1,2\r\n3,\r\n\r\n\r\n", "a,b\n1,2\n3,\n\n"])
def test_line_ends_and_blank_lines_at_the_end_change_nothing(content: str, tmp_path: Path) -> None:
    assert read(made(tmp_path, content)).rows() == [("1", "2"), ("3", None)]


def test_one_column_may_have_empty_cells(tmp_path: Path) -> None:
    assert read(made(tmp_path, "score\n1\n\n3\n")).to_series().to_list() == ["1", None, "3"]


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    frame = read(made(tmp_path, "a,b\n"))
    assert (frame.columns, frame.height) == (["a", "b"], 0)


def test_gzip_and_parquet(tmp_path: Path) -> None:
    rows = [("007", "1.5"), (None, "2.0")]
    assert read(made(tmp_path, gzip.compress(b"a,b\n007,1.5\n,2.0\n"), "x.csv.gz")).rows() == rows
    pl.DataFrame({"a": ["007", None], "b": [1.5, 2.0]}).write_parquet(tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet").rows() == rows
    with Table(tmp_path / "x.parquet") as table:
        [batch] = table.batches()
        assert batch.frame.dtypes == [pl.String, pl.Float64]
        assert (batch.first_row, table.read_share) == (FIRST_ROW, 1.0)


CELL = st.text(alphabet=st.sampled_from('ab1 ,;"\n\té—'), max_size=6)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_table_that_python_writes_is_read_in_blocks_of_any_size(data: st.DataObject) -> None:
    width = data.draw(st.integers(2, 4))
    rows = data.draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=12))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=data.draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerow([f"c{n}" for n in range(width)])
    writer.writerows(rows)
    output = Path(__file__).parents[1] / "output"
    output.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", data.draw(st.integers(80, 200)))
        path = made(output, text.getvalue(), "any.csv")
        with Table(path) as table:
            batches = list(table.batches())
        path.unlink()
    found = [[cell or "" for cell in row] for batch in batches for row in batch.frame.rows()]
    assert found == rows
    starts = [FIRST_ROW + sum(batch.frame.height for batch in batches[:n]) for n in range(len(batches))]
    assert [batch.first_row for batch in batches] == starts


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\n1,2\n", "first row is blank"),
        (b"a,b,a\n1,2,3\n", "two columns have the same name: 'a'"),
        (b"a,b\n1,2\n3\n", "row 3 has 1 fields, the header has 2 columns"),
        (b"a,b\n1,2\n3,4,5\n", "row 3 has 3 fields"),
        (b"a,b\n1,2,3\n4\n", "row 2 has 3 fields"),
        (b"a,b\n1,2\n\n3,4\n", "row 3 is blank"),
        (b'a,b\n"1\n1",2\n3\n', "row 3 has 1 fields"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "row 3 are not in pairs"),
        (b'a,b\n1,2\n3,"4"x\n', "row 3 are not in pairs"),
        (b'a,b\n1,2\n3" or,4" or\n', "row 3 are not in pairs"),
        (b'a,"b\n1,2\n', "quotes in the header"),
        (b"a,b\n1,\x00\n", "not a CSV file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a CSV file"),
        (b"PK\x03\x04\x14\x00", "workbook"),
        (b"\xff\xfea\x00,\x00", "UTF-16"),
        (b"a,b\n1,2\n3,\xe9\n", "not UTF-8 text: row 3"),
        (b"a,b\r1,2\r", "CR"),
        (b"a\tb\n1\t2\n", "tabs"),
        (b"PAR1....", "Parquet"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), ".csv.gz"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, says: str, tmp_path: Path) -> None:
    for spreadsheet in (False, True):
        assert says in refused(made(tmp_path, content), spreadsheet=spreadsheet)


@pytest.mark.parametrize(
    ("content", "says"), [("\ufeffa,b\n1,2\n", "byte-order mark"), ("a;b\n1;2\n", "semicolons")]
)
def test_what_spreadsheets_write_needs_the_option(content: str, says: str, tmp_path: Path) -> None:
    path = made(tmp_path, content)
    message = refused(path)
    assert says in message
    assert "Add --spreadsheet" in message
    assert read(path, spreadsheet=True).rows() == [("1", "2")]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.csv.gz", b"a,b\n1,2\n", "is not compressed with gzip"),
        ("x.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999, mtime=0)[:-30], "not complete"),
        (
            "x.csv.gz",
            gzip.compress(b"a,b\n" + bytes(range(48, 58)) * 999, mtime=0)[:-12] + b"xxxxxxxxxxxx",
            "gzip",
        ),
        ("x.parquet", b"a,b\n1,2\n", "is none"),
        ("x.parquet", b"", "is empty"),
        ("x.parquet", b"PAR1" + bytes(40) + b"PAR1", "is none"),
    ],
)
def test_endings_that_promise_something_else(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    assert says in refused(made(tmp_path, content, name))


def test_nested_parquet_columns_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"a": [[1, 2]]}).write_parquet(tmp_path / "x.parquet")
    assert "holds lists" in refused(tmp_path / "x.parquet")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.csv")
    assert "no such file" in refused(tmp_path / "none.parquet")
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in refused(tmp_path / "folder.csv")


def peak_of(path: Path) -> tuple[str, int]:
    tracemalloc.start()
    try:
        return refused(path), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_million_columns_are_refused_without_holding_them(tmp_path: Path) -> None:
    header = ",".join(f"item{n}" for n in range(1_000_000))
    for content, name in (
        (header + "\n", "x.csv"),
        (header, "y.csv"),
        (gzip.compress(header.encode()), "z.csv.gz"),
    ):
        message, peak = peak_of(made(tmp_path, content, name))
        assert "more than 10,000 columns" in message
        assert peak < 4 * blocks.BLOCK
    assert "10,000" in refused(made(tmp_path, ",".join(f"i{n}" for n in range(10_001)) + "\n"))
    assert len(read(made(tmp_path, ",".join(f"i{n}" for n in range(10_000)) + "\n")).columns) == 10_000


def test_a_gzip_bomb_costs_no_memory(tmp_path: Path) -> None:
    for fill, says in ((b"a", "row 2 is longer than"), (b"\n", "row 2 is longer")):
        content = gzip.compress(b"a,b\n" + fill * 100_000_000, compresslevel=1)
        message, peak = peak_of(made(tmp_path, content, "bomb.csv.gz"))
        assert says in message
        assert peak < 8 * blocks.BLOCK
