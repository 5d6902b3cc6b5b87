"""The events: one for each event hook, or one that several share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from alliancekit.events.parts import (
    EndReason,
    Moment,
    Participant,
    Response,
    ScaleInfo,
    Segment,
    SeriesPoint,
    Signal,
    SpeechSpan,
    SpeechTotal,
    TalkBalance,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event carries."""

    tenant: str
    episode: str
    session: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """The first person joined the call."""

    style: str
    number: int
    participants: tuple[Participant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantJoined(Event):
    """Somebody joined or came back."""

    participant: Participant


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantLeft(Event):
    """Somebody left (`left`) or was lost (`dropped`)."""

    participant: Participant
    how: Literal["left", "dropped"] = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """The session is over; `confidence` (0–1) says how sure that is."""

    style: str
    reason: EndReason
    confidence: float
    seconds: float
    segments: tuple[Segment, ...] = ()
    talk_balance: TalkBalance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRequested(Event):
    """One prompt was made for one participant."""

    prompt: str
    participant: Participant
    moment: Moment
    instruments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackCaptured(Event):
    """A response is stored with its scores. Needs `answers` for `response.answers`."""

    style: str
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class AllianceScored(Event):
    """All scores of a response, the instrument's own and those that plugins added, are stored."""

    style: str
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRaised(Event):
    """A rule's finding is stored."""

    signal: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeErased(Event):
    """Everything of `episode` was deleted; `session` is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleWanted(Event):
    """Which style does this session follow? `proposed` is what the vendor or the episode says."""

    proposed: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptsWanted(Event):
    """What is asked at `moment`? `measure` is the tenant's main instrument.

    `manual` is true when a person or the vendor asked for it now rather than the schedule.
    """

    style: str
    moment: Moment
    number: int
    measure: str = "check-in"
    participants: tuple[Participant, ...] = ()
    manual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkHeard(Event):
    """Speech was observed in the call. Needs `speech`, also for `totals`.

    `totals` is what platforms tell that count how long somebody spoke, not when: of use where `speech` is
    empty.
    """

    speech: tuple[SpeechSpan, ...] = ()
    segments: tuple[Segment, ...] = ()
    totals: tuple[SpeechTotal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesUpdated(Event):
    """An episode's series changed; `session` is the newest session concerned. Needs `series`.

    `scales` tells direction and cut-off of every scale of the registered instruments; `language` is the
    therapist's, in which signals are read.
    """

    style: str
    number: int
    language: str = "en"
    series: tuple[SeriesPoint, ...] = ()
    scales: tuple[ScaleInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelsWanted(Event):
    """The therapist opens one client's page. Needs `series`; `talk_balances` are by session number."""

    style: str
    language: str = "en"
    series: tuple[SeriesPoint, ...] = ()
    signals: tuple[Signal, ...] = ()
    talk_balances: Mapping[int, TalkBalance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidanceWanted(Event):
    """What might the therapist do or say next? Responses the therapist may not see are left out."""

    style: str
    number: int
    language: str = "en"
    responses: tuple[Response, ...] = ()
    signals: tuple[Signal, ...] = ()
    talk_balance: TalkBalance | None = None
