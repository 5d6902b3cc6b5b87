"""The pages' plain English: numbers, dates, states and the sentence that says what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from alliancekit.events import Level, Moment, Role, SignalKind
from alliancekit.server.therapist.series import Voice, own_range, rated, reading
from alliancekit.server.therapist.views import (
    Reading,
    ReadingState,
    ResponseState,
    RuleState,
    SessionView,
    SignalView,
)

READING_WORDS: Mapping[ReadingState, str] = {
    "shown": "left out",
    "no_answer": "no answer",
    "waiting": "not answered yet",
    "later": "after the next session",
    "private": "kept private",
    "not_scored": "not scored",
    "not_asked": "not asked",
}
"""What stands in a table where there is no number; `shown` is for a single item that was left out."""

RESPONSE_WORDS: Mapping[ResponseState, str] = {
    "shared": "shared now",
    "later": "answered, will be shown after the next session",
    "private": "answered, kept private",
    "waiting": "not answered yet",
    "no_answer": "no answer",
}

MOMENT_WORDS: Mapping[Moment, str] = {
    "pre_session": "before the session",
    "in_call": "during the call",
    "end_of_call": "after the call",
    "follow_up": "follow-up",
}

ROLE_WORDS: Mapping[Role, str] = {"client": "Client", "therapist": "You", "observer": "Observer"}

LEVEL_WORDS: Mapping[Level, str] = {"info": "To know", "notice": "To look at", "strong": "To talk about"}

KIND_WORDS: Mapping[SignalKind, str] = {
    "low_score": "Low rating",
    "low_item": "A low answer",
    "drop": "Lower than last time",
    "reliable_change": "Change beyond measurement error",
    "possible_strain": "Possible strain",
    "repair": "Repaired",
    "flat_maximum": "Always the highest answer",
    "straightlining": "The same answer throughout",
    "divergence": "You and the client see it differently",
    "missed_sessions": "Missed sessions",
}

RULE_WORDS: Mapping[RuleState, str] = {
    "agreed": "agrees",
    "disagreed": "does not agree",
    "too_few": "too few sessions",
}

IN_POINTS: frozenset[SignalKind] = frozenset({"possible_strain", "repair", "drop", "divergence"})
"""Kinds whose numbers are points of 100, whatever the scale's own units are."""

_CHANGE_WITHOUT_NUMBER: Mapping[ReadingState, str] = {
    "no_answer": "The client did not answer after session {n}.",
    "waiting": "The client has not answered after session {n} yet.",
    "later": "The client answered after session {n}. You will see it after the next session.",
    "private": "The client answered after session {n} and kept the answer private.",
    "not_scored": "The client answered after session {n}, too little of it for a score.",
    "not_asked": "The client was not asked after session {n}.",
}

FACET_WORDS: Mapping[str, str] = {
    "positive rapport": "Easy to talk with each other",
    "mutual agreement on goals": "Agreed on the goals",
    "realistic expectations": "Clear what the work can and cannot do",
    "shared responsibility": "Both do their part",
    "mutual respect": "Take each other seriously",
    "empathy": "The client feels understood",
    "genuineness": "The therapist is genuine",
    "safety": "Safe to say difficult things",
    "positive expectations": "Confident that it can help",
    "cultural respect": "Background and beliefs respected",
}
"""Titles of the facets that the vocabulary names; an instrument's own facets keep their names."""

_ABOUT_WORDS: Mapping[str, str] = {"steady": "nothing stands out", "fit": "style fit"}

_HOOK_WORDS: Mapping[str, str] = {
    "score_alliance": "Further scores",
    "detect_signals": "Findings",
    "suggest_guidance": "Suggestions",
    "describe_talk": "Who spoke",
    "render_panels": "Panel",
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def whole(percent: float) -> int:
    """The number people see: the nearest whole one, halves up."""
    return math.floor(percent + 0.5)


def told(reading: Reading) -> str:
    """A reading as table text: its number, or the reason why there is none. Never 0 for nothing."""
    return READING_WORDS[reading.state] if reading.percent is None else str(whole(reading.percent))


def told_in(session: SessionView, scale: str, voice: Voice = "client") -> str:
    """A session's table text for a scale; a missed session says so."""
    found = reading(session, scale, voice)
    if found.percent is None and not session.attended:
        return "missed"
    return told(found)


def date(at: float, timezone: str) -> str:
    """The day, as `14 Nov 2026`, in the IANA zone `timezone`."""
    day = datetime.fromtimestamp(at, ZoneInfo(timezone))
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def minutes(seconds: float) -> str:
    """A length of time in whole minutes; less than one says so."""
    return "less than 1 min" if seconds < 60 else f"{whole(seconds / 60)} min"


def share(part: float) -> str:
    """A share (0–1) in percent, as `43 %`."""
    return f"{whole(part * 100)} %"


def figure(value: float) -> str:
    """A rule's number with at most two decimals."""
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(name: str) -> str:
    """An identifier in words: `possible_strain` reads `possible strain`."""
    return name.replace("_", " ").replace("-", " ")


def about(name: str, scales: Mapping[str, str]) -> str:
    """What a piece of guidance is about: a signal, a scale (its title in `scales`), or something else."""
    kinds = {str(kind): text for kind, text in KIND_WORDS.items()}
    return (kinds.get(name) or scales.get(name) or _ABOUT_WORDS.get(name) or plain(name)).lower()


def hook(name: str) -> str:
    """What a hook computes."""
    return _HOOK_WORDS.get(name, plain(name).capitalize())


def spans(numbers: Sequence[int]) -> str:
    """Session numbers in words: `Session 3`, `Sessions 1 to 7`, `Sessions 1 to 3 and 5`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    told: list[str] = []
    for run in runs:
        told += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run]
    joined = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"{'Session' if len(numbers) == 1 else 'Sessions'} {joined}"


def made_up(sessions: Sequence[SessionView]) -> str:
    """The banner of a page with example data; empty where nothing is made up."""
    examples = [session.number for session in sessions if session.example]
    if not examples:
        return ""
    if len(examples) == len(sessions):
        return "This client is made up, to show what the page looks like."
    real = [session.number for session in sessions if not session.example]
    return (
        f"{spans(examples)} {'is' if len(examples) == 1 else 'are'} made up, to show what the page looks"
        f" like. {spans(real)} {'is' if len(real) == 1 else 'are'} real."
    )


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 session`, `3 sessions`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _without_number(latest: SessionView, state: ReadingState, earlier: Sequence[tuple[int, float]]) -> str:
    said = (
        f"Session {latest.number} was missed."
        if not latest.attended
        else _CHANGE_WITHOUT_NUMBER[state].format(n=latest.number)
    )
    if not earlier:
        return said
    number, percent = earlier[-1]
    return f"{said} The last rating was {whole(percent)}, in session {number}."


def what_changed(sessions: Sequence[SessionView], total: str) -> str:
    """What the client's rating did since the last one that can be compared; what is going on comes first."""
    if not sessions:
        return "No session yet."
    latest = sessions[-1]
    if not latest.over:
        doing = "is going on" if latest.in_progress else "has not begun"
        before = f" {what_changed(sessions[:-1], total)}" if sessions[:-1] else ""
        return f"Session {latest.number} {doing}.{before}"
    earlier = rated(sessions[:-1], total)
    now = reading(latest, total)
    if now.percent is None:
        return _without_number(latest, now.state, earlier)
    value = whole(now.percent)
    if not earlier:
        return f"The client’s first rating is {value} of 100. There is nothing to compare it with yet."
    number, percent = earlier[-1]
    before_it = whole(percent)
    if value == before_it:
        return f"The client’s rating is {value} of 100, the same as after session {number}."
    change = f"{count(abs(value - before_it), 'point')} {'higher' if value > before_it else 'lower'}"
    return f"The client’s rating is {value} of 100, {change} than after session {number}."


_WEIGHT: Mapping[Level, int] = {"strong": 0, "notice": 1, "info": 2}


def weightiest_first(findings: Sequence[tuple[int, SignalView]]) -> list[tuple[int, SignalView]]:
    """Numbered findings: what asks for most attention first, then the most recent."""
    return sorted(findings, key=lambda found: (_WEIGHT[found[1].signal.level], -found[0]))


def open_findings(findings: Sequence[SignalView]) -> list[SignalView]:
    """The open ones, what asks for most attention first."""
    numbered = list(enumerate(sorted(findings, key=lambda found: found.session)))
    return [found for _, found in weightiest_first(numbered) if found.open]


def against_own_range(sessions: Sequence[SessionView], total: str) -> str:
    """How the latest rating lies to the client's own range; empty where either is missing."""
    over = [session for session in sessions if session.over]
    found = own_range(over, total)
    percent = reading(over[-1], total).percent if over else None
    if found is None or percent is None:
        return ""
    low, high = whole(found.low), whole(found.high)
    where = "below" if whole(percent) < low else "above" if whole(percent) > high else "within"
    return f"That is {where} this client’s usual range of {low} to {high}."
