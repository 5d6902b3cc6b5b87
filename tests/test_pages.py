"""Pages of plugins: for a therapist who is signed in, drawn by the host, and harmless when they fail."""

from __future__ import annotations

import asyncio
import html
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.pages import Page, PageWanted
from alliancekit.panels import Panel, PanelText
from alliancekit.server.therapist import plugin_pages
from tests.plugin_hosts import reason_for, with_code
from tests.services import MakeSite

HOSTILE = '<img src=x onerror="alert(1)">'
HELP = "/therapist/plugins/guide/help"


class Guide(AllianceHooks):
    """A page that tells whom it is for."""

    def __init__(self, *pages: Page) -> None:
        self.pages = pages
        self.wanted: list[PageWanted] = []

    async def help(self, wanted: PageWanted) -> Sequence[Panel]:
        self.wanted.append(wanted)
        return [Panel(f"For {wanted.therapist} {HOSTILE}", (PanelText(HOSTILE),))]

    @hookimpl
    def register_pages(self) -> list[Page]:
        return [Page(path="help", title=f"Help {HOSTILE}", panels=self.help, navigation=True), *self.pages]


async def test_a_page_is_drawn_by_the_host_and_linked(make_site: MakeSite) -> None:
    guide = Guide()
    site = await make_site(extra=[("guide", guide)])
    meeting = await site.held()
    async with site.signed_in("t1") as browser:
        reply = await browser.get(HELP)
        assert reply.status_code == 200
        for directive in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
            assert directive in reply.headers["content-security-policy"]
        assert reply.headers["cache-control"] == "no-store"
        assert HOSTILE not in reply.text
        assert reply.text.count("&lt;img src=x") >= 5
        assert f'<a href="{HELP}" aria-current="page">' in reply.text
        for path in ("/therapist", f"/therapist/episodes/{meeting.episode}"):
            assert f'<a href="{HELP}">' in (await browser.get(path)).text
    assert guide.wanted == [PageWanted(tenant=site.tenant, therapist="t1")]


async def test_without_a_session_it_answers_as_the_therapists_pages_do(make_site: MakeSite) -> None:
    guide = Guide()
    site = await make_site(extra=[("guide", guide)])
    meeting = await site.held()
    for cookie in ("", "nonsense", meeting.therapist.token, meeting.client.token, site.key):
        headers = {"Cookie": f"ak_therapist={cookie}"}
        same = await site.http.get("/therapist", headers=headers)
        for path in (HELP, "/therapist/plugins/guide/none"):
            reply = await site.http.get(path, headers=headers)
            assert (reply.status_code, reply.text) == (401, same.text)
    assert guide.wanted == []


async def test_each_tenant_and_therapist_is_told_apart(make_site: MakeSite) -> None:
    guide = Guide()
    site = await make_site(extra=[("guide", guide)])
    other, key = await site.another_tenant()
    for therapist in ("t1", "t2"):
        async with site.signed_in(therapist) as browser:
            assert f"For {therapist}" in (await browser.get(HELP)).text
    launched = await site.post("/v1/launches", {"therapist": "t1"}, key=key)
    url = launched.json()["url"].removeprefix("http://alliancekit.test")
    token = (await site.http.get(url)).headers["set-cookie"].partition(";")[0]
    site.http.cookies.clear()
    assert (await site.http.get(HELP, headers={"Cookie": token})).status_code == 200
    told = [(one.tenant, one.therapist) for one in guide.wanted]
    assert told == [(site.tenant, "t1"), (site.tenant, "t2"), (other, "t1")]


async def raising(wanted: PageWanted) -> Sequence[Panel]:
    raise ValueError("a client's own words")


async def leaving(wanted: PageWanted) -> Sequence[Panel]:
    raise SystemExit("a client's own words")


async def hanging(wanted: PageWanted) -> Sequence[Panel]:
    await asyncio.sleep(60)
    return []


async def markup(wanted: PageWanted) -> Any:
    return [HOSTILE]


async def endless(wanted: PageWanted) -> Sequence[Panel]:
    return [Panel("Again", ())] * 13


@pytest.mark.parametrize(
    ("panels", "why"),
    [
        (raising, "ValueError"),
        (leaving, "SystemExit"),
        (hanging, "timeout"),
        (markup, "TypeError"),
        (endless, "TypeError"),
    ],
)
async def test_a_page_that_fails_says_so_and_nothing_else(
    make_site: MakeSite,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    panels: Callable[[PageWanted], Awaitable[Sequence[Panel]]],
    why: str,
) -> None:
    monkeypatch.setattr(plugin_pages, "LIMIT", 0.2)
    caplog.set_level(logging.DEBUG)
    site = await make_site(extra=[("guide", Guide(Page(path="bad", title="Bad", panels=panels)))])
    async with site.signed_in() as browser:
        reply = await browser.get("/therapist/plugins/guide/bad")
        assert (reply.status_code, why in reply.text) == (502, True)
        assert "own words" not in reply.text + caplog.text
        assert "onerror" not in reply.text
        assert (await browser.get(HELP)).status_code == 200
        assert (await browser.get("/therapist/plugins/guide/none")).status_code == 404


def test_paths_and_titles_are_checked_and_taken_once() -> None:
    for path in ("", "a/b", "Help", "..", "a" * 41, "a-"):
        with pytest.raises(ValueError, match="path"):
            Page(path=path, title="Help", panels=raising)
    with pytest.raises(ValueError, match="title"):
        Page(path="help", title="", panels=raising)

    class Twice(Guide):
        def __init__(self) -> None:
            super().__init__(Page(path="help", title="Again", panels=raising))

    assert "page it help is already registered" in reason_for(Twice)
    both = with_code(("one", Guide()), ("two", Guide()))
    assert list(both.pages) == [("one", "help"), ("two", "help")]


async def test_the_rules_of_strain_are_explained_where_a_finding_is_shown(make_site: MakeSite) -> None:
    site = await make_site()
    meeting = await site.held()
    await site.answer(meeting.client.token, 0)
    await site.settle()
    link = '<a class="more" href="/therapist/plugins/strain/rules">How the rules work</a>'
    async with site.signed_in() as browser:
        shown = (await browser.get(f"/therapist/episodes/{meeting.episode}")).text
        assert "Why am I seeing this?" in shown
        assert shown.count(link) == shown.count('class="why"')
        page = (await browser.get("/therapist/plugins/strain/rules")).text.replace("\u00a0", " ")
    for said in (
        "Fall of 2 SD.",
        "Gumz et al. 2012",
        "84 / 11",
        '<th scope="row">control chart</th>',
    ):
        assert said in page, said
    told = html.unescape(page)
    assert [rule.name for rule in site.service.plugins.rules if rule.meaning not in told] == []
