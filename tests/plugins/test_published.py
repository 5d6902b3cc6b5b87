"""The published measures: each key against its published form, and no wording anywhere."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliancekit.errors import InstrumentError
from alliancekit.instruments.catalogue import Instruments, languages_of, localise
from alliancekit.instruments.model import Instrument
from alliancekit.scoring.scales import check_answers, score
from alliancekit_measures import Measures
from alliancekit_measures import Settings as MeasuresSettings
from alliancekit_published import Published, Settings

KNOWN = Instruments(Published(Settings()).register_instruments())
ALL = pytest.mark.parametrize("made", list(KNOWN), ids=lambda made: f"{made.name}-{made.form}")

FORMS = {
    "wai": {"client", "therapist"},
    "wai-s": {"client", "therapist"},
    "wai-sr": {"client", "therapist"},
    "sai": {"client"},
    "srs": {"client"},
    "gsrs": {"client"},
    "csrs": {"client"},
    "sparq": {"client"},
    "sparq-c": {"therapist"},
    "risq": {"client"},
    "haq-ii": {"client"},
    "arm-5": {"client"},
    "c-nip": {"client"},
}

VALUES = {
    "wai": (36, range(1, 8)),
    "wai-s": (12, range(1, 8)),
    "wai-sr": (12, range(1, 6)),
    "sai": (6, range(6)),
    "srs": (4, range(101)),
    "gsrs": (4, range(101)),
    "csrs": (4, range(101)),
    "sparq": (8, range(5)),
    "sparq-c": (8, range(5)),
    "risq": (4, range(2)),
    "haq-ii": (19, range(1, 7)),
    "arm-5": (5, range(1, 8)),
    "c-nip": (18, range(-3, 4)),
}
"""How many items, and the values that each can take."""

WAI_TASK = {2, 4, 7, 11, 13, 15, 16, 18, 24, 31, 33, 35}
WAI_BOND = {1, 5, 8, 17, 19, 20, 21, 23, 26, 28, 29, 36}
WAI_GOAL = {3, 6, 9, 10, 12, 14, 22, 25, 27, 30, 32, 34}
AFFECT = {"positive_affect": {1, 6, 7, 8}, "negative_affect": {2, 3, 4, 5}}
SCALES: dict[str, dict[str, set[int]]] = {
    "wai": {"task": WAI_TASK, "bond": WAI_BOND, "goal": WAI_GOAL},
    "wai-s": {"task": {1, 2, 8, 12}, "bond": {3, 5, 7, 9}, "goal": {4, 6, 10, 11}},
    "wai-sr": {"task": {1, 2, 10, 12}, "bond": {3, 5, 7, 9}, "goal": {4, 6, 8, 11}},
    "sai": {"total": set(range(1, 7))},
    "srs": {"total": {1, 2, 3, 4}},
    "gsrs": {"total": {1, 2, 3, 4}},
    "csrs": {"total": {1, 2, 3, 4}},
    "sparq": AFFECT,
    "sparq-c": AFFECT,
    "risq": {"count": {1, 2, 3, 4}},
    "haq-ii": {"total": set(range(1, 20))},
    "arm-5": {"total": {1, 2, 3, 4, 5}},
    "c-nip": {
        "directiveness": {1, 2, 3, 4, 5},
        "emotional_intensity": {6, 7, 8, 9, 10},
        "past_orientation": {11, 12, 13},
        "warm_support": {14, 15, 16, 17, 18},
    },
}
WITH_TOTAL_OF_PARTS = ("wai", "wai-s", "wai-sr")

REVERSED = {
    "wai": {1, 3, 7, 9, 10, 11, 12, 15, 20, 27, 29, 31, 33, 34},
    "wai-s": {4, 10},
    "haq-ii": {4, 8, 11, 16, 19},
    "arm-5": {3},
}

RANGES = {
    "wai": {"task": (12, 84), "bond": (12, 84), "goal": (12, 84), "total": (36, 252)},
    "wai-s": {"task": (4, 28), "bond": (4, 28), "goal": (4, 28), "total": (12, 84)},
    "wai-sr": {"task": (4, 20), "bond": (4, 20), "goal": (4, 20), "total": (12, 60)},
    "sai": {"total": (0, 30)},
    "srs": {"total": (0, 40)},
    "gsrs": {"total": (0, 40)},
    "csrs": {"total": (0, 40)},
    "sparq": {"positive_affect": (0, 16), "negative_affect": (0, 16)},
    "sparq-c": {"positive_affect": (0, 16), "negative_affect": (0, 16)},
    "risq": {"count": (0, 4)},
    "haq-ii": {"total": (19, 114)},
    "arm-5": {"total": (1, 7)},
    "c-nip": {
        "directiveness": (-15, 15),
        "emotional_intensity": (-15, 15),
        "past_orientation": (-9, 9),
        "warm_support": (-15, 15),
    },
}


def number(item: str) -> int:
    return int(item.removeprefix("item"))


def allowed(made: Instrument) -> range:
    low, high = made.range_of(made.items[0])
    return range(low, high + 1)


def flat(made: Instrument, value: int) -> dict[str, int]:
    """The same position on every item: reversed items get the mirrored value."""
    values = allowed(made)
    mirrored = values[0] + values[-1] - value
    return {item.id: mirrored if item.reversed else value for item in made.items}


def values_of(made: Instrument, answers: dict[str, int]) -> dict[str, float | None]:
    check_answers(made, answers)
    return {each.scale: each.value for each in score(made, answers)}


def test_every_instrument_has_its_forms():
    assert {name: {form.form for form in KNOWN.forms(name)} for name in KNOWN.names()} == FORMS


def test_it_stands_beside_the_built_in_measures():
    for made in Measures(MeasuresSettings()).register_instruments():
        assert (made.name, made.form) not in KNOWN


@ALL
def test_items_and_their_values(made: Instrument):
    count, values = VALUES[made.name]
    assert [item.id for item in made.items] == [f"item{n}" for n in range(1, count + 1)]
    for item in made.items:
        if item.kind == "slider":
            assert (item.minimum, item.maximum, item.step, item.decimals) == (values[0], values[-1], 1, 1)
        else:
            assert [option.value for option in made.options_of(item)] == list(values)


@ALL
def test_the_items_of_each_scale(made: Instrument):
    found = {scale.name: {number(item) for item in scale.items} for scale in made.scales if scale.items}
    assert found == SCALES[made.name]
    parts = {scale.name: scale.parts for scale in made.scales if scale.parts}
    assert parts == ({"total": ("task", "bond", "goal")} if made.name in WITH_TOTAL_OF_PARTS else {})


@ALL
def test_the_reversed_items(made: Instrument):
    assert {number(item.id) for item in made.items if item.reversed} == REVERSED.get(made.name, set())


@ALL
def test_each_item_counts_in_its_direction(made: Instrument):
    """One item one step up raises or, reversed, lowers its scale and leaves the others alone."""
    middle = dict.fromkeys((item.id for item in made.items), allowed(made)[len(allowed(made)) // 2 - 1])
    before = values_of(made, middle)
    for item in made.items:
        after = values_of(made, middle | {item.id: middle[item.id] + 1})
        moved = {name for name in before if before[name] != after[name]}
        assert moved - {"total"} == {scale.name for scale in made.scales if item.id in scale.items} - {
            "total"
        }
        for name in moved:
            fell = after[name] < before[name]  # type: ignore[operator]
            assert fell == item.reversed


@ALL
def test_the_range_of_each_scale(made: Instrument):
    ends = values_of(made, flat(made, allowed(made)[0])), values_of(made, flat(made, allowed(made)[-1]))
    assert {name: (ends[0][name], ends[1][name]) for name in ends[0]} == RANGES[made.name]
    shown = {each.scale: (each.minimum, each.maximum) for each in score(made, flat(made, allowed(made)[0]))}
    assert shown == RANGES[made.name]


@ALL
def test_the_direction_of_each_scale(made: Instrument):
    worse = {"negative_affect", "count"}
    expected = {
        scale.name: "neither" if made.name == "c-nip" else "worse" if scale.name in worse else "better"
        for scale in made.scales
    }
    assert {scale.name: scale.higher_is for scale in made.scales} == expected
    assert all(bool(scale.low and scale.high) == (scale.higher_is == "neither") for scale in made.scales)


def test_scores_by_hand():
    arm = KNOWN.get("arm-5")
    assert values_of(arm, {"item1": 7, "item2": 6, "item3": 2, "item4": 5, "item5": 7}) == {"total": 6.2}
    srs = KNOWN.get("srs")
    assert values_of(srs, {"item1": 85, "item2": 92, "item3": 90, "item4": 93}) == {"total": 36.0}
    assert values_of(srs, {"item1": 85, "item2": 92, "item3": 90, "item4": 92}) == {"total": 35.9}
    wai_s = KNOWN.get("wai-s")
    sevens = dict.fromkeys((item.id for item in wai_s.items), 7)
    assert values_of(wai_s, sevens) == {"task": 28, "bond": 28, "goal": 16, "total": 72}
    nip = KNOWN.get("c-nip")
    answers = dict.fromkeys((item.id for item in nip.items), 0) | {"item1": -3, "item5": 2, "item11": 3}
    assert values_of(nip, answers) == {
        "directiveness": -1, "emotional_intensity": 0, "past_orientation": 3, "warm_support": 0
    }  # fmt: skip


@pytest.mark.parametrize("name", ["wai-sr", "wai-s"])
@pytest.mark.parametrize("form", ["client", "therapist"])
def test_one_item_of_a_four_item_scale_may_be_missing(name: str, form: str):
    made = KNOWN.get(name, form)
    answers = flat(made, 5)
    for item in ("item1", "item3", "item11"):  # one of each scale
        del answers[item]
    assert values_of(made, answers) == {"task": 20, "bond": 20, "goal": 20, "total": 60}
    assert all(each.prorated for each in score(made, answers))
    del answers["item2"]
    assert values_of(made, answers) == {"task": None, "bond": 20, "goal": 20, "total": None}


@pytest.mark.parametrize("made", [one for one in KNOWN if one.name not in ("wai-sr", "wai-s")],
                         ids=lambda made: f"{made.name}-{made.form}")  # fmt: skip
def test_elsewhere_every_item_of_a_scale_is_needed(made: Instrument):
    answers = flat(made, allowed(made)[-1])
    del answers["item4"]
    [without] = {scale.name for scale in made.scales if "item4" in scale.items}
    found = values_of(made, answers)
    assert found[without] is None
    if made.name == "wai":
        assert found["total"] is None
    assert not any(each.prorated for each in score(made, answers))


@ALL
def test_the_missing_rule_says_where_it_comes_from(made: Instrument):
    assert made.missing_rule.endswith(".")
    if made.name.startswith("wai"):
        assert "No official rule was found" in made.missing_rule
    if any(scale.max_missing for scale in made.scales):
        assert "project's own rule" in made.missing_rule


def cut_offs(name: str) -> list[tuple[str, str, float]]:
    [made] = KNOWN.forms(name)
    return [(each.scale, each.when, each.value) for each in made.cut_offs]


def test_the_cut_offs():
    assert cut_offs("srs") == [("total", "<", 36)]
    assert cut_offs("risq") == [("count", ">=", 1)]
    assert cut_offs("c-nip") == [
        ("directiveness", ">=", 8), ("directiveness", "<=", -3),
        ("emotional_intensity", ">=", 7), ("emotional_intensity", "<=", -1),
        ("past_orientation", ">=", 3), ("past_orientation", "<=", -3),
        ("warm_support", ">=", 4), ("warm_support", "<=", -4),
    ]  # fmt: skip
    assert {made.name for made in KNOWN if made.cut_offs} == {"srs", "risq", "c-nip"}
    [srs] = KNOWN.get("srs").cut_offs
    assert "OpenFIT" in srs.source
    assert "disagree" in srs.meaning
    provisional = {made.name for made in KNOWN for each in made.cut_offs if each.provisional}
    assert provisional == {"risq"}


def test_the_reliabilities():
    found = {
        (made.name, made.form, each.scale, each.coefficient, each.value, each.n, each.at_least)
        for made in KNOWN
        for each in made.reliabilities
    }
    assert {one for one in found if one[0].startswith("sparq")} == {
        ("sparq", "client", "positive_affect", "omega", 0.87, 700, False),
        ("sparq", "client", "negative_affect", "omega", 0.75, 700, False),
        ("sparq-c", "therapist", "positive_affect", "omega", 0.84, 151, False),
        ("sparq-c", "therapist", "negative_affect", "omega", 0.7, 151, False),
    }
    assert {one for one in found if one[0] == "wai-sr"} == {
        ("wai-sr", "client", "total", "alpha", 0.8, 88, True),
        ("wai-sr", "client", "total", "alpha", 0.8, 243, True),
    }
    assert ("srs", "client", "total", "alpha", 0.88, None, False) in found


UNVERIFIED = {
    "wai": ["31, 33 and 34"],
    "wai-s": ["4 and 10"],
    "haq-ii": ["reversed items"],
    "c-nip": ["thresholds", "licence"],
    "risq": ["cut-off"],
    "srs": ["standard deviation"],
    "gsrs": ["cut-off"],
    "csrs": ["format", "cut-off"],
}
"""What the files must admit, by a word of each statement."""


@ALL
def test_what_is_not_confirmed_is_said(made: Instrument):
    said = "\n".join(made.unverified)
    assert all(word in said for word in UNVERIFIED.get(made.name, []))
    if made.form == "therapist" and made.name != "sparq-c":
        assert "client's form" in said
    assert all(line.endswith(".") for line in made.unverified)


@ALL
def test_source_rights_and_validation_are_stated(made: Instrument):
    assert re.search(r"\((19|20)\d\d\)", made.source)
    assert "This file holds the key only." in made.licence
    assert made.validation.endswith(".")
    assert made.validated == (made.name != "csrs")
    assert made.validated or made.validation.startswith("Not validated")


def strings(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Every text of a file with the path of its fields."""
    if isinstance(value, str):
        return [(path, value)]
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in strings(inner, f"{path}.{key}")]
    if isinstance(value, list):
        return [found for inner in value for found in strings(inner, path)]
    return []


MAY_HOLD_WORDS = {
    ".$schema", ".name", ".version", ".form", ".title.en", ".moments", ".text",
    ".items.id", ".items.kind",
    ".scales.name", ".scales.title.en", ".scales.items", ".scales.parts", ".scales.method",
    ".scales.higher_is", ".scales.low.en", ".scales.high.en",
    ".missing_rule", ".validation", ".unverified", ".source", ".licence",
    ".cut_offs.scale", ".cut_offs.when", ".cut_offs.meaning", ".cut_offs.source",
    ".reliabilities.scale", ".reliabilities.coefficient", ".reliabilities.population",
    ".reliabilities.source",
}  # fmt: skip
"""Neither items nor options: their only texts are ids and kinds."""


def test_no_item_text_anywhere_in_the_plugin():
    plugin = files("alliancekit_published")
    sources = [entry for entry in plugin.iterdir() if entry.name.endswith((".json", ".toml"))]
    assert len(sources) == len(KNOWN)
    for source in sources:
        found = strings(json.loads(source.read_text(encoding="utf-8")))
        assert {path for path, _ in found} <= MAY_HOLD_WORDS, source.name
        ids = [text for path, text in found if path == ".items.id"]
        assert all(re.fullmatch(r"item\d+", each) for each in ids), source.name
        # Scales are named in a few words; an item is a sentence about somebody.
        for path, text in found:
            if path.endswith(".en"):
                assert not re.search(r"\b(I|me|my|we|us|our|you|your)\b|[.?!]$", text), (source.name, text)
    others = {entry.name for entry in plugin.iterdir()} - {source.name for source in sources}
    assert others - {"__pycache__"} == {"__init__.py", "README.md", "py.typed"}


@ALL
def test_nobody_is_asked_without_a_text_pack(made: Instrument):
    assert made.text == "pack"
    assert KNOWN.why_not_asked(made.name, made.form)
    assert languages_of(made) == ("en",), "only names are there"
    with pytest.raises(InstrumentError, match="no wording for the item 'item1'"):
        localise(made, "en")


@ALL
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_any_complete_answers_lie_in_the_range_and_grow_with_it(made: Instrument, data: st.DataObject):
    values = st.sampled_from(allowed(made))
    answers = {item.id: data.draw(values) for item in made.items}
    for each in score(made, answers):
        assert each.value is not None
        assert each.minimum <= each.value <= each.maximum
        assert not each.prorated
    steps = sorted(data.draw(st.sets(values, min_size=2, max_size=4)))
    totals = [[each.value or 0 for each in score(made, flat(made, step))] for step in steps]
    assert all(a < b for low, high in pairwise(totals) for a, b in zip(low, high, strict=True))
