"""Empty the event fields that a plugin did not declare in `needs`.

This keeps data small; it is not a sandbox: a plugin is code that the site runs.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from typing import Any, Final

from alliancekit import events


def minimise(event: Any, needs: Set[str]) -> Any:
    """The event as a plugin with these needs may see it; the same object where nothing is taken out.

    Fields: `answers` (in every response of the event), `speech` (TalkHeard, with its totals), `series`
    (SeriesUpdated, PanelsWanted), and
    `hidden`: scores and answers of a response that its client does not show to the therapist at once, where
    an event brings one response. Events with several hold only what the therapist may see at that time.
    """
    trim = _trim_of(type(event))
    return event if trim is None else trim(event, needs)


def carries_sensitive_fields(event: object) -> bool:
    """Whether plugins with different needs see different versions of this event."""
    return _trim_of(type(event)) is not None


def _response(response: events.Response, needs: Set[str]) -> events.Response:
    return response if "answers" in needs or not response.answers else replace(response, answers={})


def _responses(responses: tuple[events.Response, ...], needs: Set[str]) -> tuple[events.Response, ...]:
    return tuple(_response(response, needs) for response in responses)


def _with_response(event: Any, needs: Set[str]) -> Any:
    response: events.Response = event.response
    if "hidden" not in needs and response.role == "client" and response.visibility != "therapist_now":
        return replace(event, response=replace(response, scores=(), answers={}))
    return replace(event, response=_response(response, needs))


def _series(event: Any, needs: Set[str]) -> Any:
    if "series" not in needs:
        return replace(event, series=())
    return replace(
        event, series=tuple(replace(p, responses=_responses(p.responses, needs)) for p in event.series)
    )


def _guidance(event: events.GuidanceWanted, needs: Set[str]) -> events.GuidanceWanted:
    return replace(event, responses=_responses(event.responses, needs))


def _talk(event: events.TalkHeard, needs: Set[str]) -> events.TalkHeard:
    return event if "speech" in needs else replace(event, speech=(), totals=())


_TRIM: Final[dict[type, Callable[[Any, Set[str]], Any]]] = {
    events.FeedbackCaptured: _with_response,
    events.AllianceScored: _with_response,
    events.SeriesUpdated: _series,
    events.GuidanceWanted: _guidance,
    events.PanelsWanted: _series,
    events.TalkHeard: _talk,
}


def _trim_of(kind: type) -> Callable[[Any, Set[str]], Any] | None:
    """How events of this type are trimmed: as the nearest of its base classes that has a rule."""
    for base in kind.__mro__:
        if base in _TRIM:
            return _TRIM[base]
    return None
