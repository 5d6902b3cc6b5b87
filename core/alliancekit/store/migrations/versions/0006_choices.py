"""What therapists and clients choose and note for themselves, and accounts with a password."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "failed_sign_in",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_sign_in")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_failed_sign_in_subject_at"), "failed_sign_in", ["subject", "at"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("password_at", sa.Double(), nullable=False),
        sa.Column("disabled_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_account_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_index(op.f("ix_account_tenant"), "account", ["tenant"], unique=False)
    op.create_table(
        "supervision",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("supervisor", sa.Text(), nullable=False),
        sa.Column("therapist", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_supervision_tenant")),
        sa.PrimaryKeyConstraint("tenant", "supervisor", "therapist", name=op.f("pk_supervision")),
    )
    op.create_table(
        "therapist",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_therapist_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_therapist")),
    )
    op.create_table(
        "client_choice",
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), server_default="all", nullable=False),
        sa.Column("supervision_at", sa.Double(), nullable=True),
        sa.Column("supervision_text", sa.Text(), nullable=True),
        sa.Column("erasure_asked_at", sa.Double(), nullable=True),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["episode"], ["episode.id"], name=op.f("fk_client_choice_episode")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_client_choice_tenant")),
        sa.PrimaryKeyConstraint("episode", name=op.f("pk_client_choice")),
    )
    op.create_table(
        "agreed_task",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("decided_at", sa.Double(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["episode"], ["episode.id"], name=op.f("fk_agreed_task_episode")),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_agreed_task_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_agreed_task_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreed_task")),
    )
    op.create_index(op.f("ix_agreed_task_episode"), "agreed_task", ["episode"], unique=False)
    op.create_table(
        "note",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("therapist", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_note_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_note_tenant")),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_note")),
    )
    op.create_table(
        "talked",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["episode"], ["episode.id"], name=op.f("fk_talked_episode")),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_talked_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_talked_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talked")),
    )
    op.create_index(op.f("ix_talked_episode"), "talked", ["episode"], unique=False)


def downgrade() -> None:
    """Drop them, and with them every choice, note and account."""
    op.drop_index(op.f("ix_talked_episode"), table_name="talked")
    op.drop_table("talked")
    op.drop_table("note")
    op.drop_index(op.f("ix_agreed_task_episode"), table_name="agreed_task")
    op.drop_table("agreed_task")
    op.drop_table("client_choice")
    op.drop_table("therapist")
    op.drop_table("supervision")
    op.drop_index(op.f("ix_account_tenant"), table_name="account")
    op.drop_table("account")
    op.drop_index(op.f("ix_failed_sign_in_subject_at"), table_name="failed_sign_in")
    op.drop_table("failed_sign_in")
