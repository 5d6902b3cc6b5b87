"""The page behind a rating link: it asks, and lets people go on where that is allowed, never elsewhere."""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import quote

import pytest
from tests.services import BASE_URL, MakeSite, Meeting, Site, Someone
from tests.strict_page import assert_strict

from alliancekit.errors import StoreError
from alliancekit.server.tokens import LinkClaims

EXIT = "https://clinic.example/after?visit=7&x=%20y#top"
ALLOWED = {"redirect_to": ("https://clinic.example", "https://*.clinic.example", "http://localhost:3000")}


def path_of(url: str) -> str:
    return url.removeprefix(BASE_URL)


async def test_a_rating_link_opens_a_page_that_can_answer(site: Site) -> None:
    meeting = await site.held()
    reply = await site.http.get(path_of(meeting.client.rating_url))
    assert reply.status_code == 200
    assert_strict(reply)
    token = reply.text.partition('token="')[2].partition('"')[0]
    shown = await site.current(token)
    assert shown is not None
    await site.answer(token)
    [response] = (await site.episode(meeting))["sessions"][0]["responses"]
    assert response["role"] == "client"
    for file in ("/embed.js", "/r-static/rating.css", "/r-static/rating.js"):
        assert file in reply.text
        assert (await site.http.get(file)).status_code == 200


async def test_an_altered_or_expired_link_says_so_and_opens_nothing(site: Site) -> None:
    meeting = await site.held()
    link = path_of(meeting.client.rating_url)
    claims = LinkClaims(tenant=site.tenant, session=meeting.id, participant=meeting.client.id, role="client")
    expired = site.app.backend.tokens.issue(claims, lifetime=60, at=time.time() - 120)
    head, body, signature = link.removeprefix("/r/").split(".")
    altered = f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    for wrong in (
        expired,
        altered,
        "nonsense",
        meeting.client.token,
        "%00",
        "%FF",
        "<script>alert(1)<script>",
    ):
        reply = await site.http.get(f"/r/{wrong}")
        assert reply.status_code == 410, wrong
        assert_strict(reply)
        assert "token=" not in reply.text
        assert "alert(1)" not in reply.text
        assert wrong not in reply.text


async def test_the_rating_page_speaks_the_language_of_its_reader(site: Site) -> None:
    people = [
        {"role": "client", "external_id": "c1", "language": "ar"},
        {"role": "therapist", "external_id": "t1"},
    ]
    meeting = await site.held(participants=people)
    reply = await site.http.get(path_of(meeting.client.rating_url))
    assert (reply.status_code, '<html lang="ar" dir="rtl">' in reply.text) == (200, True)
    gone = await site.http.get("/r/nonsense", headers={"Accept-Language": "es-MX,en;q=0.5"})
    assert (gone.status_code, '<html lang="es" dir="ltr">' in gone.text) == (410, True)
    assert_strict(gone)


async def test_files_of_the_page_are_its_own_and_no_others(site: Site) -> None:
    for name, kind in (("rating.css", "text/css"), ("rating.js", "text/javascript")):
        reply = await site.http.get(f"/r-static/{name}")
        assert reply.headers["content-type"].startswith(kind)
    for name in ("rating.py", "..%2Frating.py", "rating.html"):
        assert (await site.http.get(f"/r-static/{name}")).status_code == 404


# going on -----------------------------------------------------------------------------------------


@pytest.fixture
async def clinic(make_site: MakeSite) -> Site:
    """A service that may send people on to the clinic."""
    return await make_site(prompts=ALLOWED)


async def left(site: Site, someone: Someone, *addresses: str) -> Any:
    """What somebody gets whom the platform sends to their exit address."""
    query = "&".join(f"next={quote(one, safe='')}" for one in addresses)
    return await site.http.get(f"{path_of(someone.rating_url)}?{query}")


async def receipts(site: Site, meeting: Meeting, role: str) -> list[tuple[str, str]]:
    """Channel and status of every delivery of somebody's only prompt."""
    [person] = [one.id for one in meeting.people if one.role == role]
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    [prompt] = [one["id"] for one in state["prompts"] if one["participant"] == person]
    found = (await site.get(f"/v1/prompts/{prompt}")).json()["deliveries"]
    return [(one["channel"], one["status"]) for one in found]


async def test_who_is_asked_after_the_call_can_go_on_at_once_and_after_the_answer(clinic: Site) -> None:
    meeting = await clinic.held()
    for _ in range(2):  # also after a reload
        reply = await left(clinic, meeting.client, EXIT)
        assert reply.status_code == 200
        assert_strict(reply)
        assert 'href="https://clinic.example/after?visit=7&amp;x=%20y#top" rel="noreferrer"' in reply.text
        assert "token=" in reply.text
    assert await receipts(clinic, meeting, "client") == [("live", "unreachable"), ("redirect", "seen")]
    await clinic.answer(meeting.client.token)
    reply = await left(clinic, meeting.client, EXIT)
    assert (reply.status_code, reply.headers["location"]) == (303, EXIT)
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("reason", ["skip", "later"])
async def test_who_put_the_questions_away_goes_on(clinic: Site, reason: str) -> None:
    meeting = await clinic.held()
    token = meeting.client.token
    prompt = await clinic.current(token)
    assert prompt is not None
    await clinic.post(f"/v1/prompts/{prompt['id']}/dismiss", {"reason": reason}, key=token)
    assert (await left(clinic, meeting.client, EXIT)).status_code == 303
    clinic.clock.now += 600
    again = (await left(clinic, meeting.client, EXIT)).status_code
    assert again == (200 if reason == "later" else 303)


async def test_who_was_never_in_a_call_goes_on_and_is_asked_nothing(clinic: Site) -> None:
    meeting = await clinic.session()
    assert (await left(clinic, meeting.client, EXIT)).status_code == 303
    await clinic.join(meeting)
    await clinic.wait(meeting, 30)
    assert (await left(clinic, meeting.client, EXIT)).status_code == 303
    state = (await clinic.get(f"/v1/sessions/{meeting.id}")).json()
    assert state["prompts"] == []


async def test_who_leaves_first_is_asked_while_the_other_is_still_there(clinic: Site) -> None:
    """The platform sends them on before it tells anybody that they left."""
    meeting = await clinic.session()
    await clinic.join(meeting)
    await clinic.wait(meeting, 1800)
    reply = await left(clinic, meeting.client, EXIT)
    assert (reply.status_code, "token=" in reply.text) == (200, True)
    assert await clinic.current(meeting.therapist.token) is None
    await clinic.settle()
    assert await receipts(clinic, meeting, "client") == [("redirect", "seen")]
    await clinic.answer(meeting.client.token)
    await clinic.leave(meeting)
    state = (await clinic.get(f"/v1/sessions/{meeting.id}")).json()
    found = sorted((one["moment"], one["status"]) for one in state["prompts"])
    assert found == [("end_of_call", "answered"), ("end_of_call", "open")]


async def test_without_an_address_to_go_on_to_nothing_changes(clinic: Site) -> None:
    meeting = await clinic.session()
    await clinic.join(meeting)
    await clinic.wait(meeting, 1800)
    for query in ("", "?next=", "?other=1"):
        reply = await clinic.http.get(path_of(meeting.client.rating_url) + query)
        assert reply.status_code == 200
        assert 'class="go"' not in reply.text
    state = (await clinic.get(f"/v1/sessions/{meeting.id}")).json()
    assert state["prompts"] == []


REFUSED = [
    "https://evil.example/?secret=1",
    "//evil.example/?secret=1",
    "https:evil.example",
    "https:///evil.example",
    "/\\evil.example",
    "https:\\\\evil.example",
    "https://clinic.example\\@evil.example/",
    "https://clinic.example@evil.example/",
    "https://clinic.example:443@evil.example/",
    "https://clinic.example.evil.example/",
    "https://evilclinic.example/",
    "https://clinic.example:8443/",
    "http://clinic.example/",
    "javascript:alert(1)//https://clinic.example",
    "data:text/html,hello",
    "https://clinic.example/\nSet-Cookie: a=b",
    "https://clinic.example/" + "a" * 2000,
    "https://clinic．example/",
    "https://clinic.example。evil.example/",
    "/therapist",
]


@pytest.mark.parametrize("address", REFUSED)
async def test_nobody_is_sent_anywhere_else(
    clinic: Site, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    meeting = await clinic.session()
    caplog.set_level(logging.WARNING)
    for when in ("before the call", "after it"):
        reply = await left(clinic, meeting.client, address)
        assert (reply.status_code, reply.headers.get("location")) == (200, None), when
        assert_strict(reply)
        assert "does not know its address" in reply.text
        assert 'class="go"' not in reply.text
        assert "evil" not in reply.text
        await clinic.join(meeting)
        await clinic.wait(meeting, 1800)
        await clinic.leave(meeting)
    assert "token=" in reply.text
    assert "offers no way on" in caplog.text
    assert "secret" not in caplog.text


async def test_an_address_given_twice_is_refused(clinic: Site) -> None:
    meeting = await clinic.session()
    reply = await left(clinic, meeting.client, EXIT, EXIT)
    assert (reply.status_code, 'class="go"' in reply.text) == (200, False)


async def test_a_link_that_no_longer_works_still_lets_people_go_on(clinic: Site) -> None:
    reply = await clinic.http.get(f"/r/nonsense?next={quote(EXIT, safe='')}")
    assert (reply.status_code, 'class="go"' in reply.text) == (410, True)
    assert_strict(reply)
    refused = await clinic.http.get("/r/nonsense?next=https://evil.example/")
    assert (refused.status_code, "evil" in refused.text) == (410, False)


async def test_nobody_is_stranded_while_the_database_is_away(
    clinic: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await clinic.held()

    async def away(_: Any) -> None:
        raise StoreError("The database does not answer.")

    monkeypatch.setattr(clinic.service.database, "read", away)
    reply = await left(clinic, meeting.client, EXIT)
    assert (reply.status_code, reply.headers["location"]) == (303, EXIT)
    assert (await left(clinic, meeting.client, "https://evil.example")).status_code == 503


async def test_the_page_that_lets_people_go_on_speaks_their_language(clinic: Site) -> None:
    people = [
        {"role": "client", "external_id": "c1", "language": "ar"},
        {"role": "therapist", "external_id": "t1"},
    ]
    meeting = await clinic.held(participants=people)
    reply = await left(clinic, meeting.client, EXIT)
    assert "المتابعة إلى \u2068clinic.example\u2069</a>" in reply.text
