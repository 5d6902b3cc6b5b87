"""Five plugins that misbehave in the ways the host must survive, and a good one beside them.

Each one misbehaves in `session_ended` and in `score_alliance`.
"""

import asyncio
import sys
import time

from alliancekit import events
from alliancekit.hookspecs import AllianceHooks, hookimpl

CLIENTS_WORDS = "I did not feel heard by Dr. Example"
"""What a careless plugin puts in its exception; it must appear nowhere."""

BLOCK_SECONDS = 0.8


class Misbehaving(AllianceHooks):
    async def misbehave(self) -> None:
        raise NotImplementedError

    @hookimpl
    async def session_ended(self, event: events.SessionEnded) -> None:
        await self.misbehave()

    @hookimpl
    async def score_alliance(self, event: events.FeedbackCaptured) -> list[events.Score]:
        await self.misbehave()
        return []


class Raising(Misbehaving):
    async def misbehave(self) -> None:
        raise ValueError(CLIENTS_WORDS)


class Hanging(Misbehaving):
    async def misbehave(self) -> None:
        await asyncio.Event().wait()


class Swallowing(Misbehaving):
    """Hangs, and swallows every cancellation."""

    async def misbehave(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue


class Blocking(Misbehaving):
    """Holds the event loop."""

    async def misbehave(self) -> None:
        time.sleep(BLOCK_SECONDS)  # noqa: ASYNC251


class Exiting(Misbehaving):
    async def misbehave(self) -> None:
        sys.exit(CLIENTS_WORDS)


class Good(AllianceHooks):
    """Takes a moment, so that it is still at work while the others misbehave."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    @hookimpl
    async def session_ended(self, event: events.SessionEnded) -> None:
        await asyncio.sleep(0.01)
        self.ended.append(event.session)

    @hookimpl
    async def score_alliance(self, event: events.FeedbackCaptured) -> list[events.Score]:
        await asyncio.sleep(0.01)
        return [
            events.Score(
                scale="good", value=1.0, minimum=0.0, maximum=1.0, percent=100.0, answered=1, items=1
            )
        ]


def bad_plugins() -> list[tuple[str, AllianceHooks]]:
    """The five, by name; the blocking one comes last so that all others are already at work."""
    return [
        ("raising", Raising()),
        ("hanging", Hanging()),
        ("swallowing", Swallowing()),
        ("exiting", Exiting()),
        ("blocking", Blocking()),
    ]


EXPECTED = {
    "raising": ("error", "ValueError"),
    "hanging": ("timeout", "TimeLimit"),
    "swallowing": ("timeout", "TimeLimit"),
    "exiting": ("error", "SystemExit"),
    "blocking": ("timeout", "EventLoopBlocked"),
}
"""Status and beginning of `error` for each, with the watchdog on."""
