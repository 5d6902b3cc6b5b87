"""All bridged pages of this process: reports in, facts about presence and speaking times out."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    PromptHint,
    Route,
    RouteReply,
    RouteRequest,
)
from alliancekit.errors import AllianceKitError
from alliancekit.sessions import Fact, Gone, Present
from alliancekit_bridge.report import Report, connection_key, facts_of, spans_of
from alliancekit_bridge.room import Room
from alliancekit_bridge.script import etag, script
from alliancekit_bridge.settings import BridgeSettings

logger = logging.getLogger(__name__)

MAX_BODY = 16 * 1024

PROBLEMS = "https://alliancekit.invalid/problems/"
"""Problem types are names, not addresses to open; `.invalid` never resolves (RFC 6761)."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the call, and when its participant was last known to be there."""

    tenant: str
    session: str
    participant: str
    seen_at: float


class BridgeAdapter(Adapter):
    """Takes what pages report about their own participants.

    The page hears of prompts by the element's own live channel; this adapter knows whether there is a page in
    the call to hear it. Trust is a participant's bearer token: it says who speaks, and signs no body.

    Args:
        settings: the site's.
        clock: seconds since 1970 UTC.
    """

    name = "bridge"
    title = "A script in your own page"
    capabilities = Capabilities(
        in_call_prompts=True,
        presence=True,
        talk_balance=True,
        identity=True,
        trust="static_token",
        acknowledged=True,
        bridge=True,
    )

    def __init__(self, settings: BridgeSettings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self._host: AdapterHost | None = None
        self._pages: dict[str, Page] = {}
        self._rooms: dict[tuple[str, str], Room] = {}
        self._watching: asyncio.Task[None] | None = None

    @override
    async def start(self, host: AdapterHost) -> None:
        self._host = host
        self._watching = asyncio.create_task(self._watch())

    @override
    async def stop(self) -> None:
        """End; nobody is said to have left, for their pages go on and report to the next process."""
        self._host = None
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._pages.clear()
        self._rooms.clear()

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        since = self.clock() - self.settings.lost_after
        return any(
            page.participant == hint.participant and page.seen_at >= since for page in self._pages.values()
        )

    def routes(self) -> Sequence[Route]:
        """Return the adapter's HTTP routes."""
        return (
            Route(method="POST", path="report", handler=self.report, max_body=MAX_BODY),
            Route(method="GET", path="bridge.js", handler=self.bridge_js, auth="none"),
        )

    # HTTP ----------------------------------------------------------------------------------------------

    async def bridge_js(self, request: RouteRequest) -> RouteReply:
        """Serve the page's script as an ES module."""
        headers = {
            "ETag": etag(),
            "Cache-Control": "public, max-age=300",
            # A vendor's page on another origin imports it, which needs CORS.
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        known = {
            one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")
        }
        if known & {headers["ETag"], "*"}:
            return RouteReply(status=304, content_type="", headers=headers)
        return RouteReply(body=script(), content_type="text/javascript; charset=utf-8", headers=headers)

    async def report(self, request: RouteRequest) -> RouteReply:
        """Take a `Report`: 204, or a problem and nothing was changed.

        Raises:
            StoreError: the database failed; the page sends it again.
            NotFoundError: there is no such session any more.
        """
        caller, person, host = request.caller, request.caller.participant, self._host
        if host is None:
            return problem(503, "not-ready", "The adapter is not running. Try again in a few seconds.")
        if person is None:
            return problem(403, "not-allowed", "A report needs a participant's token.")
        try:
            report = Report.model_validate_json(request.body)
        except ValidationError:
            return problem(400, "malformed", "The body is not a report of bridge.js; nothing was changed.")
        now = self.clock()
        room = self._rooms.setdefault((caller.tenant, caller.session), Room())
        room.seen_at = now
        known = room.connections.setdefault(person.id, set())
        if report.connection not in known and len(known) >= self.settings.max_connections:
            return problem(429, "too-many", "This participant joined too often; nothing was changed.")
        known.add(report.connection)
        key = connection_key(person.id, report.connection)
        room.heed(person, consent=report.consent)
        spans = spans_of(report, person, now)
        # What was spoken comes before the leaving that may end the session.
        if spans and room.may_listen and self.settings.talk_balance and person.role != "observer":
            await host.heard(caller.tenant, caller.session, room.add(spans))
        before = self._pages.get(key)
        facts = facts_of(report, person, key, now, heard=before.seen_at if before else None)
        if facts:
            await host.report(caller.tenant, caller.session, facts)
            self._remember(key, Page(caller.tenant, caller.session, person.id, now), facts)
        return RouteReply(status=204, headers={"Cache-Control": "no-store"})

    def _remember(self, key: str, page: Page, facts: Sequence[Fact]) -> None:
        """Know a page while its participant is there, by the latest time that is told."""
        last = facts[-1]
        if not isinstance(last, Present):
            self._pages.pop(key, None)
            return
        before = self._pages.get(key)
        seen_at = last.at if before is None else max(last.at, before.seen_at)
        self._pages[key] = replace(page, seen_at=seen_at)

    # Inside --------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Notice pages that fell silent; they were lost when they were last heard of."""
        while True:
            await asyncio.sleep(self.settings.watch_seconds)
            await self.look()

    async def look(self) -> None:
        """Report every page that has been silent for too long, and forget sessions that are long over."""
        now = self.clock()
        for key, page in [*self._pages.items()]:
            if now - page.seen_at < self.settings.lost_after or self._host is None:
                continue
            gone = Gone(connection=key, participant=page.participant, at=page.seen_at, how="dropped")
            try:
                await self._host.report(page.tenant, page.session, (gone,))
            except AllianceKitError as error:
                logger.warning("a lost page is not reported, trying again: %s", type(error).__name__)
                continue
            if self._pages.get(key) == page:
                del self._pages[key]
        for session, room in [*self._rooms.items()]:
            if now - room.seen_at > self.settings.keep_seconds:
                del self._rooms[session]


def problem(status: int, slug: str, detail: str) -> RouteReply:
    """Make a problem reply (RFC 9457)."""
    title = slug.replace("-", " ").capitalize()
    body = {
        "type": f"https://alliancekit.invalid/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    return RouteReply(body=json.dumps(body).encode(), status=status, content_type="application/problem+json")
