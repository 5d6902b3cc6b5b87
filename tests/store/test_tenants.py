from __future__ import annotations

from sqlalchemy import select

from alliancekit.store.database import Database
from alliancekit.store.tables import tenant_key
from alliancekit.store.tenants import (
    add_key,
    create_tenant,
    keys,
    read_tenant,
    revoke,
    set_settings,
    spend_token,
    tenant_of_key,
)

from .case import NOW


async def test_a_key_opens_its_tenant_and_is_stored_as_a_hash_only(database: Database) -> None:
    tenant, key = await database.write(lambda conn: create_tenant(conn, "Clinic", NOW))
    assert key.startswith("ak_")
    assert len(key) >= 43 + 3
    assert await database.read(lambda conn: tenant_of_key(conn, key)) == tenant
    assert await database.read(lambda conn: tenant_of_key(conn, key + "x")) is None
    rows = await database.read(lambda conn: str(conn.execute(select(tenant_key)).all()))
    assert key not in rows
    assert key[3:] not in rows


async def test_a_revoked_key_is_of_no_use_and_the_next_one_is(database: Database) -> None:
    tenant, first = await database.write(lambda conn: create_tenant(conn, "Clinic", NOW))
    other, _ = await database.write(lambda conn: create_tenant(conn, "Practice", NOW))
    (key_id,) = await database.read(lambda conn: keys(conn, tenant))
    second_id, second = await database.write(lambda conn: add_key(conn, tenant, NOW + 1))
    assert await database.write(lambda conn: revoke(conn, other, key_id, NOW)) is False
    assert await database.write(lambda conn: revoke(conn, tenant, key_id, NOW)) is True
    assert await database.write(lambda conn: revoke(conn, tenant, key_id, NOW)) is False
    assert await database.read(lambda conn: tenant_of_key(conn, first)) is None
    assert await database.read(lambda conn: tenant_of_key(conn, second)) == tenant
    assert await database.read(lambda conn: keys(conn, tenant)) == (second_id,)


async def test_settings_are_replaced(database: Database) -> None:
    tenant, _ = await database.write(lambda conn: create_tenant(conn, "Clinic", NOW))
    assert await database.write(lambda conn: set_settings(conn, tenant, {"styles": ["directive"]}))
    read = await database.read(lambda conn: read_tenant(conn, tenant))
    assert read is not None
    assert (read.name, read.settings) == ("Clinic", {"styles": ["directive"]})
    assert await database.read(lambda conn: read_tenant(conn, "ten_none")) is None


async def test_a_one_time_token_is_spent_once(database: Database) -> None:
    tenant, _ = await database.write(lambda conn: create_tenant(conn, "Clinic", NOW))

    async def spend(jti: str, now: float) -> bool:
        return await database.write(
            lambda conn: spend_token(conn, tenant, jti, expires_at=NOW + 300, now=now)
        )

    assert await spend("one", NOW) is True
    assert await spend("one", NOW + 1) is False
    assert await spend("two", NOW + 1) is True
    assert await spend("one", NOW + 301) is True, "an expired token is forgotten: its signature refuses it"
