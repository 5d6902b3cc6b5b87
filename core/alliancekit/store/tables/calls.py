"""Tenants, courses of therapy, sessions, the people in them, and what platforms say of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from alliancekit.store.tables.base import metadata, of_tenant

tenant = Table(
    "tenant",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("settings", Text, nullable=False, default="{}"),
    Column("created_at", Double, nullable=False),
)

tenant_key = Table(
    "tenant_key",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("hash", Text, nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("revoked_at", Double),
)

spent_token = Table(
    "spent_token",
    metadata,
    Column("jti", Text, primary_key=True),
    of_tenant(),
    Column("expires_at", Double, nullable=False),
)

episode = Table(
    "episode",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("external_id", Text, nullable=False),
    Column("therapist", Text, nullable=False, default=""),
    Column("style", Text, nullable=False),
    Column("example", Boolean, nullable=False, default=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("tenant", "external_id"),
    Index(None, "tenant", "therapist"),
)

session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("episode", Text, ForeignKey("episode.id"), nullable=False),
    Column("external_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("style", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("adapter", Text, nullable=False, default=""),
    Column("room", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False, default="waiting"),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("end_reason", Text),
    Column("end_confidence", Double),
    Column("seconds", Double, nullable=False, default=0.0),
    Column("speech", Text),
    Column("speech_totals", Text),
    Column("talk_balance", Text),
    Column("example", Boolean, nullable=False, default=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("tenant", "external_id"),
    UniqueConstraint("episode", "number"),
    Index(None, "status"),
    Index(None, "adapter", "room"),
)

participant = Table(
    "participant",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("language", Text, nullable=False, default="en"),
    Column("sent_out_at", Double),
    UniqueConstraint("session", "role", "external_id"),
)

room = Table(
    "room",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    of_tenant(),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("rosters", Text, nullable=False),
    Column("over_at", Double),
    Column("bound_at", Double, nullable=False),
    Column("earlier", Text),
    Column("earlier_until", Double),
    Index(None, "session"),
)
"""Which session a platform's room instance is, and the two latest lists of who was in it.

A room that is used again is bound to the next session; what happened up to `earlier_until` belongs to the
session `earlier`.
"""

room_closed = Table(
    "room_closed",
    metadata,
    Column("session", Text, ForeignKey("session.id"), primary_key=True),
    Column("room", Text, primary_key=True),
    Column("at", Double, primary_key=True),
    of_tenant(),
)
"""When a platform closed a room of a session; `room` is how the ids of its presences begin."""

inbound_message = Table(
    "inbound_message",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("message", Text, primary_key=True),
    Column("received_at", Double, nullable=False),
    Index(None, "received_at"),
)
"""Digests of platforms' messages that were taken. Of no tenant: one message may be about several."""

adapter_count = Table(
    "adapter_count",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
)
"""How often what came of what a platform said; an empty `tenant` means: nobody can be told whose it was."""

presence = Table(
    "presence",
    metadata,
    Column("session", Text, ForeignKey("session.id"), primary_key=True),
    Column("connection", Text, primary_key=True),
    of_tenant(),
    Column("participant", Text, ForeignKey("participant.id"), nullable=False),
    Column("joined_at", Double),
    Column("seen_at", Double),
    Column("left_at", Double),
    Column("how", Text),
    Column("platform_person", Text),
    Column("platform_connection", Text),
)
