"""FHIR R4 responses: every kind of answer, the stored total, and nothing of the person."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alliancekit.errors import InstrumentError
from alliancekit.instruments.fhir.questionnaire import instrument_of
from alliancekit.instruments.fhir.responses import ReadFile, read_responses
from alliancekit.instruments.model import Instrument
from tests.instruments.fhir.resources import (
    ORDINAL,
    SYSTEM,
    WEIGHT,
    answer,
    choice,
    questionnaire,
    response,
    slider,
    weighed,
)
from tests.instruments.packs import instrument

SITE = instrument_of(
    questionnaire(
        choice("Q.1"),
        slider("vas", "decimal"),
        {"linkId": "b", "type": "boolean", "text": "Wording b"},
        {"linkId": "sum", "type": "decimal", "text": "Sum", "readOnly": True},
    ),
    "q.json",
)[0]


def read(folder: Path, content: Any, measure: Instrument = SITE) -> ReadFile:
    file = folder / "responses.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_responses(file, measure)


def answers_of(folder: Path, *items: dict[str, Any], measure: Instrument = SITE) -> dict[str, int]:
    [one] = read(folder, response(*items), measure).responses
    return dict(one.answers)


@pytest.mark.parametrize(
    "value",
    [
        {"valueCoding": {"system": SYSTEM, "code": "a2"}},
        {"valueCoding": {"code": "a2"}},
        {"valueCoding": {"code": "elsewhere", **weighed(2)}},
        {"valueCoding": {"system": SYSTEM, "code": "a2", **weighed(2, WEIGHT)}},
        {"valueCoding": {"code": "elsewhere"}, **weighed(2, ORDINAL)},
        {"valueInteger": 2},
    ],
    ids=["code", "bare code", "ordinalValue", "itemWeight", "weight on the answer", "integer"],
)
def test_a_choice(tmp_path: Path, value: dict[str, Any]):
    assert answers_of(tmp_path, answer("Q.1", **value)) == {"q_1": 2}


def test_numbers_are_in_published_units(tmp_path: Path):
    assert answers_of(tmp_path, answer("vas", valueDecimal=8.5)) == {"vas": 85}
    assert answers_of(tmp_path, answer("vas", valueInteger=8)) == {"vas": 80}
    assert answers_of(tmp_path, answer("b", valueBoolean=True)) == {"b": 1}
    assert answers_of(tmp_path, answer("b", valueBoolean=False), answer("vas")) == {"b": 0}


def test_a_code_that_is_a_number_is_the_option_of_an_instrument_without_codes(tmp_path: Path):
    bare = instrument()
    for link in ("item1", "ITEM1", "1", "q1", "Item-1", "two-questions/1"):
        one = answers_of(tmp_path, answer(link, valueCoding={"code": "2"}), measure=bare)
        assert one == {"item1": 2}, link


def test_answers_in_groups_and_below_answers(tmp_path: Path):
    below = {"linkId": "b", "answer": [{"valueBoolean": True, "item": [answer("vas", valueInteger=1)]}]}
    group = {"linkId": "g", "item": [answer("Q.1", valueInteger=1), below]}
    assert answers_of(tmp_path, group) == {"q_1": 1, "b": 1, "vas": 10}


def test_the_stored_total(tmp_path: Path):
    found = read(tmp_path, response(answer("b", valueBoolean=True), answer("sum", valueDecimal=12.30)))
    assert found.responses[0].stored == {"total": Decimal("12.3")}
    text = json.dumps(response(answer("b", valueBoolean=True), answer("sum", valueDecimal=0)))
    kept = read(tmp_path, text.replace('"valueDecimal": 0', '"valueDecimal": 4.30'))
    assert str(kept.responses[0].stored["total"]) == "4.30"
    quantity = read(
        tmp_path, response(answer("b", valueBoolean=True), answer("sum", valueQuantity={"value": 7}))
    )
    assert quantity.responses[0].stored == {"total": Decimal(7)}


def test_scales_by_name_where_no_link_is_known(tmp_path: Path):
    stored = [answer("Total", valueInteger=3), answer("first", valueInteger=2)]
    found = read(tmp_path, response(answer("item1", valueInteger=2), *stored), instrument())
    assert found.responses[0].stored == {"total": 3, "first": 2}


def test_a_bundle_and_lines(tmp_path: Path):
    one, two = (response(answer("b", valueBoolean=True), id=f"r-{n}") for n in (1, 2))
    wrong = response(answer("b", valueBoolean=True), status="entered-in-error")
    patient = {"resourceType": "Patient", "name": [{"text": "Maria Muster"}]}
    entries = [{"resource": each} for each in (one, patient, two, wrong)]
    for content in (
        {"resourceType": "Bundle", "type": "collection", "entry": entries},
        "\n".join(json.dumps(each) for each in (one, patient, two, wrong)) + "\n\n",
        json.dumps({"resourceType": "Bundle", "entry": entries}, indent=2),
    ):
        found = read(tmp_path, content)
        assert [(each.position, each.id) for each in found.responses] == [(1, "r-1"), (2, "r-2")]
        assert found.entered_in_error == 1


def test_items_that_the_measure_does_not_have_are_left_out_and_named(tmp_path: Path):
    found = read(tmp_path, response(answer("b", valueBoolean=True), answer("note", valueString="private")))
    assert found.left_out == {"note": 1}
    assert "private" not in repr(found)


def test_an_id_that_is_no_fhir_id_is_not_taken(tmp_path: Path):
    found = read(tmp_path, response(answer("b", valueBoolean=True), id="Maria Muster"))
    assert found.responses[0].id == ""
    assert "Maria" not in repr(found)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([answer("Q.1", valueInteger=7)], "Q.1: the answer is not one that this item takes"),
        ([answer("Q.1", valueString="private")], "Q.1: valueString is no answer that can be scored"),
        ([answer("Q.1", valueCoding={"code": "private"})], "Q.1: the code is no option of this item"),
        (
            [answer("Q.1", valueCoding={"system": SYSTEM, "code": "a1", **weighed(2)})],
            "Q.1: the code and the ordinalValue it carries are two different options",
        ),
        ([answer("Q.1", valueCoding=weighed(True))], "Q.1: expected a number"),
        ([answer("vas", valueDecimal=8.55)], "vas: expected at most 1 decimals"),
        ([answer("vas", valueDecimal=10.1)], "vas: the answer is not one"),
        ([answer("vas", valueDecimal="8")], "vas: expected a number"),
        ([answer("vas", valueInteger=1), answer("vas", valueInteger=1)], "vas: answered more than once"),
        ([{"linkId": "b", "answer": [{"valueBoolean": True}] * 2}], "b: answered more than once"),
        ([answer("b", valueBoolean=True, valueInteger=1)], "b: expected one value an answer"),
        ([answer("b", valueBoolean=True), answer("sum", valueString="private")], "sum: a stored score is"),
        ([answer("else", valueInteger=1)], "item: no linkId is an item of 'test-questionnaire'"),
        ([{"answer": []}], "item.linkId: expected a text"),
    ],
)
def test_a_response_that_does_not_fit_is_named_by_position_and_link(
    tmp_path: Path, items: list[dict[str, Any]], said: str
):
    good = response(answer("b", valueBoolean=True))
    with pytest.raises(InstrumentError) as caught:
        read(tmp_path, "\n".join(json.dumps(each) for each in (good, response(*items))))
    assert f"responses.json: response 2: {said}" in caught.value.message
    assert "private" not in str(caught.value)
    assert "Maria" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("{}", "holds no QuestionnaireResponse"),
        ("[1, 2]", "each one object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": NaN}', "a number that cannot be read"),
        ('{"a": 1e99999999999999999999999}', "a number that cannot be read"),
        ('{"resourceType": "Bundle", "entry": 3}', "entry: expected a list"),
        ('{"resourceType": "Patient"}\nno json\n', "line 2: this is not JSON"),
    ],
)
def test_files_that_hold_no_responses(tmp_path: Path, content: str, said: str):
    with pytest.raises(InstrumentError, match=said):
        read(tmp_path, content)


def test_numbers_out_of_all_proportion(tmp_path: Path):
    text = json.dumps(response(answer("b", valueBoolean=True), answer("sum", valueDecimal=0)))
    with pytest.raises(InstrumentError, match="sum: the number is too large or too small"):
        read(tmp_path, text.replace('"valueDecimal": 0', '"valueDecimal": 1e999999'))
