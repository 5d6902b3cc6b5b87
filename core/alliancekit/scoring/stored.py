"""Compare a score that somebody stored with the one that the key gives. Pure: no I/O, no clock.

A stored number agrees when it is the computed one rounded to the decimals that it was stored with: 4.33
agrees with 4.3333…, 47 with 46.67 (pro-rated), 4.3 not with 4.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from alliancekit.events import Score
from alliancekit.instruments.model import Instrument
from alliancekit.scoring.scales import score

SLACK = Decimal("1e-9")
"""For the last bit of a floating-point value on the edge of a rounding."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The scores by the key, the stored numbers by scale, and the scales whose stored number differs."""

    scores: tuple[Score, ...]
    stored: Mapping[str, Decimal]
    differs: tuple[str, ...]


def recompute(
    instrument: Instrument, answers: Mapping[str, int], stored: Mapping[str, Decimal]
) -> Recomputed:
    """Score answers by the key and flag every stored number that disagrees.

    Args:
        instrument: the form that was answered.
        answers: item → stored integer, as `check_answers` lets pass.
        stored: scale → the number that was stored with the answers, in published units.

    Returns: the scores in the order of the scales. A number that was stored although the key gives no score,
    because too many answers are missing, differs.
    """
    scores = score(instrument, answers)
    computed = {one.scale: one.value for one in scores}
    differs = tuple(name for name, value in stored.items() if not agrees(value, computed.get(name)))
    return Recomputed(scores, dict(stored), differs)


def agrees(stored: Decimal, computed: float | None) -> bool:
    """Whether a stored number is the computed one, rounded to the stored number's own decimals."""
    if computed is None:
        return False
    exponent = stored.as_tuple().exponent
    half = Decimal(5).scaleb(min(int(exponent), 0) - 1)
    return abs(Decimal(computed) - stored) <= half + SLACK
