"""The schema: one definition for SQLite and PostgreSQL.

Every row belongs to a tenant. Times are seconds since 1970-01-01 UTC (double precision). JSON columns hold
text written by `alliancekit.store`. Identifiers are text with a prefix that tells what they name: `ten_`,
`epi_`, `ses_`, `par_`, `prm_`, `rsp_`. The counters of `outbox` and `audit` never repeat a number, even after
rows are pruned (`sqlite_autoincrement`; a PostgreSQL sequence does so by itself).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Counter = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in an INTEGER primary key."""


def _tenant() -> Column[str]:
    return Column("tenant", Text, ForeignKey("tenant.id"), nullable=False)


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
    _tenant(),
    Column("hash", Text, nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("revoked_at", Double),
)

episode = Table(
    "episode",
    metadata,
    Column("id", Text, primary_key=True),
    _tenant(),
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
    _tenant(),
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
    _tenant(),
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
    _tenant(),
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
    _tenant(),
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
    _tenant(),
    Column("participant", Text, ForeignKey("participant.id"), nullable=False),
    Column("joined_at", Double),
    Column("seen_at", Double),
    Column("left_at", Double),
    Column("how", Text),
    Column("platform_person", Text),
    Column("platform_connection", Text),
)

prompt = Table(
    "prompt",
    metadata,
    Column("id", Text, primary_key=True),
    _tenant(),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("participant", Text, ForeignKey("participant.id"), nullable=False),
    Column("moment", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("instruments", Text, nullable=False),
    Column("status", Text, nullable=False, default="open"),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("closed_at", Double),
    Column("postponed_until", Double),
    Column("dismissal", Text),
    UniqueConstraint("participant", "occasion"),
    Index(None, "participant", "status"),
)

spent_token = Table(
    "spent_token",
    metadata,
    Column("jti", Text, primary_key=True),
    _tenant(),
    Column("expires_at", Double, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Counter, primary_key=True),
    _tenant(),
    Column("prompt", Text, ForeignKey("prompt.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "prompt"),
)

submission = Table(
    "submission",
    metadata,
    Column("participant", Text, ForeignKey("participant.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    _tenant(),
    Column("fingerprint", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("at", Double, nullable=False),
)

response = Table(
    "response",
    metadata,
    Column("id", Text, primary_key=True),
    _tenant(),
    Column("episode", Text, ForeignKey("episode.id"), nullable=False),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("participant", Text, ForeignKey("participant.id"), nullable=False),
    Column("prompt", Text, ForeignKey("prompt.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("moment", Text, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("instrument_version", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("answers", Text, nullable=False),
    Column("at", Double, nullable=False),
    UniqueConstraint("prompt", "instrument"),
    Index(None, "episode"),
)

score = Table(
    "score",
    metadata,
    Column("response", Text, ForeignKey("response.id"), primary_key=True),
    Column("plugin", Text, primary_key=True, default=""),
    Column("scale", Text, primary_key=True),
    _tenant(),
    Column("value", Double),
    Column("minimum", Double, nullable=False),
    Column("maximum", Double, nullable=False),
    Column("percent", Double),
    Column("answered", Integer, nullable=False),
    Column("items", Integer, nullable=False),
    Column("prorated", Boolean, nullable=False, default=False),
)

signal = Table(
    "signal",
    metadata,
    Column("id", Counter, primary_key=True),
    _tenant(),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("plugin", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "session"),
)

guidance = Table(
    "guidance",
    metadata,
    Column("id", Counter, primary_key=True),
    _tenant(),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("plugin", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "session"),
)

not_computed = Table(
    "not_computed",
    metadata,
    Column("session", Text, ForeignKey("session.id"), primary_key=True),
    Column("hook", Text, primary_key=True),
    Column("plugin", Text, primary_key=True),
    _tenant(),
    Column("status", Text, nullable=False),
    Column("at", Double, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Counter, primary_key=True),
    _tenant(),
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
    _tenant(),
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
    _tenant(),
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
    _tenant(),
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
    _tenant(),
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
