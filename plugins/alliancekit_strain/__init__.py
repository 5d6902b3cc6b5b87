"""Signals about the newest session: low scores, falls, possible strain and repair, change, missed sessions.

The formulas are in `alliancekit.scoring`; this plugin chooses the courses they read and says what they
found. `rules` names them all.
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.events import RuleInfo, SeriesUpdated, Signal
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.pages import Page
from alliancekit_strain import course_rules, rules, session_rules
from alliancekit_strain.page import page
from alliancekit_strain.sentences import TEXTS
from alliancekit_strain.series import courses
from alliancekit_strain.settings import Settings

__all__ = ["Settings", "Strain"]


class Strain(AllianceHooks):
    """Reads an episode's series after every response and says what stands out in the newest session."""

    needs = frozenset({"series", "answers"})

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.rules = rules.rules(settings)

    @override
    @hookimpl
    def register_rules(self) -> Sequence[RuleInfo]:
        return tuple(self.rules.values())

    @override
    @hookimpl
    def register_pages(self) -> Sequence[Page]:
        return [page(tuple(self.rules.values()), rules.records())]

    @override
    @hookimpl
    async def detect_signals(self, event: SeriesUpdated) -> Sequence[Signal]:
        found: list[Signal] = []
        words = TEXTS.words(event.language)
        every = [c for c in courses(event, ignored=self.settings.ignore) if c.current]
        for course in every:
            if course.key.role == "client" or self.settings.therapist:
                found += course_rules.read(course, self.rules, self.settings, words)
        found += session_rules.apart(every, self.rules, self.settings, words)
        found += session_rules.answers(event, self.rules, self.settings, words)
        found += session_rules.missed(event, self.rules[rules.MISSED], words)
        return found
