"""Whether a therapist has looked at an answer while it was shown: told honestly when it is hidden."""

from __future__ import annotations

from collections.abc import Sequence

from alliancekit import visibility
from alliancekit.events import Response, Visibility
from alliancekit.store import looks
from alliancekit.store.audit import Entry
from alliancekit.store.series import SeriesSession


class Sharing:
    """Who could see the answers of a course, and when the therapist looked.

    Args:
        found: all sessions of the course.
        entries: the audit entries about it.
    """

    def __init__(self, found: Sequence[SeriesSession], entries: Sequence[Entry]) -> None:
        self.last_ended = visibility.last_ended(found)
        self._ends = [(one.session.number, one.session.ended_at) for one in found]
        self._looks = [
            one.at for one in entries if one.action == looks.VIEWED and one.actor.startswith("therapist:")
        ]
        self._changes: dict[str, list[Entry]] = {}
        for one in entries:
            if one.action == "response.shared":
                self._changes.setdefault(one.object, []).append(one)

    def looked_at(self, response: Response, number: int) -> float | None:
        """When the therapist last looked while this answer of session `number` was shown; None: never.

        A page renews itself: for a minute after somebody opened it they may have seen what came in.
        """
        seen = [
            at
            for at in self._looks
            if any(self._shown(response, number, moment) for moment in (at, at + looks.BLUR))
        ]
        return max(seen, default=None)

    def _shown(self, response: Response, number: int, at: float) -> bool:
        if at < response.at:
            return False
        to = self._visibility(response, at)
        if to != "therapist_later":
            return to == "therapist_now"
        return any(later > number and ended is not None and ended <= at for later, ended in self._ends)

    def _visibility(self, response: Response, at: float) -> Visibility:
        to = response.visibility
        for change in reversed(self._changes.get(response.id, [])):
            if change.at <= at:
                break
            to = change.details["from"]
        return to
