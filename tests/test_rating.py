"""The page behind a rating link: in the language of its reader."""

from __future__ import annotations

import pytest

from alliancekit.languages import Languages
from alliancekit.web.rating import accepted, rating_page


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
    assert f"<html {expected}>" in rating_page(Languages().find(*languages), token="abc")


def test_with_a_token_it_asks_and_without_one_it_says_what_to_do() -> None:
    chinese = Languages().find("zh")
    asking, gone = rating_page(chinese, token="a<b"), rating_page(chinese)
    words = chinese.rating
    assert 'token="a&lt;b"' in asking
    assert words["title"] in asking
    assert words["gone"] not in asking
    assert words["gone_fix"] in gone
    assert "token=" not in gone
    assert "embed.js" not in gone


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("de-CH,it;q=0.8, en;q=0.5", ("de-CH", "it", "en")),
        ("", ()),
        ("*;q=0.1", ()),
        ("<script>,,;", ()),
    ],
)
def test_an_accept_language_header_is_read_in_its_order(header: str, tags: tuple[str, ...]) -> None:
    assert accepted(header) == tags
