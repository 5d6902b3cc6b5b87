"""The rows of durable work: put in with the change that causes them, claimed, completed, kept when dead.

Within a lane rows run strictly in the order of their ids. A row that waits for its first due time holds up
nobody; a row that failed and waits for its retry holds up its lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from alliancekit.store.compiled import Prepared, insert_all
from alliancekit.store.tables import outbox
from alliancekit.store.text import dump, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Work to be done after the commit, at the earliest at `due_at` (seconds since 1970 UTC; None: at once).

    `payload` holds identifiers, never answers: it may be shown to operators.
    """

    lane: str
    kind: str
    payload: Mapping[str, Any]
    due_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the outbox; `attempts` counts the claims so far, the present one included."""

    id: int
    tenant: str
    lane: str
    kind: str
    payload: Mapping[str, Any]
    created_at: float
    due_at: float
    attempts: int
    last_error: str | None = None
    dead_at: float | None = None


_insert = Prepared(insert_all(outbox, without="id"))
_lane_lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:lane, 0))")


def enqueue(
    conn: Connection,
    tenant: str,
    lane: str,
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: float,
    due_at: float | None = None,
) -> None:
    """Add one row in the caller's transaction; `Relay.wake` after the commit makes it run at once.

    Args:
        conn: the caller's transaction.
        tenant: whose work.
        lane: rows of one lane run one after the other; for most work the session's id.
        kind: which handler runs it.
        payload: what the handler needs, as JSON; identifiers, never answers.
        now: seconds since 1970 UTC.
        due_at: not before this time; at once if None.
    """
    add_work(conn, tenant, [Work(lane=lane, kind=kind, payload=payload, due_at=due_at)], now)


def add_work(conn: Connection, tenant: str, work: Sequence[Work], now: float) -> None:
    """Add several rows, in this order."""
    if conn.dialect.name == "postgresql":
        # Ids are handed out before the commit: without this, a later id of the lane could be seen first.
        for lane in sorted({one.lane for one in work}):
            conn.execute(_lane_lock, {"lane": f"{tenant} {lane}"})
    for one in work:
        _insert.run(
            conn,
            {
                "tenant": tenant,
                "lane": one.lane,
                "kind": one.kind,
                "payload": dump(one.payload),
                "created_at": now,
                "due_at": now if one.due_at is None else one.due_at,
                "attempts": 0,
                "leased_until": None,
                "lease": None,
                "done_at": None,
                "dead_at": None,
                "last_error": None,
            },
        )


_unfinished = and_(outbox.c.done_at.is_(None), outbox.c.dead_at.is_(None))


_SHOWN = tuple(Row.__dataclass_fields__)


def _claimable(_: Connection) -> Select[Any]:
    earlier = outbox.alias("earlier")
    now: BindParameter[float] = bindparam("now")
    blocked = exists().where(
        earlier.c.tenant == outbox.c.tenant,
        earlier.c.lane == outbox.c.lane,
        earlier.c.done_at.is_(None),
        earlier.c.dead_at.is_(None),
        earlier.c.id < outbox.c.id,
        or_(earlier.c.attempts > 0, earlier.c.due_at <= now),
    )
    free = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)
    columns = (outbox.c[name] for name in _SHOWN)
    query = select(*columns).where(_unfinished, outbox.c.due_at <= now, free, ~blocked)
    # In the order of the index `ix_outbox_waiting`: whatever waits, only the first rows are looked at.
    query = query.order_by(outbox.c.due_at, outbox.c.id)
    return query.limit(bindparam("limit")).with_for_update(skip_locked=True)


_find = Prepared(_claimable)
_lease = Prepared(
    lambda _: (
        update(outbox)
        .where(outbox.c.id == bindparam("row"))
        .values(lease=bindparam("token"), leased_until=bindparam("until"), attempts=outbox.c.attempts + 1)
    )
)


def claim(conn: Connection, *, lease: str, now: float, until: float, limit: int) -> tuple[Row, ...]:
    """Lease the first due row of up to `limit` lanes to the holder of the token `lease` until `until`."""
    found = _find.run(conn, {"now": now, "limit": limit}).fetchall()
    rows = [_row(dict(zip(_SHOWN, one, strict=True))) for one in found]
    _lease.run_many(conn, [{"row": row.id, "token": lease, "until": until} for row in rows])
    return tuple(replace(row, attempts=row.attempts + 1) for row in rows)


_done = Prepared(
    lambda conn: (
        update(outbox)
        .where(outbox.c.id == bindparam("row"), outbox.c.lease == bindparam("token"))
        .values(done_at=bindparam("now"), lease=bindparam("no_lease"), leased_until=bindparam("no_time"))
    )
)


def complete(conn: Connection, row: int, *, lease: str, now: float) -> bool:
    """Mark a row as done; False if the lease was lost meanwhile: somebody else answers for it now."""
    values = {"row": row, "token": lease, "now": now, "no_lease": None, "no_time": None}
    return bool(_done.run(conn, values).rowcount == 1)


def fail(conn: Connection, row: int, *, lease: str, error: str, retry_at: float | None, now: float) -> bool:
    """Put a row back until `retry_at`, or among the dead if that is None; False if the lease was lost.

    `error` is the name of an exception class, never its text.
    """
    values: dict[str, Any] = {"lease": None, "leased_until": None, "last_error": error}
    values |= {"dead_at": now} if retry_at is None else {"due_at": retry_at}
    query = update(outbox).where(outbox.c.id == row, outbox.c.lease == lease).values(values)
    return conn.execute(query).rowcount == 1


def release(conn: Connection, *, lease: str | None = None) -> int:
    """Give back every lease of one token, or every lease there is; the rows' attempts stay counted.

    Args:
        conn: the caller's transaction.
        lease: whose leases; None, at the start of the only process there can be (SQLite), means all.
    """
    held = outbox.c.lease.is_not(None) if lease is None else outbox.c.lease == lease
    query = update(outbox).where(_unfinished, held).values(lease=None, leased_until=None)
    return conn.execute(query).rowcount


def dead(conn: Connection, tenant: str | None = None, *, limit: int = 500) -> tuple[Row, ...]:
    """Return the rows that were given up, oldest first; of one tenant, or of all."""
    query = select(outbox).where(outbox.c.dead_at.is_not(None))
    if tenant is not None:
        query = query.where(outbox.c.tenant == tenant)
    return tuple(_row(row) for row in conn.execute(query.order_by(outbox.c.id).limit(limit)).mappings())


def revive(conn: Connection, row: int, now: float) -> bool:
    """Give a dead row all its attempts again, from now on; False if there is no such dead row."""
    query = update(outbox).where(outbox.c.id == row, outbox.c.dead_at.is_not(None))
    return conn.execute(query.values(dead_at=None, attempts=0, due_at=now)).rowcount == 1


def lag(conn: Connection, now: float) -> float:
    """Return for how many seconds the oldest due row has waited; 0.0 if nothing is due."""
    oldest = conn.execute(
        select(func.min(outbox.c.due_at)).where(_unfinished, outbox.c.due_at <= now)
    ).scalar()
    return 0.0 if oldest is None else max(0.0, now - float(oldest))


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is queued: due and not done, how late the oldest of it is (seconds), and given up."""

    waiting: int
    late: float
    dead: int


def backlog(conn: Connection, now: float) -> Backlog:
    """Return what is queued at this time."""
    due = select(func.count()).where(_unfinished, outbox.c.due_at <= now)
    given_up = select(func.count()).where(outbox.c.dead_at.is_not(None))
    return Backlog(
        waiting=conn.execute(due).scalar_one(),
        late=lag(conn, now),
        dead=conn.execute(given_up).scalar_one(),
    )


def pending(conn: Connection, tenant: str, lane: str, now: float) -> bool:
    """Return whether a lane has due work that is neither done nor given up."""
    query = select(outbox.c.id).where(
        outbox.c.tenant == tenant, outbox.c.lane == lane, _unfinished, outbox.c.due_at <= now
    )
    return conn.execute(query.limit(1)).scalar() is not None


def prune(conn: Connection, *, before: float, limit: int = 1000) -> int:
    """Delete up to `limit` rows that were done before a time; the dead stay. Returns how many."""
    old = select(outbox.c.id).where(outbox.c.done_at < before, outbox.c.dead_at.is_(None)).limit(limit)
    return conn.execute(delete(outbox).where(outbox.c.id.in_(old))).rowcount


def _row(values: Mapping[Any, Any]) -> Row:
    chosen = {name: values[name] for name in _SHOWN}
    if isinstance(chosen["payload"], str):
        chosen["payload"] = load(chosen["payload"])
    return Row(**chosen)
