"""Without wording an instrument cannot be asked and says why; with a pack it is asked in its languages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.instruments.packs import PACK, instrument, pack
from tests.services import MakeSite
from typing_extensions import override

from alliancekit.errors import ConfigError
from alliancekit.events import PromptPlan, PromptRequest, PromptsWanted
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.model import Instrument

PEOPLE = [
    {"role": "client", "external_id": "c1", "language": "de-AT"},
    {"role": "therapist", "external_id": "t1"},
]
REASON = "The instrument 'two-questions' (client form) cannot be asked"


class Licensed(AllianceHooks):
    """Brings an instrument without wording, in both forms."""

    @override
    @hookimpl
    def register_instruments(self) -> Sequence[Instrument]:
        return (instrument(), instrument(form="therapist"))


class Asking(Licensed):
    """Asks it at the end of every call, beside the check-in."""

    @override
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted) -> PromptPlan:
        asked = PromptRequest(role="client", moment="end_of_call", instruments=("check-in", "two-questions"))
        return PromptPlan(requests=(asked,) if event.moment == "end_of_call" else ())


def folder(tmp_path: Path, content: Any = PACK) -> Path:
    place = tmp_path / "measures"
    place.mkdir()
    text = content if isinstance(content, str) else json.dumps(content)
    (place / "two-questions.client.pack.json").write_text(text)
    return place


async def test_a_session_with_such_a_measure_is_refused_with_the_fix(make_site: MakeSite) -> None:
    site = await make_site(extra=[("licensed", Licensed())])
    body = {"external_id": "m", "episode": "e", "measure": "two-questions", "participants": PEOPLE}
    reply = await site.post("/v1/sessions", body)
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    problem = reply.json()
    assert problem["type"].endswith("/cannot-be-asked")
    assert REASON in problem["detail"]
    assert "alliancekit measures import" in problem["detail"]
    assert (await site.rows())["session"] == []


async def test_the_service_does_not_start_with_such_a_default(make_site: MakeSite) -> None:
    with pytest.raises(ConfigError, match="default_measure: The instrument 'two-questions'"):
        await make_site(extra=[("licensed", Licensed())], default_measure="two-questions")


async def test_what_a_plan_asks_in_vain_is_shown_as_not_asked(make_site: MakeSite) -> None:
    site = await make_site(
        extra=[("asking", Asking())], plugins={"enabled": ["asking", "measures"]}, default_style=""
    )
    meeting = await site.held(participants=PEOPLE, style="")
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    assert [one["name"] for one in prompt["instruments"]] == ["check-in"]
    [point] = (await site.episode(meeting))["sessions"]
    [gap] = point["not_asked"]
    assert (gap["instrument"], gap["form"]) == ("two-questions", "client")
    assert gap["reason"].startswith(REASON)
    assert point["not_computed"] == []
    async with site.signed_in() as browser:
        page = await browser.get(f"/therapist/episodes/{meeting.episode}")
    assert "The client was not asked “Two questions”" in page.text


async def test_with_its_pack_it_is_asked_in_the_packs_languages(make_site: MakeSite, tmp_path: Path) -> None:
    site = await make_site(extra=[("licensed", Licensed())], measures_dir=folder(tmp_path))
    meeting = await site.held(measure="two-questions", participants=PEOPLE, style="supportive")
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    shown = next(one for one in prompt["instruments"] if one["name"] == "two-questions")
    assert shown["title"] == "Titel des Testpakets"
    assert [item["text"] for item in shown["items"]] == ["Item 1 im Testpaket", "Item 2 im Testpaket"]
    await site.answer(meeting.client.token, 2)
    [point] = (await site.episode(meeting))["sessions"]
    scores = {
        score["scale"]: score["value"]
        for response in point["responses"]
        if response["instrument"] == "two-questions"
        for score in response["scores"]
    }
    assert scores["first"] == 2
    # The therapist's form has no pack here: said, not lost.
    assert [gap["form"] for gap in point["not_asked"]] == ["therapist"]


async def test_a_broken_pack_is_said_and_the_service_starts(
    make_site: MakeSite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = folder(tmp_path, pack("items.item2"))
    site = await make_site(extra=[("licensed", Licensed())], measures_dir=place)
    assert "items.item2: the wording of this item is missing" in caplog.text
    body = {"external_id": "m", "episode": "e", "measure": "two-questions", "participants": PEOPLE}
    detail = (await site.post("/v1/sessions", body)).json()["detail"]
    assert "The file two-questions.client.pack.json cannot be used" in detail
    assert (await site.session()).id


async def test_a_pack_that_is_taken_away_does_not_break_an_open_prompt(
    make_site: MakeSite, tmp_path: Path
) -> None:
    site = await make_site(extra=[("licensed", Licensed())], measures_dir=folder(tmp_path))
    meeting = await site.held(measure="two-questions", participants=PEOPLE, style="supportive")
    site.service.feedback._instruments = type(site.service.instruments)([instrument()])
    reply = await site.http.get(
        "/v1/prompts/current", headers={"Authorization": f"Bearer {meeting.client.token}"}
    )
    assert reply.status_code == 503
    assert reply.json()["type"].endswith("/not-loaded")
