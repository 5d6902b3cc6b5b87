"""What the therapist's pages show, as frozen data: the server fills it, the templates render it.

Percentages run from 0 to 100. Times are seconds since 1970-01-01 UTC. Sessions are ordered oldest first. What
the therapist may not see cannot be put in: a `Reading` holds a number only in the state `shown`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from alliancekit.events import Guidance, Moment, Role, Score, Segment, Signal, Style, TalkBalance
from alliancekit.panels import Panel
from alliancekit.server.therapist.course import TALKED_ABOUT, CourseView, TalkView
from alliancekit.server.therapist.small_views import AnswersView as AnswersView
from alliancekit.server.therapist.small_views import CloserView as CloserView
from alliancekit.server.therapist.small_views import CutOffView as CutOffView
from alliancekit.server.therapist.small_views import Link as Link
from alliancekit.server.therapist.small_views import NotAsked as NotAsked
from alliancekit.server.therapist.small_views import NotComputed as NotComputed
from alliancekit.server.therapist.small_views import ScaleView as ScaleView

ReadingState = Literal["shown", "no_answer", "waiting", "later", "private", "not_scored", "not_asked"]
"""Why a number is there or not.

`waiting`: asked, still open. `no_answer`: asked, closed without one. `later`: answered, shown after the next
session. `private`: answered, used in averages only. `not_scored`: answered, too few items or no scorer.
"""

ResponseState = Literal["shared", "later", "private", "waiting", "no_answer"]
"""What became of one request for feedback, as far as the therapist may know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Where the page hears of new answers: the WebSocket's path and the token for its first message."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """One scale of one person in one session; `percent` (0–100) exists only when `state` is `shown`.

    Raises: ValueError when the two contradict each other or `percent` is outside 0–100.
    """

    percent: float | None = None
    state: ReadingState = "not_asked"

    def __post_init__(self) -> None:
        if (self.percent is not None) != (self.state == "shown"):
            raise ValueError(f"a reading has a number exactly when it is shown; the state is {self.state!r}")
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise ValueError("a reading lies between 0 and 100")

    @classmethod
    def of_score(cls, score: Score) -> Self:
        """The reading of a stored score; a percent that is missing or impossible reads as not scored."""
        percent = score.percent
        if percent is None or not math.isfinite(percent) or not 0 <= percent <= 100:
            return cls(state="not_scored")
        return cls(percent, "shown")


NOT_ASKED = Reading()


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseView:
    """An in-call pulse: who answered, seconds after the session's beginning, and the reading."""

    role: Role
    after_seconds: float
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseView:
    """One request for feedback: who was asked, when, with what, and what became of it."""

    role: Role
    moment: Moment
    title: str
    state: ResponseState


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One session of the series; `number` counts from 1, `seconds` is the time in the call.

    `begun` is false until somebody joins. `example` marks made-up data. `client` and `therapist` map the name
    of a scale to its reading; a scale that is not in them was not asked.
    """

    id: str
    number: int
    at: float
    attended: bool = True
    begun: bool = True
    in_progress: bool = False
    example: bool = False
    seconds: float = 0.0
    client: Mapping[str, Reading] = field(default_factory=dict)
    therapist: Mapping[str, Reading] = field(default_factory=dict)
    pulses: tuple[PulseView, ...] = ()
    segments: tuple[Segment, ...] = ()
    talk_balance: TalkBalance | None = None
    responses: tuple[ResponseView, ...] = ()
    closer: CloserView | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing more to come than answers."""
        return self.begun and not self.in_progress

    @property
    def drops(self) -> int:
        """How often somebody's connection was lost."""
        return sum(segment.how == "dropped" for segment in self.segments)

    @property
    def waiting(self) -> tuple[Role, ...]:
        """Whose answers are still open, each role once."""
        return tuple(dict.fromkeys(r.role for r in self.responses if r.state == "waiting"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetView:
    """One item of the check-in with the wording each side chose; None where there is none to show.

    The percents (0–100) only place the marks on the strip beside the words.
    """

    title: str
    client: str | None = None
    therapist: str | None = None
    client_percent: float | None = None
    therapist_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInView:
    """The latest check-in, item by item; the states say why one side's wording is missing.

    Raises: ValueError when a facet holds what its side's state does not show.
    """

    session: int
    client_state: ReadingState
    therapist_state: ReadingState
    facets: tuple[FacetView, ...]

    def __post_init__(self) -> None:
        for facet in self.facets:
            hidden = self.client_state != "shown" and (facet.client, facet.client_percent) != (None, None)
            if hidden:
                raise ValueError(
                    f"the client's check-in is {self.client_state!r}: its answers cannot be shown"
                )
            own = self.therapist_state != "shown" and (facet.therapist, facet.therapist_percent) != (
                None,
                None,
            )
            if own:
                raise ValueError(f"the therapist's check-in is {self.therapist_state!r}: it has no answers")


RuleState = Literal["agreed", "disagreed", "too_few"]
"""What a rule that looks for a finding said; `too_few` sessions to say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One rule behind a finding: its name, and in the reader's words its title, meaning, numbers, source.

    It needs `needed` sessions and there were `have` (None: not known). `record` says how often it is right.
    `votes` marks a rule that looks for the same thing as others.
    """

    name: str
    title: str
    state: RuleState
    meaning: str = ""
    numbers: tuple[tuple[str, str], ...] = ()
    needed: int = 1
    have: int | None = None
    source: str = ""
    record: str = ""
    votes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalView:
    """The signals of one kind about one course in one session: the weightiest, and those that `also` say it.

    A strain is `open` until a repair of it was found, in the session `repaired_in`, or a later session says
    it again; everything else until a later session has been rated. `talk` is the therapist's own word: a
    finding that was talked about and repaired is closed, one that is not yet repaired stays open. `rules` are
    all that looked for it.
    """

    session: int
    signal: Signal
    also: tuple[Signal, ...] = ()
    rules: tuple[RuleView, ...] = ()
    open: bool = True
    repaired_in: int | None = None
    talk: TalkView | None = None

    @property
    def said_repaired(self) -> bool:
        """Whether the therapist said that it was talked about and is repaired."""
        return self.talk is not None and self.talk.outcome == "repaired"

    @property
    def may_be_talked_about(self) -> bool:
        """Whether the therapist may say now that they talked about it."""
        return self.open and self.signal.kind in TALKED_ABOUT

    @property
    def signals(self) -> tuple[Signal, ...]:
        """All of them, the weightiest first."""
        return self.signal, *self.also


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPanel:
    """A panel with an id that is unique in the page."""

    id: str
    plugin: str
    panel: Panel


RECENT = 24
"""Sessions whose findings and answers a page lists unless all are asked for."""

EXPLAINED = 6
"""Sessions whose closed findings come with their rules; those of earlier ones link to the whole page."""

DRAWN = 30
"""Sessions that the widest chart draws; the table beside it holds as many unless all are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeView:
    """One client's page.

    `external_id` is the vendor's pseudonym. `total` names the scale of the main trend, `scales` the parts
    beside it. `measure` is the main instrument's title; `validated` and `validation` are its own words;
    `higher_means` says in words what a higher number is, where it is something else than a stronger working
    relationship. `guidance_session` is the session that the guidance answers. `client_says` is what the
    client decided, in sentences. `note_on` is the number of the session whose private note is being written,
    None for the latest. `opened` is the number of the session that is looked at closer, None for none.
    Sessions before the `drawn` ones hold no more than their totals unless `everything` was asked for.
    """

    episode: str
    external_id: str
    style: Style
    measure: str
    validated: bool
    validation: str = ""
    higher_means: str = ""
    total: str = "total"
    scales: tuple[ScaleView, ...] = ()
    cut_off: CutOffView | None = None
    sessions: tuple[SessionView, ...] = ()
    check_in: CheckInView | None = None
    signals: tuple[SignalView, ...] = ()
    guidance: tuple[Guidance, ...] = ()
    guidance_session: int | None = None
    not_computed: tuple[NotComputed, ...] = ()
    panels: tuple[ShownPanel, ...] = ()
    course: CourseView = field(default_factory=CourseView)
    note_on: int | None = None
    opened: int | None = None
    client_says: tuple[str, ...] = ()
    everything: bool = False
    not_asked: tuple[NotAsked, ...] = ()
    rule_pages: Mapping[str, Link] = field(default_factory=dict)
    live: Live | None = None

    @property
    def latest(self) -> SessionView | None:
        """The newest session that is over; while there is none, the newest."""
        over = [one for one in self.sessions if one.over] or self.sessions
        return over[-1] if over else None

    @property
    def example(self) -> bool:
        """Whether anything on the page is made up."""
        return any(one.example for one in self.sessions)

    @property
    def recent(self) -> tuple[SessionView, ...]:
        """The sessions that lists hold: the latest `RECENT`, or all of them."""
        return self.sessions if self.everything else self.sessions[-RECENT:]

    @property
    def drawn(self) -> tuple[SessionView, ...]:
        """The sessions of the table beside the trend: the latest `DRAWN`, or all of them."""
        return self.sessions if self.everything else self.sessions[-DRAWN:]

    @property
    def listed(self) -> tuple[SessionView, ...]:
        """The sessions of the list: the `recent` ones, and before them the one that is looked at closer."""
        earlier = self.sessions[: len(self.sessions) - len(self.recent)]
        return (*(one for one in earlier if one.number == self.opened), *self.recent)

    @property
    def session_ids(self) -> Mapping[int, str]:
        """Id by session number."""
        return {one.number: one.id for one in self.sessions}

    @property
    def scale_titles(self) -> Mapping[str, str]:
        """Title by scale name."""
        return {scale.name: scale.title for scale in self.scales}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseloadEntry:
    """One client on Today; `sessions` may hold only the last ones, `count` says how many there were.

    `example` says that some of all sessions are made up.
    """

    episode: str
    url: str
    external_id: str
    style: str
    count: int
    example: bool = False
    total: str = "total"
    sessions: tuple[SessionView, ...] = ()
    signals: tuple[SignalView, ...] = ()
    guidance: tuple[Guidance, ...] = ()

    def at(self, found: SignalView) -> float:
        """When the session of a finding was."""
        return next((one.at for one in self.sessions if one.number == found.session), 0.0)

    @property
    def to_say(self) -> Guidance | None:
        """The first suggestion for the next session."""
        return next((one for one in self.guidance if one.kind == "next_step"), None)

    @property
    def last(self) -> SessionView | None:
        """The most recent session."""
        return self.sessions[-1] if self.sessions else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseloadView:
    """Today: the therapist's clients. The page orders them by most recent session, never by a score."""

    entries: tuple[CaseloadEntry, ...] = ()
    live: Live | None = None

    @property
    def to_talk_about(self) -> tuple[tuple[CaseloadEntry, SignalView], ...]:
        """Open findings that nobody talked about yet: the weightiest first, then the newest session's.

        It orders findings, never people.
        """
        weight = {"strong": 0, "notice": 1, "info": 2}
        every = [(entry, one) for entry in self.entries for one in entry.signals]
        found = [pair for pair in every if pair[1].may_be_talked_about and pair[1].talk is None]
        return tuple(sorted(found, key=lambda pair: (weight[pair[1].signal.level], -pair[0].at(pair[1]))))

    @property
    def awaited(self) -> tuple[tuple[CaseloadEntry, SessionView], ...]:
        """Sessions with answers still open, the newest first."""
        found = [(entry, one) for entry in self.entries for one in entry.sessions if one.waiting]
        return tuple(sorted(found, key=lambda pair: -pair[1].at))

    @property
    def by_recency(self) -> tuple[CaseloadEntry, ...]:
        """Most recent session first; clients without a session last."""
        return tuple(sorted(self.entries, key=lambda e: -e.last.at if e.last else math.inf))
