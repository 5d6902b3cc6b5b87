"""What the therapist noted between the ratings, as a client's page shows it: talks, tasks, private notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from alliancekit.events import SignalKind
from alliancekit.store import course as store
from alliancekit.store.course import NOTE_LENGTH, TASK_LENGTH, Outcome, TaskStatus

__all__ = ["DECIDED", "NOTE_LENGTH", "TASK_LENGTH", "CourseView", "NoteView", "TalkView", "TaskView"]

TALKED_ABOUT: Final[frozenset[SignalKind]] = frozenset({"possible_strain", "low_score", "low_item", "drop"})
"""Kinds of findings beside which the therapist may say that they talked about it."""

DECIDED: Final[tuple[TaskStatus, ...]] = ("done", "partly", "not_done")
"""What may become of a task, as the page offers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkView:
    """The therapist's word on what session number `session` showed."""

    id: str
    session: int
    outcome: Outcome
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task that was agreed in session number `session`."""

    id: str
    session: int
    text: str
    status: TaskStatus = "open"
    decided_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """The therapist's private note on session number `session`."""

    session: int
    text: str
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How many of a session's tasks were done, and done in part; `open` ones were not asked about yet."""

    agreed: int
    done: int
    partly: int
    open: int

    @property
    def short(self) -> str:
        """`1/2`; `½` for tasks done in part, a dash while nothing was said about any."""
        if self.open == self.agreed:
            return f"–/{self.agreed}"
        halves = 2 * self.done + self.partly
        whole = str(halves // 2) if halves != 1 else ""
        return f"{whole}{'½' if halves % 2 else ''}/{self.agreed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseView:
    """Everything that was noted, oldest first; `talks` holds one a session, the last."""

    talks: tuple[TalkView, ...] = ()
    tasks: tuple[TaskView, ...] = ()
    notes: tuple[NoteView, ...] = ()

    def talk(self, session: int) -> TalkView | None:
        """The therapist's word on a session."""
        return next((one for one in self.talks if one.session == session), None)

    def note(self, session: int) -> NoteView | None:
        """The note on a session."""
        return next((one for one in self.notes if one.session == session), None)

    def tasks_in(self, session: int) -> tuple[TaskView, ...]:
        """The tasks that were agreed in a session."""
        return tuple(one for one in self.tasks if one.session == session)

    def done(self) -> Mapping[int, Done]:
        """How a session's tasks went, by session number; only sessions with tasks."""
        return {number: _done(self.tasks_in(number)) for number in sorted({t.session for t in self.tasks})}


def _done(tasks: Sequence[TaskView]) -> Done:
    counted = {status: sum(one.status == status for one in tasks) for status in ("done", "partly", "open")}
    return Done(agreed=len(tasks), **counted)


def view_of(
    numbers: Mapping[str, int],
    *,
    talks: Sequence[store.Talk] = (),
    tasks: Sequence[store.Task] = (),
    notes: Sequence[store.Note] = (),
) -> CourseView:
    """What is stored of an episode, with its sessions' numbers; `numbers` maps their ids to these."""
    last = {one.session: one for one in talks}
    return CourseView(
        talks=tuple(
            TalkView(id=one.id, session=numbers[one.session], outcome=one.outcome, at=one.at)
            for one in sorted(last.values(), key=lambda talk: numbers[talk.session])
        ),
        tasks=tuple(
            TaskView(
                id=one.id,
                session=numbers[one.session],
                text=one.text,
                status=one.status,
                decided_at=one.decided_at,
            )
            for one in tasks
        ),
        notes=tuple(
            NoteView(session=numbers[one.session], text=one.text, updated_at=one.updated_at) for one in notes
        ),
    )
