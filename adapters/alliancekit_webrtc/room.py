"""One session's side connections: whether speech may be observed, and what was heard so far."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from alliancekit.adapters import AdapterHost
from alliancekit.events import Role, SpeechSpan
from alliancekit_webrtc.connection import SideConnection

SECONDS_A_SPAN = 0.02
"""How much longer a session's next report waits for each stretch in the last one: the telling of all of it,
again and again, then costs as much a minute late in a session as early."""

MOST_SPANS = 40_000
"""Stretches of speech kept of one session, over all its connections."""


class Room:
    """The open side connections of one session.

    Speech is observed only while at least one client and one therapist are connected and every connected
    client and therapist has consented. An observer is neither asked nor heard.
    """

    def __init__(self, tenant: str, session: str) -> None:
        self.tenant = tenant
        self.session = session
        self.connections: dict[str, SideConnection] = {}
        self.empty_since: float | None = None
        self._reported: object = None
        self._report_at = 0.0
        self._reporting = asyncio.Lock()
        self._heard: list[SpeechSpan] = []

    def enter(self, connection: SideConnection) -> None:
        """Add a connection whose data channel is open."""
        self.connections[connection.id] = connection
        self.empty_since = None
        self.heed_consent()

    def exit(self, connection: SideConnection, at: float) -> None:
        """Remove a connection; keep what was heard from it."""
        if self.connections.pop(connection.id, None) is None:
            return
        self._keep(connection)
        if not self.connections:
            self.empty_since = at
        self.heed_consent()

    def heed_consent(self) -> None:
        """Begin or stop observing, after somebody came, went, agreed or withdrew."""
        parties = [c for c in self.connections.values() if c.participant.role != "observer"]
        wanted = {c.participant.role for c in parties} >= {"client", "therapist"} and all(
            c.consent for c in parties
        )
        for connection in parties:
            if connection.ear.listening == wanted:
                continue
            if wanted:
                connection.ear.open()
            else:
                self._keep(connection)
            connection.send(type="observe", on=wanted)

    def spans(self) -> tuple[SpeechSpan, ...]:
        """Everything heard in this session so far, by start time."""
        now = [span for c in self.connections.values() for span in _spans(c.participant.role, c.ear.spans)]
        return tuple(sorted([*self._heard, *now], key=lambda span: (span.start, span.role)))

    def due(self, now: float) -> bool:
        """Whether it is time to tell the host again; a long session's whole speech is told less often."""
        return now >= self._report_at and self._mark() != self._reported

    async def report(self, host: AdapterHost, now: float) -> None:
        """Tell the host everything heard so far, if that changed since it was told last."""
        async with self._reporting:
            mark = self._mark()
            if mark != self._reported:
                spans = self.spans()
                self._report_at = now + SECONDS_A_SPAN * len(spans)
                await host.heard(self.tenant, self.session, spans)
                self._reported = mark

    def _mark(self) -> object:
        """What differs whenever more was heard: spans are only added, and only the last one grows."""
        heard = [(c.id, len(spans), spans[-1]) for c in self.connections.values() if (spans := c.ear.spans)]
        return (len(self._heard), *heard) if heard or self._heard else None

    def _keep(self, connection: SideConnection) -> None:
        spans = _spans(connection.participant.role, connection.ear.shut())
        self._heard.extend(spans[: MOST_SPANS - len(self._heard)])


def _spans(role: Role, spans: Iterable[tuple[float, float]]) -> list[SpeechSpan]:
    return [SpeechSpan(role=role, start=start, end=end) for start, end in spans]
