"""The rules by name: what each one means, needs and cites, and how it did in simulated courses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from alliancekit.events import RuleInfo, RuleRecord
from alliancekit.scoring.strain import EARLIER
from alliancekit_strain.settings import Settings

GUMZ = "after Gumz et al. 2012, BMC Med Res Methodol 12:10"
LIPNER = "individuals chart; Lipner et al. 2022: no current standard"
JACOBSON = "Jacobson & Truax 1991, J Consult Clin Psychol 59:12–19"
OURS = "fixed rule of ours; a conversation prompt, not a reliable change"
OPENFIT = "OpenFIT's table of colours for the SRS; a conversation prompt, not a reliable change"

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

_FALL = ("before", "now", "sd", "magnitude", "length")
_CHANGE = ("before", "now", "index", "threshold", "sd", "reliability")


def rules(settings: Settings) -> dict[str, RuleInfo]:
    """Every rule that is switched on, by name, in the order in which they are read."""
    k = settings.control_limit
    found = [
        RuleInfo(
            name=CUT_OFF,
            kind="low_score",
            meaning="The value lies on the side of the instrument's cut-off that calls for a conversation.",
            sessions_needed=1,
            source="the cut-off's own source",
            inputs=("value", "cut_off", "maximum"),
        ),
        RuleInfo(
            name=LOW_ITEM,
            kind="low_item",
            meaning="A single answer lies at the unfavourable end: within "
            f"{settings.low_item_percent:g} % of its options' range.",
            sessions_needed=1,
            source=OURS,
            inputs=("low_items", "items", "question", "percent"),
        ),
        _strain_rule(FALL_1, "The fall is at least once the usual ups and downs (1 SD).", GUMZ, _FALL),
        _strain_rule(FALL_2, "The fall is at least twice the usual ups and downs (2 SD).", GUMZ, _FALL),
    ]
    if k:
        meaning = f"The rating lies more than {k:g} σ below the average of all earlier ratings."
        found.append(_strain_rule(CHART, meaning, LIPNER, ("now", "centre", "sigma", "lower")))
    found += [
        RuleInfo(
            name=FIXED_FALL,
            kind="drop",
            meaning="The rating fell by a fixed number of points since the last rated session, and no rule "
            "of possible strain has said so already.",
            sessions_needed=2,
            source=OURS,
            inputs=("before", "now", "threshold"),
            records=records().get(FIXED_FALL, ()),
        ),
        RuleInfo(
            name=BACK_BEFORE,
            kind="repair",
            meaning="Within three sessions the rating is back at the level before, less a quarter SD.",
            sessions_needed=EARLIER + 2,
            source=GUMZ,
            inputs=("before", "bottom", "now", "sd", "magnitude", "sessions"),
        ),
    ]
    if k:
        found.append(
            RuleInfo(
                name=BACK_CENTRE,
                kind="repair",
                meaning="Within three sessions after one below the control limit the rating is back at the "
                "own average, less a quarter σ.",
                sessions_needed=EARLIER + 2,
                source=LIPNER,
                inputs=("bottom", "now", "centre", "sigma", "sessions"),
            )
        )
    found += [
        RuleInfo(
            name=SINCE_LAST,
            kind="reliable_change",
            meaning="The change since the last rated session exceeds measurement error (|RC| > 1.96).",
            sessions_needed=2,
            source=JACOBSON,
            inputs=_CHANGE,
        ),
        RuleInfo(
            name=SINCE_FIRST,
            kind="reliable_change",
            meaning="The change since the first rated session exceeds measurement error (|RC| > 1.96).",
            sessions_needed=3,
            source=JACOBSON,
            inputs=_CHANGE,
        ),
        RuleInfo(
            name=FLAT,
            kind="flat_maximum",
            meaning=f"The highest possible rating {settings.flat_sessions} sessions in a row.",
            sessions_needed=settings.flat_sessions,
            source=OURS,
            inputs=("sessions",),
        ),
        RuleInfo(
            name=STRAIGHT,
            kind="straightlining",
            meaning=f"At least {settings.straightlining_items} questions, all answered with the same value.",
            sessions_needed=1,
            source=OURS,
            inputs=("items",),
        ),
        RuleInfo(
            name=DIVERGENCE,
            kind="divergence",
            meaning=f"Client and therapist are at least {settings.divergence_percent:g} points of 100 apart.",
            sessions_needed=1,
            source=OURS,
            inputs=("client", "therapist", "threshold"),
        ),
        RuleInfo(
            name=MISSED,
            kind="missed_sessions",
            meaning="The newest session was missed, or the one just before it.",
            sessions_needed=1,
            counts="held",
            source=OURS,
            inputs=("missed", "sessions", "in_a_row"),
        ),
    ]
    return {rule.name: rule for rule in found}


def _strain_rule(name: str, meaning: str, source: str, inputs: tuple[str, ...]) -> RuleInfo:
    return RuleInfo(
        name=name,
        kind="possible_strain",
        meaning=meaning,
        sessions_needed=EARLIER + 1,
        source=source,
        inputs=inputs,
        votes=True,
        records=records().get(name, ()),
    )


@cache
def records() -> Mapping[str, tuple[RuleRecord, ...]]:
    """How each rule did in simulated courses, from `simulation.json`."""
    file = files("alliancekit_strain") / "simulation.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    return {rule: tuple(RuleRecord(**row) for row in rows) for rule, rows in told["rules"].items()}
