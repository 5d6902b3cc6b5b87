"""What the plugin promises, in short: the test that a copy of it starts with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alliancekit.events import Signal
from alliancekit.testing import Alliance, Episode
from alliancekit_strain import Strain

STEADY = [80, 78, 82, 80, 79]


async def found(scores: Sequence[float | None], **settings: object) -> dict[str, Signal]:
    """The signals about the newest session of a course, by kind."""
    signals = await Alliance(it=(Strain, settings)).call("detect_signals", Episode(scores).updated)
    return {signal.kind: signal for signal in signals}


async def test_a_deep_fall_is_possible_strain() -> None:
    signal = (await found([*STEADY, 45]))["possible_strain"]
    assert signal.inputs["now"] == 45
    assert signal.sentence
    assert signal.source


async def test_a_fall_that_is_made_good_is_a_repair() -> None:
    signal = (await found([*STEADY, 45, 82]))["repair"]
    assert signal.inputs["bottom"] == 45


async def test_a_fall_after_one_session_is_a_drop_and_no_strain() -> None:
    assert set(await found([80, 62])) == {"drop"}
    assert await found([80, 62], drop_percent=20) == {}


@pytest.mark.parametrize("scores", [[80], STEADY, [60, 65, 70, 75, 80], [80, 82, None]])
async def test_a_course_without_a_fall_is_left_alone(scores: list[float | None]) -> None:
    assert await found(scores) == {}


def test_each_rule_says_what_it_means() -> None:
    rules = Alliance(it=Strain).host.rules
    assert len(rules) > 1
    assert all(rule.meaning and rule.sessions_needed >= 1 for rule in rules)


async def test_a_signal_names_a_rule_that_is_registered() -> None:
    known = {rule.name for rule in Alliance(it=Strain).host.rules}
    signals = {**await found([*STEADY, 45]), **await found([80, 62]), **await found([100, 100, 100])}
    assert {signal.rule for signal in signals.values()} <= known


async def test_the_maximum_again_and_again_is_pointed_out() -> None:
    assert set(await found([100, 100, 100])) == {"flat_maximum"}
