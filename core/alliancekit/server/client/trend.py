"""The drawing of a client's own answers over the sessions."""

from __future__ import annotations

from markupsafe import Markup

from alliancekit.languages.pages import Words
from alliancekit.server.charts import lines
from alliancekit.server.charts.lines import Frame
from alliancekit.server.charts.svg import element, image
from alliancekit.server.client.views import Line, Trend
from alliancekit.server.therapist.sentences import points as number
from alliancekit.server.therapist.series import rated, reading
from alliancekit.server.therapist.views import SessionView

WIDE = Frame(640, 260, 34, 44, 16, 40, most=30)
NARROW = Frame(320, 240, 30, 34, 16, 40, most=10)


def draw(view: Trend, line: Line, words: Words, frame: Frame = WIDE, *, key: str) -> Markup:
    """One line of the trend; `key` must be unique in the page."""
    frame = frame.of(words)
    sessions = view.sessions[-frame.most :]
    left = frame.at(frame.left)

    def told(session: int, percent: float) -> str:
        return words.say("trend.described_one", value=number(words, percent), session=session)

    return image(
        lines.grid(frame, (0, 25, 50, 75, 100), words),
        lines.axis(
            frame,
            sessions,
            lambda _: words.say("trend.was_missed"),
            every=1 if len(sessions) <= 15 else 2,
        ),
        element("text", words.say("trend.axis"), class_="tick", x=left, y=frame.height - 6),
        lines.line(frame, sessions, line.scale, "client", told),
        lines.ends(frame, sessions, line.scale, ("client",), lambda _, percent: number(words, percent)),
        key=key,
        title=words.say("trend.chart", title=line.title),
        description=described(sessions, line, words),
        width=frame.width,
        height=frame.height,
        kind="trend",
    )


def described(sessions: tuple[SessionView, ...], line: Line, words: Words) -> str:
    """The drawing in words: the first answer and the last."""
    found = rated(sessions, line.scale)
    if not found:
        return words.say("trend.described_none")
    (first, start), (last, end) = found[0], found[-1]
    if len(found) == 1:
        return words.say("trend.described_one", value=number(words, start), session=first)
    return words.say(
        "trend.described", first=number(words, start), one=first, last=number(words, end), two=last
    )


def told(session: SessionView, line: Line, words: Words) -> str:
    """What stands in the table for a session."""
    percent = reading(session, line.scale).percent
    if percent is not None:
        return number(words, percent)
    return words.say("trend.no_number" if session.attended else "trend.was_missed")


def points(view: Trend) -> int:
    """How many answers can be drawn."""
    return len(rated(view.sessions, view.lines[0].scale))
