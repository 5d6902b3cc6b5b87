"""The pages' plain English: numbers, dates, states and the sentence that says what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from alliancekit.events import Level, Moment, Role, SignalKind
from alliancekit.server.therapist.series import Voice, own_range, rated, reading
from alliancekit.server.therapist.views import Reading, ReadingState, ResponseState, SessionView, SignalView

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
    "drop": "Lower than last time",
    "reliable_change": "Change beyond measurement error",
    "possible_strain": "Possible strain",
    "repair": "Repaired",
    "flat_maximum": "Always the highest answer",
    "straightlining": "The same answer throughout",
    "divergence": "You and the client see it differently",
}

_CHANGE_WITHOUT_NUMBER: Mapping[ReadingState, str] = {
    "no_answer": "The client did not answer after session {n}.",
    "waiting": "The client has not answered after session {n} yet.",
    "later": "The client answered after session {n}. You will see it after the next session.",
    "private": "The client answered after session {n} and kept the answer private.",
    "not_scored": "The client answered after session {n}, too little of it for a score.",
    "not_asked": "The client was not asked after session {n}.",
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


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 session`, `3 sessions`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _without_number(latest: SessionView, state: ReadingState) -> str:
    if latest.in_progress:
        return f"Session {latest.number} is going on."
    if not latest.attended:
        return f"Session {latest.number} was missed."
    return _CHANGE_WITHOUT_NUMBER[state].format(n=latest.number)


def what_changed(sessions: Sequence[SessionView], total: str) -> str:
    """One sentence: what the client's rating did since the last one that can be compared."""
    if not sessions:
        return "No session yet."
    now = reading(sessions[-1], total)
    if now.percent is None:
        return _without_number(sessions[-1], now.state)
    value = whole(now.percent)
    earlier = rated(sessions[:-1], total)
    if not earlier:
        return f"The client’s first rating is {value} of 100. There is nothing to compare it with yet."
    number, percent = earlier[-1]
    before = whole(percent)
    if value == before:
        return f"The client’s rating is {value}, as in session {number}."
    change = f"{'up' if value > before else 'down'} {abs(value - before)}, from {before} to {value}"
    return f"The client’s rating went {change}, since session {number}."


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
    found = own_range(sessions, total)
    percent = reading(sessions[-1], total).percent if sessions else None
    if found is None or percent is None:
        return ""
    low, high = whole(found.low), whole(found.high)
    where = "below" if whole(percent) < low else "above" if whole(percent) > high else "within"
    return f"That is {where} this client’s usual range of {low} to {high}."
