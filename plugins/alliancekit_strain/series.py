"""The courses that rules read, taken out of an episode's series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal

from alliancekit.events import Moment, Response, Role, ScaleInfo, Score, SeriesPoint, SeriesUpdated

Form = Literal["client", "therapist"]


@dataclass(frozen=True, slots=True)
class CourseKey:
    """What makes ratings comparable over sessions."""

    role: Role
    moment: Moment
    instrument: str
    version: str
    scale: str


@dataclass(slots=True)
class Course:
    """One scale over the sessions that rated it, oldest first.

    `percents` are turned so that higher is better; `values` and `maximum` are in the scale's units, the
    latter of the newest rated session. `current` tells whether the newest session rated it.
    """

    key: CourseKey
    info: ScaleInfo
    percents: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    maximum: float = 0.0
    current: bool = False

    @property
    def value(self) -> float:
        """The newest rated session's."""
        return self.values[-1]


def sessions_until(event: SeriesUpdated) -> tuple[SeriesPoint, ...]:
    """The series up to the session concerned; empty when that session is not in it."""
    for position, point in enumerate(event.series):
        if point.session == event.session:
            return event.series[: position + 1]
    return ()


def readable(point: SeriesPoint, *, newest: bool, ignored: frozenset[str]) -> Iterator[Response]:
    """The responses of a session that a signal for the therapist may rest on.

    In-call pulses and style-fit items are no measure of the course. A client's `aggregate_only` response is
    never read, a `therapist_later` one not while its session is the newest.
    """
    for response in point.responses:
        if response.moment == "in_call" or response.instrument.startswith("fit-"):
            continue
        if response.instrument in ignored or response.role == "observer":
            continue
        hidden = {"aggregate_only", "therapist_later"} if newest else {"aggregate_only"}
        if response.role == "client" and response.visibility in hidden:
            continue
        yield response


def courses(event: SeriesUpdated, *, ignored: frozenset[str] = frozenset()) -> list[Course]:
    """Every course of the episode, in the order of first appearance.

    Where several people of one role rated a session (a couple, a group), their mean stands for the session;
    of one person's ratings at one moment the last counts.
    """
    known = {(info.instrument, info.form, info.scale): info for info in event.scales}
    found: dict[CourseKey, Course] = {}
    points = sessions_until(event)
    for point in points:
        newest = point is points[-1]
        rated: dict[CourseKey, dict[str, Score]] = {}
        for response in readable(point, newest=newest, ignored=ignored):
            names = {score.scale for score in response.scores}
            for score in response.scores:
                if score.plugin or score.percent is None or score.value is None:
                    continue
                key = CourseKey(
                    response.role,
                    response.moment,
                    response.instrument,
                    response.instrument_version,
                    score.scale,
                )
                rated.setdefault(key, {})[response.participant] = score
                if key not in found:
                    assumed = ScaleInfo(
                        instrument=key.instrument,
                        form=key.role,
                        scale=key.scale,
                        main=key.scale == "total" or "total" not in names,
                    )
                    found[key] = Course(key, known.get((key.instrument, key.role, key.scale), assumed))
        for key, scores in rated.items():
            _append(found[key], list(scores.values()), newest=newest)
    return list(found.values())


def _append(course: Course, scores: list[Score], *, newest: bool) -> None:
    percent = fmean(score.percent for score in scores if score.percent is not None)
    course.percents.append(percent if course.info.higher_is_better else 100.0 - percent)
    course.values.append(fmean(score.value for score in scores if score.value is not None))
    course.maximum = scores[0].maximum
    course.current = newest
