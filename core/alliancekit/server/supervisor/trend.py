"""The drawing of a case: both voices over the sessions."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from alliancekit.languages.pages import Words
from alliancekit.server.charts import lines
from alliancekit.server.charts.lines import Frame
from alliancekit.server.charts.svg import element, image
from alliancekit.server.supervisor.views import CaseView
from alliancekit.server.therapist.sentences import points
from alliancekit.server.therapist.series import Voice, rated, reading
from alliancekit.server.therapist.views import SessionView

WIDE = Frame(640, 260, 34, 44, 16, 40, most=30)
NARROW = Frame(320, 240, 30, 34, 16, 40, most=10)
VOICES: tuple[Voice, ...] = ("client", "therapist")


def draw(case: CaseView, words: Words, frame: Frame = WIDE, *, key: str) -> Markup:
    """The whole measure in both voices; `key` must be unique in the page."""
    frame = frame.of(words)
    sessions = case.sessions[-frame.most :]

    def voice(one: Voice) -> Markup:
        def told(session: int, percent: float) -> str:
            who = words.say(f"voice.{one}")
            return words.say("trend.mark", voice=who, session=session, value=points(words, percent))

        return lines.line(frame, sessions, case.total, one, told)

    return image(
        lines.grid(frame, (0, 25, 50, 75, 100), words),
        lines.axis(
            frame,
            sessions,
            lambda _: words.say("trend.missed"),
            every=1 if len(sessions) <= 15 else 2,
        ),
        element("text", words.say("trend.axis"), class_="tick", x=frame.at(frame.left), y=frame.height - 6),
        *(voice(one) for one in reversed(VOICES)),
        lines.ends(frame, sessions, case.total, VOICES, lambda _, percent: points(words, percent)),
        key=key,
        title=words.say("trend.chart", title=case.measure),
        description=described(sessions, case.total, words),
        width=frame.width,
        height=frame.height,
        kind="trend",
    )


def described(sessions: Sequence[SessionView], scale: str, words: Words) -> str:
    """The drawing in words: where each voice began and where it is."""
    parts = []
    for one in VOICES:
        found = rated(sessions, scale, one)
        who = words.say(f"voice.{one}")
        if not found:
            parts.append(words.say("trend.told_none", voice=who))
        elif len(found) == 1:
            [(session, value)] = found
            parts.append(
                words.say("trend.told_single", voice=who, value=points(words, value), session=session)
            )
        else:
            (start, first), (end, last) = found[0], found[-1]
            parts.append(
                words.say(
                    "trend.told",
                    voice=who,
                    first=points(words, first),
                    start=start,
                    last=points(words, last),
                    end=end,
                )
            )
    return words.sentences(*parts)


def told(session: SessionView, scale: str, voice: Voice, words: Words) -> str:
    """What stands in the table: a number, missed, or a dash for what is not there to see."""
    percent = reading(session, scale, voice).percent
    if percent is not None:
        return points(words, percent)
    return "–" if session.attended else words.say("trend.missed")
