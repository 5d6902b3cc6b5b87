"""The sign-in pages: who gets in, what they are told, and how a session ends."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.services import BASE_URL, Site
from tests.strict_page import assert_strict

from alliancekit import totp
from alliancekit.accounts import BY_LOGIN
from alliancekit.languages import OWN_TAGS
from alliancekit.server.tokens import LaunchClaims, PasswordClaims, SupervisorClaims, TherapistClaims
from alliancekit.store import accounts
from alliancekit.store.choices import change_therapist

pytestmark = pytest.mark.usefixtures("cheap_passwords")

PASSWORD = "tin lamp seven orchard"
ANOTHER = "green kettle under stairs"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


async def operate(site: Site, what: str, **given: Any) -> Any:
    return await site.app.backend.operator.do(what, given)  # type: ignore[attr-defined]


async def add(site: Site, login: str = "sam@clinic.example", **more: Any) -> Any:
    given = {"login": login, "role": "therapist", "person": "t1", "tenant": site.tenant, "password": PASSWORD}
    return await operate(site, "users.create", **(given | more))


@contextlib.asynccontextmanager
async def browser(site: Site, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=OWN_PAGE | headers) as one:
        yield one


async def sign_in(
    one: httpx.AsyncClient, login: str = "sam@clinic.example", password: str = PASSWORD, code: str = ""
) -> httpx.Response:
    return await one.post("/sign-in", data={"login": login, "password": password, "code": code})


@pytest.mark.parametrize("tag", list(OWN_TAGS))
async def test_the_page_speaks_the_browsers_language(site: Site, tag: str) -> None:
    async with browser(site, **{"Accept-Language": tag}) as one:
        page = await one.get("/sign-in")
        assert page.status_code == 200
        assert_strict(page)
        assert f'<html lang="{tag}" dir="{OWN_TAGS[tag]}">' in page.text
        wrong = await sign_in(one, password="wrong")
        assert wrong.status_code == 403
        assert f'lang="{tag}"' in wrong.text


async def test_a_therapist_gets_in_and_sees_the_own_clients(each_site: Site) -> None:
    site = each_site
    await site.held(episode="mine")
    _, key = await site.another_tenant()
    await site.session(episode="elsewhere", key=key)
    await add(site)
    async with browser(site) as one:
        reply = await sign_in(one)
        assert (reply.status_code, reply.headers["location"]) == (303, "/therapist")
        cookie = reply.headers["set-cookie"].lower()
        assert cookie.startswith("ak_therapist=")
        assert "httponly" in cookie
        assert "path=/therapist" in cookie
        today = await one.get("/therapist")
        assert today.status_code == 200
        assert "mine" in today.text
        assert "elsewhere" not in today.text


async def test_a_supervisor_gets_the_supervisors_cookie(site: Site) -> None:
    await add(site, role="supervisor", person="s1")
    async with browser(site) as one:
        reply = await sign_in(one)
        assert (reply.status_code, reply.headers["location"]) == (303, "/supervisor")
        assert reply.headers["set-cookie"].startswith("ak_supervisor=")
        assert (await one.get("/therapist")).status_code == 401
        assert "sam@clinic.example" in (await one.get("/supervisor/account")).text


async def test_nobody_is_told_what_was_wrong_and_nothing_typed_comes_back_but_the_login(site: Site) -> None:
    await add(site)
    told = set()
    async with browser(site) as one:
        for login, password in (("sam@clinic.example", "s3cret-wrong"), ("nobody@x.example", PASSWORD)):
            reply = await sign_in(one, login, password)
            assert reply.status_code == 403
            assert "set-cookie" not in reply.headers
            assert password not in reply.text
            assert_strict(reply)
            told.add(reply.text.replace(login, ""))
    assert len(told) == 1


async def test_the_therapists_page_leads_here_once_somebody_has_a_password(site: Site) -> None:
    async with browser(site) as one:
        before = await one.get("/therapist")
        await add(site)
        after = await one.get("/therapist")
        assert (before.status_code, after.status_code) == (401, 401)
        assert 'href="/sign-in"' not in before.text
        assert 'href="/sign-in"' in after.text
        await sign_in(one)
        assert 'href="/therapist/account"' in (await one.get("/therapist")).text


async def test_another_websites_form_signs_nobody_in(site: Site) -> None:
    await add(site)
    async with browser(site) as one:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            data = {"login": "sam@clinic.example", "password": PASSWORD}
            reply = await one.post("/sign-in", data=data, headers=headers)
            assert reply.status_code == 403
            assert "set-cookie" not in reply.headers


async def test_guessing_is_slowed_down_and_says_when_to_come_back(site: Site) -> None:
    await add(site)
    async with browser(site) as one:
        for _ in range(BY_LOGIN.free):
            assert (await sign_in(one, password="wrong")).status_code == 403
        reply = await sign_in(one)
        assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
        assert "in 1 second." in reply.text
        site.clock.now += 1
        assert (await sign_in(one)).status_code == 303


async def test_a_code_is_asked_for_and_works_once(site: Site) -> None:
    await add(site)
    secret = (await operate(site, "users.totp", user="sam@clinic.example", on=True))["secret"]
    code = totp.code(secret, int(site.clock.now // totp.STEP))
    async with browser(site) as one:
        assert (await sign_in(one)).status_code == 403
        assert (await sign_in(one, code=code)).status_code == 303
        assert (await sign_in(one, code=code)).status_code == 403
        await operate(site, "users.totp", user="sam@clinic.example", on=False)
        assert (await sign_in(one)).status_code == 303


@pytest.mark.parametrize("what", ["users.disable", "users.password", "users.remove"])
async def test_a_session_ends_at_once(site: Site, what: str) -> None:
    await add(site)
    await add(site, "kim@clinic.example", person="t2")
    async with browser(site) as one, browser(site) as other, site.signed_in("t1") as launched:
        await sign_in(one)
        await sign_in(other, "kim@clinic.example")
        assert (await one.get("/therapist")).status_code == 200
        await operate(site, what, user="sam@clinic.example")
        assert (await one.get("/therapist")).status_code == 401
        assert (await one.get("/therapist/platforms")).status_code == 401
        assert (await other.get("/therapist")).status_code == 200
        assert (await launched.get("/therapist")).status_code == 200, "the vendor's way"
        again = await sign_in(one)
        assert again.status_code == 403


async def test_the_live_channel_asks_too(site: Site) -> None:
    made = await add(site)
    backend = site.app.backend  # type: ignore[attr-defined]
    async with browser(site) as one:
        await sign_in(one)
        token = one.cookies["ak_therapist"]
    assert await backend.live_address(token) == ("therapist", site.tenant, "t1")
    dropped: list[str] = []
    sam = ("therapist", site.tenant, "t1")
    connection = backend.live.connect(sam, None, lambda: dropped.append("closed"))
    await operate(site, "users.disable", user=made["id"])
    assert dropped == ["closed"]
    backend.live.disconnect(connection)
    with pytest.raises(Exception, match="not accepted"):
        await backend.live_address(token)


# a link to choose a password ------------------------------------------------------------------------


def link_of(made: Any) -> str:
    return str(made["link"]).removeprefix(BASE_URL)


async def test_a_link_sets_one_password(each_site: Site) -> None:
    site = each_site
    made = await add(site, password=None)
    async with browser(site) as one:
        for _ in range(2):  # to look at it uses nothing up
            page = await one.get(link_of(made))
            assert page.status_code == 200
            assert_strict(page)
            assert "sam@clinic.example" in page.text
        link = re.search(r'name="link" value="([^"]+)"', page.text)[1]  # type: ignore[index]
        for new, again in ((PASSWORD, ANOTHER), ("short", "short"), ("passwordpassword",) * 2):
            reply = await one.post("/sign-in/password", data={"link": link, "new": new, "again": again})
            assert reply.status_code == 422
            assert f'value="{new}"' not in reply.text
            assert_strict(reply)
        data = {"link": link, "new": PASSWORD, "again": PASSWORD}
        done = await one.post("/sign-in/password", data=data)
        assert (done.status_code, done.headers["location"]) == (303, "/sign-in?done=password")
        assert (await one.post("/sign-in/password", data=data)).status_code == 410
        assert (await one.get(link_of(made))).status_code == 410
        assert (await sign_in(one)).status_code == 303


async def test_a_newer_link_ends_the_older_one(site: Site) -> None:
    made = await add(site, password=None)
    newer = await operate(site, "users.password", user=made["id"])
    async with browser(site) as one:
        assert (await one.get(link_of(made))).status_code == 410
        assert (await one.get(link_of(newer))).status_code == 200


async def test_only_such_a_link_sets_a_password(site: Site) -> None:
    made = await add(site)
    tokens = site.app.backend.tokens  # type: ignore[attr-defined]
    one_account = await site.service.database.read(lambda conn: accounts.by_id(conn, made["id"]))
    claims = PasswordClaims(tenant=site.tenant, account=made["id"], password_at=one_account.stamp)
    good = tokens.issue(claims)
    wrong = {
        "expired": tokens.issue(claims, at=site.clock.now - 86500),
        "altered": good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"),
        "launch": tokens.issue(LaunchClaims(tenant=site.tenant, therapist="t1")),
        "cookie": tokens.issue(TherapistClaims(tenant=site.tenant, therapist="t1")),
        "another tenant's": tokens.issue(
            PasswordClaims(tenant="ten_x", account=made["id"], password_at=one_account.stamp)
        ),
        "key": site.key,
        "nothing": "",
    }
    async with browser(site) as one:
        assert (await one.get("/sign-in/password", params={"link": good})).status_code == 200
        for name, link in wrong.items():
            assert (await one.get("/sign-in/password", params={"link": link})).status_code == 410, name
            data = {"link": link, "new": ANOTHER, "again": ANOTHER}
            assert (await one.post("/sign-in/password", data=data)).status_code == 410, name
        assert (await sign_in(one, password=ANOTHER)).status_code == 403
        assert (await sign_in(one)).status_code == 303


# the own account ------------------------------------------------------------------------------------


async def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(site: Site) -> None:
    await add(site)
    async with browser(site) as here, browser(site) as elsewhere:
        await sign_in(here)
        await sign_in(elsewhere)
        page = await here.get("/therapist/account")
        assert page.status_code == 200
        assert_strict(page)
        data = {"old": "wrong", "new": ANOTHER, "again": ANOTHER}
        assert (await here.post("/therapist/account", data=data)).status_code == 403
        done = await here.post("/therapist/account", data=data | {"old": PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, "/therapist/account?done=password")
        assert "Your password is changed" in (await here.get(done.headers["location"])).text
        assert (await here.get("/therapist")).status_code == 200
        assert (await elsewhere.get("/therapist")).status_code == 401
        assert (await sign_in(elsewhere)).status_code == 403
        assert (await sign_in(elsewhere, password=ANOTHER)).status_code == 303


async def test_who_came_by_the_vendor_has_no_password_here(site: Site) -> None:
    await add(site)
    async with site.signed_in("t1") as one:
        page = await one.get("/therapist/account")
        assert page.status_code == 200
        assert "sam@clinic.example" not in page.text
        data = {"old": PASSWORD, "new": ANOTHER, "again": ANOTHER}
        reply = await one.post("/therapist/account", data=data, headers=OWN_PAGE)
        assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in")
    async with browser(site) as one:
        assert (await sign_in(one)).status_code == 303


async def test_the_account_speaks_the_language_that_the_therapist_chose(site: Site) -> None:
    await add(site)
    chosen = {"language": "it"}
    await site.service.database.write(
        lambda conn: change_therapist(conn, site.tenant, "t1", chosen, site.clock())
    )
    async with browser(site, **{"Accept-Language": "es"}) as one:
        await sign_in(one)
        for page in ("/therapist", "/therapist/account"):
            assert '<html lang="it"' in (await one.get(page)).text
        assert '<html lang="es"' in (await one.get("/sign-in")).text


async def test_signing_out_forgets_the_cookie(site: Site) -> None:
    await add(site)
    async with browser(site) as one:
        await sign_in(one)
        refused = await one.post("/therapist/sign-out", data={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert refused.status_code == 403
        assert (await one.get("/therapist")).status_code == 200
        done = await one.post("/therapist/sign-out", data={})
        assert (done.status_code, done.headers["location"]) == (303, "/sign-in?done=out")
        assert "ak_therapist" not in one.cookies
        assert (await one.get("/therapist")).status_code == 401


async def test_a_session_is_no_longer_than_the_vendors(site: Site) -> None:
    await add(site)
    async with browser(site) as one:
        reply = await sign_in(one)
        assert f"max-age={int(TherapistClaims.lifetime)}" in reply.headers["set-cookie"].lower()
        claims = site.app.backend.tokens.check(one.cookies["ak_therapist"], TherapistClaims)  # type: ignore[attr-defined]
        assert (claims.tenant, claims.therapist) == (site.tenant, "t1")
        assert claims.account.startswith("acc_")
    assert SupervisorClaims.lifetime == TherapistClaims.lifetime


async def test_without_its_database_the_page_says_so(site: Site) -> None:
    await add(site)
    async with browser(site) as one:
        await sign_in(one)
        await site.service.database.close()
        assert (await sign_in(one)).status_code == 503
        assert (await one.get("/therapist")).status_code == 503
