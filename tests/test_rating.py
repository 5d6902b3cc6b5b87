"""The page behind a rating link: in the language of its reader."""

from __future__ import annotations

import pytest

from alliancekit.languages import Languages
from alliancekit.onward import Onward
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


@pytest.mark.parametrize("token", ["abc", ""])
def test_the_way_on_is_a_plain_link_with_its_site_named(token: str) -> None:
    arabic = Languages().find("ar")
    way = Onward(address='https://clinic.example/?a="b&c', site="clinic.example")
    page = rating_page(arabic, token=token, way=way)
    assert 'href="https://clinic.example/?a=&#34;b&amp;c" rel="noreferrer"' in page
    assert arabic.rating["go_on"].replace("{site}", "\u2068clinic.example\u2069") in page
    assert (arabic.rating["go_on_hint"] in page) == bool(token)
    assert arabic.rating["go_on_refused"] not in page


@pytest.mark.parametrize("token", ["abc", ""])
def test_a_refused_way_on_is_said_and_not_shown(token: str) -> None:
    english = Languages().find("en")
    page = rating_page(english, token=token, way=Onward(refused="it is longer than 2000 characters"))
    assert english.rating["go_on_refused"] in page
    assert "2000" not in page
    assert 'class="go"' not in page + rating_page(english, token=token)


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
