"""Checking answers and scoring them by the instrument's own key."""

from __future__ import annotations

import gc
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.errors import InvalidAnswerError
from alliancekit.instruments.model import Instrument, Item, Option, Scale
from alliancekit.scoring import scales
from alliancekit.scoring.scales import check_answers, score


def instrument(
    items: int = 4,
    low: int = 1,
    high: int = 5,
    *,
    reversed_items: frozenset[int] = frozenset(),
    method: str = "sum",
    max_missing: int = 0,
) -> Instrument:
    ids = tuple(f"i{n}" for n in range(items))
    return Instrument(
        name="made-up",
        title={"en": "Made up"},
        options=tuple(Option(value=value) for value in range(low, high + 1)),
        items=tuple(Item(id=i, text={"en": "…"}, reversed=n in reversed_items) for n, i in enumerate(ids)),
        scales=(Scale(name="total", items=ids, method=method, max_missing=max_missing),),
        source="test",
        licence="CC0-1.0",
    )


SLIDER = Instrument(
    name="lines",
    title={"en": "Lines"},
    items=(Item(id="a", text={"en": "…"}, kind="slider", minimum=0, maximum=100, step=5),),
    scales=(Scale(name="total", items=("a",)),),
    source="test",
    licence="CC0-1.0",
)


def test_sum_and_range():
    [total] = score(instrument(), {"i0": 1, "i1": 2, "i2": 3, "i3": 5})
    assert (total.value, total.minimum, total.maximum) == (11.0, 4.0, 20.0)
    assert total.percent == pytest.approx(100 * 7 / 16)
    assert (total.answered, total.items, total.prorated) == (4, 4, False)


def test_mean():
    [total] = score(instrument(method="mean"), {"i0": 1, "i1": 2, "i2": 3, "i3": 5})
    assert (total.value, total.minimum, total.maximum) == (2.75, 1.0, 5.0)


def test_a_reversed_item_counts_from_the_other_end():
    # WAI: 8 − x on 1–7
    made = instrument(3, 1, 7, reversed_items=frozenset({1}))
    assert score(made, {"i0": 7, "i1": 2, "i2": 7})[0].value == 7 + (8 - 2) + 7
    # SRS-like 0–4: 4 − x
    assert score(instrument(2, 0, 4, reversed_items=frozenset({0})), {"i0": 1, "i1": 1})[0].value == 4


def test_values_count_by_label_not_by_position():
    made = instrument(2).model_copy(update={"options": tuple(Option(value=v) for v in (5, 4, 3, 2, 1))})
    assert score(made, {"i0": 5, "i1": 4})[0].value == 9


def test_one_missing_item_is_prorated_only_where_allowed():
    answers = {"i0": 2, "i1": 3, "i2": 4}
    [strict] = score(instrument(), answers)
    assert (strict.value, strict.percent, strict.answered, strict.prorated) == (None, None, 3, False)
    [kind] = score(instrument(max_missing=1), answers)
    assert (kind.value, kind.answered, kind.prorated) == (12.0, 3, True)
    assert score(instrument(max_missing=1), {"i0": 2, "i1": 3})[0].value is None


def test_no_answer_at_all_is_no_score_even_if_all_but_one_may_be_missing():
    [nothing] = score(instrument(max_missing=3), {})
    assert (nothing.value, nothing.percent, nothing.answered, nothing.prorated) == (None, None, 0, False)


@given(st.data())
def test_properties(data: st.DataObject):
    low = data.draw(st.integers(-3, 1))
    high = data.draw(st.integers(low + 1, low + 8))
    items = data.draw(st.integers(1, 12))
    reversed_items = data.draw(st.frozensets(st.integers(0, items - 1)))
    method = data.draw(st.sampled_from(["sum", "mean"]))
    allowed = data.draw(st.integers(0, items - 1))
    made = instrument(items, low, high, reversed_items=reversed_items, method=method, max_missing=allowed)
    full = {f"i{n}": data.draw(st.integers(low, high)) for n in range(items)}
    dropped = data.draw(st.sets(st.sampled_from(sorted(full))))
    answers = {name: value for name, value in full.items() if name not in dropped}
    check_answers(made, answers)
    [got] = score(made, answers)

    missing = items - len(answers)
    assert got.answered == len(answers)
    if not answers or missing > allowed:
        assert got.value is None
        assert got.percent is None
        assert not got.prorated
        return
    assert got.value is not None
    assert got.percent is not None
    assert got.minimum <= got.value <= got.maximum
    assert 0.0 <= got.percent <= 100.0
    assert got.prorated == (missing > 0)
    # person-mean substitution, written the slow way
    counted = [low + high - v if int(n[1:]) in reversed_items else v for n, v in answers.items()]
    mean = sum(counted) / len(counted)
    assert got.value == pytest.approx(mean if method == "mean" else mean * items)
    # neither the order of the answers nor of the items changes a score
    shuffled = list(answers.items())
    random.Random(1).shuffle(shuffled)
    assert score(made, dict(shuffled)) == (got,)
    turned = made.model_copy(update={"items": tuple(reversed(made.items))})
    assert score(turned, answers) == (got,)


@pytest.mark.parametrize("value", [0, 6, -1, True, False, 3.0, "3", None, [3]])
def test_values_that_are_no_option_are_refused(value: object):
    with pytest.raises(InvalidAnswerError, match="'i2'"):
        check_answers(instrument(), {"i0": 1, "i2": value})


@pytest.mark.parametrize("value", [-5, 105, 7, 50.0, True])
def test_sliders_refuse_what_is_off_range_or_step(value: object):
    with pytest.raises(InvalidAnswerError, match="from 0 to 100 in steps of 5"):
        check_answers(SLIDER, {"a": value})


def test_sliders_accept_their_ends_and_steps():
    for value in (0, 5, 100):
        check_answers(SLIDER, {"a": value})
        assert score(SLIDER, {"a": value})[0].percent == value


def test_missing_items_are_no_mistake_of_the_answer():
    check_answers(instrument(), {})


def test_unknown_items_are_named_but_free_text_is_not_repeated():
    with pytest.raises(InvalidAnswerError, match="'mood'"):
        check_answers(instrument(), {"mood": 3})
    with pytest.raises(InvalidAnswerError) as caught:
        check_answers(instrument(), {"My therapist Anna shouted": 3})
    assert "Anna" not in str(caught.value)


@given(st.one_of(st.integers(10_000, 10**12), st.text(min_size=5), st.floats(1e4, 1e12)))
def test_a_refusal_never_repeats_the_value(value: object):
    with pytest.raises(InvalidAnswerError) as caught:
        check_answers(instrument(), {"i0": value})
    if not (isinstance(value, str) and value in str(_refusal_without_value())):
        assert str(value) not in str(caught.value)


def _refusal_without_value() -> InvalidAnswerError:
    with pytest.raises(InvalidAnswerError) as caught:
        check_answers(instrument(), {"i0": None})
    return caught.value


def test_prepared_keys_are_kept_as_long_as_the_instrument_and_never_mixed_up():
    made = instrument()
    identity = id(made)
    score(made, {})
    prepared = scales._KEYS[identity][1]
    score(made, {})
    assert scales._KEYS[identity][1] is prepared
    del made
    gc.collect()
    assert identity not in scales._KEYS
    for high in range(5, 60):
        assert score(instrument(high=high), {f"i{n}": high for n in range(4)})[0].percent == 100.0
