"""The charts of one client's page, drawn on the server as SVG; `charts.lines` has what lines are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import Markup

from alliancekit.languages.pages import Words
from alliancekit.server.charts import lines
from alliancekit.server.charts.lines import Frame
from alliancekit.server.charts.svg import element, image, joined
from alliancekit.server.therapist.sentences import points
from alliancekit.server.therapist.series import OwnRange, Voice, own_range, rated
from alliancekit.server.therapist.views import DRAWN, EpisodeView, ScaleView, SessionView, SignalView

VOICES: tuple[Voice, ...] = ("client", "therapist")
_BADGES = 3
"""Signals drawn one above the other in a session; more are told by a number."""

_TASKS_ROW = 16.0
"""What a drawing grows by where tasks stand below the sessions."""


WIDE = Frame(640, 320, 34, 84, 58, 40, most=DRAWN, names=True)
NARROW = Frame(320, 290, 28, 34, 58, 40, most=10)
PRINT = Frame(640, 216, 34, 84, 58, 40, most=16, names=True)
SMALL = Frame(300, 150, 30, 34, 12, 24, most=20)


def _voice(frame: Frame, sessions: Sequence[SessionView], scale: str, voice: Voice, words: Words) -> Markup:
    who = words.say(f"voice.{voice}")

    def told(number: int, percent: float) -> str:
        return words.say("trend.mark", voice=who, session=number, value=points(words, percent))

    return lines.line(frame, sessions, scale, voice, told)


def _ends(frame: Frame, sessions: Sequence[SessionView], scale: str, words: Words) -> Markup:
    def said(voice: Voice, percent: float) -> str:
        if not frame.names:
            return points(words, percent)
        return words.say("trend.end", voice=words.say(f"voice.{voice}"), value=points(words, percent))

    return lines.ends(frame, sessions, scale, VOICES, said)


def _sessions_axis(frame: Frame, sessions: Sequence[SessionView], words: Words, *, every: int) -> Markup:
    return lines.axis(
        frame, sessions, lambda number: words.say("trend.missed_mark", session=number), every=every
    )


def _badge(x: float, y: float, view: SignalView | None) -> list[Markup]:
    """A disc; a ring where a rule found a repair, a square where the therapist says so, both for both."""
    rule = view is not None and view.repaired_in is not None
    word = view is not None and view.said_repaired
    if not rule and not word:
        return [element("circle", class_="badge", cx=x, cy=y, r=8)]
    square = element("rect", class_="badge-word", x=x - 8, y=y - 8, width=16, height=16)
    ring = element("circle", class_="badge-rule", cx=x, cy=y, r=7 if word else 8)
    return ([square] if word else []) + ([ring] if rule else [])


def _tasks(frame: Frame, view: EpisodeView, sessions: Sequence[SessionView]) -> Markup:
    """Below the session in which they were agreed: how many tasks were done of how many."""
    done = view.course.done()
    return joined(
        element(
            "text",
            done[session.number].short,
            class_="tick tasks",
            x=frame.x(index, len(sessions)),
            y=frame.height - frame.bottom + 16 + _TASKS_ROW,
            text_anchor="middle",
        )
        for index, session in enumerate(sessions)
        if session.number in done
    )


def _badges(
    frame: Frame, sessions: Sequence[SessionView], signals: Sequence[tuple[int, SignalView]]
) -> Markup:
    """Numbered signal marks above their session, with a line down to the plot's floor."""
    parts: list[Markup] = []
    by_session: dict[int, list[tuple[int, SignalView]]] = {}
    for number, view in signals:
        by_session.setdefault(view.session, []).append((number, view))
    for index, session in enumerate(sessions):
        here = by_session.get(session.number)
        if here is None:
            continue
        x = frame.x(index, len(sessions))
        told: list[tuple[str, SignalView | None]] = [(str(number), view) for number, view in here]
        if len(told) > _BADGES:
            told = [*told[: _BADGES - 1], (f"+{len(told) - _BADGES + 1}", None)]
        parts.append(
            element("line", class_="drop", x1=x, y1=frame.top - 6, x2=x, y2=frame.height - frame.bottom)
        )
        for lane, (text, one) in enumerate(told):
            y = frame.top - 14 - lane * 17
            parts += _badge(x, y, one)
            settled = one is not None and (one.repaired_in is not None or one.said_repaired)
            kind = "badge-text settled" if settled else "badge-text"
            parts.append(element("text", text, class_=kind, x=x, y=y + 3.8, text_anchor="middle"))
    return joined(parts)


def _band(frame: Frame, found: OwnRange) -> Markup:
    top, bottom = frame.y(found.high), frame.y(found.low)
    width = frame.width - frame.left - frame.right
    x = frame.box(frame.left, width)
    return element("rect", class_="band", x=x, y=top, width=width, height=max(bottom - top, 0.0))


def _examples(frame: Frame, sessions: Sequence[SessionView], key: str) -> Markup:
    """A hatched ground behind the sessions that are made up; `key` must be unique in the page."""
    made_up = [index for index, session in enumerate(sessions) if session.example]
    if not made_up:
        return Markup("")
    stripe = element("path", class_="example-line", d="M0 0V6")
    turned = {"patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"}
    step = (frame.width - frame.left - frame.right) / len(sessions)
    height = frame.height - frame.bottom - frame.top
    return element("pattern", stripe, id=f"{key}-example", width=6, height=6, **turned) + joined(
        element(
            "rect",
            class_="example-ground",
            fill=f"url(#{key}-example)",
            x=frame.box(frame.left + step * index, step),
            y=frame.top,
            width=step,
            height=height,
        )
        for index in made_up
    )


def _examples_named(frame: Frame, sessions: Sequence[SessionView], words: Words) -> Markup:
    made_up = [index for index, session in enumerate(sessions) if session.example]
    if not made_up:
        return Markup("")
    # In the middle of what it names, but clear of the word at the time's beginning and of the edge.
    middle = frame.at((frame.x(made_up[0], len(sessions)) + frame.x(made_up[-1], len(sessions))) / 2)
    x = frame.at(min(max(middle, frame.left + 96), frame.width - 44))
    said = words.say("example.data_small")
    return element("text", said, class_="example", x=x, y=frame.height - 6, text_anchor="middle")


def numbered(view: EpisodeView) -> list[tuple[int, SignalView]]:
    """The signals with the number that names them in chart and list, oldest session first."""
    return list(enumerate(sorted(view.signals, key=lambda s: s.session), start=1))


def marks(view: EpisodeView) -> frozenset[str]:
    """What the chart's key explains: repairs found by a `rule` or by the therapist's `word`, `missed`."""
    there = {
        "rule": any(one.repaired_in for one in view.signals),
        "word": any(one.said_repaired for one in view.signals),
        "missed": not all(session.attended for session in view.sessions),
    }
    return frozenset(name for name, shown in there.items() if shown)


def describe(words: Words, view: EpisodeView, sessions: Sequence[SessionView], scale: str) -> str:
    """The chart's text alternative: first and last number of each voice, and what is missing."""
    parts = [words.say("trend.example")] if view.example else []
    for voice in VOICES:
        found = rated(sessions, scale, voice)
        told = f"trend.told.{voice}"
        if not found:
            parts.append(words.say(f"{told}.nothing"))
            continue
        (first, start), (last, end) = found[0], found[-1]
        begin, until = points(words, start), points(words, end)
        if len(found) == 1:
            parts.append(words.say(f"{told}.single", value=begin, session=first))
        else:
            numbers = {"first": first, "start": begin, "last": last, "end": until}
            parts.append(words.say(f"{told}.course", n=len(found), **numbers))
    missed = [str(session.number) for session in sessions if not session.attended]
    if missed:
        parts.append(words.say("trend.told.missed", n=len(missed), sessions=words.list(missed)))
    return words.sentences(*parts)


def trend(view: EpisodeView, words: Words, frame: Frame = WIDE, *, key: str = "trend") -> Markup:
    """The total over the sessions in both voices, with own range, cut-off and signals."""
    frame = frame.of(words)
    sessions = view.sessions[-frame.most :]
    if view.course.tasks:
        frame = replace(frame, height=frame.height + _TASKS_ROW, bottom=frame.bottom + _TASKS_ROW)
    left, right = frame.at(frame.left), frame.at(frame.width - frame.right)
    parts = [lines.grid(frame, (0, 25, 50, 75, 100), words)]
    found = own_range(view.sessions, view.total)
    if found:
        parts.insert(0, _band(frame, found))
    if view.cut_off:
        y = frame.y(view.cut_off.percent)
        parts.append(element("line", class_="cut-off", x1=left, y1=y, x2=right, y2=y))
    parts.append(_badges(frame, sessions, numbered(view)))
    parts.append(_tasks(frame, view, sessions))
    parts.append(_sessions_axis(frame, sessions, words, every=1 if len(sessions) <= 15 else 2))
    parts.append(element("text", words.say("trend.axis"), class_="tick", x=left, y=frame.height - 6))
    parts += [_voice(frame, sessions, view.total, voice, words) for voice in reversed(VOICES)]
    parts.append(_ends(frame, sessions, view.total, words))
    parts.insert(0, _examples(frame, sessions, key) + _examples_named(frame, sessions, words))
    return image(
        *parts,
        key=key,
        title=words.say("trend.chart", measure=view.measure),
        description=describe(words, view, sessions, view.total),
        width=frame.width,
        height=frame.height,
        kind="trend",
    )


def small(view: EpisodeView, scale: ScaleView, words: Words) -> Markup:
    """One part of the measure over the sessions, in the size of a small multiple."""
    frame = SMALL.of(words)
    sessions = view.sessions[-frame.most :]
    every = 1 if len(sessions) <= 8 else 3
    return image(
        _examples(frame, sessions, f"scale-{scale.name}"),
        lines.grid(frame, (0, 50, 100), words),
        _sessions_axis(frame, sessions, words, every=every),
        *(_voice(frame, sessions, scale.name, voice, words) for voice in reversed(VOICES)),
        _ends(frame, sessions, scale.name, words),
        key=f"scale-{scale.name}",
        title=words.say("scales.chart", scale=scale.title),
        description=describe(words, view, sessions, scale.name),
        width=frame.width,
        height=frame.height,
        kind="small",
    )
