"""Asking before, in, after and between the calls, in the layout that the tenant chose."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.services import MakeSite, Site, bearer, full

from alliancekit.languages import OWN_TAGS, Languages
from alliancekit.server.app import openapi
from alliancekit.store import tenants

STYLES = ["directive", "nondirective", "facilitative", "supportive", "task_oriented"]


async def choose(site: Site, body: dict[str, Any], key: str = "") -> httpx.Response:
    return await site.http.patch("/v1/tenant", json=body, headers=bearer(key or site.key))


# before the call --------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
async def test_the_client_is_asked_before_the_call_when_the_vendor_says_so(
    make_site: MakeSite, style: str
) -> None:
    site = await make_site(plugins={})
    meeting = await site.session(style=style)
    path = f"/v1/sessions/{meeting.id}/prompts"
    [asked] = (await site.post(path, {"moment": "pre_session"})).json()["prompts"]
    assert (await site.post(path, {"moment": "pre_session"})).json() == {"prompts": []}
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    assert (prompt["id"], prompt["moment"]) == (asked, "pre_session")
    assert [one["name"] for one in prompt["instruments"]] == ["check-in"]
    assert await site.current(meeting.therapist.token) is None
    reply = await site.respond(meeting.client.token, asked, full(prompt))
    assert reply.status_code == 201
    await site.settle()
    [session] = (await site.series(meeting.episode))["sessions"]
    assert [one["moment"] for one in session["responses"]] == ["pre_session"]


async def test_what_was_to_be_answered_before_the_call_is_not_asked_after_it(site: Site) -> None:
    meeting = await site.session()
    path = f"/v1/sessions/{meeting.id}/prompts"
    [before] = (await site.post(path, {"moment": "pre_session"})).json()["prompts"]
    await site.join(meeting)
    assert (await site.current(meeting.client.token) or {})["id"] == before
    await site.wait(meeting, 1800)
    await site.leave(meeting)
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    assert prompt["moment"] == "end_of_call"
    assert (await site.get(f"/v1/prompts/{before}")).json()["status"] == "cancelled"
    await site.respond(meeting.client.token, prompt["id"], full(prompt))
    assert await site.current(meeting.client.token) is None
    reply = await site.post(path, {"moment": "pre_session"})
    assert (reply.status_code, reply.json()["type"].rpartition("/")[2]) == (409, "conflict")


async def test_the_client_is_asked_between_sessions(site: Site) -> None:
    meeting = await site.held()
    await site.answer(meeting.client.token)
    path = f"/v1/sessions/{meeting.id}/prompts"
    [asked] = (await site.post(path, {"moment": "follow_up"})).json()["prompts"]
    assert (await site.current(meeting.client.token) or {})["id"] == asked


@pytest.mark.parametrize("tag", OWN_TAGS)
def test_every_moment_has_its_words(tag: str) -> None:
    words = Languages().find(tag).element
    headings = [words[f"heading_{one}"] for one in ("pre_session", "in_call", "end_of_call", "follow_up")]
    assert len(set(headings)) == 4


# the layout -------------------------------------------------------------------------------------------


async def test_a_tenant_chooses_how_its_prompts_are_shown(each_site: Site) -> None:
    site = each_site
    _, other = await site.another_tenant()
    meeting = await site.held()
    for token in (meeting.client.token, meeting.therapist.token):
        assert (await site.current(token) or {})["layout"] == "card"
    reply = await choose(site, {"layout": "steps"})
    assert (reply.status_code, reply.json()["layout"]) == (200, "steps")
    for token in (meeting.client.token, meeting.therapist.token):
        assert (await site.current(token) or {})["layout"] == "steps"
    assert (await site.get("/v1/tenant", key=other)).json()["layout"] == "card"
    await choose(site, {"require_signed": True})
    shown = (await site.get("/v1/tenant")).json()
    assert (shown["layout"], shown["require_signed"]) == ("steps", True)


async def test_a_layout_that_there_is_not_is_refused_and_an_unknown_one_is_a_card(site: Site) -> None:
    for wrong in ({"layout": "pages"}, {"layout": None}):
        assert (await choose(site, wrong)).status_code == 422
    await site.service.database.write(
        lambda conn: tenants.set_settings(conn, site.tenant, {"layout": ["of", "another", "release"]})
    )
    meeting = await site.held()
    assert (await site.current(meeting.client.token) or {})["layout"] == "card"


async def test_the_layout_is_documented(site: Site) -> None:
    schemas = openapi(site.app)["components"]["schemas"]  # type: ignore[arg-type]
    for name in ("TenantIn", "TenantOut"):
        assert schemas[name]["properties"]["layout"]["enum"] == ["card", "steps"]
