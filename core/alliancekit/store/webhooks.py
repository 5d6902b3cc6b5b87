"""What vendors are told: their endpoints, the messages, and what became of each attempt."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from alliancekit.store.compiled import insert_new
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.sessions import Episode, Session
from alliancekit.store.tables import session, webhook_attempt, webhook_endpoint, webhook_message
from alliancekit.store.text import dump, load, new_id

Kind = Literal[
    "session.ended",
    "session.rated",
    "signal.raised",
    "client.erasure_requested",
    "client.erasure_withdrawn",
]
"""What a vendor can be told."""

Outcome = Literal[
    "delivered", "refused", "redirected", "gone", "busy", "unreachable", "too_slow", "forbidden"
]
"""How an attempt ended.

`delivered`: 2xx. `gone`: 410. `busy`: 429 or 503. `redirected`: 3xx. `refused`: any other status.
`unreachable`: no connection. `too_slow`: no answer in time. `forbidden`: the address is private.
"""

KEPT_SECRETS = 2
"""A new secret signs beside the one before it, so that the receiver can change over without loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a vendor wants to be told of which events; `secrets` (`whsec_…`) all sign, the newest first."""

    id: str
    tenant: str
    url: str
    events: tuple[Kind, ...]
    secrets: tuple[str, ...] = field(repr=False)
    created_at: float
    disabled_at: float | None = None
    disabled_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing that vendors are told, the same for every endpoint and every attempt."""

    id: str
    tenant: str
    type: Kind
    body: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to deliver a message; `next_at` is when the next will be made, None when there is none."""

    message: str
    endpoint: str
    number: int
    outcome: Outcome
    status: int | None
    at: float
    next_at: float | None


def new_secret() -> str:
    """A signing secret: 32 random bytes, in the form of the Standard Webhooks specification."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def add_endpoint(conn: Connection, tenant: str, url: str, events: Sequence[Kind], now: float) -> Endpoint:
    """Store an endpoint with a new secret."""
    made = Endpoint(
        id=new_id("whk"),
        tenant=tenant,
        url=url,
        events=tuple(dict.fromkeys(events)),
        secrets=(new_secret(),),
        created_at=now,
    )
    values = {
        "id": made.id,
        "tenant": tenant,
        "url": url,
        "events": dump(made.events),
        "secrets": dump(made.secrets),
        "created_at": now,
    }
    conn.execute(insert(webhook_endpoint).values(values))
    return made


def endpoints(conn: Connection, tenant: str) -> tuple[Endpoint, ...]:
    """Return a tenant's endpoints, oldest first."""
    query = select(webhook_endpoint).where(webhook_endpoint.c.tenant == tenant)
    query = query.order_by(webhook_endpoint.c.created_at, webhook_endpoint.c.id)
    return tuple(_endpoint(row) for row in conn.execute(query).mappings())


def read_endpoint(conn: Connection, tenant: str, endpoint: str) -> Endpoint | None:
    """Return one endpoint of this tenant."""
    query = select(webhook_endpoint).where(
        webhook_endpoint.c.id == endpoint, webhook_endpoint.c.tenant == tenant
    )
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else _endpoint(row)


def remove_endpoint(conn: Connection, tenant: str, endpoint: str) -> bool:
    """Delete an endpoint with the record of its attempts; False if this tenant has no such endpoint."""
    here = (webhook_endpoint.c.id == endpoint) & (webhook_endpoint.c.tenant == tenant)
    conn.execute(
        delete(webhook_attempt).where(
            webhook_attempt.c.endpoint == endpoint, webhook_attempt.c.tenant == tenant
        )
    )
    return conn.execute(delete(webhook_endpoint).where(here)).rowcount == 1


def rotate_secret(conn: Connection, one: Endpoint) -> str:
    """Give an endpoint a new secret and return it; the one before it signs as well until the next change."""
    made = new_secret()
    kept = (made, *one.secrets)[:KEPT_SECRETS]
    query = update(webhook_endpoint).where(webhook_endpoint.c.id == one.id)
    conn.execute(query.values(secrets=dump(kept)))
    return made


def disable(conn: Connection, endpoint: str, reason: str, now: float) -> bool:
    """Send nothing more to an endpoint; False if it was disabled already."""
    query = update(webhook_endpoint).where(
        webhook_endpoint.c.id == endpoint, webhook_endpoint.c.disabled_at.is_(None)
    )
    return conn.execute(query.values(disabled_at=now, disabled_reason=reason)).rowcount == 1


def enable(conn: Connection, tenant: str, endpoint: str) -> bool:
    """Send to an endpoint again, from the next event on; False if this tenant has no such endpoint."""
    here = (webhook_endpoint.c.id == endpoint) & (webhook_endpoint.c.tenant == tenant)
    query = update(webhook_endpoint).where(here).values(disabled_at=None, disabled_reason=None)
    return conn.execute(query).rowcount == 1


def announce(
    conn: Connection, about: Session, kind: Kind, *, key: str, data: Mapping[str, Any], now: float
) -> None:
    """Tell every endpoint that wants to know, in the caller's transaction; a repetition tells nobody.

    Args:
        conn: the caller's transaction.
        about: in which session it happened; its ids go along.
        kind: what happened.
        key: what makes this event one event: the same key is told once.
        data: further identifiers and states, never an answer, a score or a free text.
        now: seconds since 1970 UTC.
    """
    named = {"session": about.id, "external_id": about.external_id, "episode": about.episode}
    _tell(conn, about.tenant, about.id, kind, key=key, data=named | dict(data), now=now)


def announce_of_episode(
    conn: Connection, about: Episode, kind: Kind, *, key: str, data: Mapping[str, Any], now: float
) -> None:
    """Tell every endpoint that wants to know something of a whole course, named by its own ids.

    A message is kept with a session, so that it goes with the course: nothing is told of one without any.
    """
    newest = select(session.c.id).where(session.c.episode == about.id).order_by(session.c.number.desc())
    kept_with = conn.execute(newest.limit(1)).scalar()
    named = {"episode": about.id, "external_id": about.external_id}
    if kept_with is not None:
        _tell(conn, about.tenant, kept_with, kind, key=key, data=named | dict(data), now=now)


def _tell(
    conn: Connection,
    tenant: str,
    session_id: str,
    kind: Kind,
    *,
    key: str,
    data: Mapping[str, Any],
    now: float,
) -> None:
    wanted = [one for one in endpoints(conn, tenant) if kind in one.events and one.disabled_at is None]
    if not wanted:
        return
    digest = hashlib.sha256(f"{tenant}\0{kind}\0{key}".encode()).digest()
    message = f"msg_{base64.b32encode(digest)[:26].decode().lower()}"
    when = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = dump({"type": kind, "timestamp": when, "data": data})
    values = {"id": message, "tenant": tenant, "type": kind, "session": session_id, "body": body, "at": now}
    if insert_new(conn, webhook_message, values):
        for one in wanted:
            queue(conn, tenant, message, one.id, number=1, at=now, now=now)


def queue(
    conn: Connection,
    tenant: str,
    message: str,
    endpoint: str,
    *,
    number: int,
    at: float,
    now: float,
    again: bool = False,
) -> None:
    """Queue the `number`-th attempt to deliver a message to an endpoint; `again` although it was taken."""
    payload = {"message": message, "endpoint": endpoint, "number": number, "again": again}
    work = Work(lane=f"{endpoint}:{message}", kind="webhook", payload=payload, due_at=at)
    add_work(conn, tenant, [work], now)


def read_message(conn: Connection, tenant: str, message: str) -> Message | None:
    """Return one message of this tenant."""
    columns = (webhook_message.c[name] for name in Message.__dataclass_fields__)
    query = select(*columns).where(webhook_message.c.id == message, webhook_message.c.tenant == tenant)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Message(**row)


def messages_since(conn: Connection, tenant: str, since: float) -> tuple[Message, ...]:
    """Return a tenant's messages from a time on, oldest first."""
    columns = (webhook_message.c[name] for name in Message.__dataclass_fields__)
    query = select(*columns).where(webhook_message.c.tenant == tenant, webhook_message.c.at >= since)
    rows = conn.execute(query.order_by(webhook_message.c.at, webhook_message.c.id)).mappings()
    return tuple(Message(**row) for row in rows)


def record(conn: Connection, tenant: str, one: Attempt) -> None:
    """Note how an attempt ended; a repetition after a crash replaces nothing and is noted as well."""
    values = {name: getattr(one, name) for name in Attempt.__dataclass_fields__}
    conn.execute(insert(webhook_attempt).values(tenant=tenant, **values))


def attempts(conn: Connection, tenant: str, endpoint: str, *, limit: int = 20) -> tuple[Attempt, ...]:
    """Return the latest attempts at an endpoint, the newest first."""
    columns = (webhook_attempt.c[name] for name in Attempt.__dataclass_fields__)
    query = select(*columns).where(webhook_attempt.c.endpoint == endpoint, webhook_attempt.c.tenant == tenant)
    rows = conn.execute(query.order_by(webhook_attempt.c.id.desc()).limit(limit)).mappings()
    return tuple(Attempt(**row) for row in rows)


def was_delivered(conn: Connection, message: str, endpoint: str) -> bool:
    """Return whether an endpoint took a message."""
    query = select(func.count()).where(
        webhook_attempt.c.message == message,
        webhook_attempt.c.endpoint == endpoint,
        webhook_attempt.c.outcome == "delivered",
    )
    return bool(conn.execute(query).scalar_one())


def _endpoint(row: Mapping[Any, Any]) -> Endpoint:
    return Endpoint(**{**row, "events": tuple(load(row["events"])), "secrets": tuple(load(row["secrets"]))})
