"""What plugins keep for themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "plugin_data",
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_plugin_data_tenant")),
        sa.PrimaryKeyConstraint("plugin", "tenant", "episode", "key", name=op.f("pk_plugin_data")),
    )
    op.create_index(op.f("ix_plugin_data_tenant_episode"), "plugin_data", ["tenant", "episode"], unique=False)


def downgrade() -> None:
    """Drop it, and what plugins kept with it."""
    op.drop_table("plugin_data")
