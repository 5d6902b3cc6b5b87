"""Invented instruments and packs: no wording of anybody's."""

from __future__ import annotations

import copy
from typing import Any

from alliancekit.instruments.model import Instrument

INSTRUMENT: dict[str, Any] = {
    "name": "two-questions",
    "version": "1",
    "title": {"en": "Two questions"},
    "options": [{"value": 0}, {"value": 1}, {"value": 2}],
    "items": [{"id": "item1"}, {"id": "item2", "kind": "slider", "maximum": 100, "decimals": 1}],
    "scales": [
        {"name": "first", "items": ["item1"]},
        {"name": "line", "items": ["item2"]},
        {"name": "total", "parts": ["first", "line"]},
    ],
    "text": "pack",
    "source": "invented for the tests",
    "licence": "invented",
}
PACK: dict[str, Any] = {
    "instrument": "two-questions",
    "instrument_version": "1",
    "languages": ["en", "de"],
    "licence": "CC0-1.0, invented",
    "vouched": {"by": "head of quality", "date": "2026-11-22"},
    "title": {"en": "Test pack title", "de": "Titel des Testpakets"},
    "options": {"0": {"en": "Low end", "de": "Unten"}, "2": {"en": "High end", "de": "Oben"}},
    "items": {
        "item1": {"text": {"en": "Item 1 wording of the test pack", "de": "Item 1 im Testpaket"}},
        "item2": {
            "text": {"en": "Item 2 wording of the test pack", "de": "Item 2 im Testpaket"},
            "low": {"en": "Left", "de": "Links"},
            "high": {"en": "Right", "de": "Rechts"},
        },
    },
}


def instrument(**changes: Any) -> Instrument:
    return Instrument.model_validate(INSTRUMENT | changes)


def pack(path: str = "", value: Any = None) -> dict[str, Any]:
    """A good pack, with one place (`items.item1.text`) set to a value, or taken out when that is None."""
    made = copy.deepcopy(PACK)
    if path:
        *way, last = path.split(".")
        place = made
        for step in way:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return made
