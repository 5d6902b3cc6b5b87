"""The client's pages over HTTP: who gets in, what is shown, what each decision changes, what is refused."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.services import BASE_URL, Meeting, Site
from tests.strict_page import assert_strict

from alliancekit.server.tokens import ClientClaims, ClientLaunchClaims, TherapistClaims
from alliancekit.store import audit, webhooks
from alliancekit.store.choices import change_therapist, read_client_choice

OWN = {"sec-fetch-site": "same-origin"}
PAGES = ("/client", "/client/answers", "/client/choices", "/client/data")


@contextlib.asynccontextmanager
async def browser_of(
    site: Site, meeting: Meeting, client: str = "c1", **headers: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A client's browser, signed in by a launch link."""
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as browser:
        landed = await browser.get(await launch(site, meeting, client))
        assert (landed.status_code, landed.headers["location"]) == (303, "/client")
        yield browser


async def launch(site: Site, meeting: Meeting, client: str = "c1") -> str:
    body = {"role": "client", "episode": meeting.episode, "client": client}
    reply = await site.post("/v1/launches", body)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["url"])


async def answered(site: Site, value: int = 3, visibility: str = "therapist_now", **fields: Any) -> Meeting:
    meeting = await site.held(**fields)
    await site.answer(meeting.client.token, value, visibility=visibility)
    return meeting


async def response_of(site: Site, meeting: Meeting) -> dict[str, Any]:
    series = await site.episode(meeting)
    session = next(one for one in series["sessions"] if one["id"] == meeting.id)
    found: dict[str, Any] = next(one for one in session["responses"] if one["role"] == "client")
    return found


async def share(browser: httpx.AsyncClient, response: str, to: str, **headers: str) -> httpx.Response:
    return await browser.post(f"/client/answers/{response}", data={"visibility": to}, headers=headers or OWN)


async def actions(site: Site) -> list[tuple[str, str, str]]:
    entries = await site.service.database.read(lambda conn: audit.entries(conn, site.tenant))
    return [(one.actor, one.action, one.object) for one in entries]


# who gets in --------------------------------------------------------------------------------------


async def test_a_launch_link_opens_the_clients_pages_once(site: Site) -> None:
    meeting = await answered(site)
    path = await launch(site, meeting)
    first = await site.http.get(path)
    assert (first.status_code, first.headers["location"]) == (303, "/client")
    cookie = {part.strip().lower() for part in first.headers["set-cookie"].split(";")[1:]}
    assert cookie >= {"httponly", "path=/client", "samesite=lax", "max-age=3600"}
    for page in PAGES:
        shown = await site.http.get(page)
        assert shown.status_code == 200
        assert_strict(shown)
        assert "<script" not in shown.text
    site.http.cookies.clear()
    again = await site.http.get(path)
    assert again.status_code == 403
    assert "used before" in again.text
    assert "set-cookie" not in again.headers


async def test_what_is_no_valid_launch_link_shows_nothing(site: Site) -> None:
    meeting = await answered(site)
    tokens = site.app.backend.tokens  # type: ignore[attr-defined]
    claims = ClientLaunchClaims(tenant=site.tenant, episode=meeting.episode, client="c1")
    therapist = (await site.post("/v1/launches", {"therapist": "t1"})).json()["url"].split("launch=")[1]
    good = tokens.issue(claims)
    wrong = [
        tokens.issue(claims, lifetime=30, at=time.time() - 60),
        tokens.issue(ClientClaims(tenant=site.tenant, episode=meeting.episode, client="c1")),
        therapist,
        meeting.client.token,
        good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        "nonsense",
    ]
    for link in wrong:
        reply = await site.http.get("/client", params={"launch": link})
        assert reply.status_code == 403
        assert "set-cookie" not in reply.headers
        assert "does not work" in reply.text


@pytest.mark.parametrize("page", [*PAGES, "/client/data.json", "/client/data.csv"])
async def test_without_a_cookie_no_page_shows_anything(site: Site, page: str) -> None:
    meeting = await answered(site)
    tokens = site.app.backend.tokens  # type: ignore[attr-defined]
    claims = ClientClaims(tenant=site.tenant, episode=meeting.episode, client="c1")
    altered = tokens.issue(claims)[:-3] + "xyz"
    late = tokens.issue(claims, at=time.time() - 3700)
    other = tokens.issue(TherapistClaims(tenant=site.tenant, therapist="t1"))
    for cookie in ("", altered, late, other):
        reply = await site.http.get(page, headers={"cookie": f"ak_client={cookie}"})
        assert reply.status_code == 401
        assert "closes after a while" in reply.text


async def test_only_a_client_of_the_episode_can_be_launched(site: Site) -> None:
    meeting = await site.held()
    _, other = await site.another_tenant()
    body = {"role": "client", "episode": meeting.episode, "client": "c1"}
    assert (await site.post("/v1/launches", body, key=other)).status_code == 404
    for wrong in ({"client": "t1"}, {"client": "c2"}, {"episode": "epi_none"}):
        assert (await site.post("/v1/launches", body | wrong)).status_code == 404
    for wrong in ({"client": ""}, {"episode": "../x"}, {"role": "admin"}, {"supervisor": "s"}):
        assert (await site.post("/v1/launches", body | wrong)).status_code == 422
    assert (await site.post("/v1/launches", {"role": "client", "client": "c1"})).status_code == 422


async def test_an_erased_course_is_gone_from_its_pages(site: Site) -> None:
    meeting = await answered(site)
    async with browser_of(site, meeting) as browser:
        await site.http.delete(
            f"/v1/episodes/{meeting.episode}", headers={"Authorization": f"Bearer {site.key}"}
        )
        for page in (*PAGES, "/client/data.json"):
            reply = await browser.get(page)
            assert reply.status_code == 404
            assert "erased" in reply.text
        assert (await browser.post("/client/asked", data={"asked": "never"}, headers=OWN)).status_code == 404


# the trend ----------------------------------------------------------------------------------------


async def test_the_trend_is_shown_as_far_as_the_therapist_lets_it(site: Site) -> None:
    first = await answered(site, 4, episode="e1")
    await answered(site, 2, "aggregate_only", episode="e1")

    async def sees(what: str) -> str:
        await site.service.database.write(
            lambda conn: change_therapist(conn, site.tenant, "t1", {"client_sees": what}, site.clock())
        )
        async with browser_of(site, first) as browser:
            return (await browser.get("/client")).text

    nothing = await sees("nothing")
    assert "switched off" in nothing
    assert "<svg" not in nothing
    total = await sees("total")
    assert total.count("<svg") == 2
    assert 'data-percent="50"' in total, "one's own hidden answer is one's own to see"
    assert "not validated" in total
    scales = await sees("scales")
    assert scales.count("<svg") > total.count("<svg")
    assert "therapist" not in scales.split("<svg", 1)[1].split("</svg>", 1)[0]


async def test_a_page_without_answers_says_what_will_come(site: Site) -> None:
    meeting = await site.session()
    await site.service.database.write(
        lambda conn: change_therapist(conn, site.tenant, "t1", {"client_sees": "total"}, site.clock())
    )
    async with browser_of(site, meeting) as browser:
        assert "nothing to draw yet" in (await browser.get("/client")).text
        assert "not answered anything" in (await browser.get("/client/answers")).text


# who sees an answer -------------------------------------------------------------------------------


async def test_own_answers_are_shown_in_the_own_words(site: Site) -> None:
    people = [
        {"role": "client", "external_id": "c1", "language": "es"},
        {"role": "therapist", "external_id": "t1"},
    ]
    meeting = await answered(site, participants=people)
    async with browser_of(site, meeting) as browser:
        page = (await browser.get("/client/answers")).text
    assert 'lang="es"' in page
    form = site.service.instruments.get("check-in", "client")
    assert form.items[0].text["es"] in page
    assert form.items[0].text["en"] not in page


async def test_hiding_an_answer_hides_what_was_made_of_it_at_once(each_site: Site) -> None:
    site = each_site
    first = await answered(site, 4, episode="e1")
    second = await answered(site, 0, episode="e1")
    before = (await site.episode(first))["sessions"][1]
    assert before["signals"]
    given = await response_of(site, second)
    async with browser_of(site, first) as browser:
        reply = await share(browser, given["id"], "aggregate_only")
        assert reply.status_code == 303
        at_once = (await site.episode(first))["sessions"][1]
        assert at_once["responses"][0]["scores"] is None
        assert [one for one in at_once["signals"] if one["kind"] in {"drop", "low_score"}] == []
        await site.settle()
        settled = (await site.episode(first))["sessions"][1]
        assert [one for one in settled["signals"] if one["kind"] in {"drop", "low_score"}] == []
        assert "only counts in averages" in (await browser.get("/client/answers")).text
        await share(browser, given["id"], "therapist_now")
        await site.settle()
    again = (await site.episode(first))["sessions"][1]
    assert again["responses"][0]["scores"]
    assert again["signals"] == before["signals"]
    assert again["guidance"] == before["guidance"]
    assert [one for one in await actions(site) if one[1] == "response.shared"] == [
        ("client:c1", "response.shared", given["id"])
    ] * 2


async def test_a_signal_that_comes_back_is_told_to_nobody_again(site: Site) -> None:
    await site.service.database.write(
        lambda conn: webhooks.add_endpoint(conn, site.tenant, "https://a.example/", ["signal.raised"], 1.0)
    )
    await answered(site, 4, episode="e1")
    second = await answered(site, 0, episode="e1")

    async def told() -> int:
        found = await site.service.database.read(lambda conn: webhooks.messages_since(conn, site.tenant, 0))
        return len(found)

    before = await told()
    assert before
    given = await response_of(site, second)
    async with browser_of(site, second) as browser:
        for to in ("aggregate_only", "therapist_now"):
            await share(browser, given["id"], to)
            await site.settle()
    assert await told() == before


async def test_the_same_choice_again_changes_nothing(site: Site) -> None:
    meeting = await answered(site)
    given = await response_of(site, meeting)
    async with browser_of(site, meeting) as browser:
        await share(browser, given["id"], "therapist_later")
        await site.settle()
        before = await site.rows()
        assert (await share(browser, given["id"], "therapist_later")).status_code == 303
        await site.settle()
        assert await site.rows() == before


async def test_nobody_changes_what_is_not_theirs(site: Site) -> None:
    meeting = await answered(site)
    await site.answer(meeting.therapist.token)
    elsewhere = await answered(site)
    pair = [
        {"role": "client", "external_id": "c1"},
        {"role": "client", "external_id": "c2"},
        {"role": "therapist", "external_id": "t1"},
    ]
    couple = await answered(site, participants=pair)
    series = await site.episode(meeting)
    therapists = next(r for r in series["sessions"][0]["responses"] if r["role"] == "therapist")
    others = (await response_of(site, elsewhere), await response_of(site, couple), therapists)
    async with browser_of(site, meeting) as browser, browser_of(site, couple, "c2") as partner:
        before = await site.rows()
        for one in others:
            assert (await share(browser, one["id"], "aggregate_only")).status_code == 404
        assert (await share(partner, others[1]["id"], "aggregate_only")).status_code == 404
        assert (await share(browser, "rsp_none", "aggregate_only")).status_code == 404
        assert "rsp_" not in (await partner.get("/client/answers")).text
        assert await site.rows() == before


async def test_a_client_is_told_whether_the_therapist_has_looked(site: Site) -> None:
    meeting = await answered(site)
    given = await response_of(site, meeting)
    async with browser_of(site, meeting) as browser:
        assert "has not looked" in (await browser.get("/client/answers")).text
        site.clock.now += 3600
        async with site.signed_in() as therapist:
            await therapist.get(f"/therapist/episodes/{meeting.episode}")
        shown = (await browser.get("/client/answers")).text
        assert "may remember it" in shown
        assert "has not looked" not in shown
        assert "Your therapist" in (await browser.get("/client/data")).text
        site.clock.now += 3600
        await share(browser, given["id"], "aggregate_only")
        assert "may remember it" in (await browser.get("/client/answers")).text


async def test_a_look_at_a_hidden_answer_is_no_look(site: Site) -> None:
    meeting = await answered(site, visibility="aggregate_only")
    given = await response_of(site, meeting)
    async with browser_of(site, meeting) as browser:
        async with site.signed_in() as therapist:
            await therapist.get(f"/therapist/episodes/{meeting.episode}")
        site.clock.now += 3600
        await share(browser, given["id"], "therapist_now")
        assert "has not looked" in (await browser.get("/client/answers")).text


# choices ------------------------------------------------------------------------------------------


async def test_a_client_who_never_wants_to_be_asked_is_not(site: Site) -> None:
    meeting = await site.held(episode="e1")
    assert await site.current(meeting.client.token)
    async with browser_of(site, meeting) as browser:
        assert (await browser.post("/client/asked", data={"asked": "never"}, headers=OWN)).status_code == 303
        assert await site.current(meeting.client.token) is None
        later = await site.held(episode="e1")
        assert await site.current(later.client.token) is None
        page = (await browser.get("/client/choices")).text
    assert 'value="never" checked' in page


async def test_consent_keeps_the_exact_wording_and_can_be_taken_back(each_site: Site) -> None:
    site = each_site
    meeting = await answered(site)

    async def choice() -> Any:
        return await site.service.database.read(
            lambda conn: read_client_choice(conn, site.tenant, meeting.episode)
        )

    async with browser_of(site, meeting) as browser:
        agreeing = {"agree": "yes", "version": "1", "language": "en"}
        for wrong in ({"version": "0"}, {"language": "es"}, {"version": ""}):
            reply = await browser.post("/client/supervision", data=agreeing | wrong, headers=OWN)
            assert reply.status_code == 409
            assert "read it again" in reply.text
        assert (await choice()).supervision_at is None
        await browser.post("/client/supervision", data=agreeing, headers=OWN)
        stored = await choice()
        assert stored.supervision_at == site.clock()
        assert stored.supervision_text.startswith("1 en: I agree that a supervisor")
        assert stored.supervision_text.partition(": ")[2] in (await browser.get("/client/choices")).text
        await browser.post("/client/supervision", data={"agree": "no"}, headers=OWN)
        assert (await choice()).supervision_at is None
    said = [action for _, action, _ in await actions(site) if action.startswith("supervision")]
    assert said == ["supervision.agreed", "supervision.withdrawn"]


async def test_one_of_a_couple_cannot_agree_for_the_other(site: Site) -> None:
    pair = [
        {"role": "client", "external_id": "c1"},
        {"role": "client", "external_id": "c2"},
        {"role": "therapist", "external_id": "t1"},
    ]
    meeting = await site.held(participants=pair)
    async with browser_of(site, meeting) as browser:
        data = {"agree": "yes", "version": "1", "language": "en"}
        assert (await browser.post("/client/supervision", data=data, headers=OWN)).status_code == 409
        assert "cannot agree for another" in (await browser.get("/client/choices")).text


# own data -----------------------------------------------------------------------------------------


async def test_the_copy_holds_everything_about_the_client_and_nothing_of_others(site: Site) -> None:
    meeting = await answered(site, 4, "aggregate_only")
    await site.answer(meeting.therapist.token, 1)
    async with browser_of(site, meeting) as browser:
        await browser.post("/client/asked", data={"asked": "not_in_calls"}, headers=OWN)
        reply = await browser.get("/client/data.json")
        table = await browser.get("/client/data.csv")
    assert reply.headers["content-disposition"] == 'attachment; filename="my-answers.json"'
    assert reply.headers["cache-control"] == "no-store"
    copy = json.loads(reply.content)
    [session] = copy["sessions"]
    [given] = session["answers"]
    assert {item["value"] for item in given["items"]} == {4}
    assert given["visibility"] == "aggregate_only"
    assert given["scores"][0]["percent"] == 100.0
    assert session["attended"]
    assert session["asked"]
    assert copy["choices"]["asked"] == "not_in_calls"
    assert {"response.stored", "client.asked"} <= {one["what"] for one in copy["records"]}
    assert "private notes" in " ".join(copy["not_in_it"])
    assert meeting.therapist.id not in reply.text
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert {row["value"] for row in rows} == {"4"}
    assert len(rows) == len(given["items"])


async def test_asking_for_erasure_is_told_and_can_be_taken_back(each_site: Site) -> None:
    site = each_site
    await site.service.database.write(
        lambda conn: webhooks.add_endpoint(
            conn,
            site.tenant,
            "https://a.example/",
            ["client.erasure_requested", "client.erasure_withdrawn"],
            1.0,
        )
    )
    meeting = await answered(site, episode="course-x")
    async with browser_of(site, meeting) as browser:
        for wanted in ("yes", "yes", "no", "no"):
            reply = await browser.post("/client/erasure", data={"wanted": wanted}, headers=OWN)
            assert reply.status_code == 303
            site.clock.now += 1
            since = (await site.episode(meeting))["erasure_asked_at"]
            assert (since is not None) is (wanted == "yes")
            async with site.signed_in() as therapist:
                page = (await therapist.get(f"/therapist/episodes/{meeting.episode}")).text
            assert ("be erased" in page) is (wanted == "yes")
    told = await site.service.database.read(lambda conn: webhooks.messages_since(conn, site.tenant, 0))
    assert [one.type for one in told] == ["client.erasure_requested", "client.erasure_withdrawn"]
    assert json.loads(told[0].body)["data"] == {"episode": meeting.episode, "external_id": "course-x"}


# forms from elsewhere -----------------------------------------------------------------------------


FORMS = [
    ("/client/answers/{response}", {"visibility": "aggregate_only"}),
    ("/client/asked", {"asked": "never"}),
    ("/client/supervision", {"agree": "yes", "version": "1", "language": "en"}),
    ("/client/erasure", {"wanted": "yes"}),
]


@pytest.mark.parametrize(("path", "data"), FORMS)
async def test_what_another_site_or_nobody_sends_changes_nothing(
    site: Site, path: str, data: dict[str, str]
) -> None:
    meeting = await answered(site)
    path = path.format(response=(await response_of(site, meeting))["id"])
    async with browser_of(site, meeting) as browser:
        before = await site.rows()
        for headers in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.example"},
            {},
        ):
            assert (await browser.post(path, data=data, headers=headers)).status_code == 403
        for wrong in ({}, dict.fromkeys(data, "other"), dict.fromkeys(data, "")):
            assert (await browser.post(path, data=wrong, headers=OWN)).status_code in {400, 409, 422}
        assert (await browser.post(path, json=data, headers=OWN)).status_code == 400
        browser.cookies.clear()
        assert (await browser.post(path, data=data, headers=OWN)).status_code == 401
        assert await site.rows() == before


async def test_closing_the_page_forgets_the_cookie(site: Site) -> None:
    meeting = await answered(site)
    async with browser_of(site, meeting) as browser:
        assert 'action="/client/sign-out"' in (await browser.get("/client/data")).text
        elsewhere = await browser.post("/client/sign-out", headers={"sec-fetch-site": "cross-site"})
        assert elsewhere.status_code == 403
        assert (await browser.get("/client?done=out")).text.count('action="/client/sign-out"') == 1
        left = await browser.post("/client/sign-out", headers=OWN)
        assert (left.status_code, left.headers["location"]) == (303, "/client?done=out")
        closed = await browser.get(left.headers["location"])
        assert "Your page is closed" in closed.text
        assert 'action="/client/sign-out"' not in closed.text
        assert (await browser.get("/client/answers")).status_code == 401
