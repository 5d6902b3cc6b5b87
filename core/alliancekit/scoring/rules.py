"""Simple rules about the newest session, and which rules have too few sessions. Pure: no I/O, no clock.

Where nothing else is said, series are percents (0–100, higher is better), oldest first, without the sessions
that nobody rated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alliancekit.events import ItemInfo, RuleInfo, SignalKind

When = Literal["<", "<=", ">", ">="]

_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentRule:
    """A rule that cannot speak yet: it needs `needed` sessions and there are `have`."""

    rule: str
    kind: SignalKind
    needed: int
    have: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """How many sessions nobody came to: `missed` of `sessions` so far, the newest `in_a_row` of them."""

    missed: int
    sessions: int
    in_a_row: int


def colour(
    value: float | None, before: float | None = None, *, cut_off: float, drop: float = 1.0, when: When = "<"
) -> Literal["grey", "green", "red"]:
    """The table of colours that OpenFIT publishes for the SRS (cut-off 36 of 40), in the scale's units.

    Grey without a score, red on the cut-off's side or after a change for the worse of at least `drop` points
    since the last session, otherwise green. On a scale where higher is worse (`when` is `>` or `>=`) a rise
    counts as the change for the worse.
    """
    if value is None:
        return "grey"
    worse = 0.0 if before is None else before - value if when in ("<", "<=") else value - before
    return "red" if calls_for_talk(value, cut_off, when) or worse >= drop - _SLACK else "green"


def calls_for_talk(value: float, cut_off: float, when: When) -> bool:
    """Whether a value (in the scale's units) lies on the side of the cut-off to talk about."""
    match when:
        case "<":
            return value < cut_off
        case "<=":
            return value <= cut_off
        case ">":
            return value > cut_off
        case ">=":
            return value >= cut_off


def fall(values: Sequence[float], *, points: float) -> float | None:
    """The fixed rule: how many points the newest value lies below the one before, when at least `points`.

    A reason to ask, never a reliable change: one point of the SRS's forty lies well inside its measurement
    error of about 4.8 points (α = .88, SD 5).

    Returns: the fall as a positive number, or None.
    """
    if len(values) < 2:
        return None
    fell = values[-2] - values[-1]
    return fell if fell >= points - _SLACK and fell > 0 else None


def flat_at_maximum(values: Sequence[float], *, sessions: int = 3) -> bool:
    """Whether the newest `sessions` values all stand at 100: a ceiling, which says little either way.

    Ceilings are moderate to large in alliance measures everywhere (37 studies, 6,439 people).
    """
    return 0 < sessions <= len(values) and all(math.isclose(value, 100.0) for value in values[-sessions:])


def straightlined(answers: Mapping[str, int], *, items: int = 6) -> bool:
    """Whether at least `items` items were answered, all of them with the same value."""
    return len(answers) >= max(items, 2) and len(set(answers.values())) == 1


def low_items(
    answers: Mapping[str, int], items: Sequence[ItemInfo], *, percent: float = 10.0
) -> tuple[ItemInfo, ...]:
    """The items answered at the unfavourable end of their options, in the instrument's order.

    Our definition, from the option range alone: an answer is low when it lies within `percent` of the range
    from the less favourable end. With 10, that is the end itself for up to ten options, and 0–10 of a line
    from 0 to 100. On a yes/no item it is the unfavourable one of the two.

    Args:
        answers: item id → value, as stored.
        items: ranges and directions; an item that stands in them with both directions is left out.
        percent: 0 to 100.
    """
    directions: dict[str, set[bool]] = {}
    for item in items:
        directions.setdefault(item.id, set()).add(item.low_is_worse)
    found: dict[str, ItemInfo] = {}
    for item in items:
        if item.id not in answers or len(directions[item.id]) > 1:
            continue
        value = answers[item.id]
        away = value - item.minimum if item.low_is_worse else item.maximum - value
        if 100 * away <= percent * (item.maximum - item.minimum):
            found[item.id] = item
    return tuple(sorted(found.values(), key=lambda item: item.number))


def missed_sessions(attended: Sequence[bool]) -> Missed | None:
    """How many of all sessions were missed, when the newest one was or the ones just before it.

    Args:
        attended: one a session, oldest first.

    Returns: None when neither the newest session nor the one before it was missed.
    """
    ended = list(attended)
    if ended and ended[-1]:
        ended.pop()
    in_a_row = 0
    while in_a_row < len(ended) and not ended[-1 - in_a_row]:
        in_a_row += 1
    if not in_a_row:
        return None
    missed = sum(not one for one in attended)
    return Missed(missed=missed, sessions=len(attended), in_a_row=in_a_row)


def silent_rules(rules: Sequence[RuleInfo], *, rated: int, held: int | None = None) -> tuple[SilentRule, ...]:
    """The rules that have too few sessions to speak about a course.

    Args:
        rules: what the plugins registered.
        rated: sessions with a score.
        held: all sessions, missed ones included; as many as rated ones when None.
    """
    sessions = {"rated": rated, "held": rated if held is None else held}
    return tuple(
        SilentRule(rule=rule.name, kind=rule.kind, needed=rule.sessions_needed, have=sessions[rule.counts])
        for rule in rules
        if sessions[rule.counts] < rule.sessions_needed
    )
