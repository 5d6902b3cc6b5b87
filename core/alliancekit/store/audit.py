"""The audit entries: who did what to which object, when. Rows are only ever added.

Triggers, made by the first migration, refuse UPDATE and DELETE on both dialects. `details` holds identifiers
and counts, never an answer, a free text or a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from alliancekit.store.compiled import Prepared, insert_all
from alliancekit.store.tables import audit
from alliancekit.store.text import dump, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One audit entry; `at` in seconds since 1970 UTC; `seq` grows and is never used twice."""

    seq: int
    tenant: str
    at: float
    actor: str
    action: str
    object: str
    details: Mapping[str, Any]


_insert = Prepared(insert_all(audit, without="seq"))


def append(
    conn: Connection,
    *,
    tenant: str,
    actor: str,
    action: str,
    object: str,
    details: Mapping[str, Any],
    now: float,
) -> None:
    """Add one entry in the caller's transaction.

    Args:
        conn: the caller's transaction.
        tenant: whose entry.
        actor: who acted: an identifier (`par_…`, a key's id) or the name of a part of the host.
        action: what was done, `noun.verb` (`response.stored`).
        object: the identifier of what it was done to.
        details: identifiers and counts.
        now: seconds since 1970 UTC.
    """
    _insert.run(
        conn,
        {
            "tenant": tenant,
            "at": now,
            "actor": actor,
            "action": action,
            "object": object,
            "details": dump(details),
        },
    )


def entries(conn: Connection, tenant: str, *, after: int = 0, limit: int = 500) -> tuple[Entry, ...]:
    """Return a tenant's entries with a `seq` above `after`, oldest first."""
    query = select(audit).where(audit.c.tenant == tenant, audit.c.seq > after)
    rows = conn.execute(query.order_by(audit.c.seq).limit(limit)).mappings()
    return tuple(Entry(**{**row, "details": load(row["details"])}) for row in rows)
