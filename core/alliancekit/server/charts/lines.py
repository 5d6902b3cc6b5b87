"""Lines over sessions: the frame of a drawing, its grid and axis, the marks of each voice.

The two voices differ in colour, shape and line: the client is a filled circle on a solid line, the therapist
an open square on a dashed one. A missing rating leaves a gap; a single rating has no line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from alliancekit.server.therapist.series import Voice, reading
from alliancekit.server.therapist.svg import element
from alliancekit.server.therapist.views import SessionView
from alliancekit.server.therapist.words import whole


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things are: a drawing of `width` × `height` with margins around the plot, for `n` sessions.

    `most` is the number of sessions it can show legibly; older ones are left to the table.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    most: int
    names: bool = False

    def x(self, index: int, n: int) -> float:
        """The middle of session `index` (from 0) among `n`."""
        step = (self.width - self.left - self.right) / max(n, 1)
        return self.left + step * (index + 0.5)

    def y(self, percent: float) -> float:
        """The height of a percentage."""
        return self.top + (self.height - self.top - self.bottom) * (1 - percent / 100)


def mark(
    voice: Voice, x: float, y: float, *, session: int = 0, percent: float | None = None, told: str = ""
) -> Markup:
    """A voice's mark at a place; with `percent` it carries session and number, and `told` on hover."""
    titles = (element("title", told),) if told else ()
    data: dict[str, str | int] = {}
    if percent is not None:
        data = {"data_session": session, "data_percent": whole(percent)}
    if voice == "client":
        return element("circle", *titles, class_="mark client", cx=x, cy=y, r=4.5, **data)
    return element("rect", *titles, class_="mark therapist", x=x - 4, y=y - 4, width=8, height=8, **data)


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


def line(frame: Frame, sessions: Sequence[SessionView], scale: str, voice: Voice) -> Markup:
    """A voice's ratings, joined where no session between them is without one."""
    n = len(sessions)
    found = runs(sessions, scale, voice)
    parts = [
        element(
            "polyline",
            class_=f"line {voice}",
            points=" ".join(f"{frame.x(i, n):.1f},{frame.y(p):.1f}" for i, p in run),
        )
        for run in found
        if len(run) > 1
    ]
    parts += [
        mark(voice, frame.x(i, n), frame.y(p), session=sessions[i].number, percent=p)
        for run in found
        for i, p in run
    ]
    return Markup("").join(parts)


def grid(frame: Frame, steps: Sequence[int]) -> Markup:
    """Horizontal lines at these percentages, each with its number."""
    left, right = frame.left, frame.width - frame.right
    return Markup("").join(
        element("line", class_="grid", x1=left, y1=frame.y(step), x2=right, y2=frame.y(step))
        + element("text", str(step), class_="tick", x=left - 8, y=frame.y(step) + 4, text_anchor="end")
        for step in steps
    )


def axis(frame: Frame, sessions: Sequence[SessionView], *, every: int) -> Markup:
    """The sessions' numbers, and a cross where one was missed."""
    n = len(sessions)
    base = frame.height - frame.bottom
    parts: list[Markup] = []
    for index, session in enumerate(sessions):
        x = frame.x(index, n)
        if not session.attended:
            cross = f"M{x - 3.5:.1f} {base - 9:.1f}l7 7m0 -7l-7 7"
            parts.append(element("path", class_="missed", d=cross))
        if (n - 1 - index) % every == 0:
            parts.append(
                element("text", str(session.number), class_="tick", x=x, y=base + 16, text_anchor="middle")
            )
    return Markup("").join(parts)


def ends(frame: Frame, sessions: Sequence[SessionView], scale: str, voices: Sequence[Voice]) -> Markup:
    """The newest session's numbers beside their marks, moved apart where they would touch."""
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
    x = frame.x(len(sessions) - 1, len(sessions)) + 11
    return Markup("").join(
        element("text", str(whole(percent)), class_=f"end {voice}", x=x, y=y + 4.5)
        for y, (_, voice, percent) in zip(heights, found, strict=True)
    )
