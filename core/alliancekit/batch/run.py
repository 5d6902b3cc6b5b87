"""Score a file: read, check, score and write it in batches, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from alliancekit.batch.answers import AnswerReader, Wrong
from alliancekit.batch.columns import match_columns
from alliancekit.batch.files import Batch, Table
from alliancekit.batch.numbers import SHOWN, as_numbers, as_text, refusal
from alliancekit.batch.score import Scorer
from alliancekit.batch.sinks import Sink, open_sink
from alliancekit.errors import TableError
from alliancekit.instruments.model import Instrument

AGREE = 0.005
"""A stored score agrees with the computed one up to this: it was often written with two decimals."""


@dataclass(slots=True)
class Summary:
    """What was done: rows `scored` and `skipped`; by scale, how many stored scores differ from its own."""

    scored: int = 0
    skipped: int = 0
    differing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of the output are called.

    `renamed` are the input's columns whose name an added one needs, `compared` those that hold a stored score
    of a scale: scale → column.
    """

    scales: tuple[str, ...]
    renamed: Mapping[str, str]
    compared: Mapping[str, str]

    @classmethod
    def of(cls, scales: Sequence[str], columns: Sequence[str], items: Sequence[str]) -> Layout:
        """The layout for a file's columns.

        Raises:
            TableError: two columns of the output would have the same name.
        """
        added = [*scales, "answered", "prorated"]
        renamed = {
            name: f"item_{name}" if name in items else f"stored_{name}" for name in columns if name in added
        }
        compared = {name: name for name in scales if name in columns and name not in items}
        names = (
            [renamed.get(name, name) for name in columns] + added + [f"{name}_differs" for name in compared]
        )
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise TableError(
                f"The output would have two columns {twice[0]!r}.",
                fix=f"Rename or leave out {twice[0]!r} in the file.",
            )
        return cls(tuple(scales), renamed, compared)


def score_file(
    instrument: Instrument,
    source: Path,
    sink: Sink,
    *,
    skipped: Path | None = None,
    spreadsheet: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Summary:
    """Score each row of a file; the sink is finished when all went well, else discarded.

    Args:
        instrument: whose key scores the rows.
        source: CSV, gzip CSV or Parquet.
        sink: takes the rows with their scores.
        skipped: takes the rows with a wrong value instead, each with a `reason`; None refuses the file then.
        spreadsheet: accept a byte-order mark, semicolons and decimal commas.
        progress: told the share of the file read, 0–1.

    Raises:
        TableError: the file cannot be read, its columns do not match, or a value is wrong; names row and
            column of the first ten.
    """
    with ExitStack() as stack:
        stack.callback(sink.discard)
        table = stack.enter_context(Table(source, spreadsheet=spreadsheet))
        rejects = open_sink(skipped) if skipped is not None else None
        if rejects is not None:
            stack.callback(rejects.discard)
        job = _Job(instrument, table, sink, rejects, spreadsheet=spreadsheet)
        for batch in table.batches():
            job.take(batch)
            progress(table.read_share)
        job.end()
        sink.finish()
        if rejects is not None:
            rejects.finish()
        return job.summary


class _Job:
    """One file on its way."""

    def __init__(
        self, instrument: Instrument, table: Table, sink: Sink, rejects: Sink | None, *, spreadsheet: bool
    ) -> None:
        items = match_columns(instrument, table.columns)
        self._scorer = Scorer(instrument)
        self._reader = AnswerReader(instrument, items, spreadsheet=spreadsheet)
        self._layout = Layout.of([s.name for s in instrument.scales], table.columns, list(items.values()))
        self._table = table
        self._sink = sink
        self._rejects = rejects
        self._spreadsheet = spreadsheet
        self._mistakes = _Mistakes()
        self.summary = Summary(differing=dict.fromkeys(self._layout.compared, 0))
        empty = Batch(table.schema.to_frame(), 2)
        if rejects is not None:
            if "reason" in table.columns:
                raise TableError("The file has a column 'reason' already.", fix="Rename it in the file.")
            rejects.write(empty.frame.with_columns(reason=pl.lit("")))
        self._write(empty.frame, self._reader.read(empty.frame)[0])

    def take(self, batch: Batch) -> None:
        """Score one batch and write it, or remember what is wrong with it."""
        frame = batch.frame
        answers, wrong = self._reader.read(frame)
        if wrong and self._rejects is None:
            self._mistakes.add(wrong, batch.first_row)
        if self._mistakes.count:
            return
        if wrong and self._rejects is not None:
            reasons = _reasons(wrong, batch.first_row)
            places = pl.Series(sorted(reasons), dtype=pl.UInt32)
            bad = frame[places].with_columns(reason=pl.Series([reasons[place] for place in sorted(reasons)]))
            self._rejects.write(bad)
            self.summary.skipped += bad.height
            kept = pl.repeat(value=True, n=frame.height, eager=True).scatter(places, values=False)
            frame, answers = frame.filter(kept), answers.filter(kept)
        self.summary.scored += frame.height
        self._write(frame, answers)

    def end(self) -> None:
        """Refuse the file if anything in it was wrong."""
        if self._mistakes.count:
            raise self._mistakes.refusal(spreadsheet=self._spreadsheet)

    def _write(self, frame: pl.DataFrame, answers: pl.DataFrame) -> None:
        scored = self._scorer.score(answers)
        values = {scale: scored[f"{scale}.value"] for scale in self._layout.scales}
        prorated = scored.select(
            pl.any_horizontal(f"{scale}.prorated" for scale in self._layout.scales)
        ).to_series()
        added = [
            *(
                (_readable(column) if self._sink.is_text else column).alias(name)
                for name, column in values.items()
            ),
            self._scorer.answered(answers),
            prorated.alias("prorated"),
            *(
                self._differs(scale, frame[column], values[scale])
                for scale, column in self._layout.compared.items()
            ),
        ]
        self._sink.write(frame.rename(self._layout.renamed).with_columns(added))

    def _differs(self, scale: str, stored: pl.Series, computed: pl.Series) -> pl.Series:
        """Whether the file's own score is another; null where it has none."""
        texts = as_text(stored)
        found = as_numbers(texts, spreadsheet=self._spreadsheet)
        agrees = ((found - computed).abs() <= AGREE + 1e-9).fill_null(value=False)
        differs = (~agrees).set(texts.is_null(), None)
        self.summary.differing[scale] += int(differs.sum())
        return differs.alias(f"{scale}_differs")


class _Mistakes:
    """Wrong cells of a file that is refused: the first ones and how many."""

    def __init__(self) -> None:
        self.count = 0
        self._cells: list[tuple[int, str]] = []
        self._expected: dict[str, None] = {}
        self._texts: list[pl.Series] = []

    def add(self, wrong: Sequence[Wrong], first_row: int) -> None:
        """Count the wrong cells of one batch."""
        self.count += sum(len(each.places) for each in wrong)
        if len(self._cells) < SHOWN:
            cells = sorted((row, n) for n, each in enumerate(wrong) for row in each.places.head(SHOWN))
            for place, number in cells[: SHOWN - len(self._cells)]:
                self._cells.append((place + first_row, wrong[number].column))
                self._expected[wrong[number].expected] = None
            self._texts += [each.texts.head(SHOWN) for each in wrong]

    def refusal(self, *, spreadsheet: bool) -> TableError:
        """The message about all of them."""
        expected = list(self._expected)
        return refusal(
            self._cells,
            self.count,
            expected=" or ".join(expected if len(expected) < 4 else ["an answer that its item allows"]),
            texts=pl.concat(self._texts),
            spreadsheet=spreadsheet,
        )


def _reasons(wrong: Sequence[Wrong], first_row: int) -> dict[int, str]:
    """Place in the batch → what is wrong with that row."""
    found: dict[int, list[str]] = {}
    for each in wrong:
        for place in each.places:
            found.setdefault(place, []).append(f"{each.column} is not {each.expected}")
    return {place: f"row {place + first_row}: {'; '.join(texts)}" for place, texts in found.items()}


def _readable(values: pl.Series) -> pl.Series:
    """Whole numbers without a decimal point, as people write them."""
    whole = values.cast(pl.Int64, strict=False)
    broken = (values != whole).arg_true()
    if not len(broken):
        return whole
    return whole.cast(pl.String).scatter(broken, values.gather(broken).cast(pl.String))
