"""The words of pages: plurals, numbers and dates of each language, and nothing missing in any of ours."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from alliancekit.languages import OWN_TAGS, Language, Languages, own_languages
from alliancekit.languages.checks import check, of_pages
from alliancekit.languages.pages import PLURAL, Words, english

ENGLISH = Languages().find("en")
TEXTS = {"waiting.one": "{n} client waits", "waiting.other": "{n} clients wait", "seen": "Seen by {who}"}
BASE = replace(ENGLISH, pages={"desk": TEXTS})
ARABIC = {
    "waiting.zero": "لا أحد ينتظر",
    "waiting.one": "عميل واحد ينتظر",
    "waiting.two": "عميلان ينتظران",
    "waiting.few": "{n} عملاء ينتظرون",
    "waiting.many": "{n} عميلاً ينتظرون",
    "waiting.other": "{n} عميل ينتظرون",
    "seen": "شاهده {who}",
}
PLACE = re.compile(r"\{\w+\}")
NOVEMBER = 1_794_700_800.0
"""2026-11-15 00:00 UTC."""


def words(tag: str, texts: dict[str, str], **options: str) -> Words:
    return Words(
        Language(tag=tag, element={}, rating={}, direction=OWN_TAGS.get(tag, "ltr"), pages={"desk": texts}),
        "desk",
        **options,
    )


# AllianceKit's own ---------------------------------------------------------------------------------


@pytest.mark.parametrize("own", own_languages(), ids=lambda one: one.tag)
def test_an_own_language_has_every_text_of_every_page(own: Language) -> None:
    assert set(own.pages) == set(ENGLISH.pages)
    assert list(of_pages(own, ENGLISH)) == []


@pytest.mark.parametrize("own", [one for one in own_languages() if one.tag != "en"], ids=lambda one: one.tag)
def test_no_sentence_of_a_page_is_left_in_english(own: Language) -> None:
    left = [
        f"{section}.{key}"
        for section, texts in own.pages.items()
        for key, text in texts.items()
        if re.search(r"\w \w", PLACE.sub("", text)) and text == english(section).get(key)
    ]
    assert left == []


# Forms ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "said"), [(1, "1 client waits"), (0, "0 clients wait"), (1234, "1,234 clients wait")]
)
def test_the_number_chooses_the_form(n: int, said: str) -> None:
    assert words("en", TEXTS).say("waiting", n=n) == said


def test_a_language_has_the_forms_that_it_needs() -> None:
    arabic = words("ar", ARABIC)
    said = [arabic.say("waiting", n=n) for n in (0, 1, 2, 3, 11, 100)]
    assert len(set(said)) == 6
    assert said[2] == ARABIC["waiting.two"]


def test_what_stands_in_a_right_to_left_text_keeps_its_own_direction() -> None:
    assert words("ar", ARABIC).say("seen", who="Dr. Kim") == "شاهده \u2068Dr. Kim\u2069"
    assert words("en", TEXTS).say("seen", who="Dr. Kim") == "Seen by Dr. Kim"


def test_numbers_shares_and_days_are_the_languages() -> None:
    assert [words(tag, {}).number(1234.56, decimals=1) for tag in ("en", "it")] == ["1,234.6", "1.234,6"]
    assert words("es", {}).percent(0.434) == "43\u00a0%"
    days = [words(tag, {}).date(NOVEMBER) for tag in ("en", "es", "zh")]
    assert days == ["15 Nov 2026", "15 nov 2026", "2026年11月15日"]


def test_a_day_is_that_of_the_readers_zone() -> None:
    assert words("en", {}, timezone="America/New_York").date(NOVEMBER) == "14 Nov 2026"
    assert words("en", {}, timezone="America/New_York").moment(NOVEMBER) == "14 Nov 2026, 19:00"


def test_a_text_that_does_not_exist_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match=r"desk\.absent"):
        words("en", TEXTS).say("absent")
    with pytest.raises(KeyError, match="who"):
        words("en", TEXTS).say("seen")


def test_a_language_that_cldr_does_not_know_still_speaks() -> None:
    assert words("qaa", TEXTS).say("waiting", n=1) == "1 client waits"
    assert words("qaa", {}).date(NOVEMBER) == "15 Nov 2026"


# Completeness --------------------------------------------------------------------------------------


def arabic(**changes: str | None) -> Language:
    texts = {key: text for key, text in (ARABIC | changes).items() if text is not None}
    return Language(tag="ar", element={}, rating={}, direction="rtl", pages={"desk": texts})


def test_the_forms_of_the_language_are_asked_for_and_may_do_without_the_number() -> None:
    assert list(of_pages(arabic(), BASE)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"waiting.many": None}, "pages/desk.waiting.many: is missing"),
        ({"seen": "شاهده"}, "pages/desk.seen: has other placeholders than English ({who})"),
        ({"gone": "x"}, "pages/desk.gone: there is no such text"),
    ],
)
def test_what_is_wrong_with_a_page_is_named(changes: dict[str, str | None], said: str) -> None:
    assert list(of_pages(arabic(**changes), BASE)) == [said]


def test_a_section_that_no_page_has_is_named() -> None:
    wrong = replace(ENGLISH, tag="fi", pages={"dsk": {}})
    assert list(of_pages(wrong, BASE)) == ["pages/dsk: there is no such page"]


def test_a_plugins_language_may_leave_pages_out() -> None:
    check(replace(ENGLISH, tag="fi", pages={}), {})


def test_a_plural_key_is_told_from_others() -> None:
    assert [bool(PLURAL.fullmatch(key)) for key in ("sessions.other", "sessions", "a.b")] == [
        True,
        False,
        False,
    ]
