"""Time that goes on only when told to."""

from __future__ import annotations

from alliancekit.testing import FakeClock


def test_it_stands_still_until_told() -> None:
    clock = FakeClock(10.0)
    assert clock() == clock() == 10.0
    assert clock.forward(1, minutes=1, days=1) == clock() == 10 + 1 + 60 + 86400
    clock.now = 5.0
    assert clock() == 5.0
