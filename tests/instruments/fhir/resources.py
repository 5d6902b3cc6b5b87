"""Invented FHIR resources: no wording of anybody's."""

from __future__ import annotations

from typing import Any

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"
BASE = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM = "urn:test:answers"


def weighed(value: float, url: str = ORDINAL) -> dict[str, Any]:
    return {"extension": [{"url": url, "valueDecimal": value}]}


def coding(code: str, **more: Any) -> dict[str, Any]:
    return {"system": SYSTEM, "code": code, "display": f"Label {code}"} | more


def options(url: str = ORDINAL) -> list[dict[str, Any]]:
    """Weight on the option, as the extension's definition wants it where possible."""
    return [{**weighed(value, url), "valueCoding": coding(f"a{value}")} for value in range(3)]


def on_codings() -> list[dict[str, Any]]:
    """Weight on the Coding, the other place it may have."""
    return [{"valueCoding": coding(f"a{value}", **weighed(value))} for value in range(3)]


def choice(link: str, **more: Any) -> dict[str, Any]:
    return {"linkId": link, "type": "choice", "text": f"Wording {link}", "answerOption": options()} | more


def slider(link: str, kind: str = "integer", **more: Any) -> dict[str, Any]:
    places = [{"url": f"{BASE}maxDecimalPlaces", "valueInteger": 1}] if kind == "decimal" else []
    ends = [{"url": f"{BASE}minValue", "valueInteger": 0}, {"url": f"{BASE}maxValue", "valueInteger": 10}]
    return {"linkId": link, "type": kind, "text": f"Wording {link}", "extension": ends + places} | more


def end(name: str, control: str) -> dict[str, Any]:
    concept = {"coding": [{"code": control}]}
    return {
        "linkId": name,
        "type": "display",
        "text": name,
        "extension": [{"url": f"{BASE}questionnaire-itemControl", "valueCodeableConcept": concept}],
    }


def questionnaire(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Questionnaire",
        "status": "active",
        "language": "en",
        "url": "https://example.org/fhir/Questionnaire/test",
        "version": "2.1",
        "name": "TestQuestionnaire",
        "title": "Test questionnaire",
        "publisher": "Nobody",
        "copyright": "Invented for a test, CC0",
        "item": list(items) or [choice("q1"), choice("q2")],
    } | more


def answer(link: str, **value: Any) -> dict[str, Any]:
    return {"linkId": link, "answer": [value] if value else []}


def response(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "r-1",
        "status": "completed",
        "subject": {"reference": "Patient/77", "display": "Maria Muster"},
        "author": {"display": "Maria Muster"},
        "item": list(items),
    } | more
