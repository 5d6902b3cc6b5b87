"""Cells as numbers, or the rows and columns of those that are none.

What a cell holds is never repeated: it may be somebody's words.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from alliancekit.batch.blocks import SPREADSHEET
from alliancekit.batch.files import FIRST_ROW
from alliancekit.errors import TableError

SHOWN = 10
"""Wrong cells that a message names; the others are counted."""

_POINT = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_COMMA = r"^[+-]?\d*,\d+$"
_MISSING_WORDS = ("na", "n/a", "nan", "null", "none", ".", "-", "missing")


def numbers(
    column: pl.Series,
    *,
    first_row: int = FIRST_ROW,
    minimum: float | None = None,
    maximum: float | None = None,
    required: bool = False,
    spreadsheet: bool = False,
) -> pl.Series:
    """A column as Float64; empty cells are null.

    Args:
        column: strings or numbers, as `files` gives them; its name appears in the refusal.
        first_row: the number of its first row.
        minimum: the lowest number allowed.
        maximum: the highest number allowed.
        required: refuse empty cells.
        spreadsheet: accept decimal commas.

    Raises:
        TableError: a cell is no finite number, outside the range, or empty although `required`.
    """
    texts = as_text(column)
    found = as_numbers(texts, spreadsheet=spreadsheet)
    fits = found.is_not_null()
    if minimum is not None:
        fits &= (found >= minimum).fill_null(value=False)
    if maximum is not None:
        fits &= (found <= maximum).fill_null(value=False)
    wrong = ~fits if required else ~fits & texts.is_not_null()
    if wrong.any():
        rows = wrong.arg_true() + first_row
        raise refusal(
            [(row, column.name) for row in rows.head(SHOWN)],
            len(rows),
            expected=_range(minimum, maximum),
            texts=texts.filter(wrong),
            spreadsheet=spreadsheet,
        )
    return found


def as_text(column: pl.Series) -> pl.Series:
    """A column as strings without spaces around them; what is empty or not a number (NaN) is null."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
    texts = column.cast(pl.String).str.strip_chars()
    return texts.set(texts == "", None)


def as_numbers(texts: pl.Series, *, spreadsheet: bool = False) -> pl.Series:
    """Texts as Float64, null where a text is no finite number in digits."""
    if spreadsheet:
        texts = pl.select(
            pl.when(texts.str.contains(_COMMA))
            .then(texts.str.replace(",", ".", literal=True))
            .otherwise(texts)
        ).to_series()
    plain = texts.set(~texts.str.contains(_POINT), None)
    found = plain.cast(pl.Float64, strict=False)
    return found.set(~found.is_finite(), None).alias(texts.name)


def refusal(
    cells: Sequence[tuple[int, str]],
    count: int,
    *,
    expected: str,
    texts: pl.Series,
    spreadsheet: bool,
) -> TableError:
    """The refusal of wrong cells: where they are and what was expected, not what they hold.

    Args:
        cells: row and column of the first ones.
        count: how many there are in all.
        expected: what belongs there, such as `a number from 0 to 40`.
        texts: the wrong cells' texts; only read for what they have in common.
        spreadsheet: whether decimal commas were accepted.
    """
    places = ", ".join(f"row {row} column {column[:40]!r}" for row, column in cells)
    more = f" and {count - len(cells):,} more" if count > len(cells) else ""
    fix = ""
    if not spreadsheet and texts.str.contains(_COMMA).any():
        fix = f"Some are written with a decimal comma: add {SPREADSHEET} to accept that."
    elif texts.str.to_lowercase().is_in(_MISSING_WORDS).any():
        fix = 'A missing value is an empty cell; in R: write.csv(…, na = "").'
    what = "1 cell is" if count == 1 else f"{count:,} cells are"
    return TableError(f"{what} not {expected}: {places}{more}.", fix=fix)


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f"a number from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f"a number of at least {minimum:g}"
    return "a number" if maximum is None else f"a number of at most {maximum:g}"
