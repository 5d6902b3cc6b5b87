"""Cells as numbers: what counts as one, and refusals that name places and never what stands there."""

from __future__ import annotations

import polars as pl
import pytest

from alliancekit.batch.numbers import as_numbers, as_text, numbers, refusal
from alliancekit.errors import TableError


def column(*cells: str | None) -> pl.Series:
    return pl.Series("score", cells, dtype=pl.String)


def test_numbers_as_people_and_programs_write_them() -> None:
    given = ["1", "-2.5", "+3", ".5", "4.", " 7 ", "1e3", "2E-1", "", None, "007"]
    wanted = [1.0, -2.5, 3.0, 0.5, 4.0, 7.0, 1000.0, 0.2, None, None, 7.0]
    assert numbers(column(*given)).to_list() == wanted


@pytest.mark.parametrize(
    "text", ["x", "1,5", "nan", "inf", "-Infinity", "1e999", "0x10", "1_000", "1 000", "--1", "٣", "1.2.3"]
)
def test_what_is_no_finite_number_in_digits(text: str) -> None:
    assert as_numbers(column(text)).to_list() == [None]
    with pytest.raises(TableError) as refused:
        numbers(column("1", text))
    assert str(refused.value).startswith("1 cell is not a number: row 3 column 'score'.")


def test_numbers_that_are_numbers_already() -> None:
    assert numbers(pl.Series("score", [1.5, float("nan"), None])).to_list() == [1.5, None, None]
    assert numbers(pl.Series("score", [3, None])).to_list() == [3.0, None]
    with pytest.raises(TableError, match="row 2"):
        numbers(pl.Series("score", [float("inf")]))


def test_decimal_commas_where_they_are_accepted() -> None:
    assert numbers(column("8,5", "9.5", ",5"), spreadsheet=True).to_list() == [8.5, 9.5, 0.5]
    with pytest.raises(TableError, match="add --spreadsheet"):
        numbers(column("8,5"))
    with pytest.raises(TableError):
        numbers(column("1,000,5"), spreadsheet=True)


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        ({"minimum": 0, "maximum": 40}, "not a number from 0 to 40: row 2 column 'score', row 4"),
        ({"minimum": 0}, "not a number of at least 0: row 2"),
        ({"maximum": 40}, "not a number of at most 40: row 4"),
    ],
)
def test_the_range_and_its_ends(ends: dict[str, float], says: str) -> None:
    assert numbers(column("0", "40"), **ends).to_list() == [0, 40]  # type: ignore[arg-type]
    with pytest.raises(TableError) as refused:
        numbers(column("-0.001", "20", "40.001"), **ends)  # type: ignore[arg-type]
    assert says in str(refused.value)


def test_rows_are_counted_on_from_the_first_of_a_batch() -> None:
    with pytest.raises(TableError, match="row 101 column"):
        numbers(column("1", "x"), first_row=100)


def test_empty_cells_where_they_are_required() -> None:
    with pytest.raises(TableError, match="row 3"):
        numbers(column("1", " "), required=True)


def test_ten_are_named_and_the_others_counted() -> None:
    with pytest.raises(TableError) as refused:
        numbers(column(*["Anna"] * 2500))
    message = str(refused.value)
    assert message.startswith("2,500 cells are not a number: row 2 column 'score', row 3")
    assert "row 11 column 'score' and 2,490 more." in message
    assert "Anna" not in message


@pytest.mark.parametrize("word", ["NA", "n/a", "None", ".", "-"])
def test_words_for_missing_are_recognised(word: str) -> None:
    with pytest.raises(TableError) as refused:
        numbers(column(word))
    assert "A missing value is an empty cell" in str(refused.value)


def test_a_columns_long_name_is_cut() -> None:
    texts = as_text(pl.Series("x", ["?"]))
    error = refusal([(2, "c" * 500)], 1, expected="a number", texts=texts, spreadsheet=False)
    assert len(str(error)) < 120
