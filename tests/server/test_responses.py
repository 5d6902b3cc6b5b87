"""The way of an answer: stored once or not at all, and seen only by whom the client chose."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text
from tests.server.test_api import assert_problem
from tests.services import Meeting, Site, bearer, full, on_network

from alliancekit.errors import StoreError
from alliancekit.store.database import Database


async def asked(site: Site, **fields: Any) -> tuple[Meeting, dict[str, Any]]:
    """A session that is over, and what its client is asked."""
    meeting = await site.held(**fields)
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    return meeting, prompt


# the key ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "", "k" * 256])
async def test_without_a_usable_key_nothing_is_stored(site: Site, key: str | None) -> None:
    meeting, prompt = await asked(site)
    before = await site.rows()
    headers = bearer(meeting.client.token) | ({} if key is None else {"Idempotency-Key": key})
    body = {"prompt": prompt["id"], "answers": full(prompt)}
    reply = await site.http.post("/v1/responses", json=body, headers=headers)
    assert_problem(reply, 400, "idempotency-key")
    assert await site.rows() == before


async def test_the_same_submission_again_gets_the_first_answer_again(each_site: Site) -> None:
    site = each_site
    meeting, prompt = await asked(site)
    answers = full(prompt)
    first = await site.respond(meeting.client.token, prompt["id"], answers, key="one")
    assert first.status_code == 201
    assert set(first.json()) == {"status", "prompt", "responses"}
    await site.settle()
    before = await site.rows()
    site.clock.now += 10 * 86400
    again = await site.respond(meeting.client.token, prompt["id"], answers, key="one")
    assert (again.status_code, again.content) == (201, first.content)
    await site.settle()
    assert without_work(await site.rows()) == without_work(before)


def without_work(rows: dict[str, Any]) -> dict[str, Any]:
    """The tables but the outbox, whose old rows are pruned."""
    return {name: found for name, found in rows.items() if name != "outbox"}


async def test_a_key_belongs_to_one_body_and_one_person(each_site: Site) -> None:
    site = each_site
    meeting, prompt = await asked(site)
    first = await site.respond(meeting.client.token, prompt["id"], full(prompt), key="one")
    await site.settle()
    before = await site.rows()
    other = await site.respond(meeting.client.token, prompt["id"], full(prompt, 0), key="one")
    assert_problem(other, 422, "key-reused")
    seen = await site.respond(
        meeting.client.token, prompt["id"], full(prompt), key="one", visibility="aggregate_only"
    )
    assert_problem(seen, 422, "key-reused")
    assert await site.rows() == before
    theirs = await site.current(meeting.therapist.token)
    assert theirs is not None
    reply = await site.respond(meeting.therapist.token, theirs["id"], full(theirs), key="one")
    assert reply.status_code == 201
    assert reply.json() != first.json()


class HeldWrites:
    """Lets no write begin until it is told to."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = asyncio.Event()
        self.held = asyncio.Event()
        self._write = database.write
        monkeypatch.setattr(database, "write", self)

    async def __call__(self, work: Any) -> Any:
        self.held.set()
        await self.go.wait()
        return await self._write(work)


async def test_a_submission_in_progress_is_not_begun_twice(
    each_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = each_site
    meeting, prompt = await asked(site)
    writes = HeldWrites(site.service.database, monkeypatch)
    first = asyncio.create_task(site.respond(meeting.client.token, prompt["id"], full(prompt), key="one"))
    await writes.held.wait()
    second = await site.respond(meeting.client.token, prompt["id"], full(prompt), key="one")
    assert_problem(second, 409, "in-progress")
    writes.go.set()
    assert (await first).status_code == 201
    third = await site.respond(meeting.client.token, prompt["id"], full(prompt), key="one")
    assert (third.status_code, third.content) == (201, (await first).content)


async def test_the_same_submission_on_many_connections_is_stored_once(each_site: Site) -> None:
    site = each_site
    meeting, prompt = await asked(site)
    body = {"prompt": prompt["id"], "visibility": "therapist_now", "answers": full(prompt)}
    async with on_network(site) as address:
        replies = await many(address, [(meeting.client.token, "one", body)] * 12)
    stored = {reply.content for reply in replies if reply.status_code == 201}
    assert len(stored) == 1
    for reply in replies:
        if reply.status_code != 201:
            assert_problem(reply, 409, "in-progress")
    assert len((await site.rows())["submission"]) == 1


async def test_a_prompt_answered_on_two_pages_at_once_is_stored_once(each_site: Site) -> None:
    site = each_site
    async with on_network(site) as address:
        for _ in range(4):
            meeting, prompt = await asked(site)
            body = {"prompt": prompt["id"], "answers": full(prompt)}
            replies = await many(
                address, [(meeting.client.token, f"page-{number}", body) for number in range(2)]
            )
            assert sorted(reply.status_code for reply in replies) == [201, 409]
    rows = await site.rows()
    assert [len(rows[name]) for name in ("submission", "response", "score")] == [4, 4, 16]
    assert sum("response.stored" in row for row in rows["audit"]) == 4


async def many(address: str, calls: list[tuple[str, str, Any]]) -> list[httpx.Response]:
    """The submissions at once, each on a connection of its own."""

    async def one(token: str, key: str, body: Any) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as http:
            url = f"http://{address}/v1/responses"
            return await http.post(url, json=body, headers=bearer(token) | {"Idempotency-Key": key})

    return list(await asyncio.gather(*(one(*call) for call in calls)))


# what is refused ----------------------------------------------------------------------------------

WRONG: dict[str, Any] = {
    "above the options": {"check-in": {"hope": 5}},
    "below the options": {"check-in": {"hope": -1}},
    "beyond every integer": {"check-in": {"hope": 10**400}},
    "true": {"check-in": {"hope": True}},
    "float": {"check-in": {"hope": 3.0}},
    "text": {"check-in": {"hope": "3"}},
    "words": {"check-in": {"hope": "my sister Ana left me"}},
    "null": {"check-in": {"hope": None}},
    "list": {"check-in": {"hope": [3]}},
    "unknown item": {"check-in": {"hope": 3, "my sister Ana left me": 3}},
    "unknown instrument": {"check-in": {"hope": 3}, "my sister Ana left me": {"hope": 3}},
    "an instrument that was not asked": {"pulse": {"between_us": 3}},
    "nothing": {},
    "no item": {"check-in": {}},
    "too many items": {"check-in": {f"item{n}": 1 for n in range(201)}},
    "no object": [1],
    "one of two wrong": {"check-in": {"hope": 3, "respect": 99}},
}


@pytest.mark.parametrize("answers", WRONG.values(), ids=WRONG)
async def test_an_answer_that_does_not_fit_is_refused_and_changes_nothing(site: Site, answers: Any) -> None:
    meeting, prompt = await asked(site)
    before = await site.rows()
    assert_problem(await site.respond(meeting.client.token, prompt["id"], answers), 422, "invalid-answer")
    assert await site.rows() == before
    shown = await site.current(meeting.client.token)
    assert shown == prompt


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[" * 60000,
        b'{"prompt": "x", "answers": {"check-in": {"hope": NaN}}}',
        b'{"prompt": "\xff", "answers": {"check-in": {"hope": 1}}}',
        json.dumps({"prompt": "a\x00", "answers": {"check-in": {"hope": 1}}}).encode(),
        json.dumps({"prompt": "x", "answers": {"check-in": {"hope": 1}}, "Ana": 1}).encode(),
        json.dumps({"prompt": "x", "answers": {"check-in": {"hope": 1}}, "visibility": "Ana"}).encode(),
    ],
)
async def test_a_body_of_another_form_is_refused(site: Site, body: bytes) -> None:
    meeting, _ = await asked(site)
    before = await site.rows()
    headers = bearer(meeting.client.token) | {"Idempotency-Key": "k"}
    reply = await site.http.post("/v1/responses", content=body, headers=headers)
    assert_problem(reply, 422, "invalid-answer")
    assert await site.rows() == before


async def test_a_huge_body_is_refused_unread(site: Site) -> None:
    meeting, prompt = await asked(site)
    before = await site.rows()
    chunks = 0

    async def endless() -> Any:
        nonlocal chunks
        yield b'{"prompt": "'
        while chunks < 100_000:
            chunks += 1
            yield b"x" * 1024

    headers = bearer(meeting.client.token) | {"Idempotency-Key": "k"}
    reply = await site.http.post("/v1/responses", content=endless(), headers=headers)
    assert_problem(reply, 413, "too-large")
    assert chunks < 1000
    answers = {"check-in": {"x" * 2_000_000: 1}}
    assert_problem(await site.respond(meeting.client.token, prompt["id"], answers), 413, "too-large")
    assert await site.rows() == before


async def test_nobody_answers_for_another(each_site: Site) -> None:
    site = each_site
    meeting, prompt = await asked(site)
    other = await site.held()
    _, key = await site.another_tenant()
    stranger = await site.session(key=key)
    before = await site.rows()
    for token in (meeting.therapist.token, other.client.token, stranger.client.token):
        assert_problem(await site.respond(token, prompt["id"], full(prompt)), 404, "not-found")
    assert_problem(await site.respond(meeting.client.token, "prm_none", full(prompt)), 404, "not-found")
    assert await site.rows() == before


async def test_a_prompt_is_answered_once(each_site: Site) -> None:
    site = each_site
    meeting, prompt = await asked(site)
    await site.answer(meeting.client.token)
    before = await site.rows()
    reply = await site.respond(meeting.client.token, prompt["id"], full(prompt, 1))
    assert_problem(reply, 409, "conflict")
    assert await site.rows() == before
    assert await site.current(meeting.client.token) is None


async def test_a_dismissed_a_cancelled_and_an_expired_prompt_take_no_answer(each_site: Site) -> None:
    site = each_site
    meeting = await site.session()
    await site.join(meeting)
    await site.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": "in_call"})
    pulse = await site.current(meeting.client.token)
    assert pulse is not None
    await site.wait(meeting, 120)
    await site.leave(meeting)
    dismissed = await site.current(meeting.client.token)
    expired = await site.current(meeting.therapist.token)
    assert dismissed is not None
    assert expired is not None
    path = f"/v1/prompts/{dismissed['id']}/dismiss"
    await site.post(path, {"reason": "skip"}, key=meeting.client.token)
    site.clock.now += 7 * 86400
    before = await site.rows()
    for person, prompt in (
        (meeting.client, pulse),
        (meeting.client, dismissed),
        (meeting.therapist, expired),
    ):
        reply = await site.respond(person.token, prompt["id"], full(prompt))
        assert_problem(reply, 409, "conflict")
    assert await site.rows() == before


# the commit ---------------------------------------------------------------------------------------


async def test_a_failing_transaction_stores_nothing_and_may_be_sent_again(
    each_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step of the transaction fails; the same submission succeeds afterwards."""
    site = each_site
    meeting, prompt = await asked(site)
    before = await site.rows()

    def broken(conn: Connection, *_: object) -> None:
        conn.execute(text("SELECT no_such_column FROM outbox"))

    with monkeypatch.context() as patch:
        patch.setattr("alliancekit.store.feedback.add_work", broken)
        reply = await site.respond(meeting.client.token, prompt["id"], full(prompt), key="one")
        assert reply.status_code >= 500
        assert_problem(reply, reply.status_code)
    assert await site.rows() == before
    again = await site.respond(meeting.client.token, prompt["id"], full(prompt), key="one")
    assert again.status_code == 201


async def test_a_failing_commit_gives_no_201(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting, prompt = await asked(site)
    before = await site.rows()
    database: Any = site.service.database
    committer = database._writer._committer
    start = committer.start

    def failing(_: Any) -> Any:
        def fail(_driver: Any) -> None:
            raise OSError("No space left on device")

        return start(fail)

    with monkeypatch.context() as patch:
        patch.setattr(committer, "start", failing)
        reply = await site.respond(meeting.client.token, prompt["id"], full(prompt), key="one")
    assert reply.status_code == 503
    assert_problem(reply, 503, "store")
    assert await site.rows() == before
    again = await site.respond(meeting.client.token, prompt["id"], full(prompt), key="one")
    assert again.status_code == 201


async def test_no_201_before_the_commit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting, prompt = await asked(site)
    database: Any = site.service.database
    submit = database._writer.submit
    committed = False

    async def slow(work: Any) -> Any:
        nonlocal committed
        result = await submit(work)
        await asyncio.sleep(0.05)
        committed = True
        return result

    monkeypatch.setattr(database._writer, "submit", slow)
    assert (await site.respond(meeting.client.token, prompt["id"], full(prompt))).status_code == 201
    assert committed


async def test_a_database_that_is_away_is_a_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting, prompt = await asked(site)

    async def away(_: Any) -> Any:
        raise StoreError("The database does not answer.", fix="Start it.")

    with monkeypatch.context() as patch:
        patch.setattr(site.service.database, "write", away)
        reply = await site.respond(meeting.client.token, prompt["id"], full(prompt))
    assert_problem(reply, 503, "store")
    assert "retry-after" in reply.headers


# what is stored -----------------------------------------------------------------------------------


async def test_an_answer_is_stored_with_scores_audit_entry_and_work(each_site: Site) -> None:
    site = each_site
    meeting, prompt = await asked(site)
    assert [one["name"] for one in prompt["instruments"]] == ["check-in"]
    reply = await site.respond(
        meeting.client.token, prompt["id"], full(prompt), visibility="therapist_later", key="one"
    )
    [response] = reply.json()["responses"]
    rows = await site.rows()
    [stored] = rows["response"]
    assert stored[0] == response
    assert "therapist_later" in stored
    assert len(rows["score"]) == 4
    assert sum("response.stored" in row for row in rows["audit"]) == 1
    assert [row[1] for row in rows["submission"]] == ["one"]
    assert sum("feedback_captured" in row for row in rows["outbox"]) == 1
    for table in ("audit", "outbox"):
        assert all("hope" not in str(row) for row in rows[table]), "an answer left the response"


async def test_left_out_items_are_missing_not_zero(site: Site) -> None:
    meeting, prompt = await asked(site)
    await site.respond(meeting.client.token, prompt["id"], {"check-in": {"goals": 4, "expectations": 4}})
    await site.settle()
    [response] = (await site.episode(meeting))["sessions"][0]["responses"]
    assert {one["scale"]: one["value"] for one in response["scores"]} == {
        "bond": None,
        "goal": 8.0,
        "task": None,
        "total": None,
    }


@pytest.mark.parametrize("visibility", ["therapist_now", "therapist_later", "aggregate_only"])
async def test_a_therapists_own_answer_is_always_seen(site: Site, visibility: str) -> None:
    meeting = await site.held()
    prompt = await site.current(meeting.therapist.token)
    assert prompt is not None
    assert prompt["visibility"] is None
    await site.answer(meeting.therapist.token, visibility=visibility)
    [response] = (await site.episode(meeting))["sessions"][0]["responses"]
    assert response["visibility"] == "therapist_now"
    assert response["scores"]
