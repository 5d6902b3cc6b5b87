"""The strain plugin: which signals a series raises for its newest session."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alliancekit.events import Response, ScaleInfo, Score, SeriesPoint, SeriesUpdated, Signal
from alliancekit_strain import Settings, Strain

TOTAL = {"form": "client", "scale": "total", "main": True}
CHECK_IN = (ScaleInfo(instrument="check-in", cut_off=30, provisional=True, source="Provisional.", **TOTAL),)
SRS = (ScaleInfo(instrument="srs", cut_off=36, source="Manual", **TOTAL),)


def rated(
    percent: float | None,
    *,
    role="client",
    instrument: str = "check-in",
    moment="end_of_call",
    visibility="therapist_now",
    scale: str = "total",
    participant: str = "",
    answers: Mapping[str, int] | None = None,
) -> Response:
    value = None if percent is None else percent * 0.4
    return Response(
        id="rsp_1",
        participant=participant or f"par_{role}",
        role=role,
        moment=moment,
        instrument=instrument,
        instrument_version="1",
        visibility=visibility,
        at=0.0,
        scores=(
            Score(scale=scale, value=value, minimum=0, maximum=40, percent=percent, answered=10, items=10),
        ),
        answers=answers or {},
    )


def course(*percents: float | None, **how) -> list[list[Response]]:
    return [[rated(percent, **how)] for percent in percents]


async def signals(
    sessions: Sequence[Sequence[Response]],
    *,
    scales: tuple[ScaleInfo, ...] = (),
    about: int | None = None,
    **settings,
) -> list[Signal]:
    series = tuple(
        SeriesPoint(session=f"ses_{n}", number=n, at=float(n), responses=tuple(responses))
        for n, responses in enumerate(sessions, start=1)
    )
    newest = len(series) if about is None else about
    event = SeriesUpdated(
        tenant="ten_1",
        episode="epi_1",
        session=f"ses_{newest}",
        at=0.0,
        style="directive",
        number=newest,
        series=series,
        scales=scales,
    )
    return list(await Strain(Settings(**settings)).detect_signals(event))


def kinds(found: Sequence[Signal]) -> list[str]:
    return [signal.kind for signal in found]


def rules_of(found: Sequence[Signal]) -> list[str]:
    return [signal.rule for signal in found]


async def test_a_sudden_fall_is_said_by_each_rule_and_not_as_a_drop_as_well():
    found = await signals(course(80, 82, 78, 80, 60))
    assert rules_of(found) == ["fall of 1 SD", "fall of 2 SD", "control chart"]
    assert [signal.level for signal in found] == ["notice", "strong", "notice"]
    for signal in found:
        assert (signal.kind, signal.role, signal.scale) == ("possible_strain", "client", "total")
        assert (signal.length, signal.pattern, signal.sessions_needed) == (1, "v", 5)
        assert signal.inputs == {
            "before": 80,
            "now": 60,
            "sd": 5,
            "magnitude": 4,
            "length": 1,
            "centre": 80,
            "sigma": 5,
            "lower": 70,
        }
    assert [signal.magnitude for signal in found] == [4, 4, 4]
    assert "Gumz" in found[0].source
    assert "Gumz" in found[1].source
    assert "Lipner" in found[2].source
    assert "20 points" in found[0].sentence


async def test_one_sd_asks_for_less_attention_than_two():
    [found] = await signals(course(80, 82, 78, 80, 73))
    assert (found.kind, found.level, found.rule) == ("possible_strain", "notice", "fall of 1 SD")
    assert found.magnitude == pytest.approx(1.4)


async def test_a_slow_decline_is_found_where_it_adds_up():
    assert await signals(course(80, 80, 80, 80, 77)) == []
    [found] = await signals(course(80, 80, 80, 80, 77, 74))
    assert (found.kind, found.length, found.pattern) == ("possible_strain", 2, "decline")
    assert "over 2 sessions" in found.sentence


async def test_under_four_earlier_sessions_only_the_fixed_rule_speaks():
    for earlier in (1, 2, 3):
        [found] = await signals(course(*[80] * earlier, 60))
        assert (found.kind, found.sessions_needed) == ("drop", 2)
        assert found.inputs == {"before": 80, "now": 60, "threshold": 10}
    assert kinds(await signals(course(80, 80, 80, 80, 60))) == ["possible_strain"] * 3
    assert await signals(course(60)) == []


async def test_repair_is_said_once_in_the_session_that_brought_it():
    values = [80, 82, 78, 80, 60, 65, 79, 80]
    assert kinds(await signals(course(*values[:6]))) == []
    found = await signals(course(*values[:7]))
    assert rules_of(found) == ["back at the level before", "back at the own average"]
    for signal in found:
        assert (signal.kind, signal.level) == ("repair", "info")
        assert (signal.inputs["bottom"], signal.inputs["sessions"]) == (60, 2)
    assert await signals(course(*values)) == []


async def test_the_groups_sd_quietens_small_falls():
    assert kinds(await signals(course(80, 80, 80, 80, 73), group_sd=8.0)) == []


async def test_the_control_chart_speaks_for_itself_and_can_be_switched_off():
    noisy = course(70, 90, 75, 85, 80, 66)
    [found] = await signals(noisy, group_sd=20.0, control_limit=1.0)
    assert (found.kind, found.rule, found.length, found.pattern) == (
        "possible_strain",
        "control chart",
        2,
        "decline",
    )
    assert kinds(await signals(noisy, group_sd=20.0)) == ["drop"]
    assert kinds(await signals(noisy, group_sd=20.0, control_limit=0)) == ["drop"]
    calm = course(80, 80, 80, 80, 60)
    assert rules_of(await signals(calm, control_limit=0)) == ["fall of 1 SD", "fall of 2 SD"]


async def test_low_scores_need_a_cut_off():
    assert await signals(course(50)) == []
    [found] = await signals(course(50), scales=CHECK_IN)
    assert (found.kind, found.level, found.source) == ("low_score", "notice", "Provisional.")
    assert found.inputs == {"value": 20, "cut_off": 30, "maximum": 40}
    assert "provisional mark" in found.sentence
    assert await signals(course(75), scales=CHECK_IN) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([38], []),
        ([38, 37.5], []),
        ([38, 37.5, 34], ["low_score", "drop"]),
        ([38, 37.5, 34, 36.5], []),
        ([38, 37.5, 34, 36.5, 36.0], []),
        ([37.5, 36.5], ["drop"]),
        ([37.0, 36.1], []),
    ],
)
async def test_the_srs_follows_its_published_table(values: list[float], expected: list[str]):
    found = await signals(course(*(value / 0.4 for value in values), instrument="srs"), scales=SRS)
    assert kinds(found) == expected
    assert all(signal.level == "strong" for signal in found if signal.kind == "low_score")


async def test_a_scale_on_which_higher_is_worse_is_turned():
    scales = (
        ScaleInfo(instrument="sparq", form="client", scale="negative", main=True, higher_is_better=False),
    )
    how = {"instrument": "sparq", "scale": "negative"}
    [found] = await signals(course(10, 40, **how), scales=scales)
    assert found.kind == "drop"
    assert (found.inputs["before"], found.inputs["now"]) == (90, 60)
    assert "turned so that higher is better" in found.sentence
    assert await signals(course(40, 10, **how), scales=scales) == []


async def test_parts_of_a_measure_with_a_total_raise_no_signals_of_their_own():
    both = [
        Response(
            **{f: getattr(rated(80), f) for f in Response.__dataclass_fields__ if f != "scores"},
            scores=(*rated(80).scores, *rated(bond, scale="bond").scores),
        )
        for bond in (90, 20)
    ]
    assert await signals([[one] for one in both]) == []


async def test_the_maximum_time_after_time():
    assert await signals(course(100, 100)) == []
    [found] = await signals(course(90, 100, 100, 100))
    assert (found.kind, found.level, found.sessions_needed) == ("flat_maximum", "info", 3)
    assert kinds(await signals(course(100, 100), flat_sessions=2)) == ["flat_maximum"]


async def test_one_value_for_every_item():
    same = {f"i{n}": 3 for n in range(10)}
    [found] = await signals([[rated(75, answers=same)]])
    assert (found.kind, found.inputs) == ("straightlining", {"items": 10})
    assert await signals([[rated(75, answers=same | {"i4": 2})]]) == []
    assert await signals([[rated(100, answers={f"i{n}": 4 for n in range(10)})]]) == []
    assert await signals([[rated(75, answers=same)], [rated(75)]]) == []
    assert await signals([[rated(75, role="therapist", answers=same)]]) == []


async def test_client_and_therapist_far_apart():
    [found] = await signals([[rated(80), rated(50, role="therapist")]])
    assert (found.kind, found.inputs) == ("divergence", {"client": 80, "therapist": 50, "threshold": 25})
    assert "30 points of 100 lower" in found.sentence
    [found] = await signals([[rated(50), rated(80, role="therapist")]])
    assert "30 points of 100 higher" in found.sentence
    assert await signals([[rated(80), rated(60, role="therapist")]]) == []
    assert await signals([[rated(80), rated(20, role="therapist", moment="pre_session")]]) == []
    assert await signals([[rated(80), rated(20, role="therapist", instrument="wai-sr")]]) == []


async def test_the_therapists_own_falls_are_read_only_when_switched_on():
    own = course(80, 50, role="therapist")
    assert await signals(own) == []
    [found] = await signals(own, therapist=True)
    assert (found.kind, found.role) == ("drop", "therapist")
    assert found.sentence.startswith("Your own")


@pytest.mark.parametrize(
    "how",
    [{"moment": "in_call"}, {"instrument": "pulse"}, {"instrument": "fit-directive"}, {"role": "observer"}],
)
async def test_pulses_and_fit_items_are_not_read(how):
    assert await signals(course(80, 80, 80, 80, 10, **how)) == []


async def test_what_the_client_keeps_to_themselves_raises_nothing():
    usual = course(80, 80, 80, 80)
    same = {f"i{n}": 1 for n in range(10)}
    for hidden in ("aggregate_only", "therapist_later"):
        private = rated(20, visibility=hidden, answers=same)
        assert await signals([*usual, [private, rated(90, role="therapist")]], scales=CHECK_IN) == []
    # an aggregate-only rating is no part of the course later either, a later one is
    assert await signals([*usual, [rated(20, visibility="aggregate_only")], [rated(80)]]) == []
    assert kinds(await signals([*usual, [rated(20, visibility="therapist_later")], [rated(80)]])) == [
        "repair",
        "repair",
    ]


async def test_only_the_session_asked_about_speaks():
    sessions = course(80, 80, 80, 80, 60, 80)
    assert kinds(await signals(sessions, about=5)) == ["possible_strain"] * 3
    assert kinds(await signals(sessions, about=6)) == ["repair", "repair"]
    assert await signals(sessions, about=4) == []
    assert await signals(sessions, about=9) == []
    # the newest session has no rating: nothing old is repeated for it
    assert await signals([*course(80, 80, 80, 80, 60), []]) == []


async def test_missed_and_unscored_sessions_leave_no_gap_in_the_course():
    sessions = [*course(80, 80, None, 80), [], *course(80, 60)]
    assert kinds(await signals(sessions)) == ["possible_strain"] * 3


async def test_each_moment_and_version_is_a_course_of_its_own():
    before = [[rated(40, moment="pre_session"), rated(80)] for _ in range(5)]
    assert await signals(before) == []
    [found] = await signals([[rated(80, moment="pre_session")], [rated(50, moment="pre_session")]])
    assert "before the session" in found.sentence


async def test_a_couple_is_read_by_its_mean():
    def pair(one: float, other: float) -> list[Response]:
        return [rated(one, participant="par_1"), rated(other, participant="par_2")]

    assert await signals([pair(80, 60), pair(60, 80)]) == []
    [found] = await signals([pair(80, 60), pair(60, 60)])
    assert (found.inputs["before"], found.inputs["now"]) == (70, 60)


def test_a_misspelt_or_senseless_setting_is_refused():
    for wrong in ({"drop_percnt": 5}, {"drop_percent": 0}, {"flat_sessions": 1}, {"divergence_percent": 101}):
        with pytest.raises(ValidationError):
            Settings.model_validate(wrong)


@given(st.lists(st.one_of(st.none(), st.integers(0, 40).map(lambda n: n * 2.5)), min_size=1, max_size=12))
async def test_any_course_gives_well_formed_signals(percents: list[float | None]):
    found = await signals(course(*percents), scales=CHECK_IN)
    if percents[-1] is None:
        assert found == []
    rated_sessions = sum(percent is not None for percent in percents)
    assert len(set(rules_of(found))) == len(found)
    assert not {"drop", "possible_strain"} <= set(kinds(found))
    for signal in found:
        assert signal.sessions_needed <= rated_sessions
        assert signal.rule
        assert signal.source
        assert signal.inputs
        assert re.fullmatch(r"[A-Z].*[.]", signal.sentence)
