"""Each rule of plugin strain: where it speaks, where it stays silent, and what its signal carries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.test_strain import course, kinds, rated, rules_of, signals

from alliancekit.events import ItemInfo, ScaleInfo, SeriesPoint, SeriesUpdated, Signal
from alliancekit.scoring.rules import silent_rules
from alliancekit_strain import Settings, Strain

ITEMS = (
    ItemInfo(id="a", number=1, minimum=0, maximum=4),
    ItemInfo(id="b", number=2, minimum=0, maximum=4, low_is_worse=False),
    ItemInfo(id="c", number=3, minimum=0, maximum=4),
)
SCALE = ScaleInfo(instrument="check-in", form="client", scale="total", main=True, items=ITEMS)
PRECISE = replace(SCALE, sd=5.0, reliability=0.88, precision_source="Published 2001.")
CUT = replace(SCALE, cut_off=30.0, source="Manual.")
RULES = {rule.name: rule for rule in Strain(Settings()).register_rules()}

TABLE = {
    "cut-off": ([50], [75], {"scales": (CUT,)}),
    "fall of 1 SD": ([80, 80, 80, 80, 75], [80, 80, 80, 80, 75.1], {}),
    "fall of 2 SD": ([80, 80, 80, 80, 70], [80, 80, 80, 80, 70.1], {}),
    "control chart": ([80, 80, 80, 80, 69.9], [80, 80, 80, 80, 70], {}),
    "fixed fall": ([80, 70], [80, 70.1], {}),
    "back at the level before": ([80, 80, 80, 80, 60, 78.75], [80, 80, 80, 80, 60, 78.7], {}),
    "back at the own average": ([80, 80, 80, 80, 60, 78.75], [80, 80, 80, 80, 60, 78.7], {}),
    "reliable change since last": ([80, 67], [80, 69], {"scales": (PRECISE,)}),
    "reliable change since first": ([60, 66, 73], [60, 66, 71], {"scales": (PRECISE,)}),
    "flat maximum": ([100, 100, 100], [100, 97.5, 100], {}),
}
"""Rule → a course in which it speaks about the newest session, one in which it just does not, settings."""


@pytest.mark.parametrize("rule", TABLE)
async def test_each_rule_speaks_where_it_must_and_is_silent_just_below(rule: str):
    speaks, silent, how = TABLE[rule]
    found = [one for one in await signals(course(*speaks), **how) if one.rule == rule]
    assert [(one.kind, one.sessions_needed) for one in found] == [
        (RULES[rule].kind, RULES[rule].sessions_needed)
    ]
    assert set(RULES[rule].inputs) <= set(found[0].inputs)
    assert rule not in rules_of(await signals(course(*silent), **how))


@pytest.mark.parametrize("rule", TABLE)
async def test_a_scale_without_a_better_end_is_left_alone(rule: str):
    speaks, _, how = TABLE[rule]
    scale = replace(how.get("scales", (SCALE,))[0], directed=False)
    answers = {"a": 0, "b": 0, "c": 0, "d": 0, "e": 0, "f": 0}
    sessions = [*course(*speaks[:-1]), [rated(speaks[-1], answers=answers), rated(0, role="therapist")]]
    undirected = (scale, replace(scale, form="therapist"))
    assert await signals(sessions, scales=undirected) == []


def test_every_rule_is_in_a_table():
    elsewhere = {"low item", "straight-lining", "divergence", "missed sessions"}
    assert set(TABLE) | elsewhere == set(RULES)


async def test_reliable_change_needs_published_numbers_and_says_both_comparisons():
    falling = course(80, 70, 60)
    for scale in (SCALE, replace(PRECISE, sd=None), replace(PRECISE, reliability=None)):
        assert "reliable_change" not in kinds(await signals(falling, scales=(scale,)))
    [change] = [s for s in await signals(falling, scales=(PRECISE,)) if s.kind == "reliable_change"]
    assert (change.rule, change.level) == ("reliable change since first", "notice")
    assert (change.inputs["before"], change.inputs["now"]) == (32, 24)
    assert change.inputs["threshold"] == pytest.approx(4.801, abs=1e-3)
    assert change.source.endswith("Published 2001.")
    rising = [s for s in await signals(course(60, 80), scales=(PRECISE,)) if s.kind == "reliable_change"]
    assert [(s.rule, s.level) for s in rising] == [("reliable change since last", "info")]
    turned = (replace(PRECISE, higher_is_better=False),)
    worse = [s for s in await signals(course(60, 80), scales=turned) if s.kind == "reliable_change"]
    assert [s.level for s in worse] == ["notice"]


async def test_a_low_item_is_named_by_its_place_and_counted():
    def asked(**answers: int) -> list:
        return [[rated(75, answers=answers)]]

    [found] = await signals(asked(a=3, b=2, c=0), scales=(SCALE,))
    assert (found.kind, found.rule, found.item, found.level) == ("low_item", "low item", "c", "notice")
    assert found.inputs == {"low_items": 1, "items": 3, "question": 3, "percent": 10}
    assert "question 3" in found.sentence
    [found] = await signals(asked(a=0, b=4, c=1), scales=(SCALE,))
    assert (found.item, found.inputs["low_items"]) == ("a", 2)
    assert await signals(asked(a=1, b=3, c=1), scales=(SCALE,)) == []
    assert kinds(await signals(asked(a=1, b=3, c=2), scales=(SCALE,), low_item_percent=25)) == ["low_item"]
    assert await signals([[rated(75, role="therapist", answers={"a": 0})]], scales=(SCALE,)) == []


async def missed(*attended: bool) -> list[Signal]:
    series = tuple(
        SeriesPoint(session=f"ses_{n}", number=n, at=0.0, attended=came, responses=())
        for n, came in enumerate(attended, start=1)
    )
    about = {"tenant": "t", "episode": "e", "session": series[-1].session, "at": 0.0}
    event = SeriesUpdated(**about, style="", number=len(series), series=series)
    return list(await Strain(Settings()).detect_signals(event))


async def test_missed_sessions_say_how_many_of_how_many():
    assert await missed(True, True) == []
    [one] = await missed(True, False)
    assert (one.kind, one.level, one.inputs) == (
        "missed_sessions",
        "info",
        {"missed": 1, "sessions": 2, "in_a_row": 1},
    )
    assert one.sentence.startswith("One session was missed so far, of 2.")
    [two] = await missed(True, False, False)
    assert two.level == "notice"
    assert two.sentence.startswith("2 sessions were missed so far, of 3, the last 2 of them in a row.")
    assert kinds(await missed(False, True)) == ["missed_sessions"]
    assert await missed(False, True, True) == []


@given(st.integers(0, 40).map(lambda n: n * 2.5), st.integers(1, 14))
async def test_a_constant_course_never_raises_strain(level: float, sessions: int):
    assert not {"possible_strain", "drop", "repair"} & set(kinds(await signals(course(*[level] * sessions))))


@given(st.lists(st.integers(4, 36).map(lambda n: n * 2.5), min_size=1, max_size=12), st.integers(-4, 4))
async def test_shifting_every_rating_changes_no_strain(percents: list[float], shift: int):
    def strain(found: list[Signal]) -> list[tuple[str, int | None, str]]:
        return [(one.rule, one.length, one.pattern) for one in found if one.kind == "possible_strain"]

    moved = [percent + 2.5 * shift for percent in percents]
    assert strain(await signals(course(*percents))) == strain(await signals(course(*moved)))


@given(st.lists(st.integers(0, 40).map(lambda n: n * 2.5), min_size=1, max_size=8))
async def test_no_rule_speaks_before_it_has_its_sessions(percents: list[float]):
    silent = {one.rule for one in silent_rules(tuple(RULES.values()), rated=len(percents))}
    assert not silent & set(
        rules_of(await signals(course(*percents), scales=(replace(PRECISE, cut_off=30),)))
    )
