"""Who opens pages about a course is written down, so that the client can see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from alliancekit.server.tokens import TherapistClaims
from alliancekit.service import Service
from alliancekit.store import looks

REMEMBERED: Final = 10_000
"""Looks of which the time is remembered, to tell one that a page made by renewing itself."""


class Looking:
    """Writes down the looks of therapists; a page that renews itself within a minute is one look."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._last: dict[tuple[str, str, str], float] = {}

    async def noted(self, claims: TherapistClaims, episodes: Collection[str], page: str) -> None:
        """Write down that a therapist opened a page that shows something of these courses.

        Raises:
            StoreError: it could not be written; then the page must not be shown either.
        """
        now = self._service.clock()
        new = [one for one in episodes if self._is_new((claims.tenant, claims.therapist, one), now)]
        if not new:
            return
        actor = f"therapist:{claims.therapist}"
        await self._service.database.write(
            lambda conn: looks.record(conn, claims.tenant, actor=actor, episodes=new, page=page, now=now)
        )
        for one in new:
            self._remember((claims.tenant, claims.therapist, one), now)

    def _is_new(self, look: tuple[str, str, str], now: float) -> bool:
        last = self._last.get(look)
        return last is None or not 0 <= now - last < looks.BLUR

    def _remember(self, look: tuple[str, str, str], now: float) -> None:
        self._last.pop(look, None)
        if len(self._last) >= REMEMBERED:
            del self._last[next(iter(self._last))]
        self._last[look] = now
