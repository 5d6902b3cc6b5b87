"""Item columns as the integers that are stored: 8.5 on a line with one decimal becomes 85."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from alliancekit.batch.numbers import as_text
from alliancekit.instruments.model import Instrument, Item

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_NUMBER_OR_COMMA = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)", re.ASCII)
_LONGEST = 40
"""Characters of a number: longer digits are no answer, and slow to convert."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Cells of one column that are no answer: their places in the batch, and what they hold."""

    column: str
    item: str
    expected: str
    places: pl.Series
    texts: pl.Series


class AnswerReader:
    """Reads the item columns of batches.

    Args:
        instrument: whose items these are.
        columns: item id → column, as `match_columns` gives it.
        spreadsheet: accept decimal commas.
    """

    def __init__(
        self, instrument: Instrument, columns: Mapping[str, str], *, spreadsheet: bool = False
    ) -> None:
        self._items = [_ItemReader(instrument, item, spreadsheet=spreadsheet) for item in instrument.items]
        self._columns = dict(columns)

    def read(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Wrong]]:
        """The answers, a column for each item id, null where missing; and the cells that are no answer."""
        found: list[pl.Series] = []
        wrong: list[Wrong] = []
        casts = frame.select(
            _whole_numbers(frame, self._columns[item.id], item).alias(item.id) for item in self._items
        )
        for item in self._items:
            column = frame[self._columns[item.id]]
            answers, bad = item.read(column, casts[item.id])
            found.append(answers)
            if bad is not None:
                wrong.append(bad)
        return pl.DataFrame(found), wrong


class _ItemReader:
    """Reads one item's column."""

    def __init__(self, instrument: Instrument, item: Item, *, spreadsheet: bool) -> None:
        self.id = item.id
        self.decimals = item.decimals
        self._form = _NUMBER_OR_COMMA if spreadsheet else _NUMBER
        self.low, self.high = instrument.range_of(item)
        if item.kind == "slider":
            self._allowed: range | frozenset[int] = range(item.minimum, item.maximum + 1, item.step)
        else:
            self._allowed = frozenset(option.value for option in instrument.options_of(item))
        self._dense = len(self._allowed) == self.high - self.low + 1
        self.expected = _expected(item, self._allowed)

    def read(self, column: pl.Series, quick: pl.Series) -> tuple[pl.Series, Wrong | None]:
        """The stored integers of a column; `quick` holds those that polars could read at once."""
        answers = self._only_allowed(quick)
        if answers.null_count() == column.null_count():
            return answers, None
        places = (answers.is_null() & column.is_not_null()).arg_true()
        texts = as_text(column.gather(places))
        known = {text: self.parsed(text) for text in texts.unique().drop_nulls()}
        values = texts.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.Int64)
        answers = answers.scatter(places, values)
        bad = values.is_null() & texts.is_not_null()
        if not bad.any():
            return answers, None
        return answers, Wrong(column.name, self.id, self.expected, places.filter(bad), texts.filter(bad))

    def parsed(self, text: str) -> int | None:
        """The stored integer of a cell, None when it is no answer to the item."""
        if len(text) > _LONGEST or not self._form.fullmatch(text):
            return None
        scaled = Decimal(text.replace(",", ".")).scaleb(self.decimals)
        value = int(scaled)
        return value if value == scaled and value in self._allowed else None

    def _only_allowed(self, quick: pl.Series) -> pl.Series:
        low, high = quick.min(), quick.max()
        if low is None or (self._dense and low >= self.low and high <= self.high):  # type: ignore[operator]
            return quick
        fits = quick.is_between(self.low, self.high)
        if not self._dense:
            fits &= quick.is_in(list(self._allowed))
        return quick.set(~fits, None)


def _whole_numbers(frame: pl.DataFrame, column: str, item: _ItemReader) -> pl.Expr:
    """The column as integers where that takes no thought, else null."""
    kind = frame.schema[column]
    if item.decimals == 0 and (kind == pl.String or kind.is_integer()):
        return pl.col(column).cast(pl.Int64, strict=False)
    return pl.repeat(None, pl.len(), dtype=pl.Int64)


def _expected(item: Item, allowed: range | frozenset[int]) -> str:
    if item.kind == "choice":
        return f"one of the integers {', '.join(map(str, sorted(allowed)))}"
    unit = 10**item.decimals
    ends = f"{item.minimum / unit:g} to {item.maximum / unit:g}"
    step = f" in steps of {item.step / unit:g}" if item.step > 1 else ""
    if item.decimals:
        places = f"at most {item.decimals} decimal{'s' if item.decimals > 1 else ''}"
        return f"a number from {ends} with {places}{step}"
    return f"an integer from {ends}{step}"
