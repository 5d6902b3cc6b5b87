"""The published JSON Schema of an instrument file, made from the model.

`instrument.schema.json` beside this module is what editors and other programs read; write it anew after a
change of the model with `alliancekit measures schema > core/alliancekit/instruments/instrument.schema.json`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from alliancekit.instruments.model import Instrument

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""Names the dialect; nothing is fetched from there."""

SCHEMA_ID: Final = "urn:alliancekit:schema:instrument:1"
"""Stable: the number rises when a file that was valid would no longer be."""


def instrument_schema() -> dict[str, Any]:
    """The JSON Schema of an instrument file, draft 2020-12, for JSON and for TOML read as JSON."""
    made = Instrument.model_json_schema()
    properties = {
        "$schema": {"description": "Where an editor finds this schema; ignored.", "type": "string"},
        **made.pop("properties"),
    }
    return {
        "$schema": DIALECT,
        "$id": SCHEMA_ID,
        "title": "AllianceKit instrument",
        "description": made.pop("description"),
        **{key: value for key, value in made.items() if key not in ("$defs", "title")},
        "properties": properties,
        "$defs": made["$defs"],
    }


def schema_text() -> str:
    """The schema as the published file holds it."""
    return json.dumps(instrument_schema(), indent=2, ensure_ascii=False) + "\n"
