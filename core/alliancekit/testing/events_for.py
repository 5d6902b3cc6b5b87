"""The events a plugin is tried with: usual, sparse, of a later version, and ones that notice who reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from alliancekit import events
from alliancekit.testing.episode import Episode
from alliancekit.testing.samples import EVENTS

E = TypeVar("E", bound=events.Event)

SCORES: Final = (80.0, 82.0, 78.0, 80.0, 84.0, 81.0, 60.0, 64.0, None, 79.0)
"""A course with a fall, its repair and a missed session."""

ANSWERS: Final = {"respect": 3, "empathy": 3, "goals": 3, "tasks": 3, "safety": 3, "genuine": 3}
"""All alike, so that rules which read answers have something to read."""


def usual(hook: str, *, styles: Iterable[str] = (), scales: Iterable[events.ScaleInfo] = ()) -> list[Any]:
    """Events as they come every day, for a plugin with these styles and scales."""
    found: list[Any] = [EVENTS[hook]]
    names = list(dict.fromkeys([*styles, "directive"]))
    if hook == "detect_signals":
        for style in names:
            course = Episode(
                SCORES, therapist=[75.0] * 8, missed=[9], answers=ANSWERS, style=style, scales=tuple(scales)
            )
            found += [course.at(number) for number in (3, 7, 8, 9, 10)]
    elif hook == "render_panels":
        found += [
            Episode(SCORES, therapist=[75.0] * 8, talk=[0.6] * 8, missed=[9], style=style).panels_wanted()
            for style in names
        ]
    elif hook == "suggest_guidance":
        found += [Episode([60.0], talk=[0.3], style=style).guidance_wanted() for style in names]
    elif hook == "plan_prompts":
        found += [
            dataclasses.replace(found[0], style=style, moment=moment, manual=manual)
            for style in names
            for moment in ("pre_session", "in_call", "end_of_call", "follow_up")
            for manual in (False, True)
        ]
    elif "style" in found[0].__dataclass_fields__:
        found += [dataclasses.replace(found[0], style=style) for style in names]
    return found


def sparse(hook: str, *, styles: Iterable[str] = ()) -> Iterator[tuple[str, Any]]:
    """The same events with nearly nothing in them, as (what is missing, event)."""
    for style in list(dict.fromkeys([*styles, "directive"])):
        event: Any = EVENTS[hook]
        fields = event.__dataclass_fields__
        if "style" in fields:
            event = dataclasses.replace(event, style=style)
        for name in fields:
            value = getattr(event, name)
            if isinstance(value, (tuple, Mapping)) and value:
                empty: Any = () if isinstance(value, tuple) else {}
                yield f"without {name}", dataclasses.replace(event, **{name: empty})
        if "response" in fields:
            for case, response in _sparse_responses(event.response):
                yield case, dataclasses.replace(event, response=response)
        if "responses" in fields:
            for case, response in _sparse_responses(event.responses[0]):
                yield case, dataclasses.replace(event, responses=(response,))
        if "language" in fields:
            yield "in an unknown language", dataclasses.replace(event, language="tlh")
        if "series" in fields:
            one = _read(hook, Episode([80.0], style=style))
            yield "with one session", one
            yield "with one session nobody rated", _read(hook, Episode([None], style=style))
            yield "with one session nobody came to", _read(hook, Episode([None], missed=[1], style=style))
            yield "about a session that is not in the series", dataclasses.replace(one, session="ses_x")


def _read(hook: str, course: Episode) -> Any:
    """The event in which a hook reads a course."""
    return course.panels_wanted() if hook == "render_panels" else course.updated


def _sparse_responses(response: events.Response) -> Iterator[tuple[str, events.Response]]:
    unscored = tuple(
        dataclasses.replace(score, value=None, percent=None, answered=0) for score in response.scores
    )
    yield "with a response without scores", dataclasses.replace(response, scores=(), answers={})
    yield "with a response of too few answers", dataclasses.replace(response, scores=unscored, answers={})
    yield "with an observer's response", dataclasses.replace(response, role="observer")


def newer(event: E) -> E:
    """The event as a later version of AllianceKit might make it: with a field that is not known yet."""
    kind = type(event)
    grown: Any = dataclasses.make_dataclass(
        kind.__name__,
        [("field_of_a_later_version", str, dataclasses.field(default="unknown"))],
        bases=(kind,),
        frozen=True,
        kw_only=True,
    )
    values = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    made: E = grown(**values)
    return made


class SpyDict(dict[str, int]):
    """A mapping that tells when somebody looks into it."""

    def __init__(self, values: Any, tell: Callable[[], None]) -> None:
        super().__init__(values)
        self._tell = tell


def _telling(kind: type[Any], name: str) -> Callable[..., Any]:
    inner = getattr(kind, name)

    def look(self: Any, *arguments: Any) -> Any:
        self._tell()
        return inner(self, *arguments)

    return look


for _name in ("__getitem__", "__iter__", "__len__", "__contains__", "get", "items", "keys", "values", "copy"):
    setattr(SpyDict, _name, _telling(dict, _name))


def _spy_tuple(values: Iterable[Any], tell: Callable[[], None]) -> tuple[Any, ...]:
    names = ("__getitem__", "__iter__", "__len__", "__contains__", "index", "count")
    body: dict[str, Any] = {name: _telling(tuple, name) for name in names}
    kind: Any = type("SpyTuple", (tuple,), {**body, "_tell": staticmethod(tell)})
    spy: tuple[Any, ...] = tuple.__new__(kind, values)
    return spy


def spied(event: E, declared: frozenset[str], seen: set[str]) -> E:
    """The event with sensitive fields that note in `seen` by which need they were read.

    As in the service, what is not declared is empty.
    """

    def answered(response: events.Response) -> events.Response:
        values = response.answers if "answers" in declared else {}
        return dataclasses.replace(response, answers=SpyDict(values, lambda: seen.add("answers")))

    changes: dict[str, Any] = {}
    made: Any = event
    fields = made.__dataclass_fields__
    if "response" in fields:
        changes["response"] = answered(made.response)
    if "responses" in fields:
        changes["responses"] = tuple(answered(one) for one in made.responses)
    if "series" in fields:
        points = [
            dataclasses.replace(point, responses=tuple(answered(one) for one in point.responses))
            for point in made.series
        ]
        given = points if "series" in declared else []
        changes["series"] = _spy_tuple(given, lambda: seen.add("series"))
    if "speech" in fields:
        given = list(made.speech) if "speech" in declared else []
        changes["speech"] = _spy_tuple(given, lambda: seen.add("speech"))
    copied: E = dataclasses.replace(made, **changes)
    return copied
