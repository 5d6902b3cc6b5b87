"""Work after the commit, the record of what was done, what vendors are told, what plugins keep."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, Table, Text

from alliancekit.store.tables.base import Counter, metadata, of_tenant

outbox = Table(
    "outbox",
    metadata,
    Column("id", Counter, primary_key=True),
    of_tenant(),
    Column("lane", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("leased_until", Double),
    Column("lease", Text),
    Column("done_at", Double),
    Column("dead_at", Double),
    Column("last_error", Text),
    Index("ix_outbox_waiting", "done_at", "dead_at", "due_at"),
    Index("ix_outbox_lane", "lane", "done_at"),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Counter, primary_key=True),
    of_tenant(),
    Column("at", Double, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("details", Text, nullable=False, default="{}"),
    Index(None, "tenant", "seq"),
    sqlite_autoincrement=True,
)

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("disabled_at", Double),
    Column("disabled_reason", Text),
    Index(None, "tenant"),
)
"""Where a vendor wants to be told. The secrets sign, so they are kept as they are, the newest first."""

webhook_message = Table(
    "webhook_message",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("type", Text, nullable=False),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "tenant", "at"),
    Index(None, "session"),
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("id", Counter, primary_key=True),
    of_tenant(),
    Column("message", Text, ForeignKey("webhook_message.id"), nullable=False),
    Column("endpoint", Text, ForeignKey("webhook_endpoint.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer),
    Column("at", Double, nullable=False),
    Column("next_at", Double),
    Index(None, "endpoint", "id"),
    Index(None, "message"),
)

plugin_data = Table(
    "plugin_data",
    metadata,
    Column("plugin", Text, primary_key=True),
    Column("tenant", Text, ForeignKey("tenant.id"), primary_key=True),
    Column("episode", Text, primary_key=True, default=""),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "tenant", "episode"),
)
"""What plugins keep for themselves; an empty `episode` means: of the tenant as a whole."""
