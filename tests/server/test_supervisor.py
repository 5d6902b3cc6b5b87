"""The supervisor's pages over HTTP: only consenting cases, nothing that names anybody, each look audited."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.server.test_client import OWN, actions, answered, browser_of, response_of, share
from tests.services import BASE_URL, Meeting, Site
from tests.strict_page import assert_strict

from alliancekit.server.supervisor.build import week_of
from alliancekit.server.tokens import SupervisorClaims, SupervisorLaunchClaims
from alliancekit.store import course
from alliancekit.store.supervision import case_name

AGREE = {"agree": "yes", "version": "1", "language": "en"}


@contextlib.asynccontextmanager
async def supervising(
    site: Site, supervisor: str = "s1", *, key: str | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A supervisor's browser, signed in by a launch link."""
    reply = await site.post("/v1/launches", {"role": "supervisor", "supervisor": supervisor}, key=key)
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as browser:
        landed = await browser.get(reply.json()["url"])
        assert (landed.status_code, landed.headers["location"]) == (303, "/supervisor")
        yield browser


async def assign(
    site: Site, *therapists: str, supervisor: str = "s1", key: str | None = None
) -> httpx.Response:
    return await site.http.put(
        f"/v1/supervisors/{supervisor}",
        json={"therapists": therapists},
        headers={"Authorization": f"Bearer {key or site.key}"},
    )


async def agreed(site: Site, meeting: Meeting, client: str = "c1") -> None:
    async with browser_of(site, meeting, client) as browser:
        reply = await browser.post("/client/supervision", data=AGREE, headers=OWN)
        assert reply.status_code == 303


async def strained(site: Site, name: str, **fields: Any) -> Meeting:
    """A course that went well five times and then did not."""
    meeting = await answered(site, 4, episode=name, **fields)
    for value in (4, 4, 4, 4, 0):
        site.clock.now += 7 * 86400
        meeting = await answered(site, value, episode=name, **fields)
    return meeting


# who gets in --------------------------------------------------------------------------------------


async def test_a_launch_link_opens_the_pages_once(site: Site) -> None:
    reply = await site.post("/v1/launches", {"role": "supervisor", "supervisor": "s1"})
    first = await site.http.get(reply.json()["url"])
    cookie = {part.strip().lower() for part in first.headers["set-cookie"].split(";")[1:]}
    assert cookie >= {"httponly", "path=/supervisor", "samesite=lax", "max-age=28800"}
    for page in ("/supervisor", "/supervisor/rules"):
        shown = await site.http.get(page)
        assert shown.status_code == 200
        assert_strict(shown)
    site.http.cookies.clear()
    again = await site.http.get(reply.json()["url"])
    assert (again.status_code, "used before" in again.text) == (403, True)


async def test_without_a_valid_cookie_nothing_is_shown(site: Site) -> None:
    await assign(site, "t1")
    meeting = await answered(site)
    await agreed(site, meeting)
    tokens = site.app.backend.tokens  # type: ignore[attr-defined]
    claims = SupervisorClaims(tenant=site.tenant, supervisor="s1")
    launch = tokens.issue(SupervisorLaunchClaims(tenant=site.tenant, supervisor="s1"))
    late = tokens.issue(claims, at=time.time() - 9 * 3600)
    before = await site.rows()
    for page in ("/supervisor", f"/supervisor/cases/{case_name(meeting.episode)}", "/supervisor/rules"):
        for wrong in ("", tokens.issue(claims)[:-3] + "xyz", late, launch, site.key):
            reply = await site.http.get(page, headers={"cookie": f"ak_supervisor={wrong}"})
            assert reply.status_code == 401
            assert case_name(meeting.episode) not in reply.text
    refused = await site.http.get("/supervisor", params={"launch": tokens.issue(claims)})
    assert refused.status_code == 403
    assert await site.rows() == before


# which cases --------------------------------------------------------------------------------------


async def test_only_consenting_cases_of_the_own_team_are_there(each_site: Site) -> None:
    site = each_site
    await assign(site, "t1")
    consenting, silent = await answered(site), await answered(site)
    others = [{"role": "client", "external_id": "c1"}, {"role": "therapist", "external_id": "t2"}]
    elsewhere = await answered(site, participants=others)
    for meeting in (consenting, elsewhere):
        await agreed(site, meeting)
    _, other_key = await site.another_tenant()
    await assign(site, "t1", key=other_key)
    async with supervising(site) as browser:
        page = (await browser.get("/supervisor")).text
        assert case_name(consenting.episode) in page
        for hidden in (silent, elsewhere):
            assert case_name(hidden.episode) not in page
            assert (await browser.get(f"/supervisor/cases/{case_name(hidden.episode)}")).status_code == 404
        assert (await browser.get(f"/supervisor/cases/{consenting.episode[:16]}")).status_code == 404
    async with supervising(site, key=other_key) as browser:
        assert (await browser.get(f"/supervisor/cases/{case_name(consenting.episode)}")).status_code == 404
    async with supervising(site, "s2") as browser:
        assert "No case yet" in (await browser.get("/supervisor")).text


@pytest.mark.parametrize(
    ("path", "data"), [("/client/supervision", {"agree": "no"}), ("/client/erasure", {"wanted": "yes"})]
)
async def test_a_case_disappears_at_once(site: Site, path: str, data: dict[str, str]) -> None:
    await assign(site, "t1")
    meeting = await answered(site)
    await agreed(site, meeting)
    where = f"/supervisor/cases/{case_name(meeting.episode)}"
    async with supervising(site) as browser, browser_of(site, meeting) as client:
        assert (await browser.get(where)).status_code == 200
        await client.post(path, data=data, headers=OWN)
        assert (await browser.get(where)).status_code == 404
        assert case_name(meeting.episode) not in (await browser.get("/supervisor")).text


async def test_a_second_client_in_the_course_ends_what_the_first_agreed_to(site: Site) -> None:
    await assign(site, "t1")
    meeting = await answered(site, episode="e1")
    await agreed(site, meeting)
    pair = [
        {"role": "client", "external_id": "c1"},
        {"role": "client", "external_id": "c2"},
        {"role": "therapist", "external_id": "t1"},
    ]
    await site.session(episode="e1", participants=pair)
    async with supervising(site) as browser:
        assert case_name(meeting.episode) not in (await browser.get("/supervisor")).text


async def test_open_strains_come_first(site: Site) -> None:
    await assign(site, "t1")
    strain = await strained(site, "with-strain")
    site.clock.now += 30 * 86400
    calm = await answered(site, 4)
    for meeting in (strain, calm):
        await agreed(site, meeting)
    async with supervising(site) as browser:
        page = (await browser.get("/supervisor")).text
    assert page.index(case_name(strain.episode)) < page.index(case_name(calm.episode))
    assert "Possible strain" in page


# what is in a case --------------------------------------------------------------------------------


async def test_a_case_names_nobody_and_no_day(site: Site) -> None:
    people = [{"role": "client", "external_id": "kim-77"}, {"role": "therapist", "external_id": "dr-99"}]
    await assign(site, "dr-99")
    meeting = await strained(site, "course-secret", participants=people)
    now = site.clock()

    def noted(conn: Any) -> None:
        course.write_note(
            conn, site.tenant, meeting.id, "she reminds me of my aunt", therapist="dr-99", now=now
        )
        course.add_task(conn, site.tenant, meeting.id, "walk the dog", actor="therapist:dr-99", now=now)
        course.record_talk(conn, site.tenant, meeting.id, "not_yet", actor="therapist:dr-99", now=now)

    await site.service.database.write(noted)
    await agreed(site, meeting, "kim-77")
    async with supervising(site) as browser:
        listed = (await browser.get("/supervisor")).text
        page = (await browser.get(f"/supervisor/cases/{case_name(meeting.episode)}")).text
    secrets = ("course-secret", "meeting-", "kim-77", "dr-99", "my aunt", "walk the dog", meeting.episode)
    for secret in (*secrets, "ses_", "rsp_", "par_"):
        assert secret not in listed
        assert secret not in page
    assert "not settled yet" in page
    assert "Possible strain" in page
    assert page.count('data-percent="100"') >= 5
    words = time.strftime("%-d %b %Y", time.gmtime(week_of(now)))
    assert words in page
    if week_of(now) != now - now % 86400:
        assert time.strftime("%-d %b %Y", time.gmtime(now)) not in page


async def test_hidden_answers_are_not_in_a_case(site: Site) -> None:
    await assign(site, "t1")
    meeting = await strained(site, "e1")
    given = await response_of(site, meeting)
    await agreed(site, meeting)
    where = f"/supervisor/cases/{case_name(meeting.episode)}"
    async with supervising(site) as browser, browser_of(site, meeting) as client:
        assert 'data-percent="0"' in (await browser.get(where)).text
        await share(client, given["id"], "aggregate_only")
        hidden = (await browser.get(where)).text
        assert 'data-percent="0"' not in hidden
        assert "Possible strain" not in hidden


async def test_every_look_is_written_down_and_the_client_sees_it(site: Site) -> None:
    await assign(site, "t1")
    meeting = await answered(site)
    await agreed(site, meeting)
    where = f"/supervisor/cases/{case_name(meeting.episode)}"
    async with supervising(site) as browser:
        for page in ("/supervisor", where, where):
            await browser.get(page)
        await browser.get("/supervisor/rules")
    looked = [one for one in await actions(site) if one[1] == "episode.viewed"]
    assert looked == [("supervisor:s1", "episode.viewed", meeting.episode)] * 3
    async with browser_of(site, meeting) as client:
        page = (await client.get("/client/data")).text
    assert "A supervisor, without your name" in page
    assert "3 times" in page
    assert "s1" not in page.split("looks-title", 1)[1].split("</section>")[0]


async def test_the_rules_are_explained_with_questions(site: Site) -> None:
    async with supervising(site) as browser:
        page = (await browser.get("/supervisor/rules")).text
    for kind in {rule.kind for rule in site.service.plugins.rules}:
        assert f'id="{kind}"' in page
    assert page.count('class="questions"') == len({rule.kind for rule in site.service.plugins.rules})


async def test_the_empty_pages_teach(site: Site) -> None:
    async with supervising(site) as browser:
        assert "PUT /v1/supervisors" in (await browser.get("/supervisor")).text
        await assign(site, "t1")
        assert "as soon as a client agrees" in (await browser.get("/supervisor")).text


# whose work ---------------------------------------------------------------------------------------


async def test_the_vendor_says_whose_work_a_supervisor_looks_at(each_site: Site) -> None:
    site = each_site
    reply = await assign(site, "t2", "t1", "t2")
    assert (reply.status_code, reply.json()) == (200, {"supervisor": "s1", "therapists": ["t1", "t2"]})
    assert (await site.get("/v1/supervisors/s1")).json() == reply.json()
    _, other = await site.another_tenant()
    assert (await site.get("/v1/supervisors/s1", key=other)).json()["therapists"] == []
    await assign(site, key=other)
    assert (await site.get("/v1/supervisors/s1")).json() == reply.json()
    assert (await assign(site)).json()["therapists"] == []


async def test_a_wrong_assignment_changes_nothing(site: Site) -> None:
    await assign(site, "t1")
    before = await site.rows()
    own = {"Authorization": f"Bearer {site.key}"}
    for body in (
        {},
        {"therapists": "t1"},
        {"therapists": [""]},
        {"therapists": ["a\n"]},
        {"therapists": ["t1"], "x": 1},
    ):
        assert (await site.http.put("/v1/supervisors/s1", json=body, headers=own)).status_code == 422
    big = {"therapists": ["t" * 190] * 600}
    assert (await site.http.put("/v1/supervisors/s1", json=big, headers=own)).status_code == 413
    assert (await site.http.put("/v1/supervisors/s1", json={"therapists": []})).status_code == 401
    assert await site.rows() == before
