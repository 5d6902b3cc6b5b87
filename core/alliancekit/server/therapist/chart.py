"""The charts of one client's page, drawn on the server as SVG.

The two voices differ in colour, shape and line: the client is a filled circle on a solid line, the therapist
an open square on a dashed one. A missing rating leaves a gap; a single rating has no line. Colours come from
classes in `therapist.css`, so that dark mode, print and high contrast work under `style-src 'self'`.

Where the language is written from right to left, time runs so too and the scale stands at the right: as in
Arabic newspapers and spreadsheets, and as the columns of the table beside the chart. Only places are
mirrored; `text-anchor` follows the page's direction by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from alliancekit.languages.pages import Words
from alliancekit.server.therapist.sentences import points, whole
from alliancekit.server.therapist.series import OwnRange, Voice, own_range, rated, reading
from alliancekit.server.therapist.svg import element, image
from alliancekit.server.therapist.views import EpisodeView, ScaleView, SessionView, SignalView

VOICES: tuple[Voice, ...] = ("client", "therapist")
_BADGES = 3
"""Signals drawn one above the other in a session; more are told by a number."""

_TASKS_ROW = 16.0
"""What a drawing grows by where tasks stand below the sessions."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things are: a drawing of `width` × `height` with margins around the plot, for `n` sessions.

    `most` is the number of sessions it can show legibly; older ones are left to the table. All places are
    given for a language that is written from left to right; `at` and `box` turn them where it is `mirrored`.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    most: int
    names: bool = False
    mirrored: bool = False

    def of(self, words: Words) -> Frame:
        """The frame in the direction of a language."""
        return replace(self, mirrored=words.direction == "rtl")

    def at(self, place: float) -> float:
        """A place along the time."""
        return self.width - place if self.mirrored else place

    def box(self, start: float, size: float) -> float:
        """The left edge of a box that begins at `start`."""
        return self.width - start - size if self.mirrored else start

    def x(self, index: int, n: int) -> float:
        """The middle of session `index` (from 0) among `n`."""
        step = (self.width - self.left - self.right) / max(n, 1)
        return self.at(self.left + step * (index + 0.5))

    def y(self, percent: float) -> float:
        """The height of a percentage."""
        return self.top + (self.height - self.top - self.bottom) * (1 - percent / 100)


WIDE = Frame(640, 320, 34, 84, 58, 40, most=30, names=True)
NARROW = Frame(320, 290, 28, 34, 58, 40, most=10)
PRINT = Frame(640, 250, 34, 84, 58, 40, most=16, names=True)
SMALL = Frame(300, 150, 30, 34, 12, 24, most=20)


def mark(
    voice: Voice, x: float, y: float, *, session: int = 0, percent: float | None = None, told: str = ""
) -> Markup:
    """A voice's mark at a place; with `percent` it carries session and number, and says `told` on hover."""
    data: dict[str, str | int] = {}
    if percent is not None:
        data = {"data_session": session, "data_percent": whole(percent)}
    hover = (element("title", told),) if told else ()
    if voice == "client":
        return element("circle", *hover, class_="mark client", cx=x, cy=y, r=4.5, **data)
    return element("rect", *hover, class_="mark therapist", x=x - 4, y=y - 4, width=8, height=8, **data)


def _runs(sessions: Sequence[SessionView], scale: str, voice: Voice) -> list[list[tuple[int, float]]]:
    """Unbroken runs of ratings as (index, percent): a line may join only these."""
    runs: list[list[tuple[int, float]]] = [[]]
    for index, session in enumerate(sessions):
        percent = reading(session, scale, voice).percent
        if percent is None:
            runs.append([])
        else:
            runs[-1].append((index, percent))
    return [run for run in runs if run]


def _voice(frame: Frame, sessions: Sequence[SessionView], scale: str, voice: Voice, words: Words) -> Markup:
    n = len(sessions)
    parts: list[Markup] = []
    runs = _runs(sessions, scale, voice)
    for run in runs:
        if len(run) > 1:
            places = " ".join(f"{frame.x(i, n):.1f},{frame.y(p):.1f}" for i, p in run)
            parts.append(element("polyline", class_=f"line {voice}", points=places))
    who = words.say(f"voice.{voice}")
    for i, p in (place for run in runs for place in run):
        number = sessions[i].number
        told = words.say("trend.mark", voice=who, session=number, value=points(words, p))
        parts.append(mark(voice, frame.x(i, n), frame.y(p), session=number, percent=p, told=told))
    return Markup("").join(parts)


def _ends(frame: Frame, sessions: Sequence[SessionView], scale: str, words: Words) -> Markup:
    """The newest session's numbers beside their marks, moved apart where they would touch."""
    ends: list[tuple[float, Voice, float]] = []
    for voice in VOICES if sessions else ():
        percent = reading(sessions[-1], scale, voice).percent
        if percent is not None:
            ends.append((frame.y(percent), voice, percent))
    ends.sort()
    heights = [y for y, _, _ in ends]
    if len(heights) == 2 and heights[1] - heights[0] < 16:
        middle = min(max(sum(heights) / 2, frame.top + 4), frame.height - frame.bottom - 8)
        heights = [middle - 8, middle + 8]
    x = frame.x(len(sessions) - 1, len(sessions)) + (-11 if frame.mirrored else 11)

    def said(voice: Voice, value: str) -> str:
        if not frame.names:
            return value
        return words.say("trend.end", voice=words.say(f"voice.{voice}"), value=value)

    return Markup("").join(
        element(
            "text",
            said(voice, points(words, percent)),
            class_=f"end {voice}",
            x=x,
            y=y + 4.5,
        )
        for y, (_, voice, percent) in zip(heights, ends, strict=True)
    )


def _grid(frame: Frame, steps: Sequence[int], words: Words) -> Markup:
    left, right, beside = (frame.at(x) for x in (frame.left, frame.width - frame.right, frame.left - 8))
    return Markup("").join(
        element("line", class_="grid", x1=left, y1=frame.y(step), x2=right, y2=frame.y(step))
        + element("text", words.number(step), class_="tick", x=beside, y=frame.y(step) + 4, text_anchor="end")
        for step in steps
    )


def _sessions_axis(frame: Frame, sessions: Sequence[SessionView], words: Words, *, every: int) -> Markup:
    n = len(sessions)
    base = frame.height - frame.bottom
    parts: list[Markup] = []
    for index, session in enumerate(sessions):
        x = frame.x(index, n)
        if not session.attended:
            cross = f"M{x - 3.5:.1f} {base - 9:.1f}l7 7m0 -7l-7 7"
            told = element("title", words.say("trend.missed_mark", session=session.number))
            parts.append(element("path", told, class_="missed", d=cross))
        if (n - 1 - index) % every == 0:
            parts.append(
                element("text", str(session.number), class_="tick", x=x, y=base + 16, text_anchor="middle")
            )
    return Markup("").join(parts)


def _badge(x: float, y: float, view: SignalView | None) -> list[Markup]:
    """A disc; a ring for what a rule found repaired, a square for what the therapist says is; or both."""
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
    return Markup("").join(
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
    for index, session in enumerate(sessions):
        here = [(number, view) for number, view in signals if view.session == session.number]
        if not here:
            continue
        x = frame.x(index, len(sessions))
        told: list[tuple[str, SignalView | None]] = [(str(number), view) for number, view in here]
        if len(told) > _BADGES:
            told = [*told[: _BADGES - 1], (f"+{len(told) - _BADGES + 1}", None)]
        parts.append(
            element("line", class_="drop", x1=x, y1=frame.top - 6, x2=x, y2=frame.height - frame.bottom)
        )
        for lane, (text, view) in enumerate(told):
            y = frame.top - 14 - lane * 17
            parts += _badge(x, y, view)
            settled = view is not None and (view.repaired_in is not None or view.said_repaired)
            kind = "badge-text settled" if settled else "badge-text"
            parts.append(element("text", text, class_=kind, x=x, y=y + 3.8, text_anchor="middle"))
    return Markup("").join(parts)


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
    return element("pattern", stripe, id=f"{key}-example", width=6, height=6, **turned) + Markup("").join(
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
    parts = [_grid(frame, (0, 25, 50, 75, 100), words)]
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
        _grid(frame, (0, 50, 100), words),
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
