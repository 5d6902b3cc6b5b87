"""The page for vendors' frames: who may hold it, and under which policy."""

from __future__ import annotations

import pytest
from tests.services import MakeSite, Site

from alliancekit.server.frame import allowed

VENDOR = "https://clinic.example"
INTRANET = "http://calls.clinic.local:8080"


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site(allowed_origins=(VENDOR, INTRANET))


@pytest.mark.parametrize("parent", [VENDOR, INTRANET])
async def test_an_allowed_origin_gets_the_page_under_a_strict_policy(site: Site, parent: str) -> None:
    reply = await site.http.get("/frame", params={"parent": parent})
    assert reply.status_code == 200
    policy = {part.strip() for part in reply.headers["content-security-policy"].split(";")}
    assert policy >= {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"}
    assert f"frame-ancestors {parent}" in policy
    assert "unsafe" not in reply.headers["content-security-policy"]
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert "x-frame-options" not in reply.headers
    assert reply.headers["cross-origin-embedder-policy"] == "require-corp"
    assert f'data-parent="{parent}"' in reply.text
    assert "<script>" not in reply.text
    assert " style=" not in reply.text
    assert "token" not in reply.text


@pytest.mark.parametrize(
    "parent",
    [
        "", "null", "*", "https://evil.example", "https://clinic.example.evil.example", "http://clinic.example",
        "https://clinic.example/", "https://clinic.example:443", "https://CLINIC.example",
        "https://clinic.example https://evil.example", "https://clinic.example; script-src *",
        "http://calls.clinic.local",
    ],
)  # fmt: skip
async def test_any_other_origin_gets_nothing_that_a_frame_would_show(site: Site, parent: str) -> None:
    reply = await site.http.get("/frame", params={"parent": parent})
    assert reply.status_code == 403
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert "alliance-feedback" not in reply.text
    assert parent not in ("", "null", "*") or "allowed_origins" in reply.text
    assert "evil" not in reply.text + reply.headers["content-security-policy"]


async def test_without_allowed_origins_there_is_no_frame(make_site: MakeSite) -> None:
    site = await make_site()
    assert (await site.http.get("/frame", params={"parent": VENDOR})).status_code == 403
    assert (await site.http.get("/frame")).status_code == 403
    assert (await site.http.get("/frame", params={"parent": "x" * 301})).status_code == 422


@pytest.mark.parametrize("entry", ["https://a.example; script-src *", "https://*.a.example", "https://a b"])
def test_what_is_no_origin_is_never_put_into_a_policy(entry: str) -> None:
    assert not allowed(entry, (entry,))


async def test_the_frame_speaks_the_browsers_language_until_it_knows_the_persons(site: Site) -> None:
    reply = await site.http.get(
        "/frame", params={"parent": VENDOR}, headers={"Accept-Language": "ar-EG, en;q=0.5"}
    )
    assert '<html lang="ar" dir="rtl"' in reply.text


async def test_scripts_and_style_are_files_and_only_the_hosts_module_is_for_other_origins(site: Site) -> None:
    for name, kind in (("frame.js", "javascript"), ("frame.css", "css"), ("frame-host.js", "javascript")):
        reply = await site.http.get(f"/{name}")
        assert reply.status_code == 200
        assert kind in reply.headers["content-type"]
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert ("access-control-allow-origin" in reply.headers) == (name == "frame-host.js")
    assert len((await site.http.get("/frame-host.js")).content) < 5_000
