"""What a plugin may show on the therapist's page of one client: a title over texts, lists, tables and series.

Plain content, never HTML: the host draws it, so that it is escaped, readable by a screen reader and in both
colour schemes, and fits a telephone. Values outside the limits below raise ValueError where the part is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

MOST_PARTS: Final = 12
MOST_ITEMS: Final = 50
"""Items of a list, rows of a table, points of a series."""
MOST_COLUMNS: Final = 6
LONGEST_TITLE: Final = 80
LONGEST_TEXT: Final = 2000


@dataclass(frozen=True, slots=True)
class PanelText:
    """A paragraph."""

    text: str

    def __post_init__(self) -> None:
        _within(self.text, LONGEST_TEXT)


@dataclass(frozen=True, slots=True)
class PanelList:
    """Short statements, one below the other."""

    items: tuple[str, ...]

    def __post_init__(self) -> None:
        _few(self.items, MOST_ITEMS, "items")
        for item in self.items:
            _within(item, LONGEST_TEXT)


@dataclass(frozen=True, slots=True)
class PanelTable:
    """A table; the first cell of each row is its heading. `caption` is read out before it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        _within(self.caption, LONGEST_TITLE)
        _few(self.columns, MOST_COLUMNS, "columns")
        _few(self.rows, MOST_ITEMS, "rows")
        for row in (self.columns, *self.rows):
            if len(row) != len(self.columns):
                raise ValueError("a row has another number of cells than the table has columns")
            for cell in row:
                _within(cell, LONGEST_TITLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSeries:
    """One value a session, drawn as a line with its numbers in a table; None is a gap, never 0.

    `points` are (session number, value), in this order; values lie between `minimum` and `maximum`.
    """

    label: str
    points: tuple[tuple[int, float | None], ...]
    minimum: float = 0.0
    maximum: float = 100.0
    unit: str = ""

    def __post_init__(self) -> None:
        _within(self.label, LONGEST_TITLE)
        _few(self.points, MOST_ITEMS, "points")
        if not self.minimum < self.maximum or not math.isfinite(self.maximum - self.minimum):
            raise ValueError("the minimum of a series is not below its maximum")
        for _, value in self.points:
            if value is not None and not self.minimum <= value <= self.maximum:
                raise ValueError("a point of a series lies outside its range")


PanelPart = PanelText | PanelList | PanelTable | PanelSeries


@dataclass(frozen=True, slots=True)
class Panel:
    """One box on the page."""

    title: str
    parts: tuple[PanelPart, ...]

    def __post_init__(self) -> None:
        _within(self.title, LONGEST_TITLE)
        if not self.title:
            raise ValueError("a panel has no title")
        _few(self.parts, MOST_PARTS, "parts")
        for part in self.parts:
            if not isinstance(part, PanelPart):
                raise TypeError(f"a panel has a part of the type {type(part).__name__}")


def _within(text: str, most: int) -> None:
    if not isinstance(text, str):
        raise TypeError(f"a text of a panel is {type(text).__name__}")
    if len(text) > most:
        raise ValueError(f"a text of a panel has more than {most} characters")


def _few(values: tuple[object, ...], most: int, what: str) -> None:
    if len(values) > most:
        raise ValueError(f"a panel has more than {most} {what}")
