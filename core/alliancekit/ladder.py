"""The delivery ladder: every way on which one prompt reaches its person, each attempt with its receipt.

In-call message and page bridge (adapters), the live channel of a connected page, the redirect after the call
(`/r/{link}?next=…`), at last a link that a plugin's channel sends. One prompt id on all of them: the first
answer closes it, and what was still planned is cancelled. Receipts are the rows of the table `delivery`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from alliancekit import sending
from alliancekit.adapters import PromptHint
from alliancekit.errors import RefusedError, StoreError
from alliancekit.feedback import AskPolicy
from alliancekit.live import LiveHub
from alliancekit.outbox import Handler
from alliancekit.plugins import PluginHost
from alliancekit.store import audit, prompts
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database
from alliancekit.store.prompts import DeliveryStatus, Prompt
from alliancekit.store.sessions import StoredParticipant

log = logging.getLogger("alliancekit.ladder")

TOGETHER: Final = 16
"""How many prompts are brought to people at the same time."""

PAUSES: Final = (60.0, 300.0, 1500.0, 7200.0)
"""Seconds before a link is tried again, by the number of attempts that failed; then it is given up."""

AGAIN: Final = 600.0
"""Seconds, at least, before a link is thought of again because its person looks at the questions."""

OWN_CHANNELS: Final = ("live", "page", "redirect")
"""Where pages of our own show a prompt: told by a hint, opened by a link, or on the way out of a call."""


class UnknownRungError(RefusedError):
    """A confirmation names a channel that does not exist."""

    status = 422
    slug = "unknown-channel"


@dataclass(frozen=True, slots=True)
class _Due:
    """A link that has to be sent now."""

    prompt: Prompt
    person: StoredParticipant


class Ladder:
    """Brings prompts to people and takes them back.

    Args:
        database: where prompts and receipts are.
        plugins: whose adapters and channels are used.
        live: the pages that are connected to this process.
        policy: when a link is sent, and through which channel.
        link_of: makes a participant's rating link; None while nothing serves it.
        clock: seconds since 1970 UTC.
    """

    def __init__(
        self,
        database: Database,
        plugins: PluginHost,
        live: LiveHub,
        policy: AskPolicy,
        *,
        link_of: Callable[[StoredParticipant], str | None],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._plugins = plugins
        self._live = live
        self._policy = policy
        self._link_of = link_of
        self._clock = clock
        self._on_the_way: set[str] = set()
        self._gate = asyncio.Semaphore(TOGETHER)

    def handlers(self) -> dict[str, Handler]:
        """Handler by kind of outbox row."""
        return {"link": self._link}

    # in the call ---------------------------------------------------------------------------------------

    async def deliver(self, hints: Sequence[PromptHint]) -> None:
        """Bring prompts to connected pages and into calls; a slow adapter delays nobody else's prompt."""
        self._on_the_way |= {hint.prompt for hint in hints}
        try:
            await asyncio.gather(*(self._deliver(hint) for hint in hints))
        finally:
            self._on_the_way -= {hint.prompt for hint in hints}

    async def deliver_once(self, hint: PromptHint) -> None:
        """Deliver a prompt that was never tried, because the service stopped right after it was made."""
        if hint.prompt in self._on_the_way:
            return
        made = await self._database.read(lambda conn: prompts.deliveries(conn, hint.prompt))
        if all(one.status == "planned" for one in made):
            await self.deliver([hint])

    async def _deliver(self, hint: PromptHint) -> None:
        async with self._gate:
            message = {
                "type": "prompt",
                "prompt": hint.prompt,
                "moment": hint.moment,
                "session": hint.session,
            }
            reached = self._live.hint([("participant", hint.participant)], message)
            await self._record(hint.prompt, {"live": "sent" if reached else "unreachable"})
            receipts: dict[str, DeliveryStatus] = {}
            for outcome in await self._plugins.hooks.deliver(hint):
                name = outcome.hook.rpartition(".")[0]
                if outcome.status != "ok":
                    receipts[name] = "failed"
                elif outcome.value is not None:
                    receipts[name] = "sent" if outcome.value else "unreachable"
            await self._record(hint.prompt, receipts)

    async def _record(self, prompt: str, receipts: Mapping[str, DeliveryStatus]) -> None:
        """Store receipts; that one is lost must not keep a prompt from anybody."""
        if not receipts:
            return
        now = self._clock()

        def work(conn: Connection) -> None:
            tenant = prompts.tenant_of_prompt(conn, prompt)
            for channel, status in receipts.items() if tenant is not None else ():
                prompts.record_delivery(conn, str(tenant), prompt, channel=channel, status=status, now=now)

        try:
            await self._database.write(work)
        except StoreError as error:
            log.warning("a receipt was not stored: %s", type(error).__name__)

    async def withdraw(self, participant: str, prompt: str) -> None:
        """Take a prompt off every page and out of every call; a closed one needs no link either."""
        self._live.hint([("participant", participant)], {"type": "prompt_closed", "prompt": prompt})

        def waiting(conn: Connection) -> bool:
            return bool(prompts.planned(prompts.deliveries(conn, prompt))) and prompts.closed(conn, prompt)

        if await self._database.read(waiting):
            await self._database.write(lambda conn: prompts.cancel_planned(conn, prompt, self._clock()))
        await self._plugins.hooks.withdraw(prompt)

    async def seen(self, tenant: str, prompt: str, channel: str) -> None:
        """Record, once per channel, that a person's page confirmed that it has a prompt.

        Raises:
            UnknownRungError: there is no such channel.
        """
        known = {*OWN_CHANNELS, *(one.name for one in self._plugins.adapters)}
        if channel not in known:
            raise UnknownRungError(
                "There is no such channel; nothing was recorded.",
                fix="Name the adapter that brought the prompt, or one of live, page and redirect.",
            )
        now = self._clock()
        await self._database.write(
            lambda conn: prompts.record_seen(conn, tenant, prompt, channel=channel, now=now)
        )

    # the link ------------------------------------------------------------------------------------------

    async def _link(self, tenant: str, _: str, payload: Mapping[str, Any]) -> None:
        """Send the link of a prompt that nobody answered; at most once, whatever stops in between."""
        prompt, channel, attempt = payload["prompt"], payload["channel"], int(payload["attempt"])
        take = partial(self._take, tenant=tenant, prompt=prompt, channel=channel, attempt=attempt)
        due = await self._database.write(take)
        if due is None:
            return
        failure = await self._hand_over(due, channel)
        end = partial(self._end, due=due, channel=channel, attempt=attempt, failure=failure)
        await self._database.write(end)
        if failure:
            log.warning("the channel %s did not take a link (%s), attempt %d", channel, failure, attempt)

    def _take(self, conn: Connection, *, tenant: str, prompt: str, channel: str, attempt: int) -> _Due | None:
        """What has to be sent now, noted as being sent; None when nothing has."""
        now = self._clock()
        found = prompts.hold_prompt(conn, tenant, prompt)
        made = prompts.deliveries(conn, prompt)
        at = prompts.planned(made).get(channel)
        person = None if found is None else rows.read_participant(conn, found.participant)
        if found is None or person is None or at is None or at > now:
            return None
        sent = any(one.status == "sent" and one.channel in self._plugins.channels for one in made)
        if found.status != "open" or found.expired(now) or sent:
            prompts.cancel_planned(conn, prompt, now)
            return None
        later = self._later(found, made, now)
        if later is not None:
            prompts.plan_link(conn, found, channel=channel, attempt=attempt, at=later, now=now)
            return None
        prompts.begin_delivery(conn, tenant, prompt, channel=channel, now=now)
        return _Due(found, person)

    def _later(self, found: Prompt, made: Sequence[prompts.Delivery], now: float) -> float | None:
        """When to think of it again: they said *later*, or have the questions before them right now."""
        if found.postponed_until is not None and found.postponed_until > now:
            return found.postponed_until
        looking = self._live.connected(("participant", found.participant))
        if looking and any(one.status == "seen" for one in made):
            return now + max(self._policy.link_after or 0.0, AGAIN)
        return None

    async def _hand_over(self, due: _Due, channel: str) -> str:
        """Why the channel did not take the link; empty when it did."""
        link = self._link_of(due.person)
        if not link:
            return "there is no public address"
        return await sending.hand_over(self._plugins, channel, due.prompt, due.person, link)

    def _end(self, conn: Connection, *, due: _Due, channel: str, attempt: int, failure: str) -> None:
        """The receipt of an attempt, and the next attempt if it failed and is not the last."""
        now = self._clock()
        tenant, prompt = due.prompt.tenant, due.prompt.id
        status: DeliveryStatus = "failed" if failure else "sent"
        found = prompts.hold_prompt(conn, tenant, prompt)
        if found is None:
            return
        prompts.end_delivery(conn, tenant, prompt, channel=channel, status=status, now=now)
        details = {"channel": channel}
        audit.append(
            conn,
            tenant=tenant,
            actor="service",
            action=f"prompt.{status}",
            object=prompt,
            details=details,
            now=now,
        )
        if failure and attempt <= len(PAUSES) and found.status == "open":
            at = now + PAUSES[attempt - 1]
            prompts.plan_link(conn, found, channel=channel, attempt=attempt + 1, at=at, now=now)
