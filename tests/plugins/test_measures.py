"""The built-in measures: complete in every language, and the default plan."""

from __future__ import annotations

from importlib.resources import files

import pytest

from alliancekit.events import PromptsWanted
from alliancekit.instruments.catalogue import Instruments, languages_of, localise
from alliancekit.scoring.scales import check_answers, score
from alliancekit_measures import Measures, Settings

LANGUAGES = ("ar", "en", "es", "it", "zh")
FACETS = {
    "positive rapport",
    "mutual agreement on goals",
    "realistic expectations",
    "shared responsibility",
    "mutual respect",
    "empathy",
    "genuineness",
    "safety",
    "positive expectations",
    "cultural respect",
}
KNOWN = Instruments(Measures(Settings()).register_instruments())


def wanted(moment, *, manual: bool = False, measure: str = "check-in") -> PromptsWanted:
    return PromptsWanted(
        tenant="ten_1",
        episode="epi_1",
        session="ses_1",
        at=0.0,
        style="directive",
        moment=moment,
        number=1,
        measure=measure,
        manual=manual,
    )


def test_both_measures_have_both_forms():
    assert KNOWN.names() == ("check-in", "pulse")
    for name in KNOWN.names():
        assert {form.form for form in KNOWN.forms(name)} == {"client", "therapist"}


@pytest.mark.parametrize("form", ["client", "therapist"])
def test_the_check_in_asks_each_facet_once(form: str):
    made = KNOWN.get("check-in", form)
    assert {item.facet for item in made.items} == FACETS
    assert len(made.items) == len(FACETS)
    parts = [item for scale in made.scales if scale.name != "total" for item in scale.items]
    assert sorted(parts) == sorted(item.id for item in made.items)
    assert [scale.name for scale in made.scales] == ["bond", "goal", "task", "total"]


def test_both_forms_share_one_key():
    client, therapist = KNOWN.forms("check-in")
    assert [item.id for item in client.items] == [item.id for item in therapist.items]
    assert client.scales == therapist.scales
    assert client.options == therapist.options


@pytest.mark.parametrize("made", list(KNOWN), ids=lambda made: f"{made.name}-{made.form}")
def test_every_text_is_there_in_every_language(made):
    assert languages_of(made) == LANGUAGES
    assert all(set(scale.title) == set(LANGUAGES) for scale in made.scales)
    english = localise(made, "en")
    for language in set(LANGUAGES) - {"en"}:
        shown = localise(made, language)
        for item, original in zip(shown["items"], english["items"], strict=True):
            assert item["text"].strip()
            assert item["text"] != original["text"]


@pytest.mark.parametrize("made", list(KNOWN), ids=lambda made: f"{made.name}-{made.form}")
def test_it_says_that_it_is_not_validated(made):
    assert made.validated is False
    assert made.validation.startswith("Not validated")
    assert made.licence == "CC0-1.0"
    assert all(cut_off.provisional and "Provisional" in cut_off.source for cut_off in made.cut_offs)


def test_scores_by_hand():
    made = KNOWN.get("check-in")
    answers = {item.id: 3 for item in made.items} | {"goals": 0, "hope": 4}
    check_answers(made, answers)
    got = {s.scale: (s.value, s.maximum) for s in score(made, answers)}
    assert got == {"bond": (18, 24), "goal": (3, 8), "task": (7, 8), "total": (28, 40)}
    del answers["safety"]
    prorated = {s.scale: (s.value, s.prorated) for s in score(made, answers)}
    assert prorated["bond"] == (18, True)
    assert prorated["goal"] == (3, False)
    del answers["hope"]
    assert [s.value for s in score(made, answers)] == [18, 3, None, None]


def test_only_instruments_are_in_the_folder():
    json_files = [
        entry.name for entry in files("alliancekit_measures").iterdir() if entry.name.endswith(".json")
    ]
    assert len(json_files) == len(KNOWN) == 4


async def plan(event: PromptsWanted, **settings: bool):
    made = await Measures(Settings(**settings)).plan_prompts(event)
    return [(request.role, request.moment, request.instruments) for request in made.requests]


async def test_the_end_of_the_call_asks_both_the_sites_measure():
    assert await plan(wanted("end_of_call", measure="wai-sr")) == [
        ("client", "end_of_call", ("wai-sr",)),
        ("therapist", "end_of_call", ("wai-sr",)),
    ]
    assert len(await plan(wanted("end_of_call"), therapist=False)) == 1


async def test_nobody_is_asked_in_the_call_unless_somebody_wants_it():
    assert await plan(wanted("in_call")) == []
    assert await plan(wanted("in_call", manual=True)) == [("client", "in_call", ("pulse",))]


@pytest.mark.parametrize("moment", ["pre_session", "follow_up"])
async def test_before_and_later_only_when_switched_on_or_by_hand(moment):
    assert await plan(wanted(moment)) == []
    for asked in (await plan(wanted(moment, manual=True)), await plan(wanted(moment), **{moment: True})):
        assert asked == [("client", moment, ("check-in",))]
