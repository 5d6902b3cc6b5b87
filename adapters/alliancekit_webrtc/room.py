"""One session's side connections: whether speech may be observed, and what was heard so far."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from alliancekit.adapters import AdapterHost
from alliancekit.events import Role, SpeechSpan
from alliancekit_webrtc.connection import SideConnection


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
        self._reported: tuple[SpeechSpan, ...] = ()
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

    async def report(self, host: AdapterHost) -> None:
        """Tell the host everything heard so far, if that changed since it was told last."""
        async with self._reporting:
            spans = self.spans()
            if spans != self._reported:
                await host.heard(self.tenant, self.session, spans)
                self._reported = spans

    def _keep(self, connection: SideConnection) -> None:
        self._heard.extend(_spans(connection.participant.role, connection.ear.shut()))


def _spans(role: Role, spans: Iterable[tuple[float, float]]) -> list[SpeechSpan]:
    return [SpeechSpan(role=role, start=start, end=end) for start, end in spans]
