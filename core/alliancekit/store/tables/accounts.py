"""People who sign in with a password of their own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Table, Text, UniqueConstraint

from alliancekit.store.tables.base import Counter, metadata, of_tenant

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("login", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("totp_secret", Text),
    Column("totp_step", BigInteger),
    Column("created_at", Double, nullable=False),
    Column("password_at", Double, nullable=False),
    Column("disabled_at", Double),
    UniqueConstraint("login"),
    Index(None, "tenant"),
)
"""Somebody who signs in here with a password; `person` is the vendor's identifier of them.

`login` is in lower case; `password` is an Argon2id hash; `totp_step` is the last time step that was used.
"""

failed_sign_in = Table(
    "failed_sign_in",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "subject", "at"),
    sqlite_autoincrement=True,
)
"""Sign-ins that failed, by digest of login or address, so that guessing becomes slow."""
