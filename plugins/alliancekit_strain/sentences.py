"""What the signals say to the therapist, in plain words: what was seen, how sure that is, no diagnosis."""

from __future__ import annotations

from alliancekit.events import ItemInfo
from alliancekit.scoring.change import ReliableChange
from alliancekit.scoring.control import ControlChart
from alliancekit.scoring.rules import Missed
from alliancekit.scoring.strain import Standing
from alliancekit_strain.series import Course

WHEN = {"pre_session": " before the session", "follow_up": " after the session"}


def low_score(course: Course) -> str:
    """A value on the wrong side of the cut-off."""
    side = "below" if course.info.when in ("<", "<=") else "above"
    mark = "provisional mark" if course.info.provisional else "published mark"
    edge = " (or at it)" if course.info.when in ("<=", ">=") else ""
    return (
        f"{_whose(course, turned=False)} is {course.value:g} of {course.maximum:g}, {side} the {mark} of "
        f"{course.info.cut_off:g}{edge}: worth asking about."
    )


def drop(course: Course, fell: float) -> str:
    """A fall since the last rated session."""
    return (
        f"{_whose(course)} fell by {fell:.0f} points of 100 since the last rated session. "
        "One fall can be chance; it is a reason to ask."
    )


def possible_strain(course: Course, now: Standing) -> str:
    """A fall measured against the usual ups and downs."""
    how = "since the last rated session" if now.length == 1 else f"over {now.length} sessions"
    return (
        f"{_whose(course)} fell by {now.depth:.0f} points of 100 {how}, {now.magnitude:.1f} times "
        "the usual ups and downs. The relationship may be under strain: ask how it was."
    )


def below_limit(course: Course, chart: ControlChart) -> str:
    """A value below the own control limit."""
    return (
        f"{_whose(course)} lies clearly below this course's own average of {chart.centre:.0f} points of 100. "
        "The relationship may be under strain: ask how it was."
    )


def repair(course: Course, sessions: int) -> str:
    """Back at the level before."""
    after = "one session" if sessions == 1 else f"{sessions} sessions"
    return (
        f"{_whose(course)} is back at the level before its fall, after {after}. "
        "Something helped: worth putting into words together."
    )


def back_at_average(course: Course, sessions: int) -> str:
    """Back at the own average after a value below the limit."""
    after = "one session" if sessions == 1 else f"{sessions} sessions"
    return (
        f"{_whose(course)} is back at its own average, after {after}. "
        "Something helped: worth putting into words together."
    )


def reliable_change(course: Course, before: float, change: ReliableChange, *, since_first: bool) -> str:
    """A change beyond measurement error, in the scale's units."""
    since = "first" if since_first else "last"
    went = "rose" if change.index > 0 else "fell"
    return (
        f"{_whose(course, turned=False)} {went} from {before:.4g} to {course.value:.4g} since the {since} "
        f"rated session: more than the {change.precision.threshold:.1f} points of measurement error."
    )


def low_item(item: ItemInfo, low: int, answered: int) -> str:
    """A single answer at the unfavourable end."""
    if low > 1:
        return (
            f"{low} of {answered} answers stand at the least favourable end, the first of them at question "
            f"{item.number}: worth asking about, even where the whole rating looks good."
        )
    return (
        f"One of {answered} answers, question {item.number}, stands at the least favourable end: "
        "worth asking about, even where the whole rating looks good."
    )


def missed(seen: Missed) -> str:
    """Sessions that nobody came to."""
    what = "One session was" if seen.missed == 1 else f"{seen.missed} sessions were"
    row = f", the last {seen.in_a_row} of them in a row" if seen.in_a_row > 1 else ""
    return f"{what} missed so far, of {seen.sessions}{row}. Ask what made it hard to come."


def flat_maximum(course: Course, sessions: int) -> str:
    """A ceiling."""
    return (
        f"{_whose(course)} stood at the maximum {sessions} sessions in a row. That is common and says little "
        "either way: make it easy to name something that could be better."
    )


def straightlining(items: int) -> str:
    """One value throughout."""
    return (
        f"All {items} questions were answered with the same value. The form may have been filled in quickly: "
        "one question asked aloud tells more."
    )


def divergence(apart: float) -> str:
    """Two views of one session."""
    side = "lower" if apart < 0 else "higher"
    usual = " Therapists often rate somewhat lower, though not by so much." if apart < 0 else ""
    return (
        f"You rated the session {abs(apart):.0f} points of 100 {side} than the client did.{usual} "
        "Ask how the client saw it."
    )


def _whose(course: Course, *, turned: bool = True) -> str:
    who = "The client's" if course.key.role == "client" else "Your own"
    scale = "" if course.key.scale == "total" else f" ({course.key.scale.replace('_', ' ')})"
    note = ", turned so that higher is better," if turned and not course.info.higher_is_better else ""
    return f"{who} {course.key.instrument} rating{scale}{WHEN.get(course.key.moment, '')}{note}"
