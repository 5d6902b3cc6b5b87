"""The page behind a rating link: complete in every language, in the language of its reader."""

from __future__ import annotations

import pytest

from alliancekit.web.embed import LANGUAGES
from alliancekit.web.rating import accepted, catalogue, rating_page


def test_it_speaks_the_languages_of_the_element_and_leaves_nothing_in_english() -> None:
    assert set(catalogue()) == set(LANGUAGES)
    english = catalogue()["en"]
    for language, words in catalogue().items():
        assert set(words) == set(english)
        assert all(text.strip() for text in words.values())
        if language != "en":
            assert not [key for key, text in words.items() if text == english[key]]


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (("es-MX",), 'lang="es" dir="ltr"'),
        (("ar",), 'lang="ar" dir="rtl"'),
        (("fi", "it"), 'lang="it" dir="ltr"'),
        (("fi",), 'lang="en" dir="ltr"'),
        ((), 'lang="en" dir="ltr"'),
    ],
)
def test_the_first_known_language_counts(languages: tuple[str, ...], expected: str) -> None:
    assert f"<html {expected}>" in rating_page(*languages, token="abc")


def test_with_a_token_it_asks_and_without_one_it_says_what_to_do() -> None:
    asking, gone = rating_page("zh", token="a<b"), rating_page("zh")
    words = catalogue()["zh"]
    assert 'token="a&lt;b"' in asking
    assert words["title"] in asking
    assert words["gone"] not in asking
    assert words["gone_fix"] in gone
    assert "token=" not in gone
    assert "embed.js" not in gone


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("de-CH,it;q=0.8, en;q=0.5", ("de", "it", "en")),
        ("", ()),
        ("*;q=0.1", ()),
        ("<script>,,;", ()),
    ],
)
def test_an_accept_language_header_is_read_in_its_order(header: str, tags: tuple[str, ...]) -> None:
    assert accepted(header) == tags
