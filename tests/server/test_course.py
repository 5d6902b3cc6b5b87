"""What therapists say on a client's page: who may, what it changes, where it appears, where never."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from tests.services import BASE_URL, Meeting, Site
from tests.strict_page import assert_strict

from alliancekit.testing.episode import Episode

HOME = {"Sec-Fetch-Site": "same-origin"}
SECRET = "I was angry when he spoke of the river house"
DIPPED = [80, 82, 78, 80, 81, 79, 45]


async def dipped(site: Site) -> tuple[str, tuple[str, ...]]:
    """An episode whose last session shows a possible strain; its id and those of its sessions."""
    written = await site.write(Episode(DIPPED))
    return written.episode, written.sessions


async def send(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await browser.post(f"/therapist/episodes/{path}", data=fields, headers=HOME)


async def page(browser: httpx.AsyncClient, episode: str) -> str:
    reply = await browser.get(f"/therapist/episodes/{episode}")
    assert reply.status_code == 200
    assert_strict(reply)
    return reply.text


def part(text: str, key: str) -> str:
    """A section of the page, by its id."""
    found = re.search(rf'<section[^>]* id="{key}".*?</section>', text, re.DOTALL)
    assert found, key
    return found[0]


# talked about it --------------------------------------------------------------------------------------


async def test_a_strain_that_was_talked_about_is_closed_in_the_therapists_words(each_site: Site) -> None:
    site = each_site
    episode, sessions = await dipped(site)
    async with site.signed_in() as browser:
        before = part(await page(browser, episode), "signals")
        assert "Possible strain" in before
        assert before.count('name="outcome"') >= 2
        reply = await send(browser, f"{episode}/talked", session=sessions[-1], outcome="not_yet")
        assert (reply.status_code, reply.headers["location"]) == (
            303,
            f"/therapist/episodes/{episode}#signals",
        )
        waiting = part(await page(browser, episode), "signals")
        assert "not repaired yet, noted on" in waiting
        assert 'value="repaired"' in waiting
        assert 'value="not_yet"' not in waiting
        await send(browser, f"{episode}/talked", session=sessions[-1], outcome="repaired")
        repaired = part(await page(browser, episode), "signals")
        assert "repaired in your words, noted on" in repaired
        assert 'name="outcome"' not in repaired
        undo = re.search(r'action="([^"]+/undo)"', repaired)
        assert undo
        await browser.post(undo[1], data={"undo": "1"}, headers=HOME)
        again = part(await page(browser, episode), "signals")
        assert "not repaired yet, noted on" in again
        gone = await browser.post(undo[1], data={"undo": "1"}, headers=HOME)
        assert gone.status_code == 404


async def test_vendors_and_exports_are_told_what_was_said_and_agreed(site: Site) -> None:
    episode, sessions = await dipped(site)
    async with site.signed_in() as browser:
        await send(browser, f"{episode}/talked", session=sessions[-1], outcome="repaired")
        await send(browser, f"{episode}/tasks", session=sessions[-1], text="Call the sister")
        await send(browser, f"{episode}/notes", session=sessions[-1], text=SECRET)
    now = site.clock()
    series = await site.series(episode)
    export = json.loads((await site.get(f"/v1/episodes/{episode}/export")).text)
    for place in (series, export):
        (talk,), (task,) = (place["sessions"][-1][name] for name in ("talks", "tasks"))
        assert (talk["outcome"], talk["at"]) == ("repaired", now)
        assert (task["text"], task["status"], task["decided_at"]) == ("Call the sister", "open", None)
        assert place["sessions"][0]["talks"] == []
    assert [one["attended"] for one in series["sessions"]] == [True] * len(DIPPED)


# tasks ------------------------------------------------------------------------------------------------


async def test_a_task_is_agreed_in_one_session_and_decided_at_the_next(site: Site) -> None:
    episode, sessions = await dipped(site)
    async with site.signed_in() as browser:
        reply = await send(browser, f"{episode}/tasks", session=sessions[-2], text="<b>Call</b> the sister")
        assert reply.headers["location"].endswith("#tasks")
        tasks = part(await page(browser, episode), "tasks")
        assert "&lt;b&gt;Call&lt;/b&gt; the sister" in tasks
        address = re.search(rf"{episode}/tasks/tsk_[\w-]+", tasks)
        assert address
        await send(browser, address[0], status="partly")
        html = await page(browser, episode)
        assert "½/1" in html
        assert "In part" in part(html, "tasks")
        refused = await send(browser, address[0], status="remove")
        assert refused.status_code == 409
        await send(browser, address[0], status="open")
        await send(browser, address[0], status="remove")
        assert "the sister" not in await page(browser, episode)
        assert (await send(browser, address[0], status="done")).status_code == 404


# private notes ----------------------------------------------------------------------------------------


async def test_a_note_is_on_its_therapists_page_and_nowhere_else(site: Site) -> None:
    episode, sessions = await dipped(site)
    async with site.signed_in() as browser:
        reply = await send(browser, f"{episode}/notes", session=sessions[1], text=f"\n{SECRET}\r\n<i>")
        assert reply.headers["location"].endswith("#notes")
        mine = part(await page(browser, episode), "notes")
        assert f"{SECRET}\n&lt;i&gt;" in mine
        asked = await browser.get(f"/therapist/episodes/{episode}?note=2")
        assert re.search(rf"<textarea[^>]*>\n{SECRET}\n&lt;i&gt;</textarea>", asked.text)
        for wrong in ("99", "-1", "x", "²", "1" * 40):
            assert (await browser.get(f"/therapist/episodes/{episode}?note={wrong}")).status_code == 200
        assert SECRET not in (await browser.get("/therapist")).text
        assert SECRET not in (await browser.get(f"/therapist/episodes/{episode}/print")).text
        told = await browser.get(f"/therapist/episodes/{episode}/print?notes=1")
        assert SECRET in told.text
        assert_strict(told)
        await send(browser, f"{episode}/notes", session=sessions[1], text="")
        assert SECRET not in await page(browser, episode)
        await send(browser, f"{episode}/notes", session=sessions[1], text=SECRET)
    kept = await site.rows()
    assert [name for name, rows in kept.items() if SECRET in repr(rows)] == ["note"]
    assert SECRET not in (await site.get(f"/v1/episodes/{episode}")).text
    for form in ("json", "csv"):
        assert SECRET not in (await site.get(f"/v1/episodes/{episode}/export?format={form}")).text


async def test_a_note_that_is_too_long_is_refused_and_the_old_one_stays(site: Site) -> None:
    episode, sessions = await dipped(site)
    async with site.signed_in() as browser:
        await send(browser, f"{episode}/notes", session=sessions[0], text="ä" * 4000)
        refused = await send(browser, f"{episode}/notes", session=sessions[0], text="ö" * 4001)
        assert refused.status_code == 422
        assert "ö" not in refused.text
        assert "ä" * 4000 in await page(browser, episode)


# who may ----------------------------------------------------------------------------------------------

PATHS: list[tuple[str, dict[str, str]]] = [
    ("talked", {"outcome": "repaired"}),
    ("tasks", {"text": "Call the sister"}),
    ("notes", {"text": SECRET}),
]


async def stored(site: Site) -> dict[str, Any]:
    rows = await site.rows()
    return {name: rows[name] for name in ("talked", "agreed_task", "note", "audit")}


@pytest.mark.parametrize(("path", "fields"), PATHS, ids=[path for path, _ in PATHS])
async def test_only_the_own_pages_of_the_own_therapist_may(
    site: Site, path: str, fields: dict[str, str]
) -> None:
    episode, sessions = await dipped(site)
    other: Meeting = await site.session(episode="other")
    fields = fields | {"session": sessions[0]}
    before = await stored(site)
    async with site.signed_in("t2") as stranger:
        assert (await send(stranger, f"{episode}/{path}", **fields)).status_code == 404
        assert (await stranger.get(f"/therapist/episodes/{episode}/print")).status_code == 404
    _, key = await site.another_tenant()
    async with site.signed_in("t1", key=key) as elsewhere:
        assert (await send(elsewhere, f"{episode}/{path}", **fields)).status_code == 404
    async with httpx.AsyncClient(transport=site.http._transport, base_url=BASE_URL) as nobody:
        reply = await send(nobody, f"{episode}/{path}", **fields)
        assert reply.status_code == 401
        assert (await nobody.get(f"/therapist/episodes/{episode}/print")).status_code == 401
    async with site.signed_in() as browser:
        address = f"/therapist/episodes/{episode}/{path}"
        cross = await browser.post(address, data=fields, headers={"Sec-Fetch-Site": "cross-site"})
        assert cross.status_code == 403
        for session in ("", "ses_none", other.id):
            wrong = await send(browser, f"{episode}/{path}", **fields | {"session": session})
            assert wrong.status_code == 404, session
    assert await stored(site) == before


async def test_nobody_decides_or_takes_back_what_is_anothers(site: Site) -> None:
    episode, sessions = await dipped(site)
    async with site.signed_in() as browser:
        await send(browser, f"{episode}/talked", session=sessions[0], outcome="repaired")
        await send(browser, f"{episode}/tasks", session=sessions[0], text="Call the sister")
    series = (await site.series(episode))["sessions"][0]
    task, talk = series["tasks"][0]["id"], series["talks"][0]["id"]
    theirs = await site.write(Episode([50, 60]), name="theirs", therapist="t2")
    before = await stored(site)
    async with site.signed_in("t2") as stranger:
        for place in (episode, theirs.episode):
            assert (await send(stranger, f"{place}/tasks/{task}", status="done")).status_code == 404
            assert (await send(stranger, f"{place}/talked/{talk}/undo", undo="1")).status_code == 404
    assert await stored(site) == before


async def test_other_pages_are_told(site: Site) -> None:
    episode, sessions = await dipped(site)
    heard: list[str] = []

    async def push(text: str) -> None:
        heard.append(text)

    connection = site.service.live.connect(("therapist", site.tenant, "t1"), push, lambda: None)
    async with site.signed_in() as browser:
        await send(browser, f"{episode}/talked", session=sessions[0], outcome="not_yet")
        await send(browser, f"{episode}/notes", session=sessions[0], text=SECRET)
    site.service.live.disconnect(connection)
    hints = [json.loads(one) for one in heard]
    assert [(one["type"], one["session"], one["episode"]) for one in hints] == [
        ("updated", sessions[0], episode)
    ] * len(hints)
    assert hints
    assert SECRET not in repr(heard)
