"""Who may have a side connection now: so many offers a minute from one person, so many people at once."""

from __future__ import annotations

import json
import logging
import math
from collections import Counter, deque
from collections.abc import Collection
from typing import Literal

from alliancekit.adapters import RouteReply
from alliancekit_webrtc.settings import WebRTCSettings

logger = logging.getLogger(__name__)

MINUTE = 60.0

Reason = Literal["too_fast", "full", "bad_offer", "flood", "never_opened"]
"""Why there is no connection, or no longer: offers too fast, all connections in use, an offer that cannot be
used, more packets or messages than a page has reason for, no open data channel in time."""


class Refused(Exception):
    """An offer that is not answered; becomes a problem reply (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str, *, retry_after: float = 0.0) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.retry_after = retry_after

    def reply(self) -> RouteReply:
        """Make the reply; it tells after how many seconds to try again, where that helps."""
        body = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return RouteReply(
            body=json.dumps(body).encode(),
            status=self.status,
            content_type="application/problem+json",
            headers={"Retry-After": str(math.ceil(self.retry_after))} if self.retry_after else {},
        )


class Admission:
    """Counts offers and refusals.

    A page that reconnects after every loss stays far below the limit; a program that floods gets its answer
    before its description is parsed.

    Attributes:
        refused: how often there was no connection, by reason; since the process began.
    """

    def __init__(self, settings: WebRTCSettings) -> None:
        self.refused: Counter[Reason] = Counter()
        self._settings = settings
        self._offers: dict[str, deque[float]] = {}

    def admit(self, who: str, connected: Collection[str], now: float) -> None:
        """Take an offer of `who`, while `connected` are; somebody who has a connection may replace it.

        Raises:
            Refused: not now.
        """
        most = self._settings
        offers = self._offers.setdefault(who, deque())
        while offers and now - offers[0] >= MINUTE:
            offers.popleft()
        if len(offers) >= most.offers_per_minute:
            self.refused["too_fast"] += 1
            text = f"A page may ask for {most.offers_per_minute} connections a minute. Try again later."
            raise Refused(429, "Too many offers", text, retry_after=MINUTE - (now - offers[0]))
        offers.append(now)
        if who not in connected and len(connected) >= most.max_connections:
            self.refused["full"] += 1
            logger.warning("side connection refused: all %d are in use", most.max_connections)
            text = "All side connections are in use. Try again later."
            raise Refused(503, "Too many connections", text, retry_after=most.connect_seconds)

    def bad_offer(self, detail: str) -> Refused:
        """Count an offer that cannot be used; returns what to raise."""
        self.refused["bad_offer"] += 1
        return Refused(400, "Bad offer", detail)

    def forget(self, now: float) -> None:
        """Forget offers that no longer count."""
        for who, offers in [*self._offers.items()]:
            if now - offers[-1] >= MINUTE:
                del self._offers[who]

    def __len__(self) -> int:
        """How many people's offers are remembered."""
        return len(self._offers)
