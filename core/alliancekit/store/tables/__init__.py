"""The schema: one definition for SQLite and PostgreSQL.

Every row belongs to a tenant. Times are seconds since 1970-01-01 UTC (double precision). JSON columns hold
text written by `alliancekit.store`. Identifiers are text with a prefix that tells what they name: `ten_`,
`epi_`, `ses_`, `par_`, `prm_`, `rsp_`, `tlk_`, `tsk_`, `acc_`. The counters of `outbox` and `audit` never
repeat a number, even after rows are pruned (`sqlite_autoincrement`; a PostgreSQL sequence does so by itself).
"""

from __future__ import annotations

from alliancekit.store.tables.accounts import account, failed_sign_in
from alliancekit.store.tables.answers import (
    delivery,
    guidance,
    not_computed,
    prompt,
    response,
    score,
    signal,
    submission,
)
from alliancekit.store.tables.base import Counter, metadata
from alliancekit.store.tables.calls import (
    adapter_count,
    episode,
    inbound_message,
    participant,
    presence,
    room,
    room_closed,
    session,
    spent_token,
    tenant,
    tenant_key,
)
from alliancekit.store.tables.choices import agreed_task, client_choice, note, supervision, talked, therapist
from alliancekit.store.tables.work import (
    audit,
    outbox,
    plugin_data,
    webhook_attempt,
    webhook_endpoint,
    webhook_message,
)

__all__ = [
    "Counter",
    "account",
    "adapter_count",
    "agreed_task",
    "audit",
    "client_choice",
    "delivery",
    "episode",
    "failed_sign_in",
    "guidance",
    "inbound_message",
    "metadata",
    "not_computed",
    "note",
    "outbox",
    "participant",
    "plugin_data",
    "presence",
    "prompt",
    "response",
    "room",
    "room_closed",
    "score",
    "session",
    "signal",
    "spent_token",
    "submission",
    "supervision",
    "talked",
    "tenant",
    "tenant_key",
    "therapist",
    "webhook_attempt",
    "webhook_endpoint",
    "webhook_message",
]
