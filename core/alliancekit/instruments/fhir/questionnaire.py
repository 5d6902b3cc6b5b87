"""A FHIR R4 `Questionnaire` as an instrument of the site's own.

Taken are `choice` items with weighted options (`answerOption`, or a `ValueSet` that the resource contains),
`boolean` items (0 and 1), `integer` items with a smallest and a largest value and `decimal` items that also
name their decimals. Groups are flattened, `display` items left out, a read-only or calculated number is where
responses keep their total. Everything else is refused by its linkId: a question that cannot be scored by
weights would be lost in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from alliancekit.errors import InstrumentError
from alliancekit.instruments.fhir.elements import (
    FhirError,
    Fields,
    extension_value,
    objects,
    plain,
    shown,
    texts,
)
from alliancekit.instruments.fhir.questions import no_and_yes, options, slider
from alliancekit.instruments.loader import checked
from alliancekit.instruments.model import Instrument

CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
NUMBERS = {"integer", "decimal", "quantity"}
DEEPEST = 20
"""Levels of items in items."""

Higher = Literal["better", "worse", "neither"]


@dataclass(slots=True)
class _Reading:
    """What was found so far in one resource."""

    language: str
    value_sets: dict[str, Fields]
    items: list[dict[str, Any]] = field(default_factory=list)
    calculated: list[str] = field(default_factory=list)
    mistakes: list[FhirError] = field(default_factory=list)
    links: set[str] = field(default_factory=set)


def instrument_of(
    resource: Fields, where: str, *, name: str = "", form: str = "client", higher: Higher = "neither"
) -> tuple[Instrument, tuple[str, ...]]:
    """Make an instrument of a questionnaire.

    Args:
        resource: the `Questionnaire`, as parsed JSON.
        where: the file, for messages.
        name: the instrument's name; by default made from the resource's `name`, `id` or `url`.
        form: who answers it.
        higher: what a higher total is, which no questionnaire states; no rule judges `neither`.

    Returns: the instrument, with one scale `total`, the sum of its items; and what a person should know about
    it. It is not validated, for a questionnaire states no validation.

    Raises:
        InstrumentError: it is no questionnaire that can be scored by weights; a line a mistake.
    """
    if resource.get("resourceType") != "Questionnaire":
        raise InstrumentError(
            f"{where}: resourceType: expected Questionnaire, not {shown(resource.get('resourceType'))}.",
            fix="Read responses with: alliancekit measures responses.",
        )
    try:
        return _instrument(resource, where, name, form, higher)
    except FhirError as error:
        raise InstrumentError(f"{where}: {error.place}: {error.expected}.") from None


def _instrument(
    resource: Fields, where: str, name: str, form: str, higher: Higher
) -> tuple[Instrument, tuple[str, ...]]:
    language = resource.get("language")
    reading = _Reading(language if isinstance(language, str) and language else "en", _value_sets(resource))
    _walk(objects(resource.get("item"), "item"), reading, 0)
    if not reading.items and not reading.mistakes:
        reading.mistakes.append(FhirError("item", "the questionnaire has no item that can be scored"))
    if reading.mistakes:
        lines = [f"{where}: {one.place}: {one.expected}." for one in reading.mistakes]
        raise InstrumentError("\n".join(lines))
    version, notes = _version(resource)
    title = texts(resource, "title", reading.language) or texts(resource, "name", reading.language)
    fields = {
        "name": name or _name(resource, where),
        "version": version,
        "form": form,
        "title": title or {"en": "Questionnaire"},
        "instructions": {},
        "items": reading.items,
        "scales": _scales(reading, higher),
        "missing_rule": "All items are needed: the questionnaire states no rule.",
        "text": "pack",
        "validated": False,
        "validation": "Not validated here: imported from a FHIR questionnaire, which states no validation.",
        "source": _source(resource),
        "licence": _text(resource, "copyright") or "Not stated in the questionnaire.",
    }
    if higher == "neither":
        notes.append(
            "Whether a higher total is better is not stated in a questionnaire, so no rule judges it: "
            "say so with --higher better or --higher worse."
        )
    if not isinstance(language, str):
        notes.append("The questionnaire names no language; its texts were taken as English.")
    if len(reading.calculated) > 1:
        notes.append(
            f"Several calculated items; none was taken as the total: {', '.join(reading.calculated)}."
        )
    return checked(Instrument, fields, where), tuple(notes)


def _scales(reading: _Reading, higher: Higher) -> list[dict[str, Any]]:
    """One `total`, the sum of all items; by way of its parts where items differ in their decimals."""
    by_decimals: dict[int, list[str]] = {}
    for item in reading.items:
        by_decimals.setdefault(item.get("decimals", 0), []).append(item["id"])
    total: dict[str, Any] = {"name": "total", "title": {"en": "Total"}, "higher_is": higher}
    if len(reading.calculated) == 1:
        total["link_id"] = reading.calculated[0]
    if len(by_decimals) == 1:
        return [total | {"items": next(iter(by_decimals.values()))}]
    parts = [
        {"name": f"decimals_{decimals}", "items": items, "higher_is": higher}
        for decimals, items in by_decimals.items()
    ]
    return [*parts, total | {"parts": [part["name"] for part in parts]}]


def _walk(items: list[Fields], reading: _Reading, depth: int) -> None:
    for item in items:
        link = item.get("linkId")
        if not isinstance(link, str) or not link.strip() or len(link) > 255:
            reading.mistakes.append(FhirError("item.linkId", "expected a text of 1 to 255 letters"))
            continue
        if link in reading.links:
            reading.mistakes.append(FhirError(shown(link), "this linkId stands twice"))
            continue
        reading.links.add(link)
        try:
            _take(item, link, reading, depth)
        except FhirError as error:
            reading.mistakes.append(FhirError(shown(link), error.expected))


def _take(item: Fields, link: str, reading: _Reading, depth: int) -> None:
    kind = item.get("type")
    inner = objects(item.get("item"), "item")
    if kind == "display":
        return
    if item.get("enableWhen"):
        raise FhirError(link, "an item that is shown only under a condition (enableWhen) cannot be taken")
    if depth >= DEEPEST:
        raise FhirError(link, f"items are nested more than {DEEPEST} deep")
    if kind == "group":
        _walk(inner, reading, depth + 1)
        return
    if kind in NUMBERS and (item.get("readOnly") is True or extension_value(item, CALCULATED) is not None):
        reading.calculated.append(link)
        return
    if item.get("repeats") is True:
        raise FhirError(link, "an item with several answers (repeats) cannot be taken")
    known = {one["id"] for one in reading.items}
    made: dict[str, Any] = {"id": _free_id(link, known), "text": texts(item, "text", reading.language)}
    if not made["text"]:
        raise FhirError(link, "the item has no text")
    if made["id"] != link:
        made["link_id"] = link
    match kind:
        case "choice":
            made["options"] = options(item, reading.language, reading.value_sets)
        case "boolean":
            made["options"] = no_and_yes(made["text"])
        case "integer" | "decimal":
            made |= slider(item, reading.language)
            inner = []
        case _:
            raise FhirError(link, f"items of the type {shown(kind)} cannot be scored by weights")
    reading.items.append(made)
    _walk(inner, reading, depth + 1)


def _free_id(link: str, known: set[str]) -> str:
    """An item id for a linkId; the second of two that read alike gets a number."""
    base = (plain(link) or "item")[:36]
    number_, free = 1, base
    while free in known:
        number_ += 1
        free = f"{base}_{number_}"
    return free


def _value_sets(resource: Fields) -> dict[str, Fields]:
    return {
        key: one
        for one in objects(resource.get("contained"), "contained")
        if one.get("resourceType") == "ValueSet"
        for key in (one.get("id"), one.get("url"))
        if isinstance(key, str)
    }


def _name(resource: Fields, where: str) -> str:
    for candidate in (
        resource.get("name"),
        resource.get("id"),
        str(resource.get("url", "")).rpartition("/")[2],
    ):
        if isinstance(candidate, str):
            spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", candidate)
            name = plain(spaced).replace("_", "-").lstrip("0123456789-")[:64].rstrip("-")
            if name:
                return name
    raise InstrumentError(
        f"{where}: name: the questionnaire has no name, id or url.", fix="Give one: --name NAME."
    )


def _version(resource: Fields) -> tuple[str, list[str]]:
    given = resource.get("version")
    if not isinstance(given, str):
        return "1", ["The questionnaire states no version; it was taken as 1."]
    version = ".".join(str(int(part)) for part in re.findall(r"[0-9]{1,9}", given)[:6]) or "1"
    return version, [] if version == given else [f"The version {shown(given)} is written as {version}."]


def _source(resource: Fields) -> str:
    url, version = _text(resource, "url"), _text(resource, "version")
    canonical = f"{url}|{version}" if url and version else url
    publisher = _text(resource, "publisher")
    parts = [part for part in (publisher, canonical) if part]
    return (
        f"FHIR questionnaire: {', '.join(parts)}" if parts else "FHIR questionnaire without publisher and url"
    )


def _text(resource: Fields, name: str) -> str:
    value = resource.get(name)
    return value.strip()[:2000] if isinstance(value, str) else ""
