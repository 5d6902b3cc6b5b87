"""The review of a session: scores that plugins add, signals, guidance; stored, or said to be missing."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from alliancekit import events, visibility
from alliancekit.dispatch import Outcome
from alliancekit.events import Guidance, Score, Signal
from alliancekit.hooks import Hooks
from alliancekit.instruments.catalogue import Instruments
from alliancekit.store import readers, series, webhooks
from alliancekit.store.database import Database
from alliancekit.store.series import SeriesSession
from alliancekit.store.sessions import Session, read_session


class Review:
    """Asks the plugins what they make of a session and stores what they say.

    Only responses that the therapist may see go in: a signal or a piece of guidance must not give away what a
    client kept private.
    """

    def __init__(
        self,
        database: Database,
        hooks: Hooks,
        instruments: Instruments,
        *,
        updated: Callable[[str, str], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._hooks = hooks
        self._scales = instruments.scales()
        self._updated = updated
        self._clock = clock

    async def collect_scores(self, row: Session, event: events.FeedbackCaptured) -> tuple[Score, ...]:
        """Scores that plugins add to a response; stored under their names."""
        outcomes = await self._hooks.score_alliance(event)
        found = [
            (one.plugin, tuple(replace(score, plugin=one.plugin) for score in one.value or ()))
            for one in outcomes
            if one.status == "ok"
        ]

        def store(conn: Connection) -> None:
            for _, scores in found:
                series.add_scores(conn, row.tenant, event.response.id, scores)
            self._note_failures(conn, row, "score_alliance", outcomes)

        await self._database.write(store)
        return tuple(score for _, scores in found for score in scores)

    async def run(self, row: Session, *, told: Set[tuple[str, ...]] = frozenset()) -> None:
        """Signals, then guidance, for one session; of signals that are `told` nobody is told again."""
        everything = await self._database.read(
            lambda conn: series.read_series(conn, row.tenant, row.episode, answers=True)
        )
        seen = [one for one in visibility.for_therapist(everything) if one.session.number <= row.number]
        reader = await self._database.read(lambda conn: readers.of_episode(conn, row.tenant, row.episode))
        language = reader.language or "en"
        signals = await self._signals(row, seen, told, language)
        await self._guidance(row, seen[-1], signals, language)
        await self._updated(row.tenant, row.id)

    async def again(self, tenant: str, _: str, payload: Mapping[str, Any]) -> None:
        """Handle an outbox row: a client changed who sees an answer, and what is found in it changes."""
        row = await self._database.read(lambda conn: read_session(conn, tenant, payload["session"]))
        await self.run(row, told={tuple(one) for one in payload["told"]})

    async def _signals(
        self, row: Session, seen: Sequence[SeriesSession], told: Set[tuple[str, ...]], language: str
    ) -> tuple[Signal, ...]:
        base = self._base(row)
        *earlier, newest = (one.point() for one in seen)
        # A session that is not over can still be attended.
        newest = replace(newest, attended=newest.attended or seen[-1].session.status != "ended")
        points = (*earlier, newest)
        outcomes = await self._hooks.detect_signals(
            events.SeriesUpdated(
                **base,
                style=row.style,
                number=row.number,
                language=language,
                series=points,
                scales=self._scales,
            )
        )
        known = told | {_identity(signal) for _, signal in seen[-1].signals}

        def store(conn: Connection) -> None:
            for one in outcomes:
                if one.status == "ok":
                    series.replace_signals(
                        conn,
                        row.tenant,
                        row.id,
                        plugin=one.plugin,
                        signals=one.value or (),
                        now=self._clock(),
                    )
            self._note_failures(conn, row, "detect_signals", outcomes)
            for signal in new:
                key = "\0".join((row.id, *_identity(signal)))
                about = {"kind": signal.kind, "rule": signal.rule}
                webhooks.announce(conn, row, "signal.raised", key=key, data=about, now=self._clock())

        found = tuple(signal for one in outcomes if one.status == "ok" for signal in one.value or ())
        new = [signal for signal in found if _identity(signal) not in known]
        await self._database.write(store)
        for signal in new:
            await self._hooks.signal_raised(events.SignalRaised(**base, signal=signal))
        return found

    async def _guidance(
        self, row: Session, seen: SeriesSession, signals: tuple[Signal, ...], language: str
    ) -> None:
        outcomes = await self._hooks.suggest_guidance(
            events.GuidanceWanted(
                **self._base(row),
                style=row.style,
                number=row.number,
                language=language,
                responses=seen.responses,
                signals=signals,
                talk_balance=seen.talk_balance,
            )
        )

        def store(conn: Connection) -> None:
            for one in outcomes:
                if one.status == "ok":
                    series.replace_guidance(
                        conn, row.tenant, row.id, plugin=one.plugin, advice=one.value or (), now=self._clock()
                    )
            self._note_failures(conn, row, "suggest_guidance", outcomes)

        await self._database.write(store)

    def _note_failures(
        self,
        conn: Connection,
        row: Session,
        hook: str,
        outcomes: Sequence[
            Outcome[Sequence[Score]] | Outcome[Sequence[Signal]] | Outcome[Sequence[Guidance]]
        ],
    ) -> None:
        for one in outcomes:
            if one.status == "ok":
                series.clear_not_computed(conn, row.id, hook=hook, plugin=one.plugin)
            else:
                series.record_not_computed(
                    conn,
                    row.tenant,
                    row.id,
                    hook=hook,
                    plugin=one.plugin,
                    status=one.status,
                    now=self._clock(),
                )

    def _base(self, row: Session) -> dict[str, Any]:
        return {"tenant": row.tenant, "episode": row.episode, "session": row.id, "at": self._clock()}


def _identity(signal: Signal) -> tuple[str, ...]:
    return signal.kind, signal.rule, signal.instrument, signal.scale, signal.role
