"""`alliancekit score`: what it adds, and that a file with a mistake leaves nothing behind."""

from __future__ import annotations

import csv
import gzip
import io
import os
import pty
import subprocess
from pathlib import Path

import polars as pl
import pytest

from tests.commands import call
from tests.programs import COMMAND, environment, run

FEW = '[plugins]\nenabled = ["measures", "published"]\n'
"""The plugins that bring instruments: the rest takes time at each call."""

ITEMS = [f"item{n}" for n in range(1, 13)]
HEADER = ",".join(["id", *ITEMS])
ROWS = ["007,5,5,5,5,5,5,5,5,5,5,5,5", "c2,,4,3,2,1,2,3,4,5,4,3,2", "c3,,,3,2,1,2,3,4,5,4,3,2"]
GOOD = "\n".join([HEADER, *ROWS, ""])


@pytest.fixture(autouse=True)
def _few(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path_factory.mktemp("settings") / "alliancekit.toml"
    path.write_text(FEW)
    monkeypatch.setenv("ALLIANCEKIT_CONFIG", str(path))


def made(folder: Path, content: bytes | str, name: str = "in.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_to_standard_output(tmp_path: Path) -> None:
    made(tmp_path, GOOD)
    done = run("score", "--measure", "wai-sr", "in.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "3 rows scored.\n"
    first, second, third = table(done.stdout)
    assert list(first) == ["id", *ITEMS, "task", "bond", "goal", "total", "answered", "prorated"]
    assert first["id"] == "007"
    scored = [[row[name] for name in list(first)[13:]] for row in (first, second, third)]
    # task 2, 10, 12 of 1, 2, 10, 12: (4 + 4 + 2) / 3 · 4
    assert scored == [
        ["20", "20", "20", "60", "12", "false"],
        ["13.333333333333334", "12", "11", "36.333333333333336", "11", "true"],
        ["", "12", "11", "", "10", "false"],
    ]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_files_in_every_format(ending: str, tmp_path: Path) -> None:
    made(tmp_path, GOOD)
    assert (
        call("score", "--measure", "wai-sr", "in.csv", "--out", f"a{ending}", folder=tmp_path).returncode == 0
    )
    made(tmp_path, GOOD.replace("item", "WAI-SR_"), "in2.csv")
    again = call("score", "--measure", "wai-sr", "in2.csv", "--out", f"b{ending}", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    out = tmp_path / f"a{ending}"
    if ending == ".parquet":
        frame = pl.read_parquet(out)
        assert frame["id"].to_list() == ["007", "c2", "c3"]
        assert frame["total"].to_list() == [60.0, 36.333333333333336, None]
        assert frame["prorated"].to_list() == [False, True, False]
    else:
        content = out.read_bytes() if ending == ".csv" else gzip.decompress(out.read_bytes())
        assert [row["total"] for row in table(content.decode())] == ["60", "36.333333333333336", ""]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["in.csv", "in2.csv", f"a{ending}", f"b{ending}"]
    )
    # what was written can be read again: the same answers have the same scores
    done = call("score", "--measure", "wai-sr", out.name, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    row = table(done.stdout)[1]
    assert (row["stored_total"][:7], row["total"][:7], row["total_differs"]) == (
        "36.3333",
        "36.3333",
        "false",
    )


def test_published_units_and_a_spreadsheet(tmp_path: Path) -> None:
    made(tmp_path, "\ufeffFall;SRS_1;SRS_2;SRS_3;SRS_4\r\n01;8,5;9;10;9,9\r\n02;;9;10;9\r\n")
    message = refused(tmp_path, "srs")
    assert "byte-order mark" in message
    assert "Add --spreadsheet" in message
    done = call("score", "--measure", "srs", "in.csv", "--spreadsheet", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = table(done.stdout)
    assert (first["Fall"], first["SRS_1"], first["total"], first["answered"]) == ("01", "8,5", "37.4", "4")
    assert (second["total"], second["answered"], second["prorated"]) == ("", "3", "false")


def test_a_stored_total_is_kept_and_compared(tmp_path: Path) -> None:
    made(
        tmp_path,
        "\n".join([HEADER + ",total", ROWS[0] + ",60", ROWS[0] + ",59", ROWS[0] + ",", ROWS[1] + ",36.33"]),
    )
    done = call("score", "--measure", "wai-sr", "in.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = table(done.stdout)
    assert [row["total_differs"] for row in rows] == ["false", "true", "", "false"]
    assert [row["stored_total"] for row in rows] == ["60", "59", "", "36.33"]
    assert [row["total"] for row in rows] == ["60", "60", "60", "36.333333333333336"]
    assert "1 stored values of total differ" in done.stderr


def test_rows_with_a_wrong_value_are_set_aside(tmp_path: Path) -> None:
    bad = ['"Anna, she said",6,5,5,5,5,5,5,5,5,5,5,x', "c9,5,5,5,5,5,5,5,5,5,5,5,0"]
    made(tmp_path, "\n".join([HEADER, ROWS[0], bad[0], ROWS[1], bad[1], ""]))
    options = ("--out", "out.csv", "--skip-invalid", "bad.csv")
    done = call("score", "--measure", "wai-sr", "in.csv", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 rows scored." in done.stderr
    assert "2 with a wrong value written to bad.csv" in done.stderr
    assert [row["id"] for row in table((tmp_path / "out.csv").read_text())] == ["007", "c2"]
    header, *lines = (tmp_path / "bad.csv").read_text().splitlines()
    assert header == HEADER + ",reason"
    assert [line[: len(each)] for line, each in zip(lines, bad, strict=True)] == bad
    reasons = [row["reason"] for row in table((tmp_path / "bad.csv").read_text())]
    one = "is not one of the integers 1, 2, 3, 4, 5"
    assert reasons == [f"row 3: item1 {one}; item12 {one}", f"row 5: item12 {one}"]


def refused(folder: Path, measure: str = "wai-sr", *options: str, name: str = "in.csv") -> str:
    """The one line of a refusal; an output file that stood there before stands there unchanged."""
    before = {path.name for path in folder.iterdir()}
    fresh = call("score", "--measure", measure, name, "--out", "new.csv", *options, folder=folder)
    assert {path.name for path in folder.iterdir()} == before
    (folder / "old.csv").write_text("precious")
    (folder / "old.parquet").write_text("precious")
    for out in ("old.csv", "old.parquet"):
        again = call("score", "--measure", measure, name, "--out", out, *options, folder=folder)
        assert (again.returncode, again.stderr) == (3, fresh.stderr)
        assert (folder / out).read_text() == "precious"
        (folder / out).unlink()
    assert {path.name for path in folder.iterdir()} == before
    plain = call("score", "--measure", measure, name, *options, folder=folder)
    for done in (fresh, plain):
        assert (done.returncode, done.stdout) == (3, ""), done.stderr
    [line] = fresh.stderr.splitlines()
    assert plain.stderr == fresh.stderr
    return line.removeprefix("alliancekit: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "in.csv is empty"),
        ("\ufeff" + GOOD, "byte-order mark, as spreadsheets write it. Add --spreadsheet"),
        (GOOD.replace(",", ";"), "semicolons between its columns, not commas. Add --spreadsheet"),
        (GOOD.replace("c2,,4,", 'c2,,"4,0",'), "decimal comma: add --spreadsheet"),
        (GOOD.replace("item2", "item1"), "two columns have the same name: 'item1'"),
        (
            GOOD.replace("c2,,", "c2,five,"),
            "1 cell is not one of the integers 1, 2, 3, 4, 5: row 3 column 'item1'.",
        ),
        (GOOD.replace("c2,,", "c2,6,"), "row 3 column 'item1'"),
        (GOOD.replace("c2,,", "c2,2.5,"), "row 3 column 'item1'"),
        (GOOD.replace("c2,,", "c2,NA,"), 'A missing value is an empty cell; in R: write.csv(…, na = "").'),
        (",".join(f"item{n}" for n in range(1_000_000)) + "\n", "more than 10,000 columns"),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n\x00", "not a CSV file"),
        (b"\x00\x01\x02", "not a CSV file"),
        (
            "<html>\n<body>hello</body>\n</html>\n",
            "No column holds an item of 'wai-sr'; the columns are '<html>'",
        ),
        (GOOD + "c4,1,2\n", "row 5 has 3 fields, the header has 13 columns"),
        (GOOD.replace("item12", "mood"), "there is none for item 12 (item12)"),
    ],
    ids=lambda value: None if isinstance(value, bytes) or len(value) > 80 else value[:20],
)
def test_a_bad_file_leaves_nothing_behind(content: bytes | str, says: str, tmp_path: Path) -> None:
    made(tmp_path, content)
    assert says in refused(tmp_path)


def test_ten_wrong_cells_are_named_and_the_others_counted(tmp_path: Path) -> None:
    rows = [f"Anna told me,{','.join('9' * 12)}"] * 30_000
    made(tmp_path, "\n".join([HEADER, ROWS[0], *rows]))
    message = refused(tmp_path)
    assert message.startswith(
        "360,000 cells are not one of the integers 1, 2, 3, 4, 5: row 3 column 'item1', row 3"
    )
    assert message.endswith("row 3 column 'item10' and 359,990 more.")
    assert "Anna" not in message


def test_a_refusal_leaves_no_file_of_wrong_rows_either(tmp_path: Path) -> None:
    made(tmp_path, GOOD + "c4,9,2,3,4,5,1,2,3,4,5,1,1\nc5\n")
    assert "row 6 has 1 fields" in refused(tmp_path, "wai-sr", "--skip-invalid", "bad.csv")


def test_files_are_never_written_onto_each_other(tmp_path: Path) -> None:
    made(tmp_path, GOOD)
    (tmp_path / "link.csv").symlink_to("in.csv")
    for options in (
        ("--out", "in.csv"),
        ("--out", "link.csv"),
        ("--out", "./a.csv", "--skip-invalid", "a.csv"),
        ("--out", "b.csv", "--skip-invalid", "in.csv"),
    ):
        done = call("score", "--measure", "wai-sr", "in.csv", *options, folder=tmp_path)
        assert done.returncode == 3
        assert "are the same file" in done.stderr
    assert (tmp_path / "in.csv").read_text() == GOOD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "link.csv"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("wai-sr", "none.csv"), "none.csv cannot be read: there is no such file"),
        (("wai-sr", "in.csv", "--out", "x.xlsx"), "Endings are .csv, .csv.gz, .parquet"),
        (("wai-sr", "in.csv", "--out", "none/x.csv"), "cannot be written"),
        (("wai-rs", "in.csv"), "There is no instrument 'wai-rs'"),
        (("wai-sr", "in.csv", "--out", "x.csv", "--skip-invalid", "y.txt"), "Endings are"),
    ],
)
def test_other_refusals(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    made(tmp_path, GOOD)
    done = call("score", "--measure", *arguments, folder=tmp_path)
    assert done.returncode == 3
    assert says in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_the_form_is_the_clients_unless_there_is_only_another(tmp_path: Path) -> None:
    made(tmp_path, GOOD)
    done = call("score", "--measure", "wai-sr", "--form", "therapist", "in.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    made(tmp_path, "1,2,3,4,5,6,7,8\n" + ",".join("0" * 8) + "\n", "sparq.csv")
    done = call("score", "--measure", "sparq-c", "sparq.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_full_disk_and_a_reader_that_leaves(tmp_path: Path) -> None:
    made(tmp_path, "\n".join([HEADER, *ROWS * 20_000, ""]))
    command = [COMMAND, "score", "--measure", "wai-sr", "in.csv"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 3
    assert done.stderr.decode().endswith(
        "The output cannot be written: No space left on device. Make room for it.\n"
    )
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"id,item1")
        process.stdout.close()
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        assert process.wait() == 1


def test_a_bar_on_a_terminal_only(tmp_path: Path) -> None:
    made(tmp_path, GOOD)
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [COMMAND, "score", "--measure", "wai-sr", "in.csv", "--out", "out.csv"],
            cwd=tmp_path,
            env=environment(TERM="xterm"),
            stderr=theirs,
            check=False,
        )
        shown = os.read(ours, 65_536).decode()
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 0
    assert "in.csv" in shown
    assert "100%" in shown
    assert shown.rstrip().endswith("3 rows scored.")
