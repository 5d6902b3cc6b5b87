"""Batches are scored as single responses are: bit for bit, in every row and every scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from alliancekit.batch.score import Scorer
from alliancekit.instruments.model import Instrument
from alliancekit.scoring.scales import score
from tests.batch.instruments import BIPOLAR, LINES, WAI_SR, answers_to, instruments

EVERYTHING = ("value", "percent", "answered", "prorated")


def frame(instrument: Instrument, rows: Sequence[Mapping[str, int]]) -> pl.DataFrame:
    ids = [item.id for item in instrument.items]
    return pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in ids}, schema=dict.fromkeys(ids, pl.Int64)
    )


def agree(instrument: Instrument, rows: Sequence[Mapping[str, int]]) -> None:
    scorer = Scorer(instrument, EVERYTHING)
    answers = frame(instrument, rows)
    scored = scorer.score(answers).rows(named=True)
    assert len(scored) == len(rows)
    for row, batch in zip(rows, scored, strict=True):
        for single in score(instrument, row):  # repr tells every bit of a float
            found = {what: batch[f"{single.scale}.{what}"] for what in EVERYTHING}
            assert repr(found) == repr({what: getattr(single, what) for what in EVERYTHING})
    assert scorer.answered(answers).to_list() == [len(row) for row in rows]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_batch_agrees_with_single_responses(data: st.DataObject) -> None:
    instrument = data.draw(instruments())
    agree(instrument, data.draw(st.lists(answers_to(instrument), max_size=8)))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_it_agrees_for_instruments_as_they_are_published(data: st.DataObject) -> None:
    instrument = data.draw(st.sampled_from([WAI_SR, LINES, BIPOLAR]))
    agree(instrument, data.draw(st.lists(answers_to(instrument), max_size=30)))


def test_rows_with_gaps_stay_where_they_are() -> None:
    whole = {f"item{n}": 1 + n % 5 for n in range(1, 13)}
    gap = {name: value for name, value in whole.items() if name != "item1"}
    found = Scorer(WAI_SR).score(frame(WAI_SR, [whole, gap, {}, whole]))
    assert found["task.prorated"].to_list() == [False, True, False, False]
    assert found["bond.prorated"].to_list() == [False] * 4
    assert found["total.value"][0] == found["total.value"][3] == sum(whole.values())
    assert found["total.value"][2] is None
    assert found["total.prorated"].to_list() == [False, True, False, False]


def test_only_what_is_wanted_is_given() -> None:
    assert Scorer(LINES, ("percent",)).score(frame(LINES, [])).columns == ["total.percent"]
