"""Instruments from JSON files: what is accepted, and how a mistake is told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from alliancekit.errors import InstrumentError
from alliancekit.instruments.loader import load_folder, load_instrument

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
        (change("items/1/id", "one"), "the whole file", "same id"),
        (change("scales/0/items", ["one", "three"]), "the whole file", "'three'"),
        (change("scales/0/items", ["one", "one"]), "the whole file", "twice"),
        (change("options/1/value", 0), "the whole file", "same value"),
        (change("items/0/text", {"es": "¿Uno?"}), "the whole file", "no English text"),
        (change("items/0/kind", "stars"), "items[0].kind", "'choice' or 'slider'"),
        (change("cut_offs", [{"scale": "bond", "value": 1, "when": "<", "meaning": "", "source": ""}]),
         "the whole file", "unknown scale 'bond'"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_place_and_expectation(tmp_path: Path, data: object, place: str, expected: str):
    with pytest.raises(InstrumentError) as caught:
        load_instrument(written(tmp_path, data))
    [line] = str(caught.value).splitlines()
    assert line.startswith(f"{tmp_path / 'made-up.json'}: {place}: ")
    assert expected in line


def test_two_mistakes_are_two_lines(tmp_path: Path):
    data = change("licence", None)
    data["items"][0]["wording"] = "x"
    with pytest.raises(InstrumentError) as caught:
        load_instrument(written(tmp_path, data))
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": }', "line 1, column 10: this is not JSON"),
        ('{"name": "a", "name": "b"}', "the key 'name' stands twice"),
        ("[]", "one object"),
    ],
)
def test_what_is_no_instrument_at_all(tmp_path: Path, text: str, expected: str):
    with pytest.raises(InstrumentError, match=expected):
        load_instrument(written(tmp_path, text))


def test_unreadable_files(tmp_path: Path):
    with pytest.raises(InstrumentError, match="FileNotFoundError"):
        load_instrument(tmp_path / "none.json")
    (tmp_path / "latin.json").write_bytes(b'{"name": "\xe9"}')
    with pytest.raises(InstrumentError, match="UTF-8"):
        load_instrument(tmp_path / "latin.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InstrumentError, match=r"no \.json file"):
        load_folder(tmp_path / "empty")
