"""Talks, agreed tasks and private notes: kept, counted once, audited without a word of what was written."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from alliancekit.errors import ConflictError, NotFoundError
from alliancekit.store import audit
from alliancekit.store.course import (
    MOST_TASKS,
    NOTE_LENGTH,
    TASK_LENGTH,
    TooLongError,
    UnknownWordError,
    add_task,
    cleaned,
    decide_task,
    notes_of,
    record_talk,
    remove_task,
    talks_of,
    tasks_of,
    undo_talk,
    write_note,
)
from alliancekit.store.database import Database
from alliancekit.store.erasure import erase_episode
from alliancekit.store.tables import agreed_task, note, session, talked

from .case import NOW, Case, make_case

ACTOR = "therapist:t1"
SECRET = "He looked away when the word father came up"


@pytest.fixture
async def case(database: Database) -> Case:
    return await database.write(make_case)


async def actions(database: Database, case: Case) -> list[tuple[str, str]]:
    found = await database.read(lambda conn: audit.entries(conn, case.tenant))
    return [(one.action, one.actor) for one in found if one.action.split(".")[0] in {"talk", "task", "note"}]


async def talk(database: Database, case: Case, outcome: str, now: float = NOW) -> str:
    stored = await database.write(
        lambda conn: record_talk(conn, case.tenant, case.session, outcome, actor=ACTOR, now=now)
    )
    return stored.id


async def outcomes(database: Database, case: Case) -> list[str]:
    found = await database.read(lambda conn: talks_of(conn, case.tenant, case.episode))
    return [one.outcome for one in found]


async def task(database: Database, case: Case, text: str, now: float = NOW) -> str:
    stored = await database.write(
        lambda conn: add_task(conn, case.tenant, case.session, text, actor=ACTOR, now=now)
    )
    return stored.id


async def write(database: Database, case: Case, text: str, therapist: str = "t1") -> None:
    await database.write(
        lambda conn: write_note(conn, case.tenant, case.session, text, therapist=therapist, now=NOW)
    )


async def notes(database: Database, case: Case, therapist: str = "t1") -> list[str]:
    found = await database.read(lambda conn: notes_of(conn, case.tenant, case.episode, therapist=therapist))
    return [one.text for one in found]


# talks ------------------------------------------------------------------------------------------------


async def test_the_last_word_on_a_session_counts_and_the_same_word_twice_is_one(
    database: Database, case: Case
) -> None:
    first = await talk(database, case, "not_yet")
    assert await talk(database, case, "not_yet", NOW + 1) == first
    await talk(database, case, "repaired")
    assert await outcomes(database, case) == ["not_yet", "repaired"], "in order, though the clock stood still"
    assert await actions(database, case) == [("talk.noted", ACTOR)] * 2


async def test_a_talk_is_taken_back_once(database: Database, case: Case) -> None:
    await talk(database, case, "not_yet")
    last = await talk(database, case, "repaired")
    undone = await database.write(lambda conn: undo_talk(conn, case.tenant, last, actor=ACTOR, now=NOW))
    assert (undone.session, undone.outcome) == (case.session, "repaired")
    assert await outcomes(database, case) == ["not_yet"]
    with pytest.raises(NotFoundError):
        await database.write(lambda conn: undo_talk(conn, case.tenant, last, actor=ACTOR, now=NOW))
    assert (await actions(database, case))[-1] == ("talk.undone", ACTOR)


async def test_what_is_no_outcome_and_what_is_another_tenants_is_refused(
    database: Database, case: Case
) -> None:
    mine = await talk(database, case, "repaired")
    with pytest.raises(UnknownWordError):
        await talk(database, case, "maybe")
    with pytest.raises(NotFoundError):
        await database.write(
            lambda conn: record_talk(conn, "ten_other", case.session, "not_yet", actor=ACTOR, now=NOW)
        )
    with pytest.raises(NotFoundError):
        await database.write(lambda conn: undo_talk(conn, "ten_other", mine, actor=ACTOR, now=NOW))
    assert await database.read(lambda conn: talks_of(conn, "ten_other", case.episode)) == ()
    assert await outcomes(database, case) == ["repaired"]


# tasks ------------------------------------------------------------------------------------------------


async def test_a_task_is_agreed_decided_and_taken_back(database: Database, case: Case) -> None:
    key = await task(database, case, "  Call\r\nthe   sister ")
    assert await task(database, case, "Call the sister") == key, "a second click adds nothing"
    (found,) = await database.read(lambda conn: tasks_of(conn, case.tenant, case.episode))
    assert (found.text, found.status, found.decided_at) == ("Call the sister", "open", None)
    for status, decided in (("partly", NOW + 9), ("open", None), ("done", NOW + 9)):
        await database.write(
            lambda conn, status=status: decide_task(conn, case.tenant, key, status, actor=ACTOR, now=NOW + 9)
        )
        (found,) = await database.read(lambda conn: tasks_of(conn, case.tenant, case.episode))
        assert (found.status, found.decided_at) == (status, decided)
    with pytest.raises(ConflictError):
        await database.write(lambda conn: remove_task(conn, case.tenant, key, actor=ACTOR, now=NOW))
    again = await task(database, case, "Call the sister", NOW + 10)
    assert again != key, "what was done can be agreed anew"
    await database.write(lambda conn: remove_task(conn, case.tenant, again, actor=ACTOR, now=NOW))
    assert len(await database.read(lambda conn: tasks_of(conn, case.tenant, case.episode))) == 1
    assert [action for action, _ in await actions(database, case)] == [
        "task.agreed",
        *["task.decided"] * 3,
        "task.agreed",
        "task.removed",
    ]


async def test_a_task_has_words_and_not_too_many(database: Database, case: Case) -> None:
    for empty in ("", " \r\n ", "\x07"):
        with pytest.raises(UnknownWordError):
            await task(database, case, empty)
    with pytest.raises(TooLongError) as refused:
        await task(database, case, "x" * (TASK_LENGTH + 1))
    assert "x" * 10 not in str(refused.value)
    for number in range(MOST_TASKS):
        await task(database, case, f"Step {number}")
    with pytest.raises(ConflictError):
        await task(database, case, "One more")
    found = await database.read(lambda conn: tasks_of(conn, case.tenant, case.episode))
    assert [one.text for one in found] == [f"Step {number}" for number in range(MOST_TASKS)]


async def test_a_task_of_another_tenant_is_not_there(database: Database, case: Case) -> None:
    key = await task(database, case, "Call the sister")
    with pytest.raises(NotFoundError):
        await database.write(lambda conn: decide_task(conn, "ten_x", key, "done", actor=ACTOR, now=NOW))
    with pytest.raises(NotFoundError):
        await database.write(lambda conn: remove_task(conn, "ten_x", key, actor=ACTOR, now=NOW))
    with pytest.raises(UnknownWordError):
        await database.write(lambda conn: decide_task(conn, case.tenant, key, "?", actor=ACTOR, now=NOW))
    assert await database.read(lambda conn: tasks_of(conn, "ten_x", case.episode)) == ()


# notes ------------------------------------------------------------------------------------------------


async def test_a_note_is_replaced_and_an_empty_one_deletes_it(database: Database, case: Case) -> None:
    await write(database, case, "")
    assert await actions(database, case) == []
    await write(database, case, f"{SECRET}\r\nsecond line")
    await write(database, case, f"{SECRET}.")
    assert await notes(database, case) == [f"{SECRET}."]
    await write(database, case, " \n")
    assert await notes(database, case) == []
    assert [action for action, _ in await actions(database, case)] == [*["note.written"] * 2, "note.deleted"]


async def test_a_note_is_seen_and_changed_by_its_therapist_only(database: Database, case: Case) -> None:
    await write(database, case, SECRET)
    assert await notes(database, case, "t2") == []
    with pytest.raises(ConflictError):
        await write(database, case, "mine now", "t2")
    await write(database, case, "", "t2")
    assert await notes(database, case) == [SECRET]
    assert await database.read(lambda conn: notes_of(conn, "ten_other", case.episode, therapist="t1")) == ()


async def test_a_note_has_a_length_and_its_words_are_in_no_error(database: Database, case: Case) -> None:
    await write(database, case, "ä" * NOTE_LENGTH)
    with pytest.raises(TooLongError) as refused:
        await write(database, case, SECRET * 100)
    assert "father" not in str(refused.value)
    assert await notes(database, case) == ["ä" * NOTE_LENGTH]
    with pytest.raises(NotFoundError):
        await database.write(
            lambda conn: write_note(conn, "ten_other", case.session, "x", therapist="t1", now=NOW)
        )


def test_typed_text_keeps_its_lines_and_loses_what_cannot_be_seen() -> None:
    assert cleaned("  a\r\nb\rc\td\x00\x07\x7f \u200fע ") == "a\nb\nc\td \u200fע"


# together ---------------------------------------------------------------------------------------------


async def test_no_word_reaches_the_audit_entries(database: Database, case: Case) -> None:
    await write(database, case, SECRET)
    await task(database, case, SECRET)
    await talk(database, case, "repaired")
    found = await database.read(lambda conn: audit.entries(conn, case.tenant))
    assert {one.action for one in found} >= {"note.written", "task.agreed", "talk.noted"}
    assert "father" not in repr(found)


async def test_an_erased_episode_leaves_nothing_of_it(database: Database, case: Case) -> None:
    await write(database, case, SECRET)
    await task(database, case, SECRET)
    await talk(database, case, "repaired")
    await database.write(
        lambda conn: conn.execute(update(session).where(session.c.id == case.session).values(status="ended"))
    )
    await database.write(lambda conn: erase_episode(conn, case.tenant, case.episode, actor="vendor", now=NOW))
    for table in (note, agreed_task, talked):
        assert await database.read(lambda conn, table=table: list(conn.execute(select(table)))) == []
