"""How often what came of what platforms said: kept over restarts, added up over processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from alliancekit.store.compiled import insert_into
from alliancekit.store.tables import adapter_count, tenant

Key = tuple[str, str, str]
"""Adapter, tenant and what; the tenant is empty where nobody can be told whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often, and when for the first and the last time; seconds since 1970 UTC."""

    count: int
    first_at: float
    last_at: float

    def __add__(self, other: Count) -> Count:
        return Count(
            count=self.count + other.count,
            first_at=min(self.first_at, other.first_at),
            last_at=max(self.last_at, other.last_at),
        )


def add_counts(conn: Connection, more: Mapping[Key, Count]) -> None:
    """Add to what is stored."""
    old = adapter_count.c
    for (adapter, whose, what), one in sorted(more.items()):
        insert = insert_into(conn, adapter_count).values(
            adapter=adapter,
            tenant=whose,
            what=what,
            count=one.count,
            first_at=one.first_at,
            last_at=one.last_at,
        )
        new = insert.excluded
        changes = {
            "count": old.count + new.count,
            "first_at": case((new.first_at < old.first_at, new.first_at), else_=old.first_at),
            "last_at": case((new.last_at > old.last_at, new.last_at), else_=old.last_at),
        }
        key = [old.adapter, old.tenant, old.what]
        conn.execute(insert.on_conflict_do_update(index_elements=key, set_=changes))


def read_counts(conn: Connection) -> dict[Key, Count]:
    """Return all that is stored."""
    return {
        (row.adapter, row.tenant, row.what): Count(count=row[3], first_at=row.first_at, last_at=row.last_at)
        for row in conn.execute(
            select(
                adapter_count.c.adapter,
                adapter_count.c.tenant,
                adapter_count.c.what,
                adapter_count.c.count,
                adapter_count.c.first_at,
                adapter_count.c.last_at,
            )
        )
    }


def alone(conn: Connection) -> bool:
    """Return whether there is only one tenant, so that whatever is nobody's is its own."""
    return (conn.execute(select(func.count()).select_from(tenant)).scalar() or 0) <= 1
