"""In which language a therapist reads, and that nothing English is left on the pages of one who does not."""

from __future__ import annotations

import html
import json
import re
from importlib.resources import files

import pytest
from tests.services import Site
from tests.tools import therapist_examples as examples
from tests.tools.therapist_screens import pages_of

from alliancekit.languages import Languages
from alliancekit.languages.pages import Words, english
from alliancekit.languages.plugins import plugin_texts
from alliancekit.server.therapist import reader
from alliancekit.server.tokens import TherapistClaims
from alliancekit.store.tables import therapist

PLACE = re.compile(r"\{\w+\}")


def pieces(text: str) -> list[str]:
    """What of a text must not appear elsewhere: its parts between places, of three words and more."""
    parts = (part.strip(" .:,“”") for part in PLACE.split(text))
    return [part for part in parts if len(part.split()) > 2]


def sentences() -> set[str]:
    """Everything English that the therapist's pages, strain, talk balance and a style may say."""
    said = list(english("therapist").values())
    for plugin in ("alliancekit_strain", "alliancekit_talk_balance"):
        texts = plugin_texts(files(plugin))
        arabic = texts.of("ar")
        said += [text for key, text in texts.of("en").items() if arabic[key] != text]
    book = json.loads((files("alliancekit_directive") / "style.json").read_text())
    said += [text["en"] for text in book["next_step"].values()]
    return {piece for text in said for piece in pieces(text)}


def left(page: str) -> list[str]:
    shown = html.unescape(page)
    return sorted(piece for piece in sentences() if piece in shown)


async def settings(site: Site, **chosen: str) -> None:
    row = {"tenant": site.tenant, "id": "t1", "settings": json.dumps(chosen), "updated_at": site.clock()}
    await site.service.database.write(
        lambda conn: (
            conn.execute(therapist.delete()) and conn.execute(therapist.insert().values(**row)) and None
        )
    )


async def read(site: Site, header: str = "") -> Words:
    claims = TherapistClaims(tenant=site.tenant, therapist="t1")
    return await reader.words_of(site.service, claims, header)


async def test_the_choice_comes_before_the_session_and_that_before_the_browser(site: Site) -> None:
    assert (await read(site)).language.tag == "en"
    assert (await read(site, "it-CH, it;q=0.9, de;q=0.5")).language.tag == "it"
    await site.held(
        participants=[
            {"role": "client", "external_id": "c1", "language": "it"},
            {"role": "therapist", "external_id": "t1", "language": "es-MX"},
        ]
    )
    assert (await read(site, "it")).language.tag == "es"
    await settings(site, language="ar", timezone="Asia/Riyadh")
    found = await read(site, "it")
    assert (found.language.tag, found.direction, found.timezone) == ("ar", "rtl", "Asia/Riyadh")
    claims = TherapistClaims(tenant=site.tenant, therapist="t1")
    assert (await reader.language_of(site.service, claims, "it")).tag == "ar"


@pytest.mark.parametrize("zone", ["Nowhere/At_all", "../etc/passwd", ""])
async def test_a_zone_that_does_not_exist_is_utc(site: Site, zone: str) -> None:
    await settings(site, timezone=zone)
    assert (await read(site)).timezone == "UTC"


async def test_another_therapists_choice_changes_nothing(site: Site) -> None:
    await settings(site, language="ar")
    claims = TherapistClaims(tenant=site.tenant, therapist="t2")
    assert (await reader.words_of(site.service, claims)).language.tag == "en"


async def test_whoever_is_not_signed_in_is_asked_in_the_browsers_language(site: Site) -> None:
    page = (await site.http.get("/therapist", headers={"Accept-Language": "es"})).text
    assert '<html lang="es" dir="ltr">' in page
    assert "Identifíquese" in page


async def test_a_session_is_reviewed_and_shown_in_the_therapists_language(site: Site) -> None:
    meeting = await site.held(
        participants=[
            {"role": "client", "external_id": "c1"},
            {"role": "therapist", "external_id": "t1", "language": "ar"},
        ]
    )
    await site.answer(meeting.client.token, 0)
    await site.settle()
    async with site.signed_in() as browser:
        for path in (
            "",
            f"/episodes/{meeting.episode}",
            "/platforms",
            "/plugins/strain/rules",
            "/episodes/no",
        ):
            page = (await browser.get(f"/therapist{path}")).text
            assert '<html lang="ar" dir="rtl">' in page, path
            assert left(page) == [], path
        page = (await browser.get(f"/therapist/episodes/{meeting.episode}")).text
    texts = plugin_texts(files("alliancekit_strain")).of("ar")
    assert texts["meaning.cut_off"] in html.unescape(page)
    assert texts["page.title"] in html.unescape(page)
    assert "تقييم العميل" in page


@pytest.mark.parametrize("tag", ["es", "it", "zh", "ar"])
def test_no_english_sentence_is_left_on_any_page(tag: str) -> None:
    words = Words(Languages().find(tag), "therapist")
    ours = {piece for text in english("therapist").values() for piece in pieces(text)}
    for name, page in pages_of(words).items():
        if name != "plugin-page":
            shown = html.unescape(page).replace(examples.REPAIR.signal.sentence, "")
            assert [piece for piece in ours if piece in shown] == [], name


def test_the_check_finds_what_is_left() -> None:
    assert left(pages_of(examples.EN)["today"])


def test_what_our_instruments_say_of_themselves_is_known_word_for_word() -> None:
    form = json.loads((files("alliancekit_measures") / "check-in.client.json").read_text())
    own = english("therapist")
    cut_off = form["cut_offs"][0]
    assert form["validation"] == own["own.validation"]
    assert (cut_off["meaning"], cut_off["source"]) == (
        own["own.check-in.meaning"],
        own["own.check-in.source"],
    )
