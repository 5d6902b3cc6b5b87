"""The therapist's settings page: the switch, the form, what is wrong, and who may send it."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest
from tests.services import BASE_URL, MakeSite, Site, until
from tests.strict_page import assert_strict

PAGE = "/therapist/settings"
RATINGS = "/therapist/settings/ratings"
OWN = {"Origin": BASE_URL, "Referer": f"{BASE_URL}{PAGE}"}

FORM = {
    "measure": "",
    "ask_therapist": "on",
    "style": "",
    "pulses": "",
    "pulse_after": "20",
    "pulses_most": "2",
    "pulse_between": "10",
    "client_sees": "nothing",
    "language": "",
    "timezone": "",
}
"""What the form sends of a therapist who never chose, where no links are sent."""


def inputs(page: str) -> dict[str, str]:
    """What a browser would send of the form, read from the page."""
    form = page[page.index('<form class="settings"') :]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if fields["type"] == "number" or " checked" in tag:
            found[fields["name"]] = html.unescape(fields["value"])
    for name, options in re.findall(r'<select id="\w+" name="(\w+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return found


async def save(browser: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    fields = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
    return await browser.post(PAGE, data=fields, headers=OWN)


async def chosen(site: Site, therapist: str = "t1") -> dict[str, Any]:
    found: dict[str, Any] = (await site.get(f"/v1/therapists/{therapist}/settings")).json()
    return found


# the switch ---------------------------------------------------------------------------------------


async def test_today_says_so_while_ratings_are_off_and_one_button_switches_them_on(each_site: Site) -> None:
    site = each_site
    async with site.signed_in() as browser:
        line = "Your clients are not asked how the session was"
        assert line not in (await browser.get("/therapist")).text
        await browser.post(RATINGS, data={"ratings": "off", "back": "settings"}, headers=OWN)
        today = await browser.get("/therapist")
        assert_strict(today)
        assert line in today.text
        reply = await browser.post(RATINGS, data={"ratings": "on", "back": "today"}, headers=OWN)
        assert (reply.status_code, reply.headers["location"]) == (303, "/therapist?saved=ratings-on#said")
        after = (await browser.get("/therapist?saved=ratings-on")).text
        assert line not in after
        assert 'role="status"' in after
        assert "The questions after calls are on" in after
    assert (await chosen(site))["ratings"] == "on"


async def test_the_switch_is_the_practices_until_it_is_pressed(site: Site) -> None:
    async with site.signed_in() as browser:
        note = "how your practice has set it up"
        assert note in (await browser.get(PAGE)).text
        reply = await browser.post(RATINGS, data={"ratings": "off", "back": "settings"}, headers=OWN)
        assert reply.headers["location"] == f"{PAGE}?saved=ratings-off#said"
        page = (await browser.get(PAGE)).text
        assert note not in page
        assert 'name="ratings" value="on"' in page


@pytest.mark.parametrize("wrong", [{}, {"ratings": ""}, {"ratings": "maybe"}])
async def test_a_switch_that_says_neither_changes_nothing(site: Site, wrong: dict[str, str]) -> None:
    async with site.signed_in() as browser:
        before = await site.rows()
        reply = await browser.post(RATINGS, data={"back": "https://evil.example", **wrong}, headers=OWN)
        assert reply.status_code == 400
        assert await site.rows() == before
        other = await browser.post(
            RATINGS, data={"ratings": "on", "back": "https://evil.example"}, headers=OWN
        )
        assert other.headers["location"].startswith(PAGE)


# the form -----------------------------------------------------------------------------------------


async def test_what_the_page_shows_is_what_was_chosen(each_site: Site) -> None:
    site = each_site
    wanted = {
        "measure": "check-in",
        "style": "directive",
        "pulses": "on",
        "pulse_after": "7",
        "pulses_most": "3",
        "pulse_between": "12",
        "client_sees": "scales",
        "language": "es",
        "timezone": "America/Mexico_City",
    }
    async with site.signed_in() as browser:
        assert inputs((await browser.get(PAGE)).text) == FORM
        reply = await save(browser, **wanted, ask_therapist=None)
        assert (reply.status_code, reply.headers["location"]) == (303, f"{PAGE}?saved=settings#said")
        page = await browser.get(f"{PAGE}?saved=settings")
    assert_strict(page)
    assert inputs(page.text) == wanted
    assert '<html lang="es" dir="ltr">' in page.text
    assert "Guardado" in page.text
    found = await chosen(site)
    assert {name: str(found[name]) for name in wanted} == wanted
    assert (found["ask_therapist"], found["ratings"], found["link"]) == ("off", None, "on")


async def test_only_what_was_changed_is_stored_and_audited(site: Site) -> None:
    async with site.signed_in() as browser:
        before = await site.rows()
        assert (await save(browser)).status_code == 303
        assert await site.rows() == before
        await save(browser, pulses="off")
    (entry,) = [one for one in (await site.rows())["audit"] if "therapist.changed" in one]
    assert entry[3] == "therapist"
    assert '{"pulses":"off"}' in entry


async def test_the_link_can_be_chosen_only_where_links_are_sent(make_site: MakeSite) -> None:
    site = await make_site(prompts={"link_after": 3600.0, "link_channel": "mail"})
    async with site.signed_in() as browser:
        page = (await browser.get(PAGE)).text
        assert inputs(page) == {**FORM, "link": "on"}
        await save(browser)
        assert (await chosen(site))["link"] == "off"
        await save(browser, link="on")
        assert (await chosen(site))["link"] == "on"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pulse_after", "0"),
        ("pulse_after", "soon"),
        ("pulses_most", ""),
        ("pulse_between", "1e9"),
        ("style", "magic"),
        ("measure", "<b>"),
        ("client_sees", "everything"),
        ("language", "tlh"),
        ("timezone", "Mars/Olympus"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    site: Site, field: str, value: str
) -> None:
    async with site.signed_in() as browser:
        before = await site.rows()
        reply = await save(browser, **{"pulses": "on", field: value})
        assert await site.rows() == before
    assert reply.status_code == 422
    assert_strict(reply)
    assert reply.text.count('class="fault"') == 1
    assert f'id="{field}-wrong"' in reply.text
    assert f"{field}-wrong" in "".join(re.findall(r'aria-describedby="([^"]*)"', reply.text))
    assert 'role="alert"' in reply.text
    assert "<b>" not in reply.text
    assert inputs(reply.text)["pulses"] == "on", "what was written stays"


# who ----------------------------------------------------------------------------------------------


async def test_forms_of_other_sites_and_of_nobody_change_nothing(site: Site) -> None:
    async with site.signed_in() as browser:
        before = await site.rows()
        for path, fields in ((PAGE, {**FORM, "pulses": "on"}), (RATINGS, {"ratings": "off"})):
            reply = await browser.post(path, data=fields, headers={"Origin": "https://evil.example"})
            assert reply.status_code == 403
            assert "another website" in reply.text
            nobody = await site.http.post(path, data=fields, headers=OWN)
            assert nobody.status_code == 401
            assert "not signed in any more" in nobody.text
        assert await site.rows() == before
    page = await site.http.get(PAGE)
    assert page.status_code == 401
    assert_strict(page)


async def test_settings_are_the_therapists_own(site: Site) -> None:
    async with site.signed_in("t2") as browser:
        await save(browser, pulses="on")
    assert (await chosen(site))["pulses"] is None
    assert (await chosen(site, "t2"))["pulses"] == "on"


async def test_every_page_leads_to_the_settings(site: Site) -> None:
    async with site.signed_in() as browser:
        for path in ("/therapist", "/therapist/platforms"):
            assert f'href="{PAGE}"' in (await browser.get(path)).text
        assert f'href="{PAGE}" aria-current="page"' in (await browser.get(PAGE)).text


async def test_measures_without_their_wording_are_named_and_cannot_be_chosen(make_site: MakeSite) -> None:
    site = await make_site(plugins={"enabled": ["published", "measures"]}, default_style="")
    async with site.signed_in() as browser:
        page = (await browser.get(PAGE)).text
    assert "measures cannot be asked here" in page
    assert "Working Alliance Inventory" in page
    assert 'value="wai-sr"' not in page


async def test_open_pages_are_told(site: Site) -> None:
    told: list[str] = []

    async def send(text: str) -> None:
        told.append(text)

    connection = site.service.live.connect(("therapist", site.tenant, "t1"), send, lambda: None)
    async with site.signed_in() as browser:
        await save(browser, pulses="on")
    await until(lambda: any('"settings"' in one for one in told))
    site.service.live.disconnect(connection)
