"""Where rows are written: all of a file or nothing of it, also on a disk without room."""

from __future__ import annotations

import gzip
import io
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from alliancekit.batch.files import read
from alliancekit.batch.sinks import CsvSink, Sink, open_sink
from alliancekit.errors import TableError

FIRST = pl.DataFrame({"id": ["007", None], "total": [1.5, None]})
MORE = pl.DataFrame({"id": ['a "b", c', "ü"], "total": [2.0, 3.0]})
ENDINGS = ["o.csv", "o.csv.gz", "o.parquet", "o.pq"]


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """Files of this process end at `size` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def write_all(sink: Sink, frame: pl.DataFrame) -> None:
    for _ in range(3):
        sink.write(frame)
    sink.finish()


@pytest.mark.parametrize("name", ENDINGS)
def test_a_round_trip(name: str, tmp_path: Path) -> None:
    sink = open_sink(tmp_path / name)
    sink.write(FIRST.clear())
    for frame in (FIRST, MORE):
        sink.write(frame)
        assert not (tmp_path / name).exists(), "nothing can be seen before the end"
    sink.finish()
    sink.discard()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    found = read(tmp_path / name)
    assert found["id"].to_list() == ["007", None, 'a "b", c', "ü"]
    assert found["total"].cast(pl.Float64).to_list() == [1.5, None, 2.0, 3.0]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.csv.gz", "b.csv.gz"):
        sink = open_sink(tmp_path / name)
        sink.write(FIRST)
        sink.finish()
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == b"id,total\n007,1.5\n,\n"


@pytest.mark.parametrize("name", ENDINGS)
def test_what_is_discarded_leaves_what_was_there(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious")
    sink = open_sink(tmp_path / name)
    sink.write(FIRST)
    sink.discard()
    sink.discard()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize("name", ["o.csv", "o.csv.gz", "o.parquet"])
def test_a_full_disk_is_said_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    many = pl.DataFrame({"id": [f"{number * 2654435761 % 2**32:x}" for number in range(300_000)]})
    sink = open_sink(tmp_path / name)
    with little_room(100_000), pytest.raises(TableError, match=f"{name} cannot be written: File too large"):
        write_all(sink, many)
    sink.discard()
    assert list(tmp_path.iterdir()) == []


def test_an_open_file_that_takes_no_more(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(TableError) as refused:
        CsvSink(full).write(FIRST)
    assert str(refused.value) == "The output cannot be written: No space left on device."


def test_an_open_file_gets_one_header() -> None:
    file = io.BytesIO()
    sink = CsvSink(file)
    sink.write(FIRST)
    sink.write(MORE)
    sink.finish()
    assert file.getvalue().decode().splitlines()[::3] == ["id,total", '"a ""b"", c",2.0']


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("o.xlsx", "Endings are"),
        ("o", "Endings are"),
        ("none/o.csv", "No such file"),
        ("f.csv", "is a folder"),
    ],
)
def test_places_that_cannot_be_written(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "f.csv").mkdir()
    with pytest.raises(TableError, match=says):
        open_sink(tmp_path / name)
