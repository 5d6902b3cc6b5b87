"""Text packs: what a good one gives, and one clear line for each mistake."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from alliancekit.errors import InstrumentError
from alliancekit.instruments.catalogue import languages_of, localise, why_not_asked
from alliancekit.instruments.packs import TextPack, apply, load_pack
from alliancekit.instruments.schema import schema_text
from alliancekit.scoring.scales import score
from tests.instruments.packs import PACK, instrument, pack


def written(folder: Path, content: dict[str, Any]) -> Path:
    file = folder / "pack.json"
    file.write_text(json.dumps(content))
    return file


def test_a_pack_gives_the_wording_and_leaves_the_key_alone(tmp_path: Path):
    bare = instrument()
    asked = apply(load_pack(written(tmp_path, PACK)), bare)
    assert languages_of(asked) == ("de", "en")
    shown = localise(asked, "de-AT")
    assert shown["title"] == "Titel des Testpakets"
    first, line = shown["items"]
    assert first["text"] == "Item 1 im Testpaket"
    assert first["options"] == [
        {"value": 0, "label": "Unten"},
        {"value": 1, "label": "1"},
        {"value": 2, "label": "Oben"},
    ]
    assert (line["low"], line["high"]) == ("Links", "Rechts")
    assert asked.scales == bare.scales
    answers = {"item1": 2, "item2": 85}
    assert score(asked, answers) == score(bare, answers)


def test_a_language_that_the_pack_lacks_is_asked_in_one_it_has(tmp_path: Path):
    german = json.loads(json.dumps(PACK))
    german["languages"] = ["de"]

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(inner) for key, inner in value.items() if key != "en"}
        return value

    asked = apply(load_pack(written(tmp_path, without(german))), instrument())
    assert localise(asked, "es")["items"][0]["text"] == "Item 1 im Testpaket"


def test_why_it_cannot_be_asked_is_said_until_it_can():
    reason = why_not_asked(instrument())
    assert "'two-questions' (client form) cannot be asked" in reason
    assert "alliancekit measures import" in reason
    assert why_not_asked(apply(TextPack.model_validate(PACK), instrument())) == ""


@pytest.mark.parametrize(
    ("path", "value", "place", "said"),
    [
        ("items.item2", None, "items.item2", "missing"),
        ("items.item3", PACK["items"]["item1"], "items.item3", "no such item; it has item1, item2"),
        ("options.7", PACK["options"]["0"], "options.7", "no option with this value here; there is 0, 1, 2"),
        ("options.2", None, "options.2", "the label of this option is missing"),
        ("items.item2.low", None, "items.item2.low", "this end of the slider is missing"),
        ("items.item1.high", {"en": "x", "de": "x"}, "items.item1.high", "only a slider has ends"),
        ("items.item1.options", PACK["options"], "items.item1.options.0", "there is none"),
        ("instrument_version", "2", "instrument_version", "'2', and 'two-questions' here is '1'"),
        ("form", "therapist", "form", "'therapist', and 'two-questions' here is 'client'"),
        ("instrument", "other", "instrument", "for 'other'"),
        ("items.item1.text.de", None, "items.item1.text", "wording in de is missing"),
        ("items.item1.text.fr", "x", "items.item1.text", "wording in fr, which languages does not name"),
        ("title", None, "title", "required"),
        ("licence", None, "licence", "required"),
        ("vouched", None, "vouched", "required"),
        ("vouched.date", "yesterday", "vouched.date", "pattern"),
        ("languages", ["en", "en"], "languages", "twice"),
        ("items.item1.text.en", " ", "items.item1.text.en", "empty"),
        ("items.item1.text.en", "a\u001b[2Jb", "items.item1.text.en", "control characters"),
        ("items.item1.text.en", "x" * 2001, "items.item1.text.en", "2000"),
        ("instrument", "../../etc/passwd", "instrument", "pattern"),
        ("form", "../client", "form", "'client' or 'therapist'"),
        ("options.1e9", PACK["options"]["0"], "options.1e9", "pattern"),
        ("scales", [], "scales", "no such field"),
    ],
)
def test_each_mistake_is_one_line_with_its_place(
    tmp_path: Path, path: str, value: Any, place: str, said: str
):
    file = written(tmp_path, pack(path, value))
    with pytest.raises(InstrumentError) as caught:
        apply(load_pack(file), instrument(), where=str(file))
    lines = [line for line in caught.value.message.splitlines() if f": {place}" in line]
    assert lines, caught.value.message
    assert lines[0].startswith(f"{file}: {place}")
    assert any(said in line for line in lines), lines


def test_the_labels_of_the_instrument_stay_where_the_pack_has_none():
    labelled = [
        {"value": 0, "label": {"en": "No", "de": "Nein"}},
        {"value": 1, "label": {"en": "Yes", "de": "Ja"}},
    ]
    asked = apply(TextPack.model_validate(pack("options")), instrument(options=labelled))
    assert [option["label"] for option in localise(asked, "de")["items"][0]["options"]] == ["Nein", "Ja"]
    english = [{"value": 0, "label": {"en": "No"}}, {"value": 1, "label": {"en": "Yes"}}]
    with pytest.raises(InstrumentError, match=r"options\.0: the label"):
        apply(TextPack.model_validate(pack("options")), instrument(options=english))


def test_a_strangers_keys_are_shown_short_and_without_control_characters(tmp_path: Path):
    hostile = pack("\u001b[31m" + "x" * 5000, 1) | {f"k{n}": 1 for n in range(500)}
    with pytest.raises(InstrumentError) as caught:
        load_pack(written(tmp_path, hostile))
    assert "\u001b" not in caught.value.message
    assert len(caught.value.message) < 10_000
    assert "more mistakes" in caught.value.message


def test_the_published_schema_is_what_the_model_says():
    """Stale? `alliancekit measures schema --pack > core/alliancekit/instruments/text-pack.schema.json`."""
    text = (files("alliancekit.instruments") / "text-pack.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(pack=True)


def test_the_schema_takes_a_good_pack_and_refuses_a_bad_one():
    schema = json.loads(schema_text(pack=True))
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    check.validate(PACK)
    for path, value in (
        ("licence", None),
        ("instrument", "../x"),
        ("items.item1.text.de_", "x"),
        ("more", 1),
    ):
        with pytest.raises(ValidationError):
            check.validate(pack(path, value))
