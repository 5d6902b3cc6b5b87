from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import Connection, func, select

from alliancekit.errors import ConflictError, KeyReusedError, StoreError
from alliancekit.store import tables
from alliancekit.store.audit import entries
from alliancekit.store.database import Database
from alliancekit.store.feedback import Saved, save_submission
from alliancekit.store.prompts import close_prompt, read_prompt
from alliancekit.store.series import read_response

from .case import Case, make_case, other_response, submission

STORED = ("response", "score", "submission", "audit", "outbox")


def counts(conn: Connection) -> dict[str, int]:
    return {
        name: conn.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one()
        for name in STORED
    }


@pytest.fixture
async def case(database: Database) -> Case:
    return await database.write(lambda conn: make_case(conn, 3))


async def test_a_submission_is_stored_with_everything_that_follows(database: Database, case: Case) -> None:
    sent = submission(case)
    saved = await database.write(lambda conn: save_submission(conn, sent))
    assert saved == Saved("stored", sent.reply)
    assert await database.read(counts) == {
        "response": 1,
        "score": 3,
        "submission": 1,
        "audit": 1,
        "outbox": 1,
    }
    answered = sent.responses[0]
    read = await database.read(lambda conn: read_response(conn, case.tenant, answered.id, answers=True))
    assert read.response.answers == answered.answers
    assert read.response.scores == answered.scores
    assert (read.response.visibility, read.response.moment, read.episode) == (
        "therapist_now",
        "in_call",
        case.episode,
    )
    prompt = await database.read(lambda conn: read_prompt(conn, case.tenant, sent.prompt))
    assert prompt is not None
    assert (prompt.status, prompt.closed_at) == ("answered", sent.at)
    (entry,) = await database.read(lambda conn: entries(conn, case.tenant))
    assert (entry.actor, entry.action, entry.object) == (case.client, "response.stored", sent.prompt)
    assert "item" not in str(entry.details)


async def test_the_same_request_again_gets_the_same_reply(database: Database, case: Case) -> None:
    sent = submission(case)
    again = replace(other_response(sent, "rsp_second"), reply="another reply")
    await database.write(lambda conn: save_submission(conn, sent))
    before = await database.read(counts)
    assert await database.write(lambda conn: save_submission(conn, again)) == Saved("replayed", sent.reply)
    assert await database.read(counts) == before


async def test_the_same_request_at_once_is_stored_once(database: Database, case: Case) -> None:
    sent = [other_response(submission(case), f"rsp_{n}") for n in range(12)]
    saved = await asyncio.gather(
        *(database.write(lambda conn, s=one: save_submission(conn, s)) for one in sent)
    )
    assert Counter(one.outcome for one in saved) == {"stored": 1, "replayed": 11}
    assert {one.reply for one in saved} == {sent[0].reply}
    assert (await database.read(counts))["response"] == 1


async def test_a_key_with_another_body_is_refused(database: Database, case: Case) -> None:
    first = submission(case, 0, key="one-key")
    await database.write(lambda conn: save_submission(conn, first))
    before = await database.read(counts)
    with pytest.raises(KeyReusedError) as refused:
        await database.write(lambda conn: save_submission(conn, submission(case, 1, key="one-key")))
    assert refused.value.status == 422
    assert await database.read(counts) == before
    prompt = await database.read(lambda conn: read_prompt(conn, case.tenant, case.prompts[1]))
    assert prompt is not None
    assert prompt.status == "open"


async def test_of_several_answers_to_one_prompt_the_first_wins(database: Database, case: Case) -> None:
    sent = [other_response(submission(case, key=f"key-{n}"), f"rsp_{n}") for n in range(12)]
    outcomes = await asyncio.gather(
        *(database.write(lambda conn, s=one: save_submission(conn, s)) for one in sent),
        return_exceptions=True,
    )
    assert Counter(type(outcome) for outcome in outcomes) == {Saved: 1, ConflictError: 11}
    assert await database.read(counts) == {
        "response": 1,
        "score": 3,
        "submission": 1,
        "audit": 1,
        "outbox": 1,
    }


async def test_answers_and_a_closing_race_to_one_outcome(database: Database) -> None:
    case = await database.write(lambda conn: make_case(conn, 20))
    jobs = []
    for number, prompt in enumerate(case.prompts):
        sent = submission(case, number)
        jobs.append(database.write(lambda conn, s=sent: save_submission(conn, s)))
        jobs.append(
            database.write(lambda conn, p=prompt: close_prompt(conn, case.tenant, p, "cancelled", 0.0))
        )
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    for answer, closing in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert isinstance(answer, Saved | ConflictError)
        assert closing is isinstance(answer, ConflictError)


async def test_somebody_elses_prompt_is_a_conflict(database: Database, case: Case) -> None:
    sent = replace(submission(case), participant=case.therapist)
    with pytest.raises(ConflictError):
        await database.write(lambda conn: save_submission(conn, sent))
    assert sum((await database.read(counts)).values()) == 0


async def test_a_failure_in_the_middle_stores_nothing_and_shows_no_answer(
    database: Database, case: Case
) -> None:
    sent = submission(case)
    broken = replace(sent.responses[0].scores[0], minimum=None)  # type: ignore[arg-type]
    answered = replace(sent.responses[0], answers={"secret-item": 4}, scores=(broken,))
    with pytest.raises(StoreError) as refused:
        await database.write(lambda conn: save_submission(conn, replace(sent, responses=(answered,))))
    assert "secret" not in str(refused.value)
    assert sum((await database.read(counts)).values()) == 0
    await database.write(lambda conn: save_submission(conn, sent))


async def test_group_committed_submissions_stand_or_fall_alone(database: Database) -> None:
    case = await database.write(lambda conn: make_case(conn, 40))
    sent = [submission(case, number) for number in range(40)]
    sent[10] = replace(sent[10], key=sent[9].key)
    sent[20] = replace(sent[20], prompt=sent[19].prompt)
    outcomes = await asyncio.gather(
        *(database.write(lambda conn, s=one: save_submission(conn, s)) for one in sent),
        return_exceptions=True,
    )
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds == {Saved: 38, KeyReusedError: 1, ConflictError: 1}
    assert (await database.read(counts))["response"] == 38
