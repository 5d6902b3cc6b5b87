"""The style: whom it asks, and what it says."""

from __future__ import annotations

from examples.narrative import Narrative

from alliancekit.testing import Alliance, FakeSession


async def test_it_asks_both_after_the_call(alliance: type[Alliance]) -> None:
    host = alliance(Narrative)
    plan = await host.call("plan_prompts", FakeSession(style="narrative").prompts_wanted("end_of_call"))
    assert [(one.role, one.instruments) for one in plan.requests] == [
        ("client", ("check-in",)),
        ("therapist", ("check-in",)),
    ]
    in_call = await host.call("plan_prompts", FakeSession(style="narrative").prompts_wanted("in_call"))
    assert in_call.requests == ()


async def test_it_speaks_of_the_lowest_scale(alliance: type[Alliance]) -> None:
    event = FakeSession(style="narrative").guidance_wanted({"bond": 60.0, "goal": 40.0, "task": 90.0})
    (found,) = await alliance(Narrative).call("suggest_guidance", event)
    assert (found.style, found.about) == ("narrative", "goal")
    steady = FakeSession(style="narrative").guidance_wanted({"bond": 75.0, "goal": 80.0})
    assert await alliance(Narrative).call("suggest_guidance", steady) == []


async def test_it_leaves_other_styles_alone(alliance: type[Alliance]) -> None:
    other = FakeSession(style="directive")
    assert await alliance(Narrative).call("plan_prompts", other.prompts_wanted("end_of_call")) is None
    assert await alliance(Narrative).call("suggest_guidance", other.guidance_wanted({"bond": 10.0})) == []
