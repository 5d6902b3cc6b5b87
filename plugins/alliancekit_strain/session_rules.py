"""Rules about one session: divergence, straight-lining, a low item, missed sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from alliancekit.events import ItemInfo, Response, RuleInfo, ScaleInfo, SeriesUpdated, Signal
from alliancekit.scoring.congruence import divergence
from alliancekit.scoring.rules import low_items, missed_sessions, straightlined
from alliancekit_strain import rules, sentences
from alliancekit_strain.course_rules import found
from alliancekit_strain.series import Course, readable, sessions_until
from alliancekit_strain.settings import Settings

if TYPE_CHECKING:
    from alliancekit.languages.pages import Words


def apart(
    every: Sequence[Course], known: Mapping[str, RuleInfo], settings: Settings, words: Words
) -> Iterator[Signal]:
    """Client and therapist far apart on a main scale at the same moment."""
    therapist = {(c.key.moment, c.key.instrument, c.key.scale): c for c in every if c.key.role == "therapist"}
    for course in every:
        other = therapist.get((course.key.moment, course.key.instrument, course.key.scale))
        if course.key.role != "client" or not course.info.main or not course.info.directed or other is None:
            continue
        distance = divergence(course.percents[-1], other.percents[-1])
        if distance is not None and abs(distance) >= settings.divergence_percent:
            yield found(
                known[rules.DIVERGENCE],
                course,
                level="notice",
                sentence=sentences.divergence(words, distance),
                inputs={
                    "client": course.percents[-1],
                    "therapist": other.percents[-1],
                    "threshold": settings.divergence_percent,
                },
            )


def answers(
    event: SeriesUpdated, known: Mapping[str, RuleInfo], settings: Settings, words: Words
) -> Iterator[Signal]:
    """The client's single answers of the newest session: all alike, or one at the unfavourable end."""
    for point in sessions_until(event)[-1:]:
        for response in readable(point, newest=True, ignored=settings.ignore):
            if response.role != "client":
                continue
            scales = [
                info
                for info in event.scales
                if info.instrument == response.instrument and info.form == response.role
            ]
            if scales and not any(info.directed for info in scales):
                continue
            yield from _straight(response, known[rules.STRAIGHT], settings, words)
            yield from _low(response, scales, known[rules.LOW_ITEM], settings, words)


def _straight(response: Response, rule: RuleInfo, settings: Settings, words: Words) -> Iterator[Signal]:
    at_maximum = any(score.percent == 100.0 for score in response.scores)
    if not at_maximum and straightlined(response.answers, items=settings.straightlining_items):
        count = len(response.answers)
        yield _about(response, rule, "info", sentences.straightlining(words, count), {"items": float(count)})


def _low(
    response: Response, scales: Sequence[ScaleInfo], rule: RuleInfo, settings: Settings, words: Words
) -> Iterator[Signal]:
    items: list[ItemInfo] = [item for info in scales if info.directed for item in info.items]
    percent = settings.low_item_percent
    low = low_items(response.answers, items, percent=percent)
    if low:
        answered = len(response.answers)
        inputs = {
            "low_items": float(len(low)),
            "items": float(answered),
            "question": float(low[0].number),
            "percent": percent,
        }
        sentence = sentences.low_item(words, low[0], len(low), answered)
        yield _about(response, rule, "notice", sentence, inputs, item=low[0].id)


def missed(event: SeriesUpdated, rule: RuleInfo, words: Words) -> Iterator[Signal]:
    """Missed sessions of the episode."""
    seen = missed_sessions([point.attended for point in sessions_until(event)])
    if seen is not None:
        yield Signal(
            kind=rule.kind,
            rule=rule.name,
            level="info" if seen.missed == 1 else "notice",
            sentence=sentences.missed(words, seen),
            sessions_needed=rule.sessions_needed,
            inputs={
                "missed": float(seen.missed),
                "sessions": float(seen.sessions),
                "in_a_row": float(seen.in_a_row),
            },
            source=rule.source,
        )


def _about(
    response: Response,
    rule: RuleInfo,
    level: Literal["info", "notice"],
    sentence: str,
    inputs: Mapping[str, float],
    *,
    item: str = "",
) -> Signal:
    return Signal(
        kind=rule.kind,
        rule=rule.name,
        level=level,
        sentence=sentence,
        sessions_needed=rule.sessions_needed,
        instrument=response.instrument,
        inputs=inputs,
        source=rule.source,
        item=item,
    )
