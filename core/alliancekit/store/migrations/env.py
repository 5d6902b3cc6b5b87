"""Alembic's entry: runs the migrations on the connection that `alliancekit.store.migrate` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from alliancekit.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
