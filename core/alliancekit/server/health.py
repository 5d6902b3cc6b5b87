"""What machines ask: is the process there, can it do its work, what did it count."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from alembic.runtime.migration import MigrationContext
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection, delete, insert

from alliancekit.errors import NotFoundError, StoreError
from alliancekit.metrics import CONTENT_TYPE, State
from alliancekit.server import auth
from alliancekit.service import Service
from alliancekit.store import migrate, outbox
from alliancekit.store.tables import adapter_count

router = APIRouter(include_in_schema=False)

FRESH: Final = 1.0
"""Seconds for which a look at the database holds: anybody may ask, and each look is a write."""

PATIENCE: Final = 3.0
"""Seconds that the database may take before it counts as not answering."""


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """The service can do its work; 503 with the reasons when not."""
    service = auth.backend_of(request).service
    problems = ["draining"] if service.draining else []
    for entry in service.plugins.report.entries:
        if entry.required and entry.status != "loaded":
            problems.append(f"the required plugin {entry.name} is {entry.status}")
    found = await _looked(request, service)
    if found is None:
        problems.append("the database does not answer, or takes no writes")
    else:
        if found.behind:
            problems.append("the database is not at this release's schema: alliancekit db upgrade")
        if found.work.late > service.settings.health.late_after:
            problems.append(f"queued work is {found.work.late:.0f} s late")
    body: dict[str, Any] = {"status": "not ready" if problems else "ready", "problems": problems}
    if found is not None:
        body["dead_work"] = found.work.dead
    return JSONResponse(body, 503 if problems else 200, {"Cache-Control": "no-store"})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """What was counted, for who has the token; without one in the settings there is no such page."""
    service = auth.backend_of(request).service
    token = service.metrics_token
    if token is None:
        raise NotFoundError("There is no such page: no token for metrics is configured.")
    if not hmac.compare_digest(auth.bearer(request).encode(), token.encode()):
        raise auth.MissingTokenError("This is not the token for metrics.", fix="See metrics.token.")
    found = await _looked(request, service)
    page = service.metrics.page((service.database.writes,), _states(service, found))
    return Response(page, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the database found; `behind`: it lacks a migration of this release."""

    at: float
    behind: bool
    work: outbox.Backlog


async def _looked(request: Request, service: Service) -> Look | None:
    """What the database says, at most `FRESH` seconds old; None when it does not answer or take writes."""
    known: Look | None = getattr(request.app.state, "look", None)
    now = service.clock()
    if known is not None and 0 <= now - known.at < FRESH:
        return known
    await asyncio.to_thread(_revisions)
    try:
        async with asyncio.timeout(PATIENCE):
            await service.database.write(_leave_no_trace)
            look = await service.database.read(lambda conn: _look(conn, now))
    except (StoreError, TimeoutError):
        return None
    request.app.state.look = look
    return look


def _leave_no_trace(conn: Connection) -> None:
    """A row that comes and goes in one transaction: it reaches the disk, and nothing stays."""
    probe = f"readyz:{secrets.token_hex(8)}"
    values = {"adapter": probe, "tenant": "", "what": "probe", "count": 0, "first_at": 0.0, "last_at": 0.0}
    conn.execute(insert(adapter_count).values(values))
    conn.execute(delete(adapter_count).where(adapter_count.c.adapter == probe))


def _look(conn: Connection, now: float) -> Look:
    revision = MigrationContext.configure(conn).get_current_revision()
    # A revision that this release does not know is a newer release's, with which it works.
    behind = revision is None or (revision in _revisions() and revision != migrate.head())
    return Look(at=now, behind=behind, work=outbox.backlog(conn, now))


@cache
def _revisions() -> frozenset[str]:
    return migrate.revisions()


def _states(service: Service, found: Look | None) -> Iterator[State]:
    yield State("live_connections", "Pages that are connected now.", (), {(): len(service.live)})
    yield State("draining", "1 while the service stops.", (), {(): int(service.draining)})
    yield State(
        "database_up", "Whether the database answers and takes writes.", (), {(): int(found is not None)}
    )
    if found is not None:
        work = found.work
        yield State("outbox_waiting", "Queued work that is due and not done.", (), {(): work.waiting})
        yield State("outbox_lag_seconds", "How late the oldest of it is.", (), {(): work.late})
        yield State("outbox_dead", "Queued work that was given up.", (), {(): work.dead})
    entries = service.plugins.report.entries
    calls: dict[tuple[str, ...], float] = {}
    for one in entries:
        if one.calls or one.skipped:
            calls[one.name, "ok"] = one.calls - one.failures
            calls[one.name, "error"] = one.failures - one.timeouts
            calls[one.name, "timeout"] = one.timeouts
            calls[one.name, "skipped"] = one.skipped
    yield State(
        "plugin_calls", "Calls of plugins, by how they ended.", ("plugin", "outcome"), calls, counts=True
    )
    up: dict[tuple[str, ...], float] = {
        (one.name,): float(one.status == "loaded") for one in entries if one.running or one.required
    }
    yield State("plugin_up", "Whether a plugin runs without trouble.", ("plugin",), up)
