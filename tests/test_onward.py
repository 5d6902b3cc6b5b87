"""Where people may be sent on to: exact origins, sub-domains where a star says so, nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.onward import LONGEST, NOWHERE, Onward, Origin, onward, origin

ALLOWED = [
    origin("https://clinic.example"),
    origin("https://*.care.example"),
    origin("https://ports.example:8443"),
    origin("http://localhost:3000"),
    origin("http://[::1]:3000"),
    origin("https://xn--klinik-bsa.example"),
]


@pytest.mark.parametrize(
    ("given", "address", "site"),
    [
        ("https://clinic.example", "https://clinic.example/", "clinic.example"),
        (
            "https://clinic.example/a/b?c=d&e=%2F#f",
            "https://clinic.example/a/b?c=d&e=%2F#f",
            "clinic.example",
        ),
        ("https://clinic.example?a=b", "https://clinic.example/?a=b", "clinic.example"),
        ("HTTPS://Clinic.EXAMPLE/A", "https://clinic.example/A", "clinic.example"),
        ("https://clinic.example:443/", "https://clinic.example/", "clinic.example"),
        ("https://clinic.example:00443/", "https://clinic.example/", "clinic.example"),
        ("https://clinic.example/ñ", "https://clinic.example/%C3%B1", "clinic.example"),
        ("https://clinic.example/@evil.example", "https://clinic.example/@evil.example", "clinic.example"),
        ("https://clinic.example//evil.example", "https://clinic.example//evil.example", "clinic.example"),
        ("https://a.care.example/", "https://a.care.example/", "a.care.example"),
        ("https://a.b.care.example/", "https://a.b.care.example/", "a.b.care.example"),
        ("https://ports.example:8443/x", "https://ports.example:8443/x", "ports.example:8443"),
        ("http://localhost:3000/x", "http://localhost:3000/x", "localhost:3000"),
        ("http://[::1]:3000/x", "http://[::1]:3000/x", "[::1]:3000"),
        ("https://xn--klinik-bsa.example/", "https://xn--klinik-bsa.example/", "xn--klinik-bsa.example"),
    ],
)
def test_addresses_of_allowed_origins(given: str, address: str, site: str) -> None:
    assert onward([given], ALLOWED) == Onward(address=address, site=site)


@pytest.mark.parametrize(
    "given",
    [
        "clinic.example",
        "/path",
        "//clinic.example/",
        "https:clinic.example",
        "https:/clinic.example",
        "https:///clinic.example",
        "https://",
        "https://:443/",
        "ftp://clinic.example/",
        "javascript:alert(1)",
        "JavaScript:alert(1)//clinic.example",
        " https://clinic.example/",
        "https://clinic.example/ ",
        "https://clinic.example/a b",
        "https://clinic.example/\r\nLocation: https://evil.example",
        "java\nscript:alert(1)",
        "https://clinic.example\t.evil.example/",
        "https://clinic.example\\.evil.example/",
        "https:\\\\clinic.example/",
        "https://clinic.example/\\evil",
        "https://clinic.example@evil.example/",
        "https://me:secret@clinic.example/",
        "https://@clinic.example/",
        "https://clinic.example./",
        "https://.clinic.example/",
        "https://clinic..example/",
        "https://clinic.example%2eevil.example/",
        "https://clinic.example%00.evil.example/",
        "https://clinic.example:/",
        "https://clinic.example:0/",
        "https://clinic.example:65536/",
        "https://clinic.example:444/",
        "https://clinic.example:443:80/",
        "https://clinic.example:٤٤٣/",
        "http://clinic.example/",
        "http://clinic.example:443/",
        "https://care.example/",
        "https://evilcare.example/",
        "https://care.example.evil.example/",
        "https://ports.example/",
        "https://localhost:3000/",
        "http://localhost/",
        "http://127.0.0.1:3000/",
        "http://[::2]:3000/",
        "https://klinikä.example/",
        "https://ｃlinic.example/",
        "https://clinic．example/",
        "https://\u212alinic.example/",
        "https://*.care.example/",
        "https://clinic.example/" + "a" * LONGEST,
        "https://clinic.example/\ud800",
        "https://clinic.example/\0",
    ],
)
def test_everything_else_is_refused_with_a_reason_that_repeats_no_path(given: str) -> None:
    way = onward([given], ALLOWED)
    assert (way.address, way.site, bool(way.refused)) == ("", "", True)
    assert "secret" not in way.refused
    assert "\n" not in way.refused
    assert len(way.refused) < 300


def test_a_refused_origin_is_named_without_its_query() -> None:
    way = onward(["https://evil.example:8080/path?token=secret"], ALLOWED)
    assert way.refused == "prompts.redirect_to does not allow https://evil.example:8080"


def test_none_given_and_several_given() -> None:
    assert onward([], ALLOWED) == onward([""], ALLOWED) == NOWHERE
    assert "more than once" in onward(["https://clinic.example"] * 2, ALLOWED).refused
    assert "more than once" in onward(["", "https://clinic.example"], ALLOWED).refused
    assert onward(["https://clinic.example"], []).refused


@given(st.text(max_size=60).map(lambda text: f"https://clinic.example{text}") | st.text(max_size=80))
def test_whatever_is_given_leads_to_an_allowed_origin_or_nowhere(address: str) -> None:
    way = onward([address], ALLOWED)
    if way.address:
        read = urlsplit(way.address)
        assert (read.scheme, read.netloc) == ("https", "clinic.example")
        assert way.address.isascii()
        assert way.address.isprintable()


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("https://clinic.example", Origin("https", "clinic.example", 443)),
        ("https://Clinic.Example:443/", Origin("https", "clinic.example", 443)),
        ("https://*.clinic.example:8443", Origin("https", "clinic.example", 8443, below=True)),
        ("http://127.0.0.1:3000", Origin("http", "127.0.0.1", 3000)),
    ],
)
def test_entries_of_the_list(text: str, made: Origin) -> None:
    assert origin(text) == made


@pytest.mark.parametrize(
    "text",
    [
        "clinic.example",
        "*",
        "https://*",
        "https://*.example",
        "https://clinic.example/exit",
        "https://clinic.example?x",
        "https://me@clinic.example",
        "https://*.*.example",
        "https://a*.clinic.example",
        "http://clinic.example",
        "http://*.clinic.example",
        "https://clinic.example:70000",
        "https://klinikä.example",
        "",
    ],
)
def test_entries_that_would_allow_something_else_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|port"):
        origin(text)
