"""Tenants and the keys that their back ends send."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from alliancekit.errors import NotFoundError
from alliancekit.store.compiled import insert_new
from alliancekit.store.tables import (
    account,
    audit,
    episode,
    metadata,
    outbox,
    plugin_data,
    session,
    spent_token,
    tenant,
    tenant_key,
)
from alliancekit.store.text import dump, load, new_id

DELETED: Final = ""
"""The name of a tenant that was deleted: its row stays, since audit entries refer to it."""


Layout = Literal["card", "steps"]
"""All questions of a prompt on one card, or one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One vendor customer with its settings."""

    id: str
    name: str
    settings: Mapping[str, Any]
    created_at: float

    @property
    def layout(self) -> Layout:
        """How its prompts are shown: `card`, unless it chose `steps`."""
        return "steps" if self.settings.get("layout") == "steps" else "card"


def create_tenant(conn: Connection, name: str, now: float, *, with_key: bool = True) -> tuple[str, str]:
    """Store a tenant with its first key; returns (tenant id, key). The key can never be read again.

    Without a key, the second is empty.
    """
    tenant_id = new_id("ten")
    conn.execute(insert(tenant).values(id=tenant_id, name=name, settings="{}", created_at=now))
    return tenant_id, add_key(conn, tenant_id, now)[1] if with_key else ""


def only_tenant(conn: Connection, wanted: str | None = None) -> str:
    """Return the id of the wanted tenant, by id or by name; without one, of the only tenant there is.

    Raises:
        NotFoundError: there is no such tenant, or none at all, or several and none is wanted.
    """
    found = all_tenants(conn)
    known = sorted(one.id for one in found)
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is not None and wanted in known:
        return wanted
    named = [one.id for one in found if one.name == wanted]
    if len(named) == 1:
        return named[0]
    if named:
        raise NotFoundError(
            f"{len(named)} tenants have this name.", fix=f"Use the id of one: {', '.join(sorted(named))}."
        )
    if wanted is None and known:
        raise NotFoundError(f"There are {len(known)} tenants.", fix=f"Name one: {', '.join(known)}.")
    if not known:
        raise NotFoundError(
            "There is no tenant yet in this database.",
            fix="`alliancekit serve` makes one when it first starts; if it did, run this with its data_dir.",
        )
    raise NotFoundError("There is no such tenant.", fix=f"There are: {', '.join(known)}.")


def tenant_named(conn: Connection, name: str) -> str | None:
    """Return the id of the oldest tenant of this name."""
    query = select(tenant.c.id).where(tenant.c.name == name).order_by(tenant.c.created_at, tenant.c.id)
    return conn.execute(query.limit(1)).scalar()


def any_tenant(conn: Connection) -> bool:
    """Return whether there is a tenant at all."""
    return conn.execute(select(tenant.c.id).where(tenant.c.name != DELETED).limit(1)).scalar() is not None


def all_tenants(conn: Connection) -> tuple[Tenant, ...]:
    """Return all tenants, oldest first."""
    query = select(tenant).where(tenant.c.name != DELETED).order_by(tenant.c.created_at, tenant.c.id)
    return tuple(
        Tenant(**{**row, "settings": load(row["settings"])}) for row in conn.execute(query).mappings()
    )


def rename(conn: Connection, tenant_id: str, name: str) -> None:
    """Give a tenant another name."""
    conn.execute(update(tenant).where(tenant.c.id == tenant_id).values(name=name))


def what_it_has(conn: Connection, tenant_id: str) -> dict[str, int]:
    """Return how much a tenant has of what keeps it from being deleted; empty when nothing does."""
    counts = {
        f"{table.name}s": select(func.count()).select_from(table).where(table.c.tenant == tenant_id)
        for table in (episode, session, account)
    }
    rows = select(func.count()).select_from(plugin_data).where(plugin_data.c.tenant == tenant_id)
    counts["rows of plugins"] = rows
    jobs = select(func.count()).select_from(outbox)
    counts["queued jobs"] = jobs.where(
        outbox.c.tenant == tenant_id, outbox.c.done_at.is_(None), outbox.c.dead_at.is_(None)
    )
    found = {what: int(conn.execute(query).scalar_one()) for what, query in counts.items()}
    return {what: count for what, count in found.items() if count}


def delete_empty(conn: Connection, tenant_id: str) -> None:
    """Delete a tenant that has nothing: keys, settings and all; only its audit entries stay.

    Its row stays for them, with the name `DELETED`. Call it when `what_it_has` says nothing.
    """
    for table in reversed(metadata.sorted_tables):
        if "tenant" in table.c and table is not audit:
            conn.execute(delete(table).where(table.c.tenant == tenant_id))
    conn.execute(update(tenant).where(tenant.c.id == tenant_id).values(name=DELETED, settings="{}"))


def add_key(conn: Connection, tenant_id: str, now: float) -> tuple[str, str]:
    """Store one more key for a tenant; returns (key id, key `ak_…`).

    Only the key's SHA-256 is stored. A slow password hash protects secrets that people choose; against a key
    of 256 random bits no list of guesses exists, and every request has to look it up.
    """
    key_id, key = new_id("key"), f"ak_{secrets.token_urlsafe(32)}"
    values = {"id": key_id, "tenant": tenant_id, "hash": _digest(key), "created_at": now}
    conn.execute(insert(tenant_key).values(values))
    return key_id, key


def tenant_of_key(conn: Connection, key: str) -> str | None:
    """Return the tenant whose valid key this is."""
    query = select(tenant_key.c.tenant)
    query = query.where(tenant_key.c.hash == _digest(key), tenant_key.c.revoked_at.is_(None))
    return conn.execute(query).scalar()


def keys(conn: Connection, tenant_id: str) -> tuple[str, ...]:
    """Return the ids of a tenant's valid keys, oldest first."""
    query = select(tenant_key.c.id).where(tenant_key.c.tenant == tenant_id, tenant_key.c.revoked_at.is_(None))
    return tuple(conn.execute(query.order_by(tenant_key.c.created_at, tenant_key.c.id)).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """What is known of a key: not the key."""

    id: str
    tenant: str
    created_at: float
    revoked_at: float | None


def all_keys(conn: Connection, tenant_id: str | None = None) -> tuple[StoredKey, ...]:
    """Return all keys, revoked ones too, oldest first; of one tenant, or of all."""
    columns = tenant_key.c
    query = select(columns.id, columns.tenant, columns.created_at, columns.revoked_at)
    if tenant_id is not None:
        query = query.where(columns.tenant == tenant_id)
    rows = conn.execute(query.order_by(columns.created_at, columns.id)).mappings()
    return tuple(StoredKey(**row) for row in rows)


def revoke(conn: Connection, tenant_id: str, key_id: str, now: float) -> bool:
    """Make a key invalid from now on; False if this tenant has no such valid key."""
    query = update(tenant_key).where(
        tenant_key.c.id == key_id, tenant_key.c.tenant == tenant_id, tenant_key.c.revoked_at.is_(None)
    )
    return conn.execute(query.values(revoked_at=now)).rowcount == 1


def read_tenant(conn: Connection, tenant_id: str) -> Tenant | None:
    """Return a tenant."""
    row = conn.execute(select(tenant).where(tenant.c.id == tenant_id)).mappings().one_or_none()
    return None if row is None else Tenant(**{**row, "settings": load(row["settings"])})


def set_settings(conn: Connection, tenant_id: str, settings: Mapping[str, Any]) -> bool:
    """Replace a tenant's settings; False if there is no such tenant."""
    query = update(tenant).where(tenant.c.id == tenant_id).values(settings=dump(settings))
    return conn.execute(query).rowcount == 1


def change_settings(conn: Connection, tenant_id: str, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change some of a tenant's settings and return all of them; changes at once are made one after another.

    Raises:
        NotFoundError: there is no such tenant.
    """
    query = select(tenant.c.settings).where(tenant.c.id == tenant_id).with_for_update()
    found = conn.execute(query).scalar()
    if found is None:
        raise NotFoundError("There is no such tenant.", fix="Its id begins with ten_.")
    settings = {**load(found), **changes}
    set_settings(conn, tenant_id, settings)
    return settings


def spend_token(conn: Connection, tenant_id: str, jti: str, *, expires_at: float, now: float) -> bool:
    """Use up a one-time token; False if it was used before. Forgets tokens that have expired."""
    conn.execute(delete(spent_token).where(spent_token.c.expires_at < now))
    return insert_new(conn, spent_token, {"jti": jti, "tenant": tenant_id, "expires_at": expires_at})


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
