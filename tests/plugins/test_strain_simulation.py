"""The simulation that says how often the rules are right: seeded, and in step wherever it is quoted."""

from __future__ import annotations

import json

import pytest
from tests.bench import bench_signals

from alliancekit_strain.rules import records, rules
from alliancekit_strain.settings import Settings


@pytest.fixture
def shipped():
    return json.loads(bench_signals.JSON.read_text(encoding="utf-8"))


def test_the_same_seed_gives_the_same_table_and_another_one_does_not():
    first, again = (bench_signals.simulate(seed=1, courses=40) for _ in range(2))
    assert bench_signals.markdown(first) == bench_signals.markdown(again)
    assert first["rules"] != bench_signals.simulate(seed=2, courses=40)["rules"]


def test_the_readme_quotes_what_ships(shipped):
    assert bench_signals.markdown(shipped) in bench_signals.README.read_text(encoding="utf-8")
    assert (shipped["seed"], shipped["courses"]) == (bench_signals.SEED, bench_signals.COURSES)


def test_each_voting_rule_has_a_record_for_every_length(shipped):
    assert set(shipped["rules"]) == set(bench_signals.RULES)
    for rule in rules(Settings()).values():
        if rule.votes:
            assert [one.sessions for one in rule.records] == list(bench_signals.LENGTHS)
            assert rule.records == records()[rule.name]
            assert all(0 <= one.hits <= 100 and 0 <= one.false_alarms <= 100 for one in rule.records)


def test_two_sd_is_stricter_than_one(shipped):
    one, two = (shipped["rules"][f"fall of {n} SD"] for n in (1, 2))
    for lax, strict in zip(one, two, strict=True):
        assert strict["hits"] < lax["hits"]
        assert strict["false_alarms"] < lax["false_alarms"]


def test_the_model_is_what_it_says():
    import random

    draw = random.Random(3)
    for _ in range(200):
        made = bench_signals.course(draw, 8, strained=True)
        assert all(0 <= value <= 100 for value in made.values)
        assert len(made.episode) in {1, 3}
        assert 4 <= made.episode[-1] < 8
    assert not bench_signals.course(draw, 8, strained=False).episode
    assert pytest.approx(4.330, abs=1e-3) == bench_signals.ERROR
