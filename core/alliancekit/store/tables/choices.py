"""What therapists and clients choose and note for themselves."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Table, Text

from alliancekit.store.tables.base import metadata, of_tenant

therapist = Table(
    "therapist",
    metadata,
    Column("tenant", Text, ForeignKey("tenant.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("settings", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)
"""What a therapist chose for all of their sessions; `id` is the vendor's, as in `episode.therapist`."""

client_choice = Table(
    "client_choice",
    metadata,
    Column("episode", Text, ForeignKey("episode.id"), primary_key=True),
    of_tenant(),
    Column("asked", Text, nullable=False, server_default="all"),
    Column("supervision_at", Double),
    Column("supervision_text", Text),
    Column("erasure_asked_at", Double),
    Column("updated_at", Double, nullable=False),
)
"""What a client chose for a course: when to be asked (`all`, `not_in_calls`, `never`), whether a supervisor
may see it and which wording was agreed to, and since when they want it erased."""

note = Table(
    "note",
    metadata,
    Column("session", Text, ForeignKey("session.id"), primary_key=True),
    of_tenant(),
    Column("therapist", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)
"""A therapist's private note on a session, seen by nobody else."""

talked = Table(
    "talked",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("episode", Text, ForeignKey("episode.id"), nullable=False),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "episode"),
)
"""The therapist talked with the client about what a session showed; `outcome`: `repaired`, `not_yet`."""

agreed_task = Table(
    "agreed_task",
    metadata,
    Column("id", Text, primary_key=True),
    of_tenant(),
    Column("episode", Text, ForeignKey("episode.id"), nullable=False),
    Column("session", Text, ForeignKey("session.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="open"),
    Column("decided_at", Double),
    Column("at", Double, nullable=False),
    Index(None, "episode"),
)
"""What was agreed in a session to be done until the next; `status`: `open`, `done`, `partly`, `not_done`."""

supervision = Table(
    "supervision",
    metadata,
    Column("tenant", Text, ForeignKey("tenant.id"), primary_key=True),
    Column("supervisor", Text, primary_key=True),
    Column("therapist", Text, primary_key=True),
)
"""Whose work a supervisor looks at, by the vendor's identifiers."""
