"""One session's pages: whose speaking times may be taken, and what was heard so far."""

from __future__ import annotations

from collections.abc import Iterable

from alliancekit.events import Participant, Role, SpeechSpan


class Room:
    """What is known of a session's pages while its call lasts, and for a while after it.

    Speaking times are taken only once a client and a therapist have both been there, and only while every
    client and therapist who was has consented. An observer is neither asked nor heard.

    Attributes:
        seen_at: when a page of the session reported last.
        connections: every presence that was reported, so that one participant cannot make them without end.
    """

    def __init__(self) -> None:
        self.seen_at = 0.0
        self.connections: dict[str, set[str]] = {}
        self._consents: dict[str, tuple[Role, bool]] = {}
        self._heard: dict[Role, list[SpeechSpan]] = {}

    def heed(self, person: Participant, *, consent: bool) -> None:
        """Note what a participant agreed to last."""
        if person.role != "observer":
            self._consents[person.id] = (person.role, consent)

    @property
    def may_listen(self) -> bool:
        """Whether speaking times may be taken now."""
        roles = {role for role, _ in self._consents.values()}
        return roles >= {"client", "therapist"} and all(consent for _, consent in self._consents.values())

    def add(self, spans: Iterable[SpeechSpan]) -> tuple[SpeechSpan, ...]:
        """Add what was heard; everything so far, where overlapping stretches of one side are one."""
        for span in spans:
            united: list[SpeechSpan] = []
            for one in sorted([*self._heard.get(span.role, ()), span], key=lambda each: each.start):
                if united and one.start <= united[-1].end:
                    end = max(one.end, united[-1].end)
                    united[-1] = SpeechSpan(role=one.role, start=united[-1].start, end=end)
                else:
                    united.append(one)
            self._heard[span.role] = united
        everything = [span for side in self._heard.values() for span in side]
        return tuple(sorted(everything, key=lambda one: (one.start, one.role)))
