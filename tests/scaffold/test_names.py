"""Which names are refused, why, and that what is suggested instead is free."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.plugin_hosts import Install

from alliancekit.errors import ScaffoldError
from alliancekit.scaffold import Names, free_name

REFUSED = {
    "": "lower-case",
    "Mine": "lower-case",
    "my-style": "lower-case",
    "2nd": "lower-case",
    "my__style": "lower-case",
    "_mine": "lower-case",
    "über": "lower-case",
    "../up": "lower-case",
    "m" * 31: "30 are allowed",
    "class": "keyword",
    "match": "keyword",
    "json": "standard library",
    "test": "means something else",
    "alliancekit": "means something else",
    "plugins": "means something else",
    "alliancekit_mine": "added by itself",
    "directive": "installed already",
    "webrtc": "installed already",
    "published": "installed already",
    "pydantic": "module pydantic",
    "check_in": "an instrument",
    "pulse": "an instrument",
}


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_a_refused_name_comes_with_a_reason_and_a_free_one(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match=re.escape(reason)) as caught:
        free_name(name, tmp_path, ending="style")
    suggested = re.search(r"'(\w+)', for example", caught.value.fix)
    assert suggested is not None
    assert free_name(suggested[1], tmp_path, ending="style").name == suggested[1]


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("My-Style", "my_style"),
        ("alliancekit-mine", "mine"),
        ("class", "class_rule"),
        ("pulse", "pulse_rule"),
    ],
)
def test_the_suggestion_stays_near(name: str, suggested: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match=f"'{suggested}', for example"):
        free_name(name, tmp_path, ending="rule")


def test_a_plugin_of_somebody_else_is_known(install: Install, tmp_path: Path) -> None:
    install("attendance")
    with pytest.raises(ScaffoldError, match="by alliancekit-attendance"):
        free_name("attendance", tmp_path, ending="rule")


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "alliancekit-mine").mkdir()
    with pytest.raises(ScaffoldError, match="exists already"):
        free_name("mine", tmp_path, ending="rule")


def test_the_forms_of_a_name() -> None:
    names = Names("my_style")
    assert (names.module, names.distribution) == ("alliancekit_my_style", "alliancekit-my-style")
    assert (names.dashed, names.camel, names.title) == ("my-style", "MyStyle", "My style")
