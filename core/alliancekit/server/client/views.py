"""What the client's pages show, as frozen data. Times are seconds since 1970 UTC, percentages 0 to 100."""

from __future__ import annotations

from dataclasses import dataclass

from alliancekit.choices import Asked, ClientSees
from alliancekit.events import Moment, Visibility
from alliancekit.server.therapist.views import SessionView
from alliancekit.store.course import TaskStatus
from alliancekit.visibility import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One part of a measure over the sessions."""

    scale: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The client's own answers over time; `lines` hold the whole first, then the parts they may see."""

    title: str
    validated: bool
    validation: str
    lines: tuple[Line, ...]
    sessions: tuple[SessionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """Something that was agreed in session number `session`."""

    text: str
    status: TaskStatus
    session: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """The first page; `trend` is None where the therapist shows none or there is no measure to draw."""

    sees: ClientSees
    trend: Trend | None
    tasks: tuple[TaskView, ...]
    answered: int
    erasure_asked_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A question and what the client answered; an empty answer was left out."""

    item: str
    question: str
    answer: str
    value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One set of answers and who sees it.

    `state` is what the therapist sees now, `looked_at` when they last opened their page while it was shown
    there. `later_is_now`: shown *later* would be at once. `worded` is whether the questions are loaded,
    `changed` whether it is another version of them.
    """

    id: str
    title: str
    moment: Moment
    at: float
    instrument: str
    version: str
    validated: bool
    said: tuple[Said, ...]
    visibility: Visibility
    state: State
    looked_at: float | None
    later_is_now: bool
    worded: bool = True
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAnswers:
    """What a client answered about one session."""

    number: int
    at: float
    given: tuple[Given, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersView:
    """All own answers, the newest session first."""

    sessions: tuple[SessionAnswers, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesView:
    """What the client chose; `agreed_version` and `agreed_text` are the wording they once agreed to."""

    asked: Asked
    alone: bool
    supervision_at: float | None
    agreed_version: str
    agreed_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookView:
    """Who looked on a day, and how often; `who` is `therapist`, `supervisor` or `vendor`."""

    who: str
    at: float
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataView:
    """Who looked, the newest first, and whether the client wants everything erased."""

    looks: tuple[LookView, ...]
    alone: bool
    erasure_asked_at: float | None
