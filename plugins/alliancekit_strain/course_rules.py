"""Rules about one course: cut-off, possible strain and repair, fixed fall, ceiling, reliable change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from alliancekit.events import Level, RuleInfo, Signal
from alliancekit.scoring.change import reliable_change
from alliancekit.scoring.control import back_at_centre
from alliancekit.scoring.rules import calls_for_talk, fall, flat_at_maximum
from alliancekit.scoring.strain import Standing, standing, strain_episodes
from alliancekit_strain import rules, sentences
from alliancekit_strain.series import Course
from alliancekit_strain.settings import Settings

if TYPE_CHECKING:
    from alliancekit.languages.pages import Words


def read(course: Course, known: Mapping[str, RuleInfo], settings: Settings, words: Words) -> Iterator[Signal]:
    """What the rules find in the newest rating of a course; a scale without a direction is left alone.

    The cut-off is read on every scale, all else on the main ones only: parts of a measure with a total would
    say the same again.
    """
    if not course.info.directed:
        return
    yield from _low(course, known, words)
    if course.info.main:
        strained = list(_strain(course, known, settings, words))
        yield from strained or _fall(course, known, settings, words)
        yield from _repair(course, known, settings, words)
        yield from _change(course, known, words)
        yield from _ceiling(course, known, settings, words)


def found(
    rule: RuleInfo,
    course: Course,
    *,
    level: Level,
    sentence: str,
    inputs: Mapping[str, float],
    source: str = "",
    magnitude: float | None = None,
    length: int | None = None,
    pattern: Literal["", "v", "decline"] = "",
) -> Signal:
    """A rule's signal about a course; `source` only where it is not the rule's own."""
    return Signal(
        kind=rule.kind,
        rule=rule.name,
        level=level,
        sentence=sentence,
        sessions_needed=rule.sessions_needed,
        instrument=course.key.instrument,
        scale=course.key.scale,
        role=course.key.role,
        inputs=inputs,
        source=source or rule.source,
        magnitude=magnitude,
        length=length,
        pattern=pattern,
    )


def _low(course: Course, known: Mapping[str, RuleInfo], words: Words) -> Iterator[Signal]:
    info = course.info
    if info.cut_off is not None and calls_for_talk(course.value, info.cut_off, info.when):
        yield found(
            known[rules.CUT_OFF],
            course,
            level="notice" if info.provisional else "strong",
            sentence=sentences.low_score(words, course),
            inputs={"value": course.value, "cut_off": info.cut_off, "maximum": course.maximum},
            source=info.source,
        )


def _strain(
    course: Course, known: Mapping[str, RuleInfo], settings: Settings, words: Words
) -> Iterator[Signal]:
    """One signal a rule; each carries the numbers of all of them, to tell what the others saw."""
    now = standing(
        course.percents,
        group_sd=settings.group_sd,
        least_sd=settings.least_sd,
        k=settings.control_limit or None,
    )
    if now is None:
        return
    inputs = _numbers(now)
    for criterion, name in ((1, rules.FALL_1), (2, rules.FALL_2)):
        if now.fallen >= criterion:
            yield found(
                known[name],
                course,
                level="strong" if criterion == 2 else "notice",
                sentence=sentences.possible_strain(words, course, now),
                inputs=inputs,
                magnitude=now.magnitude,
                length=now.length,
                pattern=now.pattern,
            )
    if now.chart is not None and now.below_limit:
        yield found(
            known[rules.CHART],
            course,
            level="notice",
            sentence=sentences.below_limit(words, course, now.chart),
            inputs=inputs,
            magnitude=(now.chart.centre - now.now) / now.chart.sigma,
            length=now.length or None,
            pattern=now.pattern,
        )


def _numbers(now: Standing) -> dict[str, float]:
    inputs = {
        "before": now.before,
        "now": now.now,
        "sd": now.sd,
        "magnitude": now.magnitude,
        "length": float(now.length),
    }
    if now.chart is not None:
        inputs |= {"centre": now.chart.centre, "sigma": now.chart.sigma, "lower": now.chart.lower}
    return inputs


def _fall(
    course: Course, known: Mapping[str, RuleInfo], settings: Settings, words: Words
) -> Iterator[Signal]:
    own = settings.drop_percent_of.get(course.key.instrument)
    points = settings.drop_percent if own is None else own
    fell = fall(course.percents, points=points)
    if fell is not None:
        yield found(
            known[rules.FIXED_FALL],
            course,
            level="notice",
            sentence=sentences.drop(words, course, fell),
            inputs={"before": course.percents[-2], "now": course.percents[-1], "threshold": points},
            source=words.say("source.openfit") if course.key.instrument == "srs" else "",
            length=1,
            pattern="v",
        )


def _repair(
    course: Course, known: Mapping[str, RuleInfo], settings: Settings, words: Words
) -> Iterator[Signal]:
    values = course.percents
    newest = len(values) - 1
    episodes = strain_episodes(values, group_sd=settings.group_sd, least_sd=settings.least_sd)
    for episode in [one for one in episodes if one.repaired == newest][:1]:
        yield found(
            known[rules.BACK_BEFORE],
            course,
            level="info",
            sentence=sentences.repair(words, course, newest - episode.bottom),
            inputs={
                "before": values[episode.start],
                "bottom": values[episode.bottom],
                "now": values[newest],
                "sd": episode.sd,
                "magnitude": episode.magnitude,
                "sessions": float(newest - episode.bottom),
            },
            magnitude=episode.magnitude,
            length=episode.length,
            pattern=episode.pattern,
        )
    k = settings.control_limit
    back = back_at_centre(values, k=k, least_sigma=settings.least_sd) if k else None
    if back is not None:
        low, chart = back
        yield found(
            known[rules.BACK_CENTRE],
            course,
            level="info",
            sentence=sentences.back_at_average(words, course, newest - low),
            inputs={
                "bottom": values[low],
                "now": values[newest],
                "centre": chart.centre,
                "sigma": chart.sigma,
                "sessions": float(newest - low),
            },
            magnitude=(chart.centre - values[low]) / chart.sigma,
        )


def _change(course: Course, known: Mapping[str, RuleInfo], words: Words) -> Iterator[Signal]:
    """Reliable change, with published numbers of the scale only."""
    info = course.info
    if info.sd is None or info.reliability is None:
        return
    for name, back in ((rules.SINCE_LAST, -2), (rules.SINCE_FIRST, 0)):
        rule = known[name]
        if len(course.values) < rule.sessions_needed:
            continue
        before = course.values[back]
        change = reliable_change(before, course.value, sd=info.sd, reliability=info.reliability)
        if not change.reliable:
            continue
        better = (change.index > 0) == info.higher_is_better
        yield found(
            rule,
            course,
            level="info" if better else "notice",
            sentence=sentences.reliable_change(words, course, before, change, since_first=back == 0),
            inputs={
                "before": before,
                "now": course.value,
                "index": change.index,
                "threshold": change.precision.threshold,
                "sd": info.sd,
                "reliability": info.reliability,
            },
            source=f"{rule.source}; {info.precision_source}" if info.precision_source else "",
        )


def _ceiling(
    course: Course, known: Mapping[str, RuleInfo], settings: Settings, words: Words
) -> Iterator[Signal]:
    sessions = settings.flat_sessions
    if course.key.role == "client" and flat_at_maximum(course.percents, sessions=sessions):
        yield found(
            known[rules.FLAT],
            course,
            level="info",
            sentence=sentences.flat_maximum(words, course, sessions),
            inputs={"sessions": float(sessions)},
        )
