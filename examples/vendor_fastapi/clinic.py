"""Birch Lane's own records. A real product has them in its database; AllianceKit sees pseudonyms only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alliancekit.client import Participant
from alliancekit.client.models import CreatedSession
from alliancekit.events import Role

EPISODE = "cl-17-with-th-3"
"""This client's course of therapy with this therapist."""


@dataclass(frozen=True)
class Person:
    """Somebody of the clinic; `name` never leaves it, `pseudonym` does."""

    id: str
    name: str
    role: Role
    pseudonym: str


PEOPLE = {
    "dr-lind": Person("dr-lind", "Dr. Mara Lind", "therapist", "th-3"),
    "sam": Person("sam", "Sam Okoro", "client", "cl-17"),
}


@dataclass
class Visit:
    """One appointment, and what AllianceKit has told about it."""

    number: int
    over: bool = False
    rated: set[str] = field(default_factory=set)
    worth_a_look: bool = False
    session: CreatedSession | None = None

    @property
    def id(self) -> str:
        """What AllianceKit knows it by."""
        return f"visit-{self.number}"


class Clinic:
    """Visits, who is where, and pages that want to know when something changes."""

    def __init__(self) -> None:
        self.visits = [Visit(1)]
        self.here: dict[str, int] = {}
        self._changed: set[asyncio.Event] = set()

    @property
    def next(self) -> Visit:
        """The visit that is due or under way."""
        return self.visits[-1]

    def visit(self, number: int) -> Visit | None:
        """A visit by its number."""
        return self.visits[number - 1] if 1 <= number <= len(self.visits) else None

    def remember(self, past: int) -> None:
        """So many visits were before the next one."""
        self.visits = [Visit(number, over=number <= past) for number in range(1, past + 2)]

    def end(self, visit: Visit) -> None:
        """The visit is over; the next one is due."""
        if not visit.over:
            visit.over = True
            self.visits.append(Visit(visit.number + 1))
            self.changed()

    def came(self, person: str) -> None:
        """A page of this person was opened."""
        self.here[person] = self.here.get(person, 0) + 1
        self.changed()

    def went(self, person: str) -> None:
        """And closed."""
        self.here[person] -= 1
        self.changed()

    def note(self, event: Mapping[str, Any]) -> None:
        """Keep what a webhook told; the same again, or in another order, changes nothing."""
        about = event["data"]
        visit = next((one for one in self.visits if one.id == about["external_id"]), None)
        if visit is None:
            return
        if event["type"] == "session.ended":
            self.end(visit)
        elif event["type"] == "session.rated":
            visit.rated.add(about["role"])
        elif event["type"] == "signal.raised":
            visit.worth_a_look |= about["kind"] != "repair"  # good news needs no mark
        self.changed()

    # pages that stay current ---------------------------------------------------------------------------

    def changed(self) -> None:
        """Wake every page that listens."""
        for event in self._changed:
            event.set()

    def listen(self) -> asyncio.Event:
        """An event that is set whenever something changed; give it back with `forget`."""
        event = asyncio.Event()
        self._changed.add(event)
        return event

    def forget(self, event: asyncio.Event) -> None:
        """Nobody listens there any more."""
        self._changed.discard(event)

    def news(self, person: Person) -> dict[str, Any]:
        """What this person's page shows; a client learns nothing about ratings."""
        told = {
            "visit": self.next.number,
            "here": [PEOPLE[one].role for one, pages in self.here.items() if pages > 0],
        }
        if person.role == "therapist":
            past = [one for one in reversed(self.visits) if one.over]
            told["past"] = [
                {"number": v.number, "rated": sorted(v.rated), "worth_a_look": v.worth_a_look} for v in past
            ]
        return told


def participants() -> list[Participant]:
    """Both people of a visit, as AllianceKit gets to know them."""
    return [Participant(role=one.role, external_id=one.pseudonym) for one in PEOPLE.values()]
