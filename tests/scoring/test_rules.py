"""Simple rules about the newest session; which rules have too few sessions."""

from __future__ import annotations

from itertools import pairwise

import pytest

from alliancekit.events import ItemInfo, RuleInfo
from alliancekit.scoring.rules import (
    Missed,
    calls_for_talk,
    colour,
    fall,
    flat_at_maximum,
    low_items,
    missed_sessions,
    silent_rules,
    straightlined,
)


def test_published_srs_colours():
    values = [38, 37.5, 34, 36.5, 36.0, 35.0]
    got = [colour(now, before, cut_off=36) for before, now in pairwise([None, *values])]
    assert got == ["green", "green", "red", "green", "green", "red"]
    assert colour(34, cut_off=36) == "red"  # by the cut-off alone
    assert colour(37, 38, cut_off=36) == "red"  # by the fall alone
    assert colour(None, 38, cut_off=36) == "grey"


def test_colours_where_higher_is_worse_and_at_the_cut_off():
    assert colour(10, cut_off=10, when=">=") == "red"
    assert colour(10, cut_off=10, when=">") == "green"
    assert colour(8, 7, cut_off=10, when=">=") == "red"
    assert colour(7, 8, cut_off=10, when=">=") == "green"
    assert colour(36, cut_off=36, when="<=") == "red"


def test_fixed_fall():
    assert fall([80], points=10) is None
    assert fall([80, 70], points=10) == 10
    assert fall([80, 70.5], points=10) is None
    assert fall([80, 80], points=0) is None


def test_flat_maximum_and_straightlining():
    assert flat_at_maximum([90, 100, 100, 100])
    assert not flat_at_maximum([100, 100])
    assert not flat_at_maximum([100, 97.5, 100])
    assert straightlined({f"i{n}": 3 for n in range(6)})
    assert not straightlined({f"i{n}": 3 for n in range(5)})
    assert not straightlined({f"i{n}": 3 + (n == 2) for n in range(6)})


@pytest.mark.parametrize(
    ("when", "below", "at", "above"), [("<", 1, 0, 0), ("<=", 1, 1, 0), (">", 0, 0, 1), (">=", 0, 1, 1)]
)
def test_cut_offs_in_both_directions(when, below: int, at: int, above: int):
    assert [calls_for_talk(value, 36, when) for value in (35.5, 36, 36.5)] == [
        bool(below),
        bool(at),
        bool(above),
    ]


@pytest.mark.parametrize(
    ("minimum", "maximum", "low_is_worse", "low", "not_low"),
    [
        (0, 4, True, [0], [1, 4]),
        (1, 5, True, [1], [2, 5]),
        (0, 4, False, [4], [3, 0]),
        (0, 1, True, [0], [1]),
        (0, 1, False, [1], [0]),
        (0, 100, True, [0, 10], [11, 100]),
        (-3, 3, True, [-3], [-2, 3]),
        (1, 11, False, [11, 10], [9]),
    ],
)
def test_what_low_means_follows_from_the_range(
    minimum: int, maximum: int, low_is_worse: bool, low: list[int], not_low: list[int]
):
    item = ItemInfo(id="x", number=1, minimum=minimum, maximum=maximum, low_is_worse=low_is_worse)
    assert all(low_items({"x": value}, [item]) == (item,) for value in low)
    assert not any(low_items({"x": value}, [item]) for value in not_low)


def test_low_items_come_once_in_their_order_and_never_with_two_directions():
    first, second = (ItemInfo(id=name, number=n, minimum=0, maximum=4) for n, name in ((1, "a"), (2, "b")))
    turned = ItemInfo(id="b", number=2, minimum=0, maximum=4, low_is_worse=False)
    assert low_items({"b": 0, "a": 0}, [second, first, first]) == (first, second)
    assert low_items({"b": 0, "a": 0}, [second, first, turned]) == (first,)
    assert low_items({"c": 0}, [first, second]) == ()


@pytest.mark.parametrize(
    ("attended", "found"),
    [
        ("", None),
        ("yy", None),
        ("n", (1, 1, 1)),
        ("yyn", (1, 3, 1)),
        ("ynny", (2, 4, 2)),
        ("ynyy", None),
        ("nynyn", (3, 5, 1)),
    ],
)
def test_missed_sessions_are_counted_when_they_are_news(attended: str, found: tuple[int, int, int] | None):
    seen = missed_sessions([one == "y" for one in attended])
    assert seen == (found and Missed(missed=found[0], sessions=found[1], in_a_row=found[2]))


def test_rules_with_too_few_sessions_say_so():
    rules = (
        RuleInfo(name="a", kind="low_score", meaning="", sessions_needed=1),
        RuleInfo(name="b", kind="possible_strain", meaning="", sessions_needed=5),
        RuleInfo(name="c", kind="missed_sessions", meaning="", sessions_needed=1, counts="held"),
    )
    silent = silent_rules(rules, rated=0, held=2)
    assert [(one.rule, one.needed, one.have) for one in silent] == [("a", 1, 0), ("b", 5, 0)]
    assert [one.rule for one in silent_rules(rules, rated=4)] == ["b"]
    assert silent_rules(rules, rated=5) == ()
