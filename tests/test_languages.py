"""Languages: AllianceKit's own are complete, a plugin's are as well or are refused, and people see them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alliancekit.errors import InstrumentError
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.catalogue import languages_of
from alliancekit.instruments.model import Instrument
from alliancekit.languages import (
    OWN_TAGS,
    InstrumentTexts,
    Language,
    Languages,
    load_language,
    own_languages,
    wording,
)
from alliancekit.languages.checks import check
from alliancekit.plugins import PluginHost
from tests.plugin_hosts import with_code
from tests.pseudo_language import TAG, Speaks, included, language, marked
from tests.services import BASE_URL, MakeSite, bearer

ENGLISH = Languages().find("en")
FURTHER = [one for one in own_languages() if one.tag != "en"]


# AllianceKit's own ---------------------------------------------------------------------------------


@pytest.mark.parametrize("own", FURTHER, ids=lambda one: one.tag)
def test_an_own_language_passes_the_check_of_a_plugins(own: Language) -> None:
    # Its pages have the plural forms of its own language; tests/test_languages_pages.py looks at them.
    check(replace(own, tag=TAG, pages={}), {})
    assert own.direction == OWN_TAGS[own.tag]


@pytest.mark.parametrize("own", FURTHER, ids=lambda one: one.tag)
def test_nothing_is_left_in_english(own: Language) -> None:
    for texts, english in ((own.element, ENGLISH.element), (own.rating, ENGLISH.rating)):
        assert {key for key, text in texts.items() if text == english[key]} <= {"slider_value"}


def test_the_included_instruments_are_there_in_every_own_language() -> None:
    assert {one.name for one in included()} >= {"check-in", "pulse", "fit-directive", "fit-task-oriented"}
    assert all(set(languages_of(one)) == set(OWN_TAGS) for one in included())


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(("es-MX",), "es"), (("fi", "it"), "it"), (("AR",), "ar"), ((), "en"), (("",), "en")],
)
def test_the_first_known_language_is_found(wanted: tuple[str, ...], found: str) -> None:
    assert Languages().find(*wanted).tag == found


def test_the_direction_is_known_also_of_languages_that_are_not() -> None:
    languages = Languages([language()])
    tags = (TAG, "ar-EG", "he", "en", "fi")
    assert [languages.direction(tag) for tag in tags] == ["rtl", "rtl", "rtl", "ltr", "ltr"]


# a plugin's ----------------------------------------------------------------------------------------


def host_with(*languages: Language) -> PluginHost:
    host = PluginHost(extra=[("speaks", Speaks(*languages))])
    host.load()
    return host


def without(texts: Any, key: str) -> dict[str, str]:
    return {name: text for name, text in texts.items() if name != key}


def check_in(**changes: str) -> tuple[InstrumentTexts, ...]:
    [instrument] = [one for one in included() if (one.name, one.form) == ("check-in", "client")]
    return (InstrumentTexts(instrument="check-in", texts=marked(wording(instrument, "en")) | changes),)


GOOD = language(instruments=())

REFUSED = {
    "element.send: is missing": {"element": without(GOOD.element, "send")},
    "rating.gone: is missing": {"rating": without(GOOD.rating, "gone")},
    "element.sned: there is no such text": {"element": dict(GOOD.element) | {"sned": "x"}},
    "element.missing: has other placeholders than English ({n})": {
        "element": dict(GOOD.element) | {"missing": "{m} are open"}
    },
    "element.close: has other placeholders than English (none)": {
        "element": dict(GOOD.element) | {"close": "Close {n}"}
    },
    "element.later: is no text": {"element": dict(GOOD.element) | {"later": "  "}},
    "element.skip: is no text": {"element": dict(GOOD.element) | {"skip": 5}},
    "element: is no table": {"element": ["send"]},
    "the tag is no language tag": {"tag": "fi-12"},
    "AllianceKit itself speaks it": {"tag": "es"},
    "the direction is neither": {"direction": "up"},
    "check-in.client.items.respect.text: is missing": {
        "instruments": (replace(check_in()[0], texts=without(check_in()[0].texts, "items.respect.text")),)
    },
    "check-in.client.items.respct.text: there is no such": {
        "instruments": check_in(**{"items.respct.text": "x"})
    },
    "check-in.client: the texts are for version 9, and 1 runs": {
        "instruments": (replace(check_in()[0], version="9"),)
    },
    "check-in.client: is there twice": {"instruments": (*check_in(), *check_in())},
    "wai-sr.client: its wording is its author's": {
        "instruments": (InstrumentTexts(instrument="wai-sr", texts={"title": "x"}),)
    },
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_language_that_is_not_complete_is_refused_with_the_reason(reason: str) -> None:
    host = host_with(replace(GOOD, **REFUSED[reason]))
    entry = host.report["speaks"]
    assert entry.status == "failed"
    assert reason in entry.reason
    assert host.languages == ()
    assert all(TAG not in one.title for one in host.instruments)
    assert host.report["measures"].status == "loaded"


def test_a_whole_language_is_taken_whatever_the_order() -> None:
    host = host_with(language())
    assert host.report["speaks"].warnings == ()
    assert [one.tag for one in host.languages] == [TAG]
    carrying = [one for one in host.instruments if TAG in languages_of(one)]
    assert {(one.name, one.form) for one in carrying} == {(one.name, one.form) for one in included()}


def test_a_language_is_brought_once() -> None:
    host = PluginHost(extra=[("one", Speaks(GOOD)), ("two", Speaks(GOOD))])
    host.load()
    assert (host.report["one"].status, host.report["two"].status) == ("loaded", "failed")
    assert "language qps is already registered by plugin one" in host.report["two"].reason


def test_texts_without_an_instrument_and_instruments_without_texts_are_told() -> None:
    host = with_code(("speaks", Speaks(replace(GOOD, instruments=check_in()))))
    [idle] = host.report["speaks"].warnings
    assert idle == "its qps texts of check-in (client) are not used: no such instrument runs"
    [bare] = host_with(replace(GOOD, instruments=check_in())).report["speaks"].warnings
    assert "asked in another language" in bare
    assert "check-in (therapist)" in bare
    assert "check-in (client)" not in bare


def test_what_an_instrument_says_in_the_language_itself_stays() -> None:
    own = included()[0]
    texts = {TAG: "its own title", "en": own.title["en"]}

    class Bilingual(AllianceHooks):
        @hookimpl
        def register_instruments(self) -> list[Instrument]:
            return [own.model_copy(update={"name": "bilingual", "title": texts})]

    pack = InstrumentTexts(instrument="bilingual", form=own.form, texts=marked(wording(own, "en")))
    speaks = Speaks(replace(GOOD, instruments=(pack,)))
    host = with_code(("speaks", speaks), ("bilingual", Bilingual))
    shown = wording(host.instruments.get("bilingual", own.form), TAG)
    assert shown["title"] == "its own title"
    assert shown[f"items.{own.items[0].id}.text"].startswith("⟦")


# files ---------------------------------------------------------------------------------------------


def written(folder: Path, made: Language) -> Path:
    for name in ("element", "rating"):
        (folder / f"{name}.json").write_text(json.dumps(getattr(made, name)))
    for one in made.instruments:
        fields = {"instrument": one.instrument, "form": one.form, "version": one.version, "texts": one.texts}
        (folder / f"{one.instrument}.{one.form}.json").write_text(json.dumps(fields))
    return folder


def test_a_language_is_read_from_its_folder(tmp_path: Path) -> None:
    made = language()
    read = load_language(written(tmp_path, made), TAG, direction="rtl")
    assert replace(read, instruments=()) == replace(made, instruments=())
    by_name = {(one.instrument, one.form): one for one in read.instruments}
    assert by_name == {(one.instrument, one.form): one for one in made.instruments}


def test_a_file_with_other_fields_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "check-in.json").write_text('{"title": "x"}')
    with pytest.raises(InstrumentError, match=r"check-in\.json has other fields"):
        load_language(tmp_path, TAG)
    with pytest.raises(InstrumentError, match="cannot be read"):
        load_language(tmp_path / "none", TAG)


# people --------------------------------------------------------------------------------------------

PEOPLE = [
    {"role": "client", "external_id": "c1", "language": TAG},
    {"role": "therapist", "external_id": "t1", "language": "es"},
]


async def test_a_participant_sees_a_plugins_language(make_site: MakeSite) -> None:
    site = await make_site(extra=[("speaks", Speaks(language()))])
    meeting = await site.held(participants=PEOPLE)
    asked = (await site.http.get("/v1/prompts/current", headers=bearer(meeting.client.token))).json()
    assert (asked["language"], asked["direction"]) == (TAG, "rtl")
    for shown in asked["prompt"]["instruments"]:
        said = [shown["title"], *(item["text"] for item in shown["items"])]
        said += [option["label"] for item in shown["items"] for option in item.get("options", ())]
        assert [text for text in said if not re.fullmatch("⟦.+⟧", text)] == []
    script = (await site.http.get("/embed.js")).text
    keys, catalogues = (
        json.loads(script.partition(f"const {name} = ")[2].partition(";\nconst ")[0])
        for name in ("KEYS", "CATALOGUES")
    )
    assert dict(zip(keys, catalogues[TAG], strict=True)) == language().element
    page = (await site.http.get(meeting.client.rating_url.removeprefix(BASE_URL))).text
    assert f'<html lang="{TAG}" dir="rtl">' in page
    assert "⟦How did you work together?⟧" in page
    assert "⟦" not in (await site.http.get(meeting.therapist.rating_url.removeprefix(BASE_URL))).text
    gone = await site.http.get("/r/nonsense", headers={"Accept-Language": f"{TAG}-FI,en"})
    assert (gone.status_code, "⟦This link no longer works⟧" in gone.text) == (410, True)


async def test_the_service_runs_without_a_language_that_is_refused(make_site: MakeSite) -> None:
    broken = language(element={})
    site = await make_site(extra=[("speaks", Speaks(broken))])
    assert site.service.plugins.report["speaks"].status == "failed"
    meeting = await site.held(participants=PEOPLE)
    asked = (await site.http.get("/v1/prompts/current", headers=bearer(meeting.client.token))).json()
    assert asked["direction"] == "ltr"
    assert "⟦" not in json.dumps(asked, ensure_ascii=False)
    assert "⟦" not in (await site.http.get("/embed.js")).text
