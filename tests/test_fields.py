"""Reading a platform's message field by field."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit.adapters import Rejected
from alliancekit.fields import LATEST, LONGEST, identifier, inside, moment, needed, text


def test_inside() -> None:
    of = {"a": {"b": {"c": 1}}, "n": None, "t": "text"}
    assert inside(of, "a", "b") == {"c": 1}
    assert inside(of) is of
    assert inside(of, "missing", "b") == inside(of, "n", "b") == {}
    for path in (("t",), ("a", "b", "c")):
        with pytest.raises(Rejected, match="malformed"):
            inside(of, *path)


def test_text_takes_the_first_field_that_says_something() -> None:
    of = {"a": "", "b": None, "c": "ä ✓", "d": 84712639219, "e": "x" * LONGEST}
    assert text(of, "missing", "a", "b", "c", "d") == "ä ✓"
    assert text(of, "d") == "84712639219"
    assert text(of, "e") == of["e"]
    assert text(of, "a", "b", "missing") == ""


@pytest.mark.parametrize("value", [True, 1.5, [], {}, "x" * (LONGEST + 1), "a\nb", "a\0b", "\ud800", 2**63])
def test_text_that_is_none(value: Any) -> None:
    with pytest.raises(Rejected, match="malformed"):
        text({"a": value}, "a")


def test_needed() -> None:
    assert needed({"a": "", "b": "x"}, "a", "b") == "x"
    with pytest.raises(Rejected, match="malformed"):
        needed({"a": ""}, "a")


@pytest.mark.parametrize(
    "value", [1763766000, 1763766000.0, 1763766000000, "2025-11-21T23:00:00Z", "2025-11-22T00:00:00+01:00"]
)
def test_one_moment_in_every_writing(value: Any) -> None:
    assert moment({"a": value}, "a") == 1763766000.0
    assert moment({"a": None, "b": "", "c": value}, "a", "b", "c") == 1763766000.0


def test_no_moment() -> None:
    assert moment({"a": None}, "a", "b") is None


@pytest.mark.parametrize(
    "value",
    [-1, True, "yesterday", "2025-11-21T23:00:00", "1969-12-31T00:00:00Z", 10**400, 1e300, math.inf, [], {}],
)
def test_moments_that_are_none(value: Any) -> None:
    with pytest.raises(Rejected, match="malformed"):
        moment({"a": value}, "a")


@given(st.text(max_size=45) | st.floats() | st.integers())
def test_a_moment_is_a_number_or_a_refusal(value: Any) -> None:
    try:
        found = moment({"a": value}, "a")
    except Rejected:
        return
    assert found is None or 0 <= found <= LATEST


@pytest.mark.parametrize("value", ["par_0a1", "0c0d2dda-f21e-4851", "auth0|42", "urn:x:7", "a" * 128])
def test_identifiers(value: str) -> None:
    assert identifier(value) == value


@pytest.mark.parametrize(
    "value", ["", "Ada Lovelace", "ada@example.org", "Zoë", '{"name":"Ada"}', "a" * 129, "a\n", "-a"]
)
def test_what_may_be_a_name_is_no_identifier(value: str) -> None:
    assert identifier(value) == ""
