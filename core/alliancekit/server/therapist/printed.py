"""One page for supervision: what a client's page says, without who the client is."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from typing_extensions import override

from alliancekit.languages.pages import Words
from alliancekit.server.therapist import agreement
from alliancekit.server.therapist.chart import numbered
from alliancekit.server.therapist.course import CourseView, NoteView, TaskView
from alliancekit.server.therapist.views import EpisodeView, SessionView, SignalView

WEEK: Final = 7 * 86400.0
MOST_SESSIONS: Final = 16
"""Sessions in chart and table; a page has room for no more."""
MOST_FINDINGS: Final = 6
MOST_TASKS: Final = 8


class SheetWords(Words):
    """The therapist's words, where the therapist is named instead of addressed: others read the sheet."""

    @override
    def say(self, key: str, *, n: float | None = None, **places: object) -> str:
        if key in {"voice.therapist", "input.therapist"}:
            return self.section_of("course").say("print.therapist")
        return super().say(key, n=n, **places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is to be printed of a client's page; `name`, `dates` and `notes` are what the therapist ticked.

    Without `name` the vendor's id of the client is left out, without `dates` times are weeks since the first
    session, without `notes` no private note is in the page at all.
    """

    view: EpisodeView
    words: Words
    name: bool = False
    dates: bool = False
    notes: bool = False

    @property
    def texts(self) -> Words:
        """The texts of the sheet."""
        return self.words.section_of("course")

    @property
    def sessions(self) -> tuple[SessionView, ...]:
        """The latest sessions, oldest first."""
        return self.view.sessions[-MOST_SESSIONS:]

    @property
    def title(self) -> str:
        """Whom the page is about."""
        return self.view.external_id if self.name else self.texts.say("print.client")

    def when(self, at: float) -> str:
        """A time as a day, or as the week since the first session, from 1."""
        if self.dates:
            return self.texts.date(at)
        return self.texts.say("print.week", number=self.texts.number(self._week(at)))

    def short(self, at: float) -> str:
        """The same for a narrow column."""
        return self.texts.day(at) if self.dates else self.texts.number(self._week(at))

    def _week(self, at: float) -> int:
        return max(1, 1 + int((at - self.view.sessions[0].at) // WEEK))

    @property
    def span(self) -> str:
        """How many sessions within how many weeks, and how many were missed."""
        sessions = self.view.sessions
        if not sessions:
            return self.texts.say("print.sessions", n=0)
        counted = self.texts.say("print.sessions", n=len(sessions))
        told = self.texts.say("print.span", n=self._week(sessions[-1].at), sessions=counted)
        missed = sum(not one.attended for one in sessions)
        return f"{told} · {self.texts.say('print.missed', n=missed)}" if missed else told

    @property
    def findings(self) -> Sequence[tuple[int, SignalView]]:
        """The latest findings with their numbers in the chart, open ones first."""
        latest = numbered(self.view)[::-1]
        return sorted(latest, key=lambda found: not found[1].open)[:MOST_FINDINGS]

    @property
    def drawn(self) -> EpisodeView:
        """What is drawn: the tasks stand in the table below."""
        return replace(self.view, course=CourseView())

    def rules(self, found: SignalView) -> str:
        """The rules that spoke, with what they saw; numbers that several saw stand once."""
        told: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for one in agreement.why(found, self.words):
            if one.state == "agreed":
                told.setdefault(one.numbers, []).append(one.title)
        return "; ".join(
            f"{', '.join(names)}: {', '.join(f'{name} {value}' for name, value in numbers)}".rstrip(": ")
            for numbers, names in told.items()
        )

    @property
    def findings_left_out(self) -> int:
        """How many findings there is no room for."""
        return max(0, len(self.view.signals) - MOST_FINDINGS)

    @property
    def tasks(self) -> Sequence[TaskView]:
        """The latest tasks, newest first."""
        return self.view.course.tasks[::-1][:MOST_TASKS]

    @property
    def tasks_left_out(self) -> int:
        """How many tasks there is no room for."""
        return max(0, len(self.view.course.tasks) - MOST_TASKS)

    @property
    def private_notes(self) -> Sequence[NoteView]:
        """The private notes, newest first, if they were ticked."""
        return self.view.course.notes[::-1] if self.notes else ()

    @property
    def balance(self) -> tuple[str, ...]:
        """Who spoke: the latest session that was observed, and the average of all of them."""
        heard = [(one.number, one.talk_balance) for one in self.view.sessions if one.talk_balance is not None]
        if not heard:
            return (self.texts.say("print.balance_none"),)
        number, latest = heard[-1]
        client = statistics.fmean(balance.client.share for _, balance in heard)
        one = self.texts.number(number)
        told = self.texts.say("print.balance_of", number=one, **_shares(self.texts, latest.client.share))
        if len(heard) == 1:
            return (told,)
        return told, self.texts.say("print.balance_mean", n=len(heard), **_shares(self.texts, client))


def _shares(texts: Words, client: float) -> dict[str, Any]:
    return {"client": texts.percent(client), "therapist": texts.percent(1 - client)}
