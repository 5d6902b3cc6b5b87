"""A stored score agrees when it is the computed one, rounded as it was stored."""

from __future__ import annotations

from decimal import Decimal

import pytest

from alliancekit.scoring.stored import agrees, recompute
from tests.instruments.packs import instrument


@pytest.mark.parametrize(
    ("stored", "computed", "same"),
    [
        ("47", 47.0, True),
        ("47", 48.0, False),
        ("47", 46.666666, True),
        ("47", 46.4, False),
        ("4.33", 13 / 3, True),
        ("4.3", 13 / 3, True),
        ("4.3", 4.36, False),
        ("4.30", 13 / 3, False),
        ("-3", -3.0, True),
        ("-3", 3.0, False),
        ("4E+1", 40.0, True),
        ("4E+1", 44.0, False),
        ("0.1", 0.1, True),
        ("2.5", 2.45, True),
        ("3", None, False),
    ],
)
def test_agreement(stored: str, computed: float | None, same: bool):
    assert agrees(Decimal(stored), computed) is same


def test_every_scale_is_recomputed_and_compared():
    done = recompute(
        instrument(),
        {"item1": 2, "item2": 85},
        {"first": Decimal(2), "line": Decimal("8.5"), "total": Decimal(9)},
    )
    assert [(one.scale, one.value) for one in done.scores] == [("first", 2), ("line", 8.5), ("total", 10.5)]
    assert done.differs == ("total",)


def test_a_stored_score_for_too_few_answers_differs():
    done = recompute(instrument(), {"item1": 2}, {"total": Decimal(2)})
    assert done.scores[-1].value is None
    assert done.differs == ("total",)
