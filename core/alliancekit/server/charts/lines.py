"""Lines over sessions: the frame of a drawing, its grid and axis, the marks of each voice.

The two voices differ in colour, shape and line: the client is a filled circle on a solid line, the therapist
an open square on a dashed one. A missing rating leaves a gap; a single rating has no line. Colours come from
classes of the page's style, so that dark mode, print and high contrast work under `style-src 'self'`.

Where the language is written from right to left, time runs so too and the scale stands at the right: as in
Arabic newspapers and spreadsheets, and as the columns of the table beside the chart. Only places are
mirrored; `text-anchor` follows the page's direction by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from alliancekit.languages.pages import Words
from alliancekit.server.charts.svg import element, joined
from alliancekit.server.therapist.sentences import whole
from alliancekit.server.therapist.series import Voice, reading
from alliancekit.server.therapist.views import SessionView


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


def runs(sessions: Sequence[SessionView], scale: str, voice: Voice) -> list[list[tuple[int, float]]]:
    """Unbroken runs of ratings as (index, percent): a line may join only these."""
    found: list[list[tuple[int, float]]] = [[]]
    for index, session in enumerate(sessions):
        percent = reading(session, scale, voice).percent
        if percent is None:
            found.append([])
        else:
            found[-1].append((index, percent))
    return [run for run in found if run]


def line(
    frame: Frame,
    sessions: Sequence[SessionView],
    scale: str,
    voice: Voice,
    told: Callable[[int, float], str],
) -> Markup:
    """A voice's ratings; `told` says of a session's number and rating what is read on hover."""
    n = len(sessions)
    parts: list[Markup] = []
    found = runs(sessions, scale, voice)
    for run in found:
        if len(run) > 1:
            places = " ".join(f"{frame.x(i, n):.1f},{frame.y(p):.1f}" for i, p in run)
            parts.append(element("polyline", class_=f"line {voice}", points=places))
    for i, p in (place for run in found for place in run):
        number = sessions[i].number
        parts.append(mark(voice, frame.x(i, n), frame.y(p), session=number, percent=p, told=told(number, p)))
    return joined(parts)


def ends(
    frame: Frame,
    sessions: Sequence[SessionView],
    scale: str,
    voices: Sequence[Voice],
    said: Callable[[Voice, float], str],
) -> Markup:
    """The newest session's numbers, as they are `said`, beside their marks; moved apart where they touch."""
    found: list[tuple[float, Voice, float]] = []
    for voice in voices if sessions else ():
        percent = reading(sessions[-1], scale, voice).percent
        if percent is not None:
            found.append((frame.y(percent), voice, percent))
    found.sort()
    heights = [y for y, _, _ in found]
    if len(heights) == 2 and heights[1] - heights[0] < 16:
        middle = min(max(sum(heights) / 2, frame.top + 4), frame.height - frame.bottom - 8)
        heights = [middle - 8, middle + 8]
    x = frame.x(len(sessions) - 1, len(sessions)) + (-11 if frame.mirrored else 11)
    return joined(
        element("text", said(voice, percent), class_=f"end {voice}", x=x, y=y + 4.5)
        for y, (_, voice, percent) in zip(heights, found, strict=True)
    )


def grid(frame: Frame, steps: Sequence[int], words: Words) -> Markup:
    """Horizontal lines at these percentages, each with its number."""
    left, right, beside = (frame.at(x) for x in (frame.left, frame.width - frame.right, frame.left - 8))
    return joined(
        element("line", class_="grid", x1=left, y1=frame.y(step), x2=right, y2=frame.y(step))
        + element("text", words.number(step), class_="tick", x=beside, y=frame.y(step) + 4, text_anchor="end")
        for step in steps
    )


def axis(
    frame: Frame, sessions: Sequence[SessionView], missed: Callable[[int], str], *, every: int
) -> Markup:
    """The sessions' numbers, and a cross with what is said on hover where one was `missed`."""
    n = len(sessions)
    base = frame.height - frame.bottom
    parts: list[Markup] = []
    for index, session in enumerate(sessions):
        x = frame.x(index, n)
        if not session.attended:
            cross = f"M{x - 3.5:.1f} {base - 9:.1f}l7 7m0 -7l-7 7"
            told = element("title", missed(session.number))
            parts.append(element("path", told, class_="missed", d=cross))
        if (n - 1 - index) % every == 0:
            parts.append(
                element("text", str(session.number), class_="tick", x=x, y=base + 16, text_anchor="middle")
            )
    return joined(parts)
