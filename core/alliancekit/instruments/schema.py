"""The published JSON Schemas of instrument files and text packs, made from the models.

`instrument.schema.json` and `text-pack.schema.json` beside this module are what editors and other programs
read. After a change of a model, in `core/alliancekit/instruments`, write them anew:

    alliancekit measures schema > instrument.schema.json
    alliancekit measures schema --pack > text-pack.schema.json
"""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel

from alliancekit.instruments.model import Instrument
from alliancekit.instruments.packs import TextPack

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""Names the dialect; nothing is fetched from there."""

SCHEMA_ID: Final = "urn:alliancekit:schema:instrument:1"
PACK_SCHEMA_ID: Final = "urn:alliancekit:schema:text-pack:1"
"""Stable: the number rises when a file that was valid would no longer be."""


def instrument_schema() -> dict[str, Any]:
    """The JSON Schema of an instrument file, draft 2020-12, for JSON and for TOML read as JSON."""
    return _schema(Instrument, SCHEMA_ID, "AllianceKit instrument")


def pack_schema() -> dict[str, Any]:
    """The JSON Schema of a text pack, draft 2020-12, for JSON and for TOML read as JSON."""
    return _schema(TextPack, PACK_SCHEMA_ID, "AllianceKit text pack")


def _schema(model: type[BaseModel], identifier: str, title: str) -> dict[str, Any]:
    made = model.model_json_schema()
    properties = {
        "$schema": {"description": "Where an editor finds this schema; ignored.", "type": "string"},
        **made.pop("properties"),
    }
    return {
        "$schema": DIALECT,
        "$id": identifier,
        "title": title,
        "description": made.pop("description"),
        **{key: value for key, value in made.items() if key not in ("$defs", "title")},
        "properties": properties,
        "$defs": made["$defs"],
    }


def schema_text(*, pack: bool = False) -> str:
    """The schema as the published file holds it: of an instrument, or of a text pack."""
    return json.dumps(pack_schema() if pack else instrument_schema(), indent=2, ensure_ascii=False) + "\n"
