"""Five plugins that misbehave, loaded at once: no answer and no reply changes, and each is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.bad_plugins import BLOCK_SECONDS, CLIENTS_WORDS, EXPECTED, Good, bad_plugins
from tests.server.test_api import assert_problem
from tests.services import PLAIN, MakeSite, Site, full, running_site, session_body

from alliancekit.cli.plugins import table
from alliancekit.store.tables import metadata

LIMITS = {"call": 1.5, "block": 0.2, "plugins": {name: 0.1 for name in EXPECTED if name != "blocking"}}
AFTER_THE_FACT = {"outbox", "guidance", "not_computed", "signal", "delivery"}
"""Tables that hold no answer; in the others a service with bad plugins stores what one without stores."""


RANDOM = r"[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=in_call:)[0-9a-f]{16}"
"""Fingerprints, keys, occasions."""


async def tell_a_story(site: Site) -> list[Any]:
    """A call with a pulse, ratings, refusals and reading; every reply as (status, body)."""
    site.clock.now = 1_800_000_000.0
    replies = [await site.post("/v1/sessions", session_body(external_id="m1", episode="e1"))]
    meeting = await site.session(external_id="m1", episode="e1")
    await site.join(meeting)
    path = f"/v1/sessions/{meeting.id}"
    replies.append(await site.post(f"{path}/prompts", {"moment": "in_call"}))
    await site.answer(meeting.client.token, 2)
    await site.wait(meeting, 1800)
    await site.leave(meeting)
    for person in meeting.people:
        prompt = await site.current(person.token)
        assert prompt is not None
        replies.append(await site.respond(person.token, prompt["id"], {"check-in": {"hope": 99}}, key="bad"))
        for _ in range(2):
            answers = full(prompt, 1)
            replies.append(await site.respond(person.token, prompt["id"], answers, key=f"k-{person.role}"))
        await site.settle()
        replies.append(await site.respond(person.token, prompt["id"], full(prompt, 2), key="other"))
    replies += [await site.get(path), await site.post(f"{path}/end"), await site.get("/readyz")]
    return [(reply.status_code, reply.headers["content-type"], alike(reply.text)) for reply in replies]


def alike(text: str) -> str:
    """A text with every identifier and token replaced by its kind; what came at the same time, by role."""
    body = json.loads(text) if text.startswith("{") else {}
    if "segments" in body:
        body["segments"].sort(key=lambda one: one["role"])
        text = json.dumps(body)
    return re.sub(r"\b(ten|epi|ses|par|prm|rsp|key)_[\w-]{22}|\b(eyJ)[\w.-]+", r"\1\2", text)


async def stored(site: Site) -> dict[str, list[str]]:
    """What the tables of answers hold, apart from identifiers; scores of other plugins left out."""
    found = await site.rows()
    tables = {table.name for table in metadata.sorted_tables} - AFTER_THE_FACT - {"tenant", "tenant_key"}
    return {
        name: sorted(re.sub(RANDOM, "", alike(str(row))) for row in found[name]) for name in sorted(tables)
    }


async def test_bad_plugins_change_no_reply_and_no_answer(make_site: MakeSite) -> None:
    good = Good()
    with_good = [("good", good)]
    plain = await make_site(extra=[("good", Good())], plugins=PLAIN | {"limits": {"call": 1.5}})
    expected, expected_rows = await tell_a_story(plain), await stored(plain)
    site = await make_site(extra=[*bad_plugins(), *with_good], plugins=PLAIN | {"limits": LIMITS})
    assert await tell_a_story(site) == expected
    assert await stored(site) == expected_rows
    assert len(expected_rows["response"]) == 3
    assert len(good.ended) == 1


async def test_each_bad_plugin_is_named_with_its_status(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    assert LIMITS["block"] < BLOCK_SECONDS  # type: ignore[operator]
    site = await make_site(extra=[*bad_plugins(), ("good", Good())], plugins=PLAIN | {"limits": LIMITS})
    meeting = await site.held()
    await site.answer(meeting.client.token, 1)
    report = site.service.plugins.report
    for name, (status, error) in EXPECTED.items():
        entry = report[name]
        assert entry.running
        assert entry.failures >= 2, name
        failed = [past for past in entry.last if past.status != "ok"]
        assert {past.status for past in failed} == {status}, name
        assert all(past.error.startswith(error) for past in failed), name
    assert report["blocking"].status == "blocked"
    assert report["good"].status == "loaded"
    assert report["good"].failures == 0
    assert set(column(table(report), "name")) >= {*EXPECTED, "good"}
    whole = json.dumps(report.to_json())
    assert CLIENTS_WORDS not in whole + caplog.text
    # What they failed to compute is said, and what the others computed is there.
    point = (await site.episode(meeting))["sessions"][0]
    gaps = {gap["plugin"]: (gap["hook"], gap["status"]) for gap in point["not_computed"]}
    assert gaps == {name: ("score_alliance", status) for name, (status, _) in EXPECTED.items()}
    [response] = point["responses"]
    assert "good" in {score["plugin"] for score in response["scores"]}
    assert point["guidance"]
    async with site.signed_in() as browser:
        page = (await browser.get(f"/therapist/episodes/{meeting.episode}")).text
    for name in EXPECTED:
        assert name in page
    assert CLIENTS_WORDS not in page


def column(shown: Any, header: str) -> list[str]:
    [found] = [one for one in shown.columns if one.header == header]
    return [str(cell) for cell in found.cells]


async def test_a_required_plugin_in_trouble_makes_the_service_not_ready(make_site: MakeSite) -> None:
    plugins = PLAIN | {"limits": LIMITS, "required": ["blocking"]}
    site = await make_site(extra=bad_plugins(), plugins=plugins)
    ready = await site.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "problems": [], "dead_work": 0})
    await site.held()
    ready = await site.http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["problems"] == ["the required plugin blocking is blocked"]
    assert (await site.http.get("/healthz")).status_code == 200


async def test_without_plugins_the_service_runs_and_says_that_it_can_ask_nothing(make_site: MakeSite) -> None:
    site = await make_site(no_plugins=True)
    assert (await site.http.get("/readyz")).status_code == 200
    assert {entry.status for entry in site.service.plugins.report.entries} == {"disabled"}
    before = await site.rows()
    for body in (session_body(), session_body(style=None), session_body(style=None, measure="check-in")):
        reply = await site.post("/v1/sessions", body)
        assert_problem(reply, 422, "invalid-request")
        assert "no plugin brings one" in reply.json()["detail"]
    assert await site.rows() == before


async def test_prompts_made_before_the_plugins_went_away_are_refused_clearly(
    make_site: MakeSite, tmp_path: Path, url: str
) -> None:
    """A service that lost its plugins keeps what it has and refuses answers that it cannot check."""
    async with running_site(tmp_path, url=url) as site:
        meeting = await site.held()
        prompt = await site.current(meeting.client.token)
        assert prompt is not None
    bare = await make_site(url=url, no_plugins=True)
    before = await bare.rows()
    reply = await bare.http.get(
        "/v1/prompts/current", headers={"Authorization": f"Bearer {meeting.client.token}"}
    )
    assert_problem(reply, 503, "not-loaded")
    reply = await bare.respond(meeting.client.token, prompt["id"], full(prompt))
    assert_problem(reply, 503, "not-loaded")
    assert await bare.rows() == before
    series = await bare.get(f"/v1/episodes/{meeting.episode}", key=site.key)
    assert [one["status"] for one in series.json()["sessions"]] == ["ended"]
