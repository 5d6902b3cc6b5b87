"""What platforms post: rooms, messages that were taken, people who were sent out of a call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables and columns."""
    op.add_column("session", sa.Column("room", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_session_adapter_room"), "session", ["adapter", "room"], unique=False)
    op.add_column("session", sa.Column("speech_totals", sa.Text(), nullable=True))
    op.add_column("participant", sa.Column("sent_out_at", sa.Double(), nullable=True))
    op.add_column("presence", sa.Column("platform_person", sa.Text(), nullable=True))
    op.add_column("presence", sa.Column("platform_connection", sa.Text(), nullable=True))
    op.create_table(
        "room",
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rosters", sa.Text(), nullable=False),
        sa.Column("over_at", sa.Double(), nullable=True),
        sa.Column("bound_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_room_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_room_tenant")),
        sa.PrimaryKeyConstraint("adapter", "instance", name=op.f("pk_room")),
    )
    op.create_index(op.f("ix_room_session"), "room", ["session"], unique=False)
    op.create_table(
        "inbound_message",
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "message", name=op.f("pk_inbound_message")),
    )
    op.create_index(op.f("ix_inbound_message_received_at"), "inbound_message", ["received_at"], unique=False)


def downgrade() -> None:
    """Drop them; what was posted before cannot be told from what is posted again."""
    op.drop_table("inbound_message")
    op.drop_table("room")
    op.drop_column("presence", "platform_connection")
    op.drop_column("presence", "platform_person")
    op.drop_column("participant", "sent_out_at")
    op.drop_column("session", "speech_totals")
    op.drop_index(op.f("ix_session_adapter_room"), table_name="session")
    op.drop_column("session", "room")
