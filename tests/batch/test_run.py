"""Scoring a file: names in the output, stored scores, progress, and all of it or nothing."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from alliancekit.batch.files import read
from alliancekit.batch.run import Layout, Summary, score_file
from alliancekit.batch.sinks import open_sink
from alliancekit.errors import TableError
from tests.batch.instruments import LINES, WAI_SR

HEAD = "id,item1,item2,item3,item4"


def scored(folder: Path, text: str, *, skipped: Path | None = None) -> tuple[Summary, pl.DataFrame]:
    (folder / "in.csv").write_text(text)
    summary = score_file(LINES, folder / "in.csv", open_sink(folder / "out.csv"), skipped=skipped)
    return summary, read(folder / "out.csv")


def test_columns_keep_their_order_and_names(tmp_path: Path) -> None:
    summary, out = scored(tmp_path, f"{HEAD},total,answered\n1,8.5,9,10,9.9,37.4,x\n2,8.5,9,10,,,\n")
    assert summary == Summary(scored=2, skipped=0, differing={"total": 0})
    assert out.columns == [
        *HEAD.split(","),
        *("stored_total", "stored_answered", "total", "answered", "prorated", "total_differs"),
    ]
    assert out.row(0)[5:] == ("37.4", "x", "37.4", "4", "false", "false")
    assert out.row(1)[5:] == (None, None, None, "3", "false", None)


def test_a_stored_score_differs_by_more_than_its_rounding(tmp_path: Path) -> None:
    rows = "".join(f"{n},1,1,1,1,{stored}\n" for n, stored in enumerate(("4.005", "3.995", "4.006", "four")))
    summary, out = scored(tmp_path, f"{HEAD},total\n{rows}")
    assert out["total_differs"].to_list() == ["false", "false", "true", "true"]
    assert summary.differing == {"total": 2}


def test_a_column_of_the_output_is_never_there_twice() -> None:
    with pytest.raises(TableError, match="two columns 'stored_total'"):
        Layout.of(["total"], ["total", "stored_total"], [])
    assert Layout.of(["bond"], ["bond"], ["bond"]).renamed == {"bond": "item_bond"}


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"{HEAD}\n" + "1,1,1,1,1\n" * 1_500_000)
    told: list[float] = []
    score_file(LINES, tmp_path / "in.csv", open_sink(tmp_path / "o.csv"), progress=told.append)
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_wrong_rows_are_set_aside_with_their_reason(tmp_path: Path) -> None:
    text = f"{HEAD}\n1,1,1,1,1\n2,99,1,1,x\n3,2,2,2,2\n"
    summary, out = scored(tmp_path, text, skipped=tmp_path / "bad.csv")
    assert (summary.scored, summary.skipped, out["id"].to_list()) == (2, 1, ["1", "3"])
    [reason] = read(tmp_path / "bad.csv")["reason"]
    assert reason.startswith("row 3: item1 is not a number from 0 to 10")
    assert "; item4 is not" in reason
    with pytest.raises(TableError, match="a column 'reason' already"):
        scored(tmp_path, f"{HEAD},reason\n1,1,1,1,1,x\n", skipped=tmp_path / "bad2.csv")


@pytest.mark.parametrize(
    "text", [f"{HEAD}\n1,1,1,1,1\n2,99,1,1,1\n", f"{HEAD}\n1,1,1,1,1\n2,1\n", "id\n1\n", ""]
)
def test_a_refusal_leaves_nothing(text: str, tmp_path: Path) -> None:
    with pytest.raises(TableError):
        scored(tmp_path, text)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_mistake_in_a_late_block_is_named_by_its_row(tmp_path: Path) -> None:
    rows = 1_000_000
    with pytest.raises(TableError, match=f"row {rows + 2} column 'item4'"):
        scored(tmp_path, f"{HEAD}\n" + "1,1,1,1,1\n" * rows + "2,1,1,1,11\n")


def test_a_header_alone_gives_a_header(tmp_path: Path) -> None:
    summary, out = scored(tmp_path, f"{HEAD}\n")
    assert (summary.scored, out.height, out.columns[-3:]) == (0, 0, ["total", "answered", "prorated"])


@pytest.mark.parametrize("name", ["in.csv.gz", "in.parquet"])
def test_gzip_and_parquet_score_the_same(name: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({f"item{n}": [1 + n % 5, None if n == 3 else 5] for n in range(1, 13)})
    for each in ("in.csv", name):
        sink = open_sink(tmp_path / each)
        sink.write(frame)
        sink.finish()
        score_file(WAI_SR, tmp_path / each, open_sink(tmp_path / f"scored-{each}"))
    left, right = (read(tmp_path / f"scored-{each}") for each in ("in.csv", name))
    assert left["total"].cast(pl.Float64).to_list() == right["total"].cast(pl.Float64).to_list()
    assert right["prorated"].to_list() == ["false", "true"]
