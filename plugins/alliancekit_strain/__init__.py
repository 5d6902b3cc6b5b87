"""Signals about the newest session: low scores, falls, possible strain and repair, ceilings, divergence.

The rules are in `alliancekit.scoring.strain`; this plugin chooses the courses they read and says what they
found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from alliancekit.events import Level, SeriesUpdated, Signal, SignalKind
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.scoring.congruence import divergence
from alliancekit.scoring.strain import (
    EARLIER,
    LEAST_SD,
    StrainEpisode,
    calls_for_talk,
    control_chart,
    fall,
    flat_at_maximum,
    straightlined,
    strain_episodes,
)
from alliancekit_strain import sentences
from alliancekit_strain.series import Course, courses, readable, sessions_until

__all__ = ["Settings", "Strain"]

GUMZ = "after Gumz et al. 2012, BMC Med Res Methodol 12:10"
LIPNER = "individuals chart; Lipner et al. 2022: no current standard"
OURS = "fixed rule; a conversation prompt, not a reliable change"

Percent = Annotated[float, Field(gt=0, le=100)]


class Settings(BaseModel):
    """Thresholds, in percent points of 0–100 where nothing else is said.

    Attributes:
        drop_percent: fall since the last session from which the fixed rule speaks.
        drop_percent_of: the same for single instruments; OpenFIT's table for the SRS is one point of forty.
        group_sd: the deployment's own standard deviation, once known.
        least_sd: floor of the standard deviation that falls are measured against.
        divergence_percent: distance of the therapist's rating from the client's.
        flat_sessions: sessions at the maximum in a row.
        straightlining_items: least number of items, all answered alike.
        control_limit: k of a control chart as a second rule for possible strain; off when None.
        therapist: read the therapist's own ratings for falls as well.
        ignore: instruments that no rule reads, beside in-call pulses and style-fit items.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop_percent: Percent = 10.0
    drop_percent_of: dict[str, Percent] = {"srs": 2.5}
    group_sd: Percent | None = None
    least_sd: Percent = LEAST_SD
    divergence_percent: Percent = 25.0
    flat_sessions: Annotated[int, Field(ge=2)] = 3
    straightlining_items: Annotated[int, Field(ge=2)] = 6
    control_limit: Annotated[float, Field(gt=0)] | None = None
    therapist: bool = False
    ignore: frozenset[str] = frozenset({"pulse"})


class Strain(AllianceHooks):
    """Reads an episode's series after every response and says what stands out in the newest session."""

    needs = frozenset({"series", "answers"})

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @override
    @hookimpl
    async def detect_signals(self, event: SeriesUpdated) -> Sequence[Signal]:
        found: list[Signal] = []
        every = [c for c in courses(event, ignored=self.settings.ignore) if c.current]
        for course in every:
            if course.key.role != "client" and not self.settings.therapist:
                continue
            found += self._low(course)
            if course.info.main:
                found += self._strain(course) or self._fall(course)
                found += self._repair(course)
                found += self._ceiling(course)
        found += self._divergence(every)
        found += self._straightlining(event)
        return found

    def _low(self, course: Course) -> Iterator[Signal]:
        info = course.info
        if info.cut_off is None or not calls_for_talk(course.value, info.cut_off, info.when):
            return
        yield _signal(
            course,
            kind="low_score",
            rule=f"value {info.when} {'provisional ' if info.provisional else ''}cut-off",
            level="notice" if info.provisional else "strong",
            sentence=sentences.low_score(course),
            sessions_needed=1,
            inputs={"value": course.value, "cut_off": info.cut_off, "maximum": course.maximum},
            source=info.source,
        )

    def _strain(self, course: Course) -> list[Signal]:
        """The newest session as the bottom of a fall; else, where switched on, as below the control limit."""
        values, limit = course.percents, self.settings.control_limit
        newest = len(values) - 1
        for episode in self._episodes(values):
            if episode.bottom == newest:
                return [
                    _signal(
                        course,
                        kind="possible_strain",
                        rule=f"fall of at least {episode.criterion} SD"
                        f"{'' if episode.length == 1 else ' over several sessions'}",
                        level="strong" if episode.criterion == 2 else "notice",
                        sentence=sentences.possible_strain(course, episode),
                        sessions_needed=EARLIER + 1,
                        inputs={
                            "before": values[episode.start],
                            "now": values[newest],
                            "sd": episode.sd,
                            "magnitude": episode.magnitude,
                            "criterion": float(episode.criterion),
                            "length": float(episode.length),
                        },
                        source=GUMZ,
                    )
                ]
        chart = None if limit is None else control_chart(values[:-1], k=limit)
        if chart is None or limit is None or values[-1] >= chart.lower:
            return []
        return [
            _signal(
                course,
                kind="possible_strain",
                rule="below the own control limit",
                level="notice",
                sentence=sentences.below_limit(course, chart.centre),
                sessions_needed=EARLIER + 1,
                inputs={"now": values[-1], "centre": chart.centre, "lower": chart.lower, "k": limit},
                source=LIPNER,
            )
        ]

    def _repair(self, course: Course) -> Iterator[Signal]:
        newest = len(course.percents) - 1
        back = [episode for episode in self._episodes(course.percents) if episode.repaired == newest]
        if back:
            episode = back[0]
            yield _signal(
                course,
                kind="repair",
                rule="back at the level before within three sessions",
                level="info",
                sentence=sentences.repair(course, newest - episode.bottom),
                sessions_needed=EARLIER + 2,
                inputs={
                    "before": course.percents[episode.start],
                    "bottom": course.percents[episode.bottom],
                    "now": course.percents[newest],
                    "sd": episode.sd,
                    "magnitude": episode.magnitude,
                    "sessions": float(newest - episode.bottom),
                },
                source=GUMZ,
            )

    def _fall(self, course: Course) -> list[Signal]:
        points = self.settings.drop_percent_of.get(course.key.instrument, self.settings.drop_percent)
        fell = fall(course.percents, points=points)
        if fell is None:
            return []
        return [
            _signal(
                course,
                kind="drop",
                rule="fall since the last rated session",
                level="notice",
                sentence=sentences.drop(course, fell),
                sessions_needed=2,
                inputs={"before": course.percents[-2], "now": course.percents[-1], "threshold": points},
                source=OURS,
            )
        ]

    def _ceiling(self, course: Course) -> Iterator[Signal]:
        sessions = self.settings.flat_sessions
        if course.key.role == "client" and flat_at_maximum(course.percents, sessions=sessions):
            yield _signal(
                course,
                kind="flat_maximum",
                rule="maximum in every one of the last sessions",
                level="info",
                sentence=sentences.flat_maximum(course, sessions),
                sessions_needed=sessions,
                inputs={"sessions": float(sessions)},
                source=OURS,
            )

    def _divergence(self, every: Sequence[Course]) -> Iterator[Signal]:
        therapist = {
            (c.key.moment, c.key.instrument, c.key.scale): c for c in every if c.key.role == "therapist"
        }
        for course in every:
            other = therapist.get((course.key.moment, course.key.instrument, course.key.scale))
            if course.key.role != "client" or not course.info.main or other is None:
                continue
            apart = divergence(course.percents[-1], other.percents[-1])
            if apart is not None and abs(apart) >= self.settings.divergence_percent:
                yield _signal(
                    course,
                    kind="divergence",
                    rule="therapist minus client",
                    level="notice",
                    sentence=sentences.divergence(apart),
                    sessions_needed=1,
                    inputs={
                        "client": course.percents[-1],
                        "therapist": other.percents[-1],
                        "threshold": self.settings.divergence_percent,
                    },
                    source=OURS,
                )

    def _straightlining(self, event: SeriesUpdated) -> Iterator[Signal]:
        for point in sessions_until(event)[-1:]:
            for response in readable(point, newest=True, ignored=self.settings.ignore):
                at_maximum = any(score.percent == 100.0 for score in response.scores)
                items = self.settings.straightlining_items
                if (
                    response.role != "client"
                    or at_maximum
                    or not straightlined(response.answers, items=items)
                ):
                    continue
                yield Signal(
                    kind="straightlining",
                    rule="one value for every item",
                    level="info",
                    sentence=sentences.straightlining(len(response.answers)),
                    sessions_needed=1,
                    instrument=response.instrument,
                    inputs={"items": float(len(response.answers))},
                    source=OURS,
                )

    def _episodes(self, values: Sequence[float]) -> tuple[StrainEpisode, ...]:
        return strain_episodes(values, group_sd=self.settings.group_sd, least_sd=self.settings.least_sd)


def _signal(
    course: Course,
    *,
    kind: SignalKind,
    rule: str,
    level: Level,
    sentence: str,
    sessions_needed: int,
    inputs: Mapping[str, float],
    source: str,
) -> Signal:
    return Signal(
        kind=kind,
        rule=rule,
        level=level,
        sentence=sentence,
        sessions_needed=sessions_needed,
        instrument=course.key.instrument,
        scale=course.key.scale,
        role=course.key.role,
        inputs=inputs,
        source=source,
    )
