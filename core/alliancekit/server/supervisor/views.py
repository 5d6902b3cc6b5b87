"""What the supervisor's pages show, as frozen data.

There is no place in it for what must not be seen: no identifier of a client or a therapist, no free text, no
single answer, no day. Weeks are the day of their Monday in seconds since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from alliancekit.events import RuleInfo, SignalKind
from alliancekit.server.therapist.views import SessionView, SignalView
from alliancekit.store.course import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkView:
    """What came of a talk about what session number `session` showed, noted in `week`."""

    session: int
    outcome: Outcome
    week: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case; `name` says nothing of it. `sessions` hold what the therapist may see, dated by weeks."""

    name: str
    example: bool
    style: str
    measure: str
    validated: bool
    total: str
    sessions: tuple[SessionView, ...]
    findings: tuple[SignalView, ...]
    talks: tuple[TalkView, ...]

    @property
    def open(self) -> tuple[SignalView, ...]:
        """The findings that nobody settled, strains first, the latest first."""
        found = [one for one in self.findings if one.open]
        return tuple(sorted(found, key=lambda one: (one.signal.kind != "possible_strain", -one.session)))

    @property
    def strained(self) -> bool:
        """Whether a strain is open."""
        return any(one.signal.kind == "possible_strain" for one in self.open)

    @property
    def last_week(self) -> float:
        """The week of the latest session; 0 without any."""
        return self.sessions[-1].at if self.sessions else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesView:
    """All cases, open strains first; `assigned`: somebody said whose work the supervisor looks at."""

    cases: tuple[CaseView, ...]
    assigned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One kind of finding and the rules that look for it."""

    kind: SignalKind
    rules: tuple[RuleInfo, ...]
