"""The events of one session, with sensible defaults and whatever a test wants otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from alliancekit import events
from alliancekit.events import Moment, Participant, Role, Visibility
from alliancekit.exports import ExportedEpisode, ExportedPerson, ExportedSession
from alliancekit.testing.fake_clock import FakeClock

E = TypeVar("E", bound=events.Event)

Scored = Mapping[str, float | None]
"""Scale → percent (0–100); None for a scale with too few answers."""


class FakeSession:
    """Builds the events that hooks receive for one session, in whatever order the test likes.

    Every method makes one event at the clock's time. Keyword arguments name the usual choices, `**fields`
    sets any field of the event as it is.

    Args:
        style: the session's style.
        number: which session of the episode it is, from 1.
        measure: the main instrument.
        language: of both participants.
        clock: the time of the events; a clock of its own when left out.
    """

    def __init__(
        self,
        *,
        tenant: str = "ten_1",
        episode: str = "epi_1",
        session: str = "ses_1",
        style: str = "directive",
        number: int = 1,
        measure: str = "check-in",
        language: str = "en",
        clock: FakeClock | None = None,
    ) -> None:
        self.tenant, self.episode, self.session = tenant, episode, session
        self.style, self.number, self.measure, self.language = style, number, measure, language
        self.clock = clock or FakeClock()
        self.client = Participant(id="par_client", role="client", language=language)
        self.therapist = Participant(id="par_therapist", role="therapist", language=language)
        self._responses = 0

    @property
    def participants(self) -> tuple[Participant, Participant]:
        """Client and therapist."""
        return self.client, self.therapist

    def person(self, role: Role) -> Participant:
        """The participant of a role; an observer is made up."""
        known = {one.role: one for one in self.participants}
        return known.get(role) or Participant(id=f"par_{role}", role=role, language=self.language)

    # the call ------------------------------------------------------------------------------------------

    def started(self, **fields: Any) -> events.SessionStarted:
        """The first person joined."""
        return self._event(events.SessionStarted, fields, participants=self.participants)

    def joined(self, role: Role = "client", **fields: Any) -> events.ParticipantJoined:
        """Somebody joined."""
        return self._event(events.ParticipantJoined, fields, participant=self.person(role))

    def left(
        self, role: Role = "client", *, how: Literal["left", "dropped"] = "left", **fields: Any
    ) -> events.ParticipantLeft:
        """Somebody left or was lost."""
        return self._event(events.ParticipantLeft, fields, participant=self.person(role), how=how)

    def ended(self, *, seconds: float = 3000.0, **fields: Any) -> events.SessionEnded:
        """The call is over: everybody said so, after `seconds`, and both were there all the time."""
        end = self.clock()
        whole = tuple(
            events.Segment(participant=one.id, role=one.role, joined_at=end - seconds, left_at=end)
            for one in self.participants
        )
        return self._event(
            events.SessionEnded, fields, reason="explicit", confidence=1.0, seconds=seconds, segments=whole
        )

    def heard(self, *spans: tuple[Role, float, float], **fields: Any) -> events.TalkHeard:
        """Speech as (role, start, end), seconds since the call began; a short exchange when left out."""
        begin = self.clock()
        said = spans or (("client", 0.0, 40.0), ("therapist", 41.0, 60.0), ("client", 61.0, 90.0))
        speech = tuple(
            events.SpeechSpan(role=role, start=begin + start, end=begin + end) for role, start, end in said
        )
        last = max(span.end for span in speech)
        whole = tuple(
            events.Segment(participant=one.id, role=one.role, joined_at=begin, left_at=last)
            for one in self.participants
        )
        return self._event(events.TalkHeard, fields, speech=speech, segments=whole)

    # feedback ------------------------------------------------------------------------------------------

    def response(
        self,
        scores: Scored | None = None,
        *,
        answers: Mapping[str, int] | None = None,
        role: Role = "client",
        moment: Moment = "end_of_call",
        visibility: Visibility = "therapist_now",
        instrument: str = "",
        **fields: Any,
    ) -> events.Response:
        """An answered instrument with these scores in percent; a `total` of 80 when left out."""
        self._responses += 1
        made: dict[str, Any] = {
            "id": f"rsp_{self._responses}",
            "participant": self.person(role).id,
            "role": role,
            "moment": moment,
            "instrument": instrument or self.measure,
            "instrument_version": "1",
            "visibility": visibility,
            "at": self.clock(),
            "scores": scored({"total": 80.0} if scores is None else scores),
            "answers": dict(answers or {}),
        }
        return events.Response(**made | fields)

    def requested(
        self, role: Role = "client", *, moment: Moment = "end_of_call", **fields: Any
    ) -> events.FeedbackRequested:
        """Somebody is being asked the main instrument."""
        return self._event(
            events.FeedbackRequested,
            fields,
            prompt="prm_1",
            participant=self.person(role),
            moment=moment,
            instruments=(self.measure,),
        )

    def captured(
        self, scores: Scored | None = None, *, response: events.Response | None = None, **response_fields: Any
    ) -> events.FeedbackCaptured:
        """An answer was stored: `response`, or one made of the other arguments as `response()` takes them."""
        answered = response or self.response(scores, **response_fields)
        return self._event(events.FeedbackCaptured, {}, response=answered)

    def scored(
        self, scores: Scored | None = None, *, response: events.Response | None = None, **response_fields: Any
    ) -> events.AllianceScored:
        """An answer's scores are stored; arguments as for `captured`."""
        answered = response or self.response(scores, **response_fields)
        return self._event(events.AllianceScored, {}, response=answered)

    def raised(self, signal: events.Signal | None = None, **fields: Any) -> events.SignalRaised:
        """A rule found something; a low score when left out."""
        return self._event(events.SignalRaised, fields, signal=signal or a_signal())

    def erased(self) -> events.EpisodeErased:
        """Everything of the episode was deleted; such an event names no session."""
        return self._event(events.EpisodeErased, {"session": ""})

    # what the host asks for ----------------------------------------------------------------------------

    def style_wanted(self, **fields: Any) -> events.StyleWanted:
        """Which style does the session follow?"""
        return self._event(events.StyleWanted, fields)

    def prompts_wanted(self, moment: Moment = "end_of_call", **fields: Any) -> events.PromptsWanted:
        """What is asked at a moment?"""
        return self._event(
            events.PromptsWanted, fields, moment=moment, measure=self.measure, participants=self.participants
        )

    def guidance_wanted(
        self,
        scores: Scored | None = None,
        *,
        responses: Sequence[events.Response] | None = None,
        signals: Sequence[events.Signal] = (),
        **fields: Any,
    ) -> events.GuidanceWanted:
        """What might the therapist do or say next, after one client response with these scores?"""
        given = (self.response(scores),) if responses is None else tuple(responses)
        return self._event(
            events.GuidanceWanted,
            fields,
            language=self.language,
            responses=given,
            signals=tuple(signals),
        )

    def panels_wanted(
        self,
        series: Sequence[events.SeriesPoint] = (),
        *,
        signals: Sequence[events.Signal] = (),
        **fields: Any,
    ) -> events.PanelsWanted:
        """The therapist opens the client's page; `Episode(…).series` makes a series in one line."""
        return self._event(
            events.PanelsWanted,
            fields,
            language=self.language,
            series=tuple(series),
            signals=tuple(signals),
        )

    # exports -------------------------------------------------------------------------------------------

    def exported(self, *responses: events.Response, **fields: Any) -> ExportedEpisode:
        """What an exporter gets: the episode with this session alone, which is over, and its responses."""
        now = self.clock()
        people = tuple(
            ExportedPerson(id=one.id, role=one.role, external_id=f"{one.role}-1", language=one.language)
            for one in self.participants
        )
        session = ExportedSession(
            id=self.session,
            external_id="meeting-1",
            number=self.number,
            style=self.style,
            measure=self.measure,
            status="ended",
            started_at=now - 3000,
            ended_at=now,
            seconds=3000.0,
            people=people,
            responses=responses,
        )
        made: dict[str, Any] = {
            "id": self.episode,
            "external_id": "course-1",
            "therapist": "therapist-1",
            "style": self.style,
            "example": False,
            "created_at": now - 3000,
            "exported_at": now,
            "sessions": (session,),
        }
        return ExportedEpisode(**made | fields)

    def _event(self, kind: type[E], fields: Mapping[str, Any], **usual: Any) -> E:
        known: dict[str, Any] = {
            "tenant": self.tenant,
            "episode": self.episode,
            "session": self.session,
            "at": self.clock(),
            "style": self.style,
            "number": self.number,
        }
        own = {name: value for name, value in known.items() if name in kind.__dataclass_fields__}
        return kind(**own | usual | dict(fields))


def scored(percents: Scored, *, maximum: float = 40.0, items: int = 10) -> tuple[events.Score, ...]:
    """Scores of scales that run from 0 to `maximum`, by percent."""
    return tuple(
        events.Score(
            scale=scale,
            value=None if percent is None else percent * maximum / 100,
            minimum=0.0,
            maximum=maximum,
            percent=percent,
            answered=0 if percent is None else items,
            items=items,
        )
        for scale, percent in percents.items()
    )


def a_signal(kind: events.SignalKind = "low_score", **fields: Any) -> events.Signal:
    """A finding, for events that carry one."""
    made: dict[str, Any] = {
        "kind": kind,
        "rule": "a rule of the test",
        "level": "notice",
        "sentence": "Something stands out.",
        "sessions_needed": 1,
        "instrument": "check-in",
        "scale": "total",
    }
    return events.Signal(**made | fields)
