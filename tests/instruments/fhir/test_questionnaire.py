"""FHIR R4 questionnaires become instruments; what cannot be scored by weights is refused by its linkId."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from alliancekit.errors import InstrumentError
from alliancekit.instruments.catalogue import languages_of, localise, scales_of, why_not_asked
from alliancekit.instruments.fhir.questionnaire import instrument_of
from alliancekit.scoring.scales import score
from tests.instruments.fhir.resources import (
    BASE,
    SYSTEM,
    WEIGHT,
    choice,
    coding,
    end,
    on_codings,
    options,
    questionnaire,
    slider,
    weighed,
)


def made(*items: dict[str, Any], **more: Any):
    return instrument_of(questionnaire(*items, **more), "q.json")[0]


def test_a_questionnaire_as_an_instrument():
    instrument, notes = instrument_of(questionnaire(), "q.json")
    assert (instrument.name, instrument.form, instrument.version) == ("test-questionnaire", "client", "2.1")
    assert instrument.licence == "Invented for a test, CC0"
    assert "Nobody, https://example.org/fhir/Questionnaire/test|2.1" in instrument.source
    assert not instrument.validated
    assert (instrument.text, why_not_asked(instrument)) == ("pack", "")
    assert [scale.name for scale in instrument.scales] == ["total"]
    assert instrument.scales[0].higher_is == "neither"
    assert any("--higher better" in note for note in notes)
    [total] = score(instrument, {"q1": 2, "q2": 1})
    assert (total.value, total.minimum, total.maximum) == (3, 0, 4)
    shown = localise(instrument, "en")["items"][0]
    assert (shown["text"], shown["options"][2]) == ("Wording q1", {"value": 2, "label": "Label a2"})


@pytest.mark.parametrize("higher", ["better", "worse"])
def test_the_direction_is_what_the_site_says(higher: Literal["better", "worse"]):
    mixed = questionnaire(choice("q1"), slider("q2", "decimal"))
    instrument, notes = instrument_of(mixed, "q.json", higher=higher)
    assert {scale.higher_is for scale in instrument.scales} == {higher}
    assert all(info.directed for info in scales_of(instrument))
    assert not any("higher" in note for note in notes)


@pytest.mark.parametrize(
    "given", [options(), options(WEIGHT), on_codings(), [{"valueInteger": value} for value in range(3)]]
)
def test_a_weight_may_stand_in_every_place_that_fhir_allows(given: list[dict[str, Any]]):
    instrument = made(choice("q1", answerOption=given))
    assert [option.value for option in instrument.items[0].options] == [0, 1, 2]


def concepts() -> list[dict[str, Any]]:
    return [{"code": f"a{value}", "display": f"Label a{value}", **weighed(value)} for value in range(3)]


@pytest.mark.parametrize(
    "content",
    [
        {"compose": {"include": [{"system": SYSTEM, "concept": concepts()}]}},
        {"expansion": {"contains": [{"system": SYSTEM, **one} for one in concepts()]}},
    ],
    ids=["compose", "expansion"],
)
def test_options_of_a_contained_value_set(content: dict[str, Any]):
    item = {"linkId": "q1", "type": "choice", "text": "Wording", "answerValueSet": "#answers"}
    inside = {"resourceType": "ValueSet", "id": "answers", **content}
    instrument = made(item, contained=[inside])
    assert [option.code for option in instrument.items[0].options] == [f"{SYSTEM}|a{v}" for v in range(3)]
    with pytest.raises(InstrumentError, match=r"q1: the ValueSet is not contained"):
        made(item)


def test_groups_are_flattened_and_displays_left_out():
    inner = {"linkId": "g2", "type": "group", "item": [choice("q2")]}
    hint = {"linkId": "d", "type": "display", "text": "A hint"}
    instrument = made({"linkId": "g1", "type": "group", "item": [choice("q1"), inner, hint]}, choice("q3"))
    assert [item.id for item in instrument.items] == ["q1", "q2", "q3"]


def test_numbers_in_a_range_and_yes_or_no():
    line = slider("vas", "decimal", item=[end("None", "lower"), end("All", "upper")])
    instrument = made(line, slider("n"), {"linkId": "b", "type": "boolean", "text": "Wording b"})
    vas, whole, boolean = instrument.items
    assert (vas.minimum, vas.maximum, vas.decimals, vas.low, vas.high) == (
        0,
        100,
        1,
        {"en": "None"},
        {"en": "All"},
    )
    assert (whole.minimum, whole.maximum, whole.decimals) == (0, 10, 0)
    assert [option.label["en"] for option in boolean.options] == ["No", "Yes"]


def test_a_calculated_item_is_where_the_total_is_stored():
    expression = {
        "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
    }
    expression["valueExpression"] = {"language": "text/fhirpath", "expression": "1"}  # type: ignore[assignment]
    for hidden in ({"readOnly": True}, {"extension": [expression]}):
        instrument = made(choice("q1"), {"linkId": "Sum-Score", "type": "decimal", "text": "Sum", **hidden})
        assert instrument.scales[0].link_id == "Sum-Score"
        assert len(instrument.items) == 1


def test_link_ids_become_item_ids_and_are_kept():
    instrument = made(choice("/44250-9"), choice("1.1"), choice("1-1"))
    assert [(item.id, item.link_id) for item in instrument.items] == [
        ("44250_9", "/44250-9"),
        ("1_1", "1.1"),
        ("1_1_2", "1-1"),
    ]


def test_translations():
    spanish = {"extension": [{"url": "lang", "valueCode": "es"}, {"url": "content", "valueString": "Hola"}]}
    beside = {"extension": [{"url": f"{BASE}translation", **spanish}]}
    both = [{**weighed(value), "valueCoding": coding(f"a{value}", _display=beside)} for value in range(2)]
    instrument = made(choice("q1", _text=beside, answerOption=both), _title=beside)
    assert languages_of(instrument) == ("en", "es")
    assert localise(instrument, "es")["items"][0]["text"] == "Hola"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"linkId": "x", "type": "string", "text": "Say"}, "x: items of the type string cannot be scored"),
        ({"linkId": "x", "type": "open-choice", "text": "Say"}, "x: items of the type open-choice"),
        (choice("x", repeats=True), "x: an item with several answers"),
        (choice("x", enableWhen=[{"question": "q1"}]), "x: an item that is shown only under a condition"),
        (
            choice("x", answerOption=[{"valueCoding": coding("a")}]),
            f"x: the option {SYSTEM}|a has no ordinalValue",
        ),
        (choice("x", answerOption=options()[:1]), "x: a choice needs at least two options"),
        (choice("x", answerOption=[*options(), options()[0]]), "x: two options have the same weight"),
        (
            choice("x", answerOption=[{**weighed(0.5), "valueCoding": coding("a")}, *options()]),
            "x: the weight 0.5 is no integer",
        ),
        (choice("x", answerOption=[{"valueString": "a"}]), "x: expected valueCoding or valueInteger"),
        (choice("x", text=""), "x: the item has no text"),
        (slider("x", extension=[]), "x: a number without the extension minValue"),
        (slider("x", "decimal", extension=[]), "x: a decimal needs the extension maxDecimalPlaces"),
        (choice("q1"), "q1: this linkId stands twice"),
        ({"type": "choice"}, "item.linkId: expected a text"),
        ({"linkId": "x", "type": "group", "item": "no list"}, "x: expected a list of objects"),
    ],
)
def test_what_cannot_be_taken_is_named(item: dict[str, Any], said: str):
    with pytest.raises(InstrumentError) as caught:
        made(choice("q1"), item)
    assert [line for line in caught.value.message.splitlines() if line.startswith(f"q.json: {said}")]


def test_every_mistake_is_said_at_once():
    with pytest.raises(InstrumentError) as caught:
        made({"linkId": "a", "type": "text", "text": "A"}, {"linkId": "b", "type": "date", "text": "B"})
    assert len(caught.value.message.splitlines()) == 2


def test_no_questionnaire():
    with pytest.raises(InstrumentError, match="expected Questionnaire, not Patient"):
        instrument_of({"resourceType": "Patient"}, "q.json")
    with pytest.raises(InstrumentError, match="no item that can be scored"):
        made({"linkId": "g", "type": "group"})
    with pytest.raises(InstrumentError, match="item: expected a list"):
        instrument_of(questionnaire() | {"item": {"a": 1}}, "q.json")


def test_groups_do_not_nest_without_end():
    item = choice("q1")
    for depth in range(40):
        item = {"linkId": f"g{depth}", "type": "group", "item": [item]}
    with pytest.raises(InstrumentError, match="nested more than 20 deep"):
        made(item)
