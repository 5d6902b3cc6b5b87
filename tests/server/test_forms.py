"""Forms of pages: who may send them, what is read of them, and how a refusal looks."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from fastapi import APIRouter, Request, Response
from tests.services import BASE_URL, Site

from alliancekit.errors import StoreError
from alliancekit.server.app import Application
from alliancekit.server.forms import FormRoute, form, see_other

HOME = {"Sec-Fetch-Site": "same-origin"}
OTHERS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL},
    {"Sec-Fetch-Site": ""},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://evil.example", "Referer": f"{BASE_URL}/therapist"},
    {"Origin": "http://alliancekit.test.evil.example"},
    {"Origin": "http://alliancekit.test:8080"},
    {"Origin": "http://[broken"},
    {"Referer": f"https://evil.example/{BASE_URL}"},
    {"Referer": "/therapist"},
    {},
]
OWN = [
    HOME,
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Origin": BASE_URL},
    {"Origin": "HTTP://AllianceKit.test:80"},
    {"Referer": f"{BASE_URL}/therapist/settings?saved=style"},
]


@pytest.fixture
def desk(site: Site) -> Site:
    """A page with a form on the site's application; what arrived is told in the address."""
    router = APIRouter(route_class=FormRoute)

    @router.post("/desk/{what}")
    async def save(request: Request, what: str) -> Response:
        if what == "broken":
            raise StoreError("The database does not answer.")
        fields = await form(request, limit=1000)
        return see_other("/desk?" + "&".join(f"{name}={text}" for name, text in sorted(fields.items())))

    assert isinstance(site.app, Application)
    site.app.framework.include_router(router)
    return site


async def send(
    desk: Site, body: str | bytes, headers: Mapping[str, str] = HOME, *, kind: str = "", path: str = "x"
) -> tuple[int, str, str]:
    """Status, where it leads to, and the page."""
    sent = {"Content-Type": kind or "application/x-www-form-urlencoded", **headers}
    reply = await desk.http.post(f"/desk/{path}", content=body, headers=sent)
    return reply.status_code, reply.headers.get("location", ""), reply.text


async def test_a_form_of_the_services_own_pages_is_taken(desk: Site) -> None:
    for headers in OWN:
        assert (await send(desk, "a=1&b=", headers))[:2] == (303, "/desk?a=1&b=")


async def test_a_form_of_any_other_page_is_refused(desk: Site) -> None:
    for headers in OTHERS:
        status, location, page = await send(desk, "a=1", headers)
        assert (status, location) == (403, ""), headers
        assert "another website" in page


async def test_behind_a_proxy_the_public_address_and_the_asked_host_are_both_own(
    desk: Site,
) -> None:
    assert isinstance(desk.app, Application)
    desk.app.backend.base_url = "https://feedback.example"
    for origin in ("https://feedback.example", BASE_URL, "https://alliancekit.test"):
        assert (await send(desk, "a=1", {"Origin": origin}))[0] == 303
    assert (await send(desk, "a=1", {"Origin": "https://feedback.example:8443"}))[0] == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a=1", "text/plain"),
        (b'{"a": "1"}', "application/json"),
        (b"a=1", "multipart/form-data; boundary=x"),
        (b"a=%ff", ""),
        (b"a=\xff", ""),
        (b"a=1&a=2", ""),
        (b"a=x%00y", ""),
        (b"%00=y", ""),
        (b"&".join(b"f%d=1" % n for n in range(201)), ""),
    ],
)
async def test_what_is_no_form_is_refused(desk: Site, body: bytes, kind: str) -> None:
    status, location, page = await send(desk, body, kind=kind)
    assert (status, location) == (413 if len(body) > 1000 else 400, "")
    assert "Nothing was changed" in page


async def test_a_form_is_read_as_people_wrote_it(desk: Site) -> None:
    status, location, _ = await send(
        desk, "a=%C3%A9+%26+x", kind="application/x-www-form-urlencoded; charset=UTF-8"
    )
    assert (status, location) == (303, "/desk?a=%C3%A9%20&%20x")


async def test_a_form_that_is_too_long_is_refused(desk: Site) -> None:
    assert (await send(desk, "a=" + "x" * 998))[0] == 303
    status, _, page = await send(desk, "a=" + "x" * 999)
    assert status == 413
    assert "too long" in page


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (f"{BASE_URL}/desk/settings?part=style", "/desk/settings?part=style"),
        (f"{BASE_URL}//evil.example/x", "/evil.example/x"),
        ("https://evil.example/desk", "/desk"),
        ("javascript:alert(1)", "/desk"),
        ("", "/desk"),
    ],
)
async def test_a_refusal_leads_back(desk: Site, referer: str, back: str) -> None:
    page = (await send(desk, "a=1&a=2", {**HOME, "Referer": referer}))[2]
    assert re.findall(r'<a [^>]*href="([^"]*)"', page) == [back]


async def test_a_refusal_is_told_in_the_browsers_language(desk: Site) -> None:
    page = (await send(desk, "a=1", {"Origin": "null", "Accept-Language": "ar-EG, en;q=0.5"}))[2]
    assert '<html lang="ar" dir="rtl">' in page
    assert "another website" not in page


async def test_a_database_that_does_not_answer_is_told_on_a_page(desk: Site) -> None:
    status, _, page = await send(desk, "a=1", path="broken")
    assert status == 503
    assert "does not answer right now" in page


async def test_the_page_of_a_refusal_is_strict(desk: Site) -> None:
    reply = await desk.http.post("/desk/x", content="a=1&a=2", headers=HOME)
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["cache-control"] == "no-store"
    assert "<script" not in reply.text
