"""Score the rows of a frame by an instrument's key: the arithmetic of single responses, on columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl

from alliancekit.instruments.keys import keys
from alliancekit.instruments.model import Instrument
from alliancekit.scoring.arithmetic import Quantity, Worked, evaluate

What = Literal["value", "percent", "answered", "prorated"]
_Array = np.ndarray[Any, np.dtype[Any]]

_TYPES: dict[What, type[Any]] = {
    "value": np.float64,
    "percent": np.float64,
    "answered": np.int64,
    "prorated": np.bool_,
}


class _Rows:
    """Rows as `arithmetic.Answers`: arrays. Without `given`, no item is missing in any row."""

    def __init__(self, values: Mapping[str, _Array], given: Mapping[str, _Array] | None = None) -> None:
        self._values = values
        self._given = given

    def value(self, item: str) -> _Array:
        return self._values[item]

    def given(self, item: str) -> Quantity:
        return 1 if self._given is None else self._given[item]

    def divide(self, dividend: _Array, divisor: Quantity) -> _Array:
        if isinstance(divisor, int) and divisor == 1:
            return dividend.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):  # rows that `either` then leaves out
            return np.true_divide(dividend, divisor)

    def either(
        self, condition: Quantity, then: Callable[[], Quantity], otherwise: Callable[[], Quantity]
    ) -> Quantity:
        if isinstance(condition, bool):
            return then() if condition else otherwise()
        return np.where(condition, _missing(then()), _missing(otherwise()))


class Scorer:
    """Scores frames by one instrument's key.

    Args:
        instrument: whose scales are scored.
        wanted: what of each scale; `alliancekit.events.Score` says what each is.
    """

    def __init__(self, instrument: Instrument, wanted: Sequence[What] = ("value", "prorated")) -> None:
        self.items = [item.id for item in instrument.items]
        self._keys = keys(instrument)
        self._wanted = tuple(wanted)
        self._type = pl.Int32 if max(key.reach for key in self._keys) < 2**31 else pl.Int64

    def score(self, answers: pl.DataFrame) -> pl.DataFrame:
        """One column `scale.what` for each scale and each thing wanted, such as `total.value`.

        Args:
            answers: a column for each item id with stored integers, null where missing.
        """
        gaps = [name for name in self.items if answers[name].null_count()]
        # One selection for all columns: polars works on them at the same time.
        whole = answers.select(pl.col(self.items).cast(self._type).fill_null(0))
        values = _arrays(whole)
        found = self._evaluated(_Rows(values), answers.height)
        if gaps:
            # Rows with a gap are few: the others are worth the short way.
            gap = answers.select(pl.any_horizontal(pl.col(gaps).is_null())).to_series()
            given = answers.filter(gap).select(pl.col(self.items).is_not_null().cast(self._type))
            at = gap.arg_true().to_numpy()
            rows = _Rows({name: column[at] for name, column in values.items()}, _arrays(given))
            for name, column in self._evaluated(rows, len(at)).items():
                found[name][at] = column
        return pl.DataFrame(found, nan_to_null=True)

    def answered(self, answers: pl.DataFrame) -> pl.Series:
        """How many of the instrument's items each row answers."""
        missing = pl.sum_horizontal(pl.lit(0), *(pl.col(name).is_null() for name in self.items))
        return answers.select((len(self.items) - missing.cast(pl.Int64)).alias("answered")).to_series()

    def _evaluated(self, rows: _Rows, height: int) -> dict[str, _Array]:
        worked: dict[str, Worked] = {}
        for key in self._keys:
            worked[key.name] = evaluate(key, rows, worked)
        return {
            f"{key.name}.{what}": _column(_what(worked[key.name], what), what, height)
            for key in self._keys
            for what in self._wanted
        }


def _arrays(frame: pl.DataFrame) -> dict[str, _Array]:
    return {column.name: column.to_numpy() for column in frame.iter_columns()}


def _what(worked: Worked, what: What) -> Quantity:
    return worked.percent() if what == "percent" else getattr(worked, what)


def _missing(quantity: Quantity) -> Quantity:
    return np.nan if quantity is None else quantity


def _column(quantity: Quantity, what: What, height: int) -> _Array:
    """A quantity as an array of its own, also where it is the same in every row."""
    if isinstance(quantity, np.ndarray):
        return quantity.astype(_TYPES[what], copy=False)
    return np.full(height, quantity, dtype=_TYPES[what])
