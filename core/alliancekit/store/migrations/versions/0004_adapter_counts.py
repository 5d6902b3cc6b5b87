"""What came of what platforms said, in counts; rooms that were closed, and rooms that are used again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables and columns."""
    op.add_column("room", sa.Column("earlier", sa.Text(), nullable=True))
    op.add_column("room", sa.Column("earlier_until", sa.Double(), nullable=True))
    op.create_table(
        "room_closed",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_room_closed_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_room_closed_tenant")),
        sa.PrimaryKeyConstraint("session", "room", "at", name=op.f("pk_room_closed")),
    )
    op.create_table(
        "adapter_count",
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "tenant", "what", name=op.f("pk_adapter_count")),
    )


def downgrade() -> None:
    """Drop them; the counts begin anew, and a closed room is not known to be closed."""
    op.drop_table("adapter_count")
    op.drop_table("room_closed")
    op.drop_column("room", "earlier_until")
    op.drop_column("room", "earlier")
