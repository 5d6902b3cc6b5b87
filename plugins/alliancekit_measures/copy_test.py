"""What the plugin promises, in short: the test that a copy of it starts with."""

from __future__ import annotations

import pytest

from alliancekit.events import Moment
from alliancekit.scoring.scales import score
from alliancekit.testing import Alliance, FakeSession
from alliancekit_measures import Measures

CHECK_IN, PULSE = "check-in", "pulse"


async def asked(moment: Moment, *, manual: bool = False, **settings: bool) -> dict[str, tuple[str, ...]]:
    """The instruments asked at a moment, by role."""
    event = FakeSession(measure=CHECK_IN).prompts_wanted(moment, manual=manual)
    plan = await Alliance(it=(Measures, settings)).call("plan_prompts", event)
    return {request.role: request.instruments for request in plan.requests}


def test_it_brings_both_measures_in_both_forms() -> None:
    brought = {(one.name, one.form) for one in Alliance(it=Measures).instruments}
    assert brought == {(name, form) for name in (CHECK_IN, PULSE) for form in ("client", "therapist")}


@pytest.mark.parametrize("form", ["client", "therapist"])
@pytest.mark.parametrize("name", [CHECK_IN, PULSE])
def test_the_best_answers_give_the_highest_score(name: str, form: str) -> None:
    instrument = Alliance(it=Measures).instruments.get(name, form)
    ends = {item.id: instrument.range_of(item) for item in instrument.items}
    best = {item.id: ends[item.id][not item.reversed] for item in instrument.items}
    worst = {item.id: ends[item.id][item.reversed] for item in instrument.items}
    assert {one.percent for one in score(instrument, best)} == {100}
    assert {one.percent for one in score(instrument, worst)} == {0}


async def test_both_are_asked_at_the_end_of_the_call() -> None:
    assert await asked("end_of_call") == {"client": (CHECK_IN,), "therapist": (CHECK_IN,)}
    assert await asked("end_of_call", therapist=False) == {"client": (CHECK_IN,)}


async def test_nothing_is_asked_in_the_call_unless_somebody_wants_it() -> None:
    assert await asked("in_call") == {}
    assert await asked("in_call", manual=True) == {"client": (PULSE,)}


@pytest.mark.parametrize("moment", ["pre_session", "follow_up"])
async def test_other_moments_are_off_until_a_site_switches_them_on(moment: Moment) -> None:
    assert await asked(moment) == {}
    assert await asked(moment, **{moment: True}) == {"client": (CHECK_IN,)}
