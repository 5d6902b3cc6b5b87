"""The published JSON Schema: fresh, complete, and of one mind with the loader."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from alliancekit.instruments.schema import SCHEMA_ID, instrument_schema, schema_text

ROOT = Path(__file__).parents[2]
PUBLISHED = json.loads(
    (files("alliancekit.instruments") / "instrument.schema.json").read_text(encoding="utf-8")
)
OUR_FILES = sorted(
    [*ROOT.glob("plugins/alliancekit_measures/*.json"), *ROOT.glob("plugins/alliancekit_published/*.json"),
     *ROOT.glob("plugins/*/fit.json")]
)  # fmt: skip


def test_the_published_schema_is_what_the_model_says():
    """Stale? `alliancekit measures schema > core/alliancekit/instruments/instrument.schema.json`."""
    text = (files("alliancekit.instruments") / "instrument.schema.json").read_text(encoding="utf-8")
    assert text == schema_text()


def test_it_is_a_schema_with_a_stable_name():
    Draft202012Validator.check_schema(PUBLISHED)
    assert PUBLISHED["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert PUBLISHED["$id"] == SCHEMA_ID == "urn:alliancekit:schema:instrument:1"


def test_every_field_is_described():
    objects = [("instrument", instrument_schema()), *instrument_schema()["$defs"].items()]
    silent = [
        f"{name}.{field}"
        for name, made in objects
        for field, about in made["properties"].items()
        if not about.get("description", "").endswith(".")
    ]
    assert silent == []


@pytest.mark.parametrize("file", OUR_FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_our_own_files_are_valid(file: Path):
    Draft202012Validator(PUBLISHED).validate(json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("path", "value"),
    [("name", "Not a name"), ("items", []), ("licence", 3), ("wording", "x"), ("form", "observer")],
)
def test_a_wrong_file_is_not(path: str, value: Any):
    data = json.loads(OUR_FILES[0].read_text(encoding="utf-8")) | {path: value}
    with pytest.raises(ValidationError):
        Draft202012Validator(PUBLISHED).validate(data)
