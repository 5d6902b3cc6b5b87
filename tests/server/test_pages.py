"""Pages and files: what a browser gets, with which headers, and who gets it."""

from __future__ import annotations

import time

from tests.services import BASE_URL, Site
from tests.strict_page import assert_strict

from alliancekit.server.tokens import LaunchClaims, TherapistClaims


def tokens(site: Site) -> object:
    return site.app.backend.tokens


def issue(site: Site, claims: object, **options: float) -> str:
    return str(tokens(site).issue(claims, **options))  # type: ignore[attr-defined]


# the element's script -----------------------------------------------------------------------------


async def test_the_element_is_served_once_and_then_confirmed(site: Site) -> None:
    first = await site.http.get("/embed.js")
    assert (first.status_code, first.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "alliance-feedback" in first.text
    assert first.headers["access-control-allow-origin"] == "*"
    assert first.headers["x-content-type-options"] == "nosniff"
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = await site.http.get("/embed.js", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    changed = await site.http.get("/embed.js", headers={"If-None-Match": '"other"'})
    assert (changed.status_code, changed.content) == (200, first.content)


def path_of(url: str) -> str:
    return url.removeprefix(BASE_URL)


# the therapist's pages ----------------------------------------------------------------------------


async def launch(site: Site, therapist: str = "t1") -> str:
    reply = await site.post("/v1/launches", {"therapist": therapist})
    return path_of(reply.json()["url"])


async def test_a_launch_link_signs_in_once(each_site: Site) -> None:
    path = await launch(each_site)
    first = await each_site.http.get(path)
    assert (first.status_code, first.headers["location"]) == (303, "/therapist")
    cookie = {part.strip().lower() for part in first.headers["set-cookie"].split(";")[1:]}
    assert cookie >= {"httponly", "path=/therapist", "samesite=lax"}
    assert "secure" not in cookie, "over http a secure cookie would never come back"
    each_site.http.cookies.clear()
    again = await each_site.http.get(path)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert_strict(again)


async def test_over_https_the_cookie_is_secure(site: Site) -> None:
    site.app.backend.base_url = "https://feedback.example"
    reply = await site.http.get((await launch(site)).removeprefix("https://feedback.example"))
    assert "secure" in reply.headers["set-cookie"].lower()


async def test_only_a_launch_token_launches(site: Site) -> None:
    meeting = await site.held()
    claims = LaunchClaims(tenant=site.tenant, therapist="t1")
    cookie = TherapistClaims(tenant=site.tenant, therapist="t1")
    expired = issue(site, claims, lifetime=30, at=time.time() - 60)
    for wrong in (expired, issue(site, cookie), meeting.therapist.token, site.key, "nonsense"):
        reply = await site.http.get("/therapist", params={"launch": wrong})
        assert reply.status_code == 403
        assert "set-cookie" not in reply.headers
        assert wrong not in reply.text


async def test_the_bare_address_leads_to_where_one_signs_in(site: Site) -> None:
    reply = await site.http.get("/")
    assert (reply.status_code, reply.headers["location"]) == (307, "/therapist")
    assert (await site.http.get("/", follow_redirects=True)).status_code == 401


async def test_without_signing_in_no_page_is_shown(site: Site) -> None:
    meeting = await site.held()
    for path in ("/therapist", f"/therapist/episodes/{meeting.episode}"):
        for cookie in ("", "nonsense", meeting.therapist.token, site.key):
            reply = await site.http.get(path, headers={"Cookie": f"ak_therapist={cookie}"})
            assert reply.status_code == 401
            assert meeting.episode not in reply.text
            assert_strict(reply)


async def test_a_therapist_sees_the_own_clients_only(each_site: Site) -> None:
    site = each_site
    mine = await site.held(episode="mine")
    theirs = await site.held(
        episode="theirs",
        participants=[{"role": "client", "external_id": "c2"}, {"role": "therapist", "external_id": "t2"}],
    )
    _, key = await site.another_tenant()
    elsewhere = await site.session(episode="elsewhere", key=key)
    async with site.signed_in("t1") as browser:
        today = await browser.get("/therapist")
        assert today.status_code == 200
        assert_strict(today)
        assert "mine" in today.text
        assert "theirs" not in today.text
        assert "elsewhere" not in today.text
        page = await browser.get(f"/therapist/episodes/{mine.episode}")
        assert page.status_code == 200
        assert_strict(page)
        for episode in (theirs.episode, elsewhere.episode, "epi_none"):
            refused = await browser.get(f"/therapist/episodes/{episode}")
            assert refused.status_code == 404
            assert_strict(refused)
            assert "theirs" not in refused.text
        # The cookie opens the therapist's pages and nothing else.
        assert (await browser.get(f"/v1/episodes/{mine.episode}")).status_code == 401


async def test_a_prompt_that_has_expired_is_not_waited_for(site: Site) -> None:
    meeting = await site.held()
    async with site.signed_in() as browser:
        path = f"/therapist/episodes/{meeting.episode}"
        waiting = (await browser.get(path)).text
        site.clock.now += 8 * 86400
        over = (await browser.get(path)).text
    assert "waiting" in waiting.lower()
    assert "waiting" not in over.lower()


async def test_static_files_are_the_pages_own_and_no_others(site: Site) -> None:
    for name, kind in (("therapist.css", "text/css"), ("therapist.js", "text/javascript")):
        reply = await site.http.get(f"/therapist/static/{name}")
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith(kind)
        assert reply.headers["x-content-type-options"] == "nosniff"
    for name in ("render.py", "..%2Frender.py", "..%2F..%2Fapi.py", "none.css", "%00.css"):
        assert (await site.http.get(f"/therapist/static/{name}")).status_code == 404


async def test_what_is_shown_of_names_is_escaped(site: Site) -> None:
    meeting = await site.held(episode="<script>alert(1)</script>")
    async with site.signed_in() as browser:
        for path in ("/therapist", f"/therapist/episodes/{meeting.episode}"):
            text = (await browser.get(path)).text
            assert "<script>alert" not in text
            assert "&lt;script&gt;alert(1)" in text
