"""Item columns as stored integers, from text, integers and floats, and the cells that are no answer."""

from __future__ import annotations

import polars as pl
import pytest

from alliancekit.batch.answers import AnswerReader
from alliancekit.instruments.model import Instrument, Item, Option
from tests.batch.instruments import BIPOLAR, LINES


def read(
    instrument: Instrument, column: pl.Series, *, spreadsheet: bool = False
) -> tuple[list[int | None], list[int]]:
    """The first item's stored values, with every other item left empty; and the places that are wrong."""
    names = [item.id for item in instrument.items]
    frame = pl.DataFrame([column.alias(names[0])]).with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in names[1:]
    )
    columns = {name: name for name in names}
    answers, wrong = AnswerReader(instrument, columns, spreadsheet=spreadsheet).read(frame)
    assert answers.columns == names
    return answers[names[0]].to_list(), [place for each in wrong for place in each.places]


@pytest.mark.parametrize("kind", [pl.String, pl.Int8, pl.Int64, pl.Float32, pl.Float64])
def test_choices_in_every_type(kind: type[pl.DataType]) -> None:
    given = pl.Series("a", [-3, 0, 3, None]).cast(kind)
    assert read(BIPOLAR, given) == ([-3, 0, 3, None], [])
    assert read(BIPOLAR, pl.Series([4, -4], dtype=pl.Int64).cast(kind)) == ([None, None], [0, 1])


@pytest.mark.parametrize(
    ("text", "stored"),
    [("8.5", 85), ("10", 100), ("0", 0), ("8.50", 85), (".5", 5), ("+9", 90), (" 9.9 ", 99)],
)
def test_a_line_in_published_units(text: str, stored: int) -> None:
    assert read(LINES, pl.Series([text, None, ""])) == ([stored, None, None], [])


def test_a_line_from_a_column_of_floats_is_exact() -> None:
    tenths = [number / 10 for number in range(101)]
    assert read(LINES, pl.Series(tenths)) == (list(range(101)), [])
    assert read(LINES, pl.Series(tenths, dtype=pl.Float32)) == (list(range(101)), [])


@pytest.mark.parametrize("text", ["8.55", "10.1", "-1", "8,5", "1e1", "x", "NA", "٣", "1" * 41, "inf"])
def test_what_is_no_answer_is_told_by_its_place(text: str) -> None:
    assert read(LINES, pl.Series(["1", text])) == ([10, None], [1])


def test_decimal_commas() -> None:
    assert read(LINES, pl.Series(["8,5", "8.5", "8,55"]), spreadsheet=True) == ([85, 85, None], [2])


def test_values_between_the_options_are_no_answer() -> None:
    gaps = BIPOLAR.model_copy(
        update={"items": (Item(id="a", options=tuple(Option(value=value) for value in (0, 2, 4))),)}
    )
    assert read(gaps, pl.Series(["0", "1", "2", "3", "4", "5"])) == ([0, None, 2, None, 4, None], [1, 3, 5])
    steps = LINES.model_copy(update={"items": (Item(id="a", kind="slider", maximum=100, step=10),)})
    assert read(steps, pl.Series([0, 15, 100, 110])) == ([0, None, 100, None], [1, 3])


def test_a_wrong_cell_knows_what_was_expected() -> None:
    names = {item.id: item.id for item in LINES.items}
    frame = pl.DataFrame({name: ["11"] for name in names})
    _, wrong = AnswerReader(LINES, names).read(frame)
    assert [each.item for each in wrong] == list(names)
    assert {each.expected for each in wrong} == {"a number from 0 to 10 with at most 1 decimal"}
    assert wrong[0].texts.to_list() == ["11"]
