from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.services import MakeSite, Meeting, Site

from alliancekit.exports import ExportedEpisode, ExportedSession
from alliancekit_export import COLUMNS, FORMAT, as_csv, as_json


async def answered(make_site: MakeSite, **fields: Any) -> tuple[Site, Meeting]:
    """A session with a shown and a withheld answer."""
    site = await make_site()
    meeting = await site.held(**fields)
    await site.answer(meeting.therapist.token, 3)
    await site.answer(meeting.client.token, 1, visibility="aggregate_only")
    return site, meeting


async def test_json_has_it_all_but_what_the_client_hides(make_site: MakeSite) -> None:
    site, meeting = await answered(make_site)
    reply = await site.get(f"/v1/episodes/{meeting.episode}/export")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["content-disposition"] == f'attachment; filename="{meeting.episode}.json"'
    body = reply.json()
    assert (body["format"], body["id"], body["everything"]) == (FORMAT, meeting.episode, False)
    [session] = body["sessions"]
    assert {one["external_id"] for one in session["people"]} == {"c1", "t1"}
    assert {one["status"] for one in session["prompts"]} == {"answered"}
    shown = {one["role"]: one for one in session["responses"]}
    assert set(shown["therapist"]["answers"].values()) == {3}
    assert shown["therapist"]["scores"][0]["value"] is not None
    assert (shown["client"]["answers"], shown["client"]["scores"]) == ({}, [])
    assert shown["client"]["visibility"] == "aggregate_only"


async def test_csv_has_a_line_for_each_answer_and_score(make_site: MakeSite) -> None:
    site, meeting = await answered(make_site, external_id='=HYPERLINK("x")')
    reply = await site.get(f"/v1/episodes/{meeting.episode}/export?format=csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(reply.text, newline="")))
    assert tuple(lines[0]) == COLUMNS
    [series] = (await site.episode(meeting))["sessions"]
    own = next(one for one in series["responses"] if one["role"] == "therapist")
    scores = {line["name"]: float(line["value"]) for line in lines if line["kind"] == "score"}
    assert scores == {one["scale"]: one["value"] for one in own["scores"]}
    answers = [line for line in lines if line["kind"] == "answer"]
    assert {(line["role"], line["value"]) for line in answers} == {("therapist", "3")}
    [withheld] = [line for line in lines if line["kind"] == "withheld"]
    assert (withheld["role"], withheld["value"], withheld["name"]) == ("client", "", "")
    assert {line["session"] for line in lines} == {'\'=HYPERLINK("x")'}


def test_an_empty_episode_is_written_too() -> None:
    session = ExportedSession(
        id="ses_1", external_id="m", number=1, style="supportive", measure="check-in", status="waiting",
        started_at=None, ended_at=None, seconds=0.0,
    )  # fmt: skip
    episode = ExportedEpisode(
        id="epi_1", external_id="ü", therapist="t1", style="supportive", example=False, created_at=1.0,
        exported_at=2.0, sessions=(session,),
    )  # fmt: skip
    assert json.loads(as_json(episode))["external_id"] == "ü"
    assert as_csv(episode).decode() == ",".join(COLUMNS) + "\r\n"
