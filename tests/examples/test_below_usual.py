"""The rule: what it finds, and what it leaves alone."""

from __future__ import annotations

import pytest
from examples.below_usual import BelowUsual

from alliancekit.testing import Alliance, Episode


async def test_it_finds_a_rating_well_below_the_usual(alliance: type[Alliance]) -> None:
    (found,) = await alliance(BelowUsual).call("detect_signals", Episode([80, 84, 82, 50]).updated)
    assert (found.kind, dict(found.inputs)) == ("drop", {"usual": 82.0, "now": 50.0})


@pytest.mark.parametrize("scores", [[80, 84, 82, 70], [84, 82, 50], [80, 84, 82, None], [50, 52, 48, 80]])
async def test_it_leaves_the_rest_alone(alliance: type[Alliance], scores: list[float | None]) -> None:
    assert await alliance(BelowUsual).call("detect_signals", Episode(scores).updated) == []


async def test_a_site_sets_how_far(alliance: type[Alliance]) -> None:
    host = alliance((BelowUsual, {"points": 10}))
    assert len(await host.call("detect_signals", Episode([80, 84, 82, 70]).updated)) == 1
