"""What the signals say to the therapist, in plain words: what was seen, how sure that is, no diagnosis.

The texts are in `texts.json`; every function takes the words of the language that is asked for.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from alliancekit.events import ItemInfo
from alliancekit.languages.plugins import plugin_texts
from alliancekit.scoring.change import ReliableChange
from alliancekit.scoring.control import ControlChart
from alliancekit.scoring.rules import Missed
from alliancekit.scoring.strain import Standing
from alliancekit_strain.series import Course

if TYPE_CHECKING:
    from alliancekit.languages.pages import Words

TEXTS: Final = plugin_texts(files("alliancekit_strain"))
"""Everything that the plugin says, in every language it speaks."""


def low_score(words: Words, course: Course) -> str:
    """A value on the wrong side of the cut-off."""
    return words.say(
        f"low_score.{'provisional' if course.info.provisional else 'published'}",
        rating=_rating(words, course, turned=False),
        value=words.number(course.value, decimals=2),
        maximum=words.number(course.maximum, decimals=2),
        cut_off=words.number(course.info.cut_off or 0.0, decimals=2),
    )


def drop(words: Words, course: Course, fell: float) -> str:
    """A fall since the last rated session."""
    return words.say("drop", rating=_rating(words, course), points=words.number(fell))


def possible_strain(words: Words, course: Course, now: Standing) -> str:
    """A fall measured against the usual ups and downs."""
    return words.say(
        "possible_strain.last" if now.length == 1 else "possible_strain.over",
        rating=_rating(words, course),
        points=words.number(now.depth),
        sessions=now.length,
        times=words.number(now.magnitude, decimals=1),
    )


def below_limit(words: Words, course: Course, chart: ControlChart) -> str:
    """A value below the own control limit."""
    return words.say("below_limit", rating=_rating(words, course), points=words.number(chart.centre))


def repair(words: Words, course: Course, sessions: int) -> str:
    """Back at the level before."""
    return words.say(f"repair.{_many(sessions)}", rating=_rating(words, course), sessions=sessions)


def back_at_average(words: Words, course: Course, sessions: int) -> str:
    """Back at the own average after a value below the limit."""
    return words.say(f"back_at_average.{_many(sessions)}", rating=_rating(words, course), sessions=sessions)


def reliable_change(
    words: Words, course: Course, before: float, change: ReliableChange, *, since_first: bool
) -> str:
    """A change beyond measurement error, in the scale's units."""
    since = "first" if since_first else "last"
    went = "rose" if change.index > 0 else "fell"
    return words.say(
        f"reliable_change.{since}.{went}",
        rating=_rating(words, course, turned=False),
        before=words.number(before, decimals=2),
        value=words.number(course.value, decimals=2),
        threshold=words.number(change.precision.threshold, decimals=1),
    )


def low_item(words: Words, item: ItemInfo, low: int, answered: int) -> str:
    """A single answer at the unfavourable end."""
    return words.say(f"low_item.{_many(low)}", low=low, answers=answered, question=item.number)


def missed(words: Words, seen: Missed) -> str:
    """Sessions that nobody came to."""
    key = "missed.in_a_row" if seen.in_a_row > 1 else f"missed.{_many(seen.missed)}"
    return words.say(key, missed=seen.missed, sessions=seen.sessions, row=seen.in_a_row)


def flat_maximum(words: Words, course: Course, sessions: int) -> str:
    """A ceiling."""
    return words.say("flat_maximum", rating=_rating(words, course), sessions=sessions)


def straightlining(words: Words, items: int) -> str:
    """One value throughout."""
    return words.say("straightlining", items=items)


def divergence(words: Words, apart: float) -> str:
    """Two views of one session."""
    return words.say(f"divergence.{'lower' if apart < 0 else 'higher'}", points=words.number(abs(apart)))


def _many(number: int) -> str:
    return "single" if number == 1 else "several"


def _rating(words: Words, course: Course, *, turned: bool = True) -> str:
    """Which rating a sentence is about, as its subject."""
    key = course.key
    measure = key.instrument
    if key.scale != "total":
        scale = words.say(f"scale.{key.scale}") if words.has(f"scale.{key.scale}") else _plain(key.scale)
        measure = words.say("measure.scale", measure=measure, scale=scale)
    who = f"rating.{'client' if key.role == 'client' else 'therapist'}"
    moment = f"{who}.{key.moment}"
    rating = words.say(moment if words.has(moment) else who, measure=measure)
    if turned and not course.info.higher_is_better:
        return words.say("rating.turned", rating=rating)
    return rating


def _plain(name: str) -> str:
    return name.replace("_", " ")
