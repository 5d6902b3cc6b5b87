"""The one transaction that makes an answer safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, bindparam, select, update

from alliancekit.errors import ConflictError, KeyReusedError
from alliancekit.events import Moment, Role, Score, Visibility
from alliancekit.store.audit import append
from alliancekit.store.compiled import Prepared, insert_all, insert_into
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.tables import prompt, response, score, submission
from alliancekit.store.text import dump


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The validated answers to one instrument with the scores of its own key; `id` is a new `rsp_…`."""

    id: str
    instrument: str
    instrument_version: str
    answers: Mapping[str, int]
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Everything one POST of answers stores.

    Args:
        key: the request's Idempotency-Key; unique per participant.
        fingerprint: a digest of the request's canonical body.
        reply: the body of the 201, given again to the same request.
        work: what has to be done after the commit.
        at: seconds since 1970 UTC.
    """

    tenant: str
    episode: str
    session: str
    participant: str
    role: Role
    moment: Moment
    prompt: str
    visibility: Visibility
    key: str
    fingerprint: str
    reply: str
    responses: tuple[Answered, ...]
    work: tuple[Work, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a submission: `stored` now, or `replayed` since the same one was stored before."""

    outcome: Literal["stored", "replayed"]
    reply: str


_insert_submission = Prepared(
    lambda conn: (
        insert_into(conn, submission)
        .values({column.name: bindparam(column.name) for column in submission.columns})
        .on_conflict_do_nothing()
        .inline()
    )
)
_answer_prompt = Prepared(
    lambda conn: (
        update(prompt)
        .where(
            prompt.c.id == bindparam("prompt"),
            prompt.c.participant == bindparam("participant"),
            prompt.c.status == bindparam("open"),
        )
        .values(status=bindparam("answered"), closed_at=bindparam("at"))
    )
)
_insert_response = Prepared(insert_all(response))
_insert_score = Prepared(insert_all(score))


def save_submission(conn: Connection, sent: Submission) -> Saved:
    """Store answers, scores, audit entry, work and reply in the caller's transaction, once.

    The row with the Idempotency-Key comes first: it tells a repeated request from a new one, and a second
    transaction with the same key waits for it.

    Raises:
        KeyReusedError: the key came before with another body.
        ConflictError: the prompt is not open: answered on another channel, dismissed or expired.
    """
    values = {
        "participant": sent.participant,
        "key": sent.key,
        "tenant": sent.tenant,
        "fingerprint": sent.fingerprint,
        "reply": sent.reply,
        "at": sent.at,
    }
    if _insert_submission.run(conn, values).rowcount != 1:
        return _replay(conn, sent)
    asked = {"prompt": sent.prompt, "participant": sent.participant, "open": "open", "answered": "answered"}
    if _answer_prompt.run(conn, {**asked, "at": sent.at}).rowcount != 1:
        raise ConflictError(
            "This prompt is no longer open: it was answered, dismissed or has expired. Nothing was stored.",
            fix="Ask GET /v1/prompts/current for what is open now.",
        )
    for answered in sent.responses:
        _insert_response.run(conn, _response_values(sent, answered))
        if answered.scores:
            _insert_score.run_many(conn, [score_values(sent.tenant, answered.id, s) for s in answered.scores])
    append(
        conn,
        tenant=sent.tenant,
        actor=sent.participant,
        action="response.stored",
        object=sent.prompt,
        details={"responses": [answered.id for answered in sent.responses], "session": sent.session},
        now=sent.at,
    )
    add_work(conn, sent.tenant, sent.work, sent.at)
    return Saved("stored", sent.reply)


def _replay(conn: Connection, sent: Submission) -> Saved:
    query = select(submission.c.fingerprint, submission.c.reply)
    query = query.where(submission.c.participant == sent.participant, submission.c.key == sent.key)
    fingerprint, reply = conn.execute(query).one()
    if fingerprint != sent.fingerprint:
        raise KeyReusedError(
            "This Idempotency-Key was used for another request. Nothing was stored.",
            fix="Send a new key with every new submission.",
        )
    return Saved("replayed", reply)


def _response_values(sent: Submission, answered: Answered) -> dict[str, object]:
    return {
        "id": answered.id,
        "tenant": sent.tenant,
        "episode": sent.episode,
        "session": sent.session,
        "participant": sent.participant,
        "prompt": sent.prompt,
        "role": sent.role,
        "moment": sent.moment,
        "instrument": answered.instrument,
        "instrument_version": answered.instrument_version,
        "visibility": sent.visibility,
        "answers": dump(answered.answers),
        "at": sent.at,
    }


def score_values(tenant: str, response_id: str, one: Score) -> dict[str, object]:
    """Return the row of one score."""
    return {
        "response": response_id,
        "plugin": one.plugin,
        "scale": one.scale,
        "tenant": tenant,
        "value": one.value,
        "minimum": one.minimum,
        "maximum": one.maximum,
        "percent": one.percent,
        "answered": one.answered,
        "items": one.items,
        "prorated": one.prorated,
    }
