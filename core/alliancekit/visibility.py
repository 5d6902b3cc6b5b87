"""What the therapist may see of an episode: the client's choice per response, applied in one place.

`therapist_now` is seen at once; `therapist_later` once a later session of the episode has ended;
`aggregate_only` never as one person's answer. A therapist's own answers are the therapist's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from alliancekit.events import Response
from alliancekit.store.series import SeriesSession

State = Literal["shown", "later", "private"]


def state_of(response: Response, number: int, last_ended: int) -> State:
    """Whether the therapist may see a response now.

    Args:
        response: the response.
        number: its session's number in the episode.
        last_ended: the number of the last session that has ended, 0 for none.
    """
    if response.role == "therapist" or response.visibility == "therapist_now":
        return "shown"
    if response.visibility == "therapist_later":
        return "shown" if last_ended > number else "later"
    return "private"


def last_ended(series: Sequence[SeriesSession]) -> int:
    """The number of the last session that has ended, 0 for none."""
    return max((one.session.number for one in series if one.session.status == "ended"), default=0)


def for_therapist(series: Sequence[SeriesSession]) -> tuple[SeriesSession, ...]:
    """The series with only those responses that the therapist may see."""
    ended = last_ended(series)
    return tuple(_without_hidden(one, ended) for one in series)


def _without_hidden(one: SeriesSession, ended: int) -> SeriesSession:
    shown = tuple(r for r in one.responses if state_of(r, one.session.number, ended) == "shown")
    return one if len(shown) == len(one.responses) else replace(one, responses=shown)
