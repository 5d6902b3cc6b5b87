"""The rules by name: what each one means, needs and cites, and how it did in simulated courses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from alliancekit.events import RuleInfo, RuleRecord, RuleTexts, SignalKind
from alliancekit.scoring.strain import EARLIER
from alliancekit_strain.sentences import TEXTS
from alliancekit_strain.settings import Settings

CUT_OFF = "cut-off"
LOW_ITEM = "low item"
FIXED_FALL = "fixed fall"
FALL_1 = "fall of 1 SD"
FALL_2 = "fall of 2 SD"
CHART = "control chart"
BACK_BEFORE = "back at the level before"
BACK_CENTRE = "back at the own average"
SINCE_LAST = "reliable change since last"
SINCE_FIRST = "reliable change since first"
FLAT = "flat maximum"
STRAIGHT = "straight-lining"
DIVERGENCE = "divergence"
MISSED = "missed sessions"

_KEYS = {
    CUT_OFF: "cut_off",
    LOW_ITEM: "low_item",
    FALL_1: "fall_of_1_SD",
    FALL_2: "fall_of_2_SD",
    CHART: "control_chart",
    FIXED_FALL: "fixed_fall",
    BACK_BEFORE: "back_at_the_level_before",
    BACK_CENTRE: "back_at_the_own_average",
    SINCE_LAST: "reliable_change_since_last",
    SINCE_FIRST: "reliable_change_since_first",
    FLAT: "flat_maximum",
    STRAIGHT: "straight_lining",
    DIVERGENCE: "divergence",
    MISSED: "missed_sessions",
}
"""Rule → what its texts are called in `texts.json`, whatever the rule itself is called."""

_FALL = ("before", "now", "sd", "magnitude", "length")
_CHANGE = ("before", "now", "index", "threshold", "sd", "reliability")


def rules(settings: Settings) -> dict[str, RuleInfo]:
    """Every rule that is switched on, by name, in the order in which they are read."""
    k = settings.control_limit
    back = EARLIER + 2
    found = [
        _rule(CUT_OFF, "low_score", 1, "cut_off", ("value", "cut_off", "maximum")),
        _rule(
            LOW_ITEM,
            "low_item",
            1,
            "ours",
            ("low_items", "items", "question", "percent"),
            percent=settings.low_item_percent / 100,
        ),
        _strain_rule(FALL_1, "gumz", _FALL),
        _strain_rule(FALL_2, "gumz", _FALL),
    ]
    if k:
        found.append(_strain_rule(CHART, "lipner", ("now", "centre", "sigma", "lower"), k=k))
    drop = _rule(FIXED_FALL, "drop", 2, "ours", ("before", "now", "threshold"))
    found += [
        replace(drop, records=records().get(FIXED_FALL, ())),
        _rule(
            BACK_BEFORE,
            "repair",
            back,
            "gumz",
            ("before", "bottom", "now", "sd", "magnitude", "sessions"),
        ),
    ]
    if k:
        found.append(
            _rule(BACK_CENTRE, "repair", back, "lipner", ("bottom", "now", "centre", "sigma", "sessions"))
        )
    flat, straight = settings.flat_sessions, settings.straightlining_items
    apart = settings.divergence_percent
    missed = _rule(MISSED, "missed_sessions", 1, "ours", ("missed", "sessions", "in_a_row"))
    found += [
        _rule(SINCE_LAST, "reliable_change", 2, "jacobson", _CHANGE),
        _rule(SINCE_FIRST, "reliable_change", 3, "jacobson", _CHANGE),
        _rule(FLAT, "flat_maximum", flat, "ours", ("sessions",), sessions=flat),
        _rule(STRAIGHT, "straightlining", 1, "ours", ("items",), items=straight),
        _rule(DIVERGENCE, "divergence", 1, "ours", ("client", "therapist", "threshold"), points=apart),
        replace(missed, counts="held"),
    ]
    return {rule.name: rule for rule in found}


def _rule(
    name: str, kind: SignalKind, needed: int, source: str, inputs: tuple[str, ...], **places: float
) -> RuleInfo:
    """A rule with its texts: `rule.…` and `meaning.…` of its key, and `source.…`."""
    said = {tag: _texts(tag, name, source, places) for tag in TEXTS.tags}
    return RuleInfo(
        name=name,
        kind=kind,
        meaning=said["en"].meaning,
        sessions_needed=needed,
        source=said["en"].source,
        inputs=inputs,
        texts=said,
    )


def _texts(tag: str, name: str, source: str, places: Mapping[str, float]) -> RuleTexts:
    words = TEXTS.words(tag)
    key = _KEYS[name]
    shown: dict[str, Any] = {
        place: words.percent(value) if place == "percent" else words.number(value, decimals=2)
        for place, value in places.items()
    }
    return RuleTexts(
        title=words.say(f"rule.{key}"),
        meaning=words.say(f"meaning.{key}", **shown),
        source=words.say(f"source.{source}"),
    )


def _strain_rule(name: str, source: str, inputs: tuple[str, ...], **places: float) -> RuleInfo:
    rule = _rule(name, "possible_strain", EARLIER + 1, source, inputs, **places)
    return replace(rule, votes=True, records=records().get(name, ()))


@cache
def records() -> Mapping[str, tuple[RuleRecord, ...]]:
    """How each rule did in simulated courses, from `simulation.json`."""
    file = files("alliancekit_strain") / "simulation.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    return {rule: tuple(RuleRecord(**row) for row in rows) for rule, rows in told["rules"].items()}
