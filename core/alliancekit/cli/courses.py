"""Courses of sessions out of a file: rows `session,score`, checked, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from alliancekit.batch import files
from alliancekit.batch.columns import match_columns
from alliancekit.batch.numbers import as_text, numbers
from alliancekit.errors import TableError
from alliancekit.events import Score
from alliancekit.instruments.model import Instrument

YES = frozenset({"yes", "y", "true", "1"})
NO = frozenset({"no", "n", "false", "0"})

OWN = ("session", "score", "attended", "client", "therapist")
"""Columns with a meaning of their own; any other is an item's or is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One session of one client, from row `row` of the file.

    `score` and `therapist` are in published units, None where there is none. `answers` are as stored.
    """

    row: int
    client: str
    session: int
    score: float | None
    attended: bool = True
    therapist: float | None = None
    answers: Mapping[str, int] = field(default_factory=dict)


def read_courses(path: Path, instrument: Instrument, scale: Score, *, spreadsheet: bool) -> list[Row]:
    """The sessions of a file, every one checked before the first is returned.

    Args:
        path: CSV, gzip CSV or Parquet with the columns `session` and `score`; optional `attended`, `client`,
            `therapist` (beside a client's score) and one column an item.
        instrument: whose items the item columns hold.
        scale: its range is the range of `score` and `therapist`.
        spreadsheet: accept a byte-order mark, semicolons and decimal commas.

    Raises:
        TableError: the file cannot be read, a column is missing, a value is none or lies outside its range, a
            client's sessions do not increase, or a missed session has a score. Names rows, never values.
    """
    frame = files.read(path, spreadsheet=spreadsheet)
    named = _own_columns(frame.columns)
    if instrument.form == "therapist" and "therapist" in named:
        raise TableError(
            f"{path.name} has a column {named['therapist']!r}, and the scores are the therapist's already.",
            fix="Leave it out, or choose the client's form with --form client.",
        )
    sessions = numbers(frame[named["session"]], minimum=1, required=True, spreadsheet=spreadsheet)
    whole = (sessions == sessions.floor()) & (sessions < 2**53)
    if not whole.all():
        raise _refused("session", (~whole).arg_true(), "a whole number")
    scores = _scores(frame, named.get("score"), scale, spreadsheet=spreadsheet)
    theirs = _scores(frame, named.get("therapist"), scale, spreadsheet=spreadsheet)
    clients = _clients(frame, named.get("client"))
    came = _attended(frame, named.get("attended"))
    answers = _answers(frame, named, instrument, spreadsheet=spreadsheet)
    rows = [
        Row(
            row=files.FIRST_ROW + at,
            client=clients[at],
            session=int(sessions[at]),
            score=scores[at],
            attended=came[at],
            therapist=theirs[at],
            answers=answers[at],
        )
        for at in range(frame.height)
    ]
    if not rows:
        raise TableError(f"{path.name} has a header and no rows: there is no session to look at.")
    _check(rows)
    return rows


def _own_columns(columns: list[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for column in columns:
        plain = column.strip().lower()
        if plain in OWN:
            if plain in named:
                raise TableError(
                    f"The columns {named[plain]!r} and {column!r} both mean {plain!r}.",
                    fix="Leave out or rename one of them.",
                )
            named[plain] = column
    missing = [name for name in ("session", "score") if name not in named]
    if missing:
        raise TableError(
            f"There is no column {' and no column '.join(map(repr, missing))}.",
            fix="The first line must name the columns: session,score and where wanted client, attended, "
            "therapist and the items.",
        )
    return named


def _scores(
    frame: pl.DataFrame, column: str | None, scale: Score, *, spreadsheet: bool
) -> list[float | None]:
    if column is None:
        return [None] * frame.height
    low, high = scale.minimum, scale.maximum
    return numbers(frame[column], minimum=low, maximum=high, spreadsheet=spreadsheet).to_list()


def _clients(frame: pl.DataFrame, column: str | None) -> list[str]:
    if column is None:
        return [""] * frame.height
    texts = as_text(frame[column])
    if texts.null_count():
        raise _refused(column, texts.is_null().arg_true(), "a client's name or number")
    return texts.to_list()


def _attended(frame: pl.DataFrame, column: str | None) -> list[bool]:
    if column is None:
        return [True] * frame.height
    texts = as_text(frame[column]).fill_null("yes").str.to_lowercase()
    known = texts.is_in(sorted(YES | NO))
    if not known.all():
        raise _refused(column, (~known).arg_true(), "yes or no")
    return texts.is_in(sorted(YES)).to_list()


def _answers(
    frame: pl.DataFrame, named: Mapping[str, str], instrument: Instrument, *, spreadsheet: bool
) -> list[dict[str, int]]:
    """The answers of each row, as they would be stored; empty where the file has no item columns."""
    others = [column for column in frame.columns if column not in named.values()]
    answers: list[dict[str, int]] = [{} for _ in range(frame.height)]
    for item in instrument.items if _any_item(others, instrument) else ():
        column = match_columns(instrument, others)[item.id]
        unit = 10**item.decimals
        low, high = instrument.range_of(item)
        given = numbers(frame[column], minimum=low / unit, maximum=high / unit, spreadsheet=spreadsheet)
        allowed = {option.value for option in instrument.options_of(item)} or set(
            range(item.minimum, item.maximum + 1, item.step)
        )
        stored = [None if value is None else round(value * unit) for value in given]
        wrong = [
            at
            for at, (value, kept) in enumerate(zip(given, stored, strict=True))
            if kept is not None and (kept not in allowed or abs(value * unit - kept) > 1e-6)
        ]
        if wrong:
            raise _refused(column, pl.Series(wrong), "one of the item's answers")
        for at, kept in enumerate(stored):
            if kept is not None:
                answers[at][item.id] = kept
    return answers


def _any_item(columns: list[str], instrument: Instrument) -> bool:
    """Whether a column looks like an item's: its id, or a number, also after `item` or the name."""
    ids = {item.id for item in instrument.items}
    stems = {"", "item", instrument.name.replace("-", "_")}
    for column in columns:
        plain = "_".join(column.strip().lower().replace("-", "_").split())
        stem = plain.rstrip("0123456789")
        if plain in ids or (stem != plain and stem.rstrip("_") in stems):
            return True
    return False


def _check(rows: Sequence[Row]) -> None:
    before: dict[str, Row] = {}
    for row in rows:
        last = before.get(row.client)
        if last is not None and row.session <= last.session:
            again = "is there twice" if row.session == last.session else "comes after a later one"
            raise TableError(
                f"Row {row.row}: session {row.session} {again} (row {last.row}).",
                fix="Sort each client's sessions and keep one row a session.",
            )
        if not row.attended and (row.score is not None or row.therapist is not None or row.answers):
            raise TableError(
                f"Row {row.row}: session {row.session} was missed and has a score or answers.",
                fix="Leave them empty, or write yes under attended.",
            )
        before[row.client] = row


def by_client(rows: Sequence[Row]) -> Iterator[tuple[Row, list[Row]]]:
    """Each row with its client's rows up to it, in the order of the file."""
    courses: dict[str, list[Row]] = {}
    for row in rows:
        courses.setdefault(row.client, []).append(row)
        yield row, courses[row.client]


def _refused(column: str, at: pl.Series, expected: str) -> TableError:
    places = ", ".join(str(files.FIRST_ROW + index) for index in at.head(10))
    more = f" and {len(at) - 10:,} more" if len(at) > 10 else ""
    rows = "row" if len(at) == 1 else "rows"
    return TableError(f"Column {column[:40]!r}, {rows} {places}{more}: expected {expected}.")
