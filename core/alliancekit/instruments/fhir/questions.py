"""Single questions of a FHIR questionnaire: options with their weights, yes and no, numbers in a range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alliancekit.instruments.fhir.elements import (
    BASE,
    FhirError,
    Fields,
    code_of,
    extension_value,
    extensions,
    number,
    objects,
    shown,
    texts,
    weight_of,
    whole,
)

ITEM_CONTROL = f"{BASE}questionnaire-itemControl"

NO_AND_YES = {
    "en": ("No", "Yes"),
    "es": ("No", "Sí"),
    "it": ("No", "Sì"),
    "zh": ("否", "是"),
    "ar": ("لا", "نعم"),
    "de": ("Nein", "Ja"),
    "fr": ("Non", "Oui"),
}


def options(item: Fields, language: str, value_sets: Mapping[str, Fields]) -> list[dict[str, Any]]:
    """The options of a `choice` item: value by weight, label, code.

    Args:
        item: the item.
        language: of the resource.
        value_sets: what the resource contains, by id and by url.

    Raises:
        FhirError: an option has no weight, or one that is no integer; there are fewer than two; two weigh the
            same; or the ValueSet is not contained.
    """
    found = []
    for coding, carriers in _codings(item, value_sets):
        if "valueInteger" in coding:
            value = number(coding["valueInteger"], "answerOption.valueInteger")
            label: dict[str, str] = {}
            code = ""
        else:
            code = code_of(coding)
            weight = weight_of(*carriers)
            if weight is None:
                raise FhirError("answerOption", f"the option {shown(code)} has no ordinalValue or itemWeight")
            value, label = weight, texts(coding, "display", language)
        if value != value.to_integral_value():
            raise FhirError("answerOption", f"the weight {value} is no integer")
        made: dict[str, Any] = {"value": whole(value, "answerOption"), "label": label}
        found.append(made | ({"code": code} if code else {}))
    if len(found) < 2:
        raise FhirError("answerOption", "a choice needs at least two options in the questionnaire")
    if len({one["value"] for one in found}) < len(found):
        raise FhirError("answerOption", "two options have the same weight")
    return found


def _codings(item: Fields, value_sets: Mapping[str, Fields]) -> Iterator[tuple[Fields, tuple[Fields, ...]]]:
    """Each option as a Coding (or with `valueInteger`), and what may carry its weight."""
    for option in objects(item.get("answerOption"), "answerOption"):
        coding = option.get("valueCoding")
        if isinstance(coding, dict):
            yield coding, (option, coding)
        elif "valueInteger" in option:
            yield option, (option,)
        else:
            raise FhirError("answerOption", "expected valueCoding or valueInteger")
    reference = item.get("answerValueSet")
    if reference is None:
        return
    found = value_sets.get(str(reference).removeprefix("#"))
    if found is None:
        raise FhirError("answerValueSet", "the ValueSet is not contained in the questionnaire")
    expansion = found.get("expansion")
    if isinstance(expansion, dict):
        for concept in objects(expansion.get("contains"), "expansion.contains"):
            yield concept, (concept,)
        return
    compose = found.get("compose")
    for include in objects(compose.get("include") if isinstance(compose, dict) else None, "compose.include"):
        for concept in objects(include.get("concept"), "compose.include.concept"):
            yield {"system": include.get("system"), **concept}, (concept,)


def slider(item: Fields, language: str) -> dict[str, Any]:
    """An `integer` or `decimal` item as a slider; the `display` items in it name the ends.

    Raises:
        FhirError: it has no range, or a decimal no number of decimals.
    """
    places = extension_value(item, f"{BASE}maxDecimalPlaces") if item.get("type") == "decimal" else 0
    decimals = whole(number(places, "maxDecimalPlaces"), "maxDecimalPlaces") if places is not None else None
    if decimals is None or not 0 <= decimals <= 3:
        raise FhirError("maxDecimalPlaces", "a decimal needs the extension maxDecimalPlaces, 0 to 3")
    ends = {}
    for end in ("minValue", "maxValue"):
        value = extension_value(item, f"{BASE}{end}")
        if value is None:
            raise FhirError(end, f"a number without the extension {end} has no range to be scored in")
        ends[end] = whole(number(value, end), end, decimals=decimals)
    step = extension_value(item, f"{BASE}questionnaire-sliderStepValue")
    made: dict[str, Any] = {
        "kind": "slider",
        "minimum": ends["minValue"],
        "maximum": ends["maxValue"],
        "decimals": decimals,
        "step": 1
        if step is None
        else whole(number(step, "sliderStepValue"), "sliderStepValue", decimals=decimals),
    }
    for one in objects(item.get("item"), "item"):
        control = _control(one)
        if one.get("type") != "display":
            raise FhirError("item", "questions below a number cannot be taken")
        if control in {"lower", "upper"}:
            made["low" if control == "lower" else "high"] = texts(one, "text", language)
    return made


def _control(item: Fields) -> str:
    for one in extensions(item, ITEM_CONTROL):
        concept = one.get("valueCodeableConcept")
        codings = objects(concept.get("coding") if isinstance(concept, dict) else None, "coding")
        for coding in codings:
            return str(coding.get("code", ""))
    return ""


def no_and_yes(wording: Mapping[str, str]) -> list[dict[str, Any]]:
    """The options of a `boolean` item in the languages of its wording; without labels in others."""
    known = {tag: NO_AND_YES[tag.split("-")[0]] for tag in wording if tag.split("-")[0] in NO_AND_YES}
    complete = known if len(known) == len(wording) else {}
    return [
        {"value": value, "label": {tag: words[value] for tag, words in complete.items()}} for value in (0, 1)
    ]
