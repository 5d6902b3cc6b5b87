"""The first schema: every table, and the triggers that keep the audit entries as they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER audit_refuses_{verb.lower()} BEFORE {verb} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit entries are append-only'; END $$",
        "CREATE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_refuses()",
        "CREATE TRIGGER audit_refuses_truncate BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()",
    ],
}


def upgrade() -> None:
    """Make the schema."""
    op.create_table(
        "tenant",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", _COUNTER, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_audit_tenant")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_tenant_seq"), "audit", ["tenant", "seq"], unique=False)
    op.create_table(
        "episode",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("therapist", sa.Text(), nullable=False),
        sa.Column("style", sa.Text(), nullable=False),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_episode_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_episode")),
        sa.UniqueConstraint("tenant", "external_id", name=op.f("uq_episode_tenant_external_id")),
    )
    op.create_index(op.f("ix_episode_tenant_therapist"), "episode", ["tenant", "therapist"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.Double(), nullable=True),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("done_at", sa.Double(), nullable=True),
        sa.Column("dead_at", sa.Double(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_outbox_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_lane", "outbox", ["lane", "done_at"], unique=False)
    op.create_index("ix_outbox_waiting", "outbox", ["done_at", "dead_at", "due_at"], unique=False)
    op.create_table(
        "tenant_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_tenant_key_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_tenant_key_hash")),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("style", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("end_confidence", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("speech", sa.Text(), nullable=True),
        sa.Column("talk_balance", sa.Text(), nullable=True),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["episode"], ["episode.id"], name=op.f("fk_session_episode")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_session_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("episode", "number", name=op.f("uq_session_episode_number")),
        sa.UniqueConstraint("tenant", "external_id", name=op.f("uq_session_tenant_external_id")),
    )
    op.create_index(op.f("ix_session_status"), "session", ["status"], unique=False)
    op.create_table(
        "guidance",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_guidance_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_guidance_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guidance")),
    )
    op.create_index(op.f("ix_guidance_session"), "guidance", ["session"], unique=False)
    op.create_table(
        "not_computed",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("hook", sa.Text(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_not_computed_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_not_computed_tenant")),
        sa.PrimaryKeyConstraint("session", "hook", "plugin", name=op.f("pk_not_computed")),
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_participant_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_participant_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint(
            "session", "role", "external_id", name=op.f("uq_participant_session_role_external_id")
        ),
    )
    op.create_table(
        "signal",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_signal_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_signal_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal")),
    )
    op.create_index(op.f("ix_signal_session"), "signal", ["session"], unique=False)
    op.create_table(
        "presence",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.Double(), nullable=True),
        sa.Column("seen_at", sa.Double(), nullable=True),
        sa.Column("left_at", sa.Double(), nullable=True),
        sa.Column("how", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["participant"], ["participant.id"], name=op.f("fk_presence_participant")),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_presence_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_presence_tenant")),
        sa.PrimaryKeyConstraint("session", "connection", name=op.f("pk_presence")),
    )
    op.create_table(
        "prompt",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("moment", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("instruments", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.Column("postponed_until", sa.Double(), nullable=True),
        sa.Column("dismissal", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["participant"], ["participant.id"], name=op.f("fk_prompt_participant")),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_prompt_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_prompt_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt")),
        sa.UniqueConstraint("participant", "occasion", name=op.f("uq_prompt_participant_occasion")),
    )
    op.create_index(op.f("ix_prompt_participant_status"), "prompt", ["participant", "status"], unique=False)
    op.create_table(
        "submission",
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["participant"], ["participant.id"], name=op.f("fk_submission_participant")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_submission_tenant")),
        sa.PrimaryKeyConstraint("participant", "key", name=op.f("pk_submission")),
    )
    op.create_table(
        "spent_token",
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_spent_token_tenant")),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_spent_token")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["prompt"], ["prompt.id"], name=op.f("fk_delivery_prompt")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_delivery_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_prompt"), "delivery", ["prompt"], unique=False)
    op.create_table(
        "response",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("moment", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("instrument_version", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["episode"], ["episode.id"], name=op.f("fk_response_episode")),
        sa.ForeignKeyConstraint(["participant"], ["participant.id"], name=op.f("fk_response_participant")),
        sa.ForeignKeyConstraint(["prompt"], ["prompt.id"], name=op.f("fk_response_prompt")),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_response_session")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_response_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response")),
        sa.UniqueConstraint("prompt", "instrument", name=op.f("uq_response_prompt_instrument")),
    )
    op.create_index(op.f("ix_response_episode"), "response", ["episode"], unique=False)
    op.create_table(
        "score",
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("minimum", sa.Double(), nullable=False),
        sa.Column("maximum", sa.Double(), nullable=False),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("prorated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["response"], ["response.id"], name=op.f("fk_score_response")),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_score_tenant")),
        sa.PrimaryKeyConstraint("response", "plugin", "scale", name=op.f("pk_score")),
    )
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything, and all data with it."""
    op.drop_table("score")
    op.drop_table("response")
    op.drop_table("delivery")
    op.drop_table("spent_token")
    op.drop_table("submission")
    op.drop_table("prompt")
    op.drop_table("presence")
    op.drop_table("signal")
    op.drop_table("participant")
    op.drop_table("not_computed")
    op.drop_table("guidance")
    op.drop_table("session")
    op.drop_table("tenant_key")
    op.drop_table("outbox")
    op.drop_table("episode")
    op.drop_table("audit")
    op.drop_table("tenant")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuses()")
