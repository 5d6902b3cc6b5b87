"""What the style promises: when it asks, how it reads the scores, what it suggests."""

from __future__ import annotations

import pytest

from alliancekit.events import Guidance, SeriesPoint, SignalKind
from alliancekit.panels import Panel, PanelSeries
from alliancekit.scoring.scales import score
from alliancekit.styles import StyleSettings
from alliancekit.testing import Alliance, FakeSession
from alliancekit.testing.fake_session import a_signal
from alliancekit_motivational import Motivational

STYLE = "motivational"
FIT = "fit-motivational"
CHANGE = "motivational-change"
SCALES = ("bond", "goal", "task")


@pytest.fixture
def host() -> Alliance:
    return Alliance(it=Motivational)


async def asked(host: Alliance, session: FakeSession) -> dict[str, tuple[str, ...]]:
    """The instruments asked at the end of the call, by role."""
    plan = await host.call("plan_prompts", session.prompts_wanted("end_of_call"))
    assert plan is not None
    return {request.role: request.instruments for request in plan.requests}


async def said(host: Alliance, kind: str, percent: float, *signals: SignalKind) -> dict[str, str]:
    """What it says of one kind after a rating with the same percent everywhere, by what it is about."""
    session = FakeSession(style=STYLE)
    event = session.guidance_wanted(
        dict.fromkeys(SCALES, percent), signals=[a_signal(signal) for signal in signals]
    )
    found: list[Guidance] = await host.call("suggest_guidance", event)
    return {one.about: one.text for one in found if one.kind == kind}


def test_a_therapist_can_choose_it(host: Alliance) -> None:
    style = host.styles[STYLE]
    assert style.title
    assert style.description
    assert style.fit_instrument == FIT


async def test_it_asks_the_measure_after_each_call_and_its_own_items_now_and_then(host: Alliance) -> None:
    every = Motivational(StyleSettings()).fit_every
    due = await asked(host, FakeSession(style=STYLE, number=every))
    assert due == {"client": ("check-in", FIT, CHANGE), "therapist": ("check-in",)}
    if every > 1:
        assert (await asked(host, FakeSession(style=STYLE, number=every + 1)))["client"] == (
            "check-in",
            CHANGE,
        )


async def test_a_site_can_leave_out_the_therapist_and_the_own_items() -> None:
    host = Alliance(it=(Motivational, {"therapist": False, "fit_every": 0}))
    assert await asked(host, FakeSession(style=STYLE, number=4)) == {"client": ("check-in", CHANGE)}


async def test_it_reads_low_scores_in_other_words_than_high_ones(host: Alliance) -> None:
    low, high = await said(host, "reading", 20), await said(host, "reading", 95)
    assert set(low) == set(high) == set(SCALES)
    assert len({*low.values(), *high.values()}) == 2 * len(SCALES)


@pytest.mark.parametrize("kind", ["possible_strain", "drop", "low_score", "divergence", "repair"])
async def test_each_finding_has_a_sentence_to_say(host: Alliance, kind: SignalKind) -> None:
    step = (await said(host, "next_step", 90, kind))[kind]
    assert step.count('"') == 2, "exactly one sentence to say, in quotes"


async def test_a_good_session_and_a_low_one_get_different_steps(host: Alliance) -> None:
    assert set(await said(host, "next_step", 95)) == {"steady"}
    [about] = await said(host, "next_step", 20)
    assert about in SCALES


async def test_it_is_silent_for_other_styles(host: Alliance) -> None:
    session = FakeSession(style="another")
    assert await host.call("plan_prompts", session.prompts_wanted("end_of_call")) is None
    assert await host.call("suggest_guidance", session.guidance_wanted({"bond": 10})) == []


def test_its_own_items_are_scored(host: Alliance) -> None:
    fit = host.instruments.get(FIT, "client")
    ends = {item.id: fit.range_of(item) for item in fit.items}
    best = {item.id: ends[item.id][0 if item.reversed else 1] for item in fit.items}
    worst = {item.id: ends[item.id][1 if item.reversed else 0] for item in fit.items}
    assert [one.percent for one in score(fit, best)] == [100.0]
    assert [one.percent for one in score(fit, worst)] == [0.0]


async def about_change(host: Alliance, matters: int, able: int) -> list[str]:
    """What it says after the two sliders were set so."""
    session = FakeSession(style=STYLE)
    answered = session.response(
        {"matters": matters * 10.0, "able": able * 10.0}, instrument=CHANGE, answers={}
    )
    found = await host.call("suggest_guidance", session.guidance_wanted(responses=[answered]))
    return [one.text for one in found if one.about == "change"]


async def test_sliders_far_apart_get_a_question(host: Alliance) -> None:
    [doubt] = await about_change(host, 9, 3)
    [indifference] = await about_change(host, 2, 8)
    assert "trust themselves" in doubt
    assert "does not matter much" in indifference
    assert await about_change(host, 6, 5) == []


async def shown(host: Alliance, *sessions: tuple[int, int] | None) -> list[Panel]:
    """Its panels after sessions in which the sliders were set so, or not answered."""
    session = FakeSession(style=STYLE)
    series = tuple(
        SeriesPoint(
            session=f"ses_{number}",
            number=number,
            at=float(number),
            responses=()
            if sliders is None
            else (
                session.response(
                    {"matters": sliders[0] * 10.0, "able": sliders[1] * 10.0}, instrument=CHANGE
                ),
            ),
        )
        for number, sliders in enumerate(sessions, start=1)
    )
    panels: list[Panel] = await host.call("render_panels", session.panels_wanted(series))
    return panels


async def test_the_panel_shows_both_sliders_session_by_session(host: Alliance) -> None:
    [panel] = await shown(host, (9, 3), None, (7, 6))
    lines = {part.label: part.points for part in panel.parts if isinstance(part, PanelSeries)}
    assert lines == {
        "It matters": ((1, 90.0), (2, None), (3, 70.0)),
        "I could do it": ((1, 30.0), (2, None), (3, 60.0)),
    }


async def test_without_an_answer_there_is_no_panel(host: Alliance) -> None:
    assert await shown(host) == []
    assert await shown(host, None) == []


def test_each_slider_is_a_scale(host: Alliance) -> None:
    found = score(host.instruments.get(CHANGE, "client"), {"matters": 10, "able": 4})
    assert {one.scale: one.percent for one in found} == {"matters": 100, "able": 40}
