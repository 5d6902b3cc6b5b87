"""Instruments from JSON files: what is accepted, and how a mistake is told."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliancekit.errors import InstrumentError
from alliancekit.instruments.loader import LARGEST_FILE, MOST_MISTAKES, load_folder, load_instrument

GOOD: dict[str, Any] = {
    "name": "made-up",
    "title": {"en": "Made up"},
    "options": [{"value": 0, "label": {"en": "No"}}, {"value": 1, "label": {"en": "Yes"}}],
    "items": [{"id": "one", "text": {"en": "One?"}}, {"id": "two", "text": {"en": "Two?"}}],
    "scales": [{"name": "total", "items": ["one", "two"]}],
    "source": "test",
    "licence": "CC0-1.0",
}


def written(tmp_path: Path, data: object) -> Path:
    file = tmp_path / "made-up.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return file


def test_a_good_file_is_read(tmp_path: Path):
    file = written(tmp_path, GOOD)
    made = load_instrument(file)
    assert (made.name, made.form, [item.id for item in made.items]) == ("made-up", "client", ["one", "two"])
    assert load_instrument(str(file)) == made
    assert list(load_folder(tmp_path)) == [made]


def change(path: str, value: Any):
    """A copy of the good file with one place changed; None removes it."""
    data = copy.deepcopy(GOOD)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place: Any = data
    for part in way:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


@pytest.mark.parametrize(
    ("data", "place", "expected"),
    [
        (change("licence", None), "licence", "required"),
        (change("items/1/id", None), "items[1].id", "required"),
        (change("items/0/wording", "x"), "items[0].wording", "no such field"),
        (change("items/1/id", "Two!"), "items[1].id", "pattern"),
        (change("options/1/value", "1"), "options[1].value", "integer"),
        (change("options/1/value", True), "options[1].value", "integer"),
        (change("options/1/value", 10**7), "options[1].value", "less than or equal to 1000000"),
        (change("items/0/kind", "stars"), "items[0].kind", "'choice' or 'slider'"),
        (change("scales/0/name", "Total"), "scales[0].name", "pattern"),
        (change("version", "first"), "version", "pattern"),
        (change("items", []), "items", "at least 1 item"),
        (change("title", "Made up"), "title", "object"),
        (change("$schema", "urn:x") | {"$id": "urn:x"}, "$id", "no such field"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_place_and_expectation(tmp_path: Path, data: object, place: str, expected: str):
    with pytest.raises(InstrumentError) as caught:
        load_instrument(written(tmp_path, data))
    [line] = str(caught.value).splitlines()
    assert line.startswith(f"{tmp_path / 'made-up.json'}: {place}: ")
    assert expected in line


@pytest.mark.parametrize(
    "data",
    [
        change("licence", None) | {"wording": "x"},
        change("scales/0/items", ["one", "three"]) | {"options": [{"value": 0}, {"value": 0}]},
    ],
)
def test_two_mistakes_are_two_lines(tmp_path: Path, data: dict[str, Any]):
    with pytest.raises(InstrumentError) as caught:
        load_instrument(written(tmp_path, data))
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith(str(tmp_path)) and line.endswith(".") for line in lines)


def test_a_key_plays_no_tricks_and_mistakes_are_not_endless(tmp_path: Path):
    data = GOOD | {"\x1b[2J\n" + "x" * 500: 1} | {f"extra{n}": n for n in range(1000)}
    with pytest.raises(InstrumentError) as caught:
        load_instrument(written(tmp_path, data))
    lines = str(caught.value).splitlines()
    assert len(lines) == MOST_MISTAKES + 1
    assert lines[-1].endswith(f"and {1001 - MOST_MISTAKES} more mistakes.")
    assert "\x1b" not in str(caught.value)
    assert all(len(line.removeprefix(str(tmp_path))) < 200 for line in lines)


def test_a_schema_named_for_editors_is_ignored(tmp_path: Path):
    plain = load_instrument(written(tmp_path, GOOD))
    assert load_instrument(written(tmp_path, GOOD | {"$schema": "instrument.schema.json"})) == plain


TOML = """
name = "made-up"
source = "test"
licence = "CC0-1.0"
title.en = "Made up"
options = [{value = 0, label.en = "No"}, {value = 1, label.en = "Yes"}]
scales = [{name = "total", items = ["one", "two"]}]
[[items]]
id = "one"
text.en = "One?"
[[items]]
id = "two"
text.en = "Two?"
"""


def test_toml_says_the_same(tmp_path: Path):
    file = tmp_path / "made-up.toml"
    file.write_text(TOML, encoding="utf-8")
    made = load_instrument(file)
    assert made == load_instrument(written(tmp_path, GOOD))
    assert list(load_folder(tmp_path)) == [made, made]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = ", r"this is not TOML \(Invalid value"),
        ("name = 1\nname = 2", "this is not TOML"),
        ("name = 1979-05-27", "made-up.toml: name: "),
        ("constant = nan", "made-up.toml: constant: there is no such field"),
    ],
)
def test_a_mistake_in_toml(tmp_path: Path, text: str, expected: str):
    file = tmp_path / "made-up.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InstrumentError, match=expected):
        load_instrument(file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": }', "line 1, column 10: this is not JSON"),
        ('{"name": "a", "name": "b"}', "the key 'name' stands twice"),
        ("[]", "one object"),
        ("", "line 1, column 1: this is not JSON"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("9" * 5000, "a number that is too long"),
        (
            json.dumps(GOOD).replace('"items": ["one", "two"]', '"items": ["one", "two"], "constant": NaN'),
            r"scales\[0\].constant",
        ),
        (json.dumps(GOOD).replace("One?", "\\ud800"), "made-up.json: "),
    ],
)
def test_what_is_no_instrument_at_all(tmp_path: Path, text: str, expected: str):
    with pytest.raises(InstrumentError, match=expected):
        load_instrument(written(tmp_path, text))


def test_unreadable_files(tmp_path: Path):
    with pytest.raises(InstrumentError, match="FileNotFoundError"):
        load_instrument(tmp_path / "none.json")
    with pytest.raises(InstrumentError, match="IsADirectoryError"):
        load_instrument(tmp_path)
    with pytest.raises(InstrumentError, match="cannot be read"):
        load_instrument("made\0up.json")
    with pytest.raises(InstrumentError, match="FileNotFoundError"):
        load_folder(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InstrumentError, match=r"no \.json or \.toml file"):
        load_folder(tmp_path / "empty")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"name": "\xe9"}', "UTF-8"),
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        ("{}".encode("utf-16"), "byte-order mark"),
        (b" " * (LARGEST_FILE + 1), "larger than 1,000,000 bytes"),
    ],
    ids=["latin-1", "utf-8 with mark", "utf-16", "huge"],
)
def test_bytes_that_are_no_plain_text_file(tmp_path: Path, raw: bytes, expected: str):
    file = tmp_path / "made-up.json"
    file.write_bytes(raw)
    with pytest.raises(InstrumentError, match=expected):
        load_instrument(file)


def test_a_file_may_be_as_large_as_the_limit(tmp_path: Path):
    text = json.dumps(GOOD)
    assert load_instrument(written(tmp_path, text.ljust(LARGEST_FILE))).name == "made-up"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACES = st.sampled_from(
    ["name", "title", "options", "items", "scales", "licence", "cut_offs", "norms", "items/0", "scales/0",
     "items/1/id", "options/0/value", "scales/0/items", "scales/0/parts", "scales/0/weights",
     "items/0/minimum"]
)  # fmt: skip


@given(place=PLACES, value=JSON_VALUES.filter(lambda value: value is not None))
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_place_only_our_error_comes(
    place: str, value: object, tmp_path_factory: pytest.TempPathFactory
):
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text(json.dumps(change(place, value)), encoding="utf-8")
    with suppress(InstrumentError):
        assert load_instrument(file).name


@given(raw=st.binary(max_size=200), ending=st.sampled_from(["json", "toml"]))
@settings(max_examples=150, deadline=None)
def test_whatever_bytes_come_only_our_error_comes(
    raw: bytes, ending: str, tmp_path_factory: pytest.TempPathFactory
):
    file = tmp_path_factory.getbasetemp() / f"any.{ending}"
    file.write_bytes(raw)
    with pytest.raises(InstrumentError):
        load_instrument(file)
