"""What is asked, what is answered, and what is made of it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from alliancekit.store.tables.base import Counter, metadata, of_tenant

prompt = Table(
    "prompt",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
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

delivery = Table(
    "delivery",
    metadata,
    Column("id", Counter, primary_key=True),
    of_tenant(),
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
    of_tenant(),
    Column("fingerprint", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("at", Double, nullable=False),
)

response = Table(
    "response",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
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
    of_tenant(),
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
    of_tenant(),
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
    of_tenant(),
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
    of_tenant(),
    Column("status", Text, nullable=False),
    Column("at", Double, nullable=False),
)
