"""What the pages say of a client's course in the reader's language: states, lengths, what changed.

Every function takes the reader's `Words` of the section `therapist`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from alliancekit.events import Level, SignalKind
from alliancekit.languages.pages import Words
from alliancekit.server.therapist.series import Voice, own_range, rated, reading
from alliancekit.server.therapist.views import Reading, ReadingState, SessionView, SignalView

_VOICES: tuple[Voice, ...] = ("client", "therapist")

SECTION = "therapist"
"""The section of the therapist's pages."""

IN_POINTS: frozenset[SignalKind] = frozenset({"possible_strain", "repair", "drop", "divergence"})
"""Kinds whose numbers are points of 100, whatever the scale's own units are."""


def whole(percent: float) -> int:
    """The number people see: the nearest whole one, halves up."""
    return math.floor(percent + 0.5)


def points(words: Words, percent: float) -> str:
    """A rating of 0–100 as people see it."""
    return words.number(whole(percent))


def told(words: Words, found: Reading) -> str:
    """A reading as table text: its number, or the reason why there is none. Never 0 for nothing."""
    return words.say(f"reading.{found.state}") if found.percent is None else points(words, found.percent)


def told_in(words: Words, session: SessionView, scale: str, voice: Voice = "client") -> str:
    """A session's table text for a scale; a missed session says so."""
    found = reading(session, scale, voice)
    if found.percent is None and not session.attended:
        return words.say("reading.missed")
    return told(words, found)


def minutes(words: Words, seconds: float) -> str:
    """A length of time in whole minutes; less than one says so."""
    if seconds < 60:
        return words.say("time.under_a_minute")
    return words.say("time.minutes", n=whole(seconds / 60))


def presences(words: Words, session: SessionView) -> list[tuple[str, str, str]]:
    """Who was there when: whose, from when until when and after which gap, how it ended."""
    told: list[tuple[str, str, str]] = []
    left: dict[str, float] = {}
    for one in session.segments:
        when = words.say("closer.when", start=words.clock(one.joined_at), end=words.clock(one.left_at))
        if one.participant in left:
            gap = max(0.0, one.joined_at - left[one.participant])
            when = words.say("closer.back", when=when, time=minutes(words, gap))
        left[one.participant] = one.left_at
        told.append((words.say(f"voice.{one.role}"), when, words.say(f"closer.how.{one.how}")))
    return told


def cells(words: Words, session: SessionView, scales: Sequence[str]) -> Markup:
    """A session's cells in a table: each scale in both voices."""
    made = ""
    for scale in scales:
        for voice in _VOICES:
            kind = "none" if reading(session, scale, voice).percent is None else "n"
            made += f'<td class="{kind}">{escape(told_in(words, session, scale, voice))}</td>'
    return Markup(made)  # noqa: S704


def plain(name: str) -> str:
    """An identifier in words: `possible_strain` reads `possible strain`."""
    return name.replace("_", " ").replace("-", " ")


def known(words: Words, group: str, name: str) -> str:
    """The text of a name that may be a plugin's own: then the name itself, in words."""
    key = f"{group}.{plain(name).replace(' ', '_')}"
    text = plain(name)
    return words.say(key) if words.has(key) else text[:1].upper() + text[1:]


def about(words: Words, name: str, scales: Mapping[str, str]) -> str:
    """What a piece of guidance is about: a signal, a scale (its title in `scales`), or something else."""
    if words.has(f"kind.{name}"):
        return words.say(f"kind.{name}").lower()
    return (scales.get(name) or known(words, "about", name)).lower()


def spans(words: Words, numbers: Sequence[int]) -> str:
    """Session numbers within a sentence: `3`, `1 to 7`, `1 to 3 and 5`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts: list[str] = []
    for run in runs:
        long = len(run) > 2
        parts += (
            [words.say("made_up.run", first=run[0], last=run[-1])]
            if long
            else [str(number) for number in run]
        )
    return words.list(parts)


def made_up(words: Words, sessions: Sequence[SessionView]) -> str:
    """The banner of a page with example data; empty where nothing is made up."""
    examples = [session.number for session in sessions if session.example]
    real = [session.number for session in sessions if not session.example]
    if not examples:
        return ""
    if not real:
        return words.say("made_up.all")
    return words.sentences(
        words.say("made_up.some", n=len(examples), sessions=spans(words, examples)),
        words.say("made_up.real", n=len(real), sessions=spans(words, real)),
    )


def waiting(words: Words, session: SessionView) -> str:
    """Whose answers are still open; empty where none are."""
    roles = session.waiting
    if len(roles) < 2:
        return words.say(f"today.wait.{roles[0]}") if roles else ""
    return words.say("today.wait.both" if set(roles) == {"client", "therapist"} else "today.wait.several")


def _without_number(
    words: Words, latest: SessionView, state: ReadingState, earlier: Sequence[tuple[int, float]]
) -> str:
    said = words.say(f"change.{state if latest.attended else 'missed'}", session=latest.number)
    if not earlier:
        return said
    number, percent = earlier[-1]
    return words.sentences(
        said, words.say("change.last_rating", value=points(words, percent), session=number)
    )


def what_changed(words: Words, sessions: Sequence[SessionView], total: str) -> str:
    """What the client's rating did since the last one that can be compared; what is going on comes first."""
    if not sessions:
        return words.say("change.no_session")
    latest = sessions[-1]
    if not latest.over:
        doing = words.say(
            "change.going_on" if latest.in_progress else "change.not_begun", session=latest.number
        )
        return words.sentences(doing, what_changed(words, sessions[:-1], total) if sessions[:-1] else "")
    earlier = rated(sessions[:-1], total)
    now = reading(latest, total)
    if now.percent is None:
        return _without_number(words, latest, now.state, earlier)
    value = whole(now.percent)
    if not earlier:
        return words.say("change.first", value=points(words, value))
    number, percent = earlier[-1]
    by = value - whole(percent)
    if not by:
        return words.say("change.same", value=points(words, value), session=number)
    key = "change.higher" if by > 0 else "change.lower"
    return words.say(key, n=abs(by), value=points(words, value), session=number)


_WEIGHT: Mapping[Level, int] = {"strong": 0, "notice": 1, "info": 2}


def weightiest_first(findings: Sequence[tuple[int, SignalView]]) -> list[tuple[int, SignalView]]:
    """Numbered findings: what asks for most attention first, then the most recent."""
    return sorted(findings, key=lambda found: (_WEIGHT[found[1].signal.level], -found[0]))


def open_and_closed(
    findings: Sequence[tuple[int, SignalView]], since: int
) -> tuple[list[tuple[int, SignalView]], list[tuple[int, SignalView]]]:
    """Numbered findings as in `weightiest_first`: all open ones, and closed ones from session `since` on."""
    still = [found for found in findings if found[1].open]
    over = [found for found in findings if not found[1].open and found[1].session >= since]
    return weightiest_first(still), weightiest_first(over)


def open_findings(findings: Sequence[SignalView]) -> list[SignalView]:
    """The open ones, what asks for most attention first."""
    numbered = list(enumerate(sorted(findings, key=lambda found: found.session)))
    return [found for _, found in weightiest_first(numbered) if found.open]


def against_own_range(words: Words, sessions: Sequence[SessionView], total: str) -> str:
    """How the latest rating lies to the client's own range; empty where either is missing."""
    over = [session for session in sessions if session.over]
    found = own_range(over, total)
    percent = reading(over[-1], total).percent if over else None
    if found is None or percent is None:
        return ""
    low, high, value = whole(found.low), whole(found.high), whole(percent)
    where = "below" if value < low else "above" if value > high else "within"
    return words.say(f"range.{where}", low=points(words, low), high=points(words, high))


def read_from(words: Words, view: SignalView, scales: Mapping[str, str]) -> str:
    """What a finding was read from."""
    signal = view.signal
    if signal.kind == "missed_sessions":
        said = words.say("why.sessions")
    else:
        whose = "therapist" if signal.role == "therapist" else "client"
        scale = scales.get(signal.scale) or plain(signal.scale)
        said = words.say(f"why.scale.{whose}", scale=scale) if scale else words.say(f"why.ratings.{whose}")
    in_points = signal.inputs and signal.kind in IN_POINTS
    return words.sentences(said, words.say("why.points") if in_points else "")
