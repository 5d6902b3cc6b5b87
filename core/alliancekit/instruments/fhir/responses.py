"""Answers and stored totals from FHIR R4 `QuestionnaireResponse`s: one resource, a Bundle, or NDJSON.

Which item an answer belongs to, by its linkId: the item's `link_id`, else its `id`; else, both written in
lower case with `_` for everything but letters and digits, the item's id, or for `item3` also `3`, `q3` and
`MEASURE_3`. Items that the measure does not have are left out and named.

Which number a response says the measure's scale has: the answer of the scale's `link_id`, else of the linkId
that reads like the scale's name (`total`; for a measure with one scale `score` and `total_score` as well).

Nothing but ids of resources, linkIds, numbers and codes is taken from a response: no subject, no author, no
free text. Neither do messages repeat an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from alliancekit.errors import InstrumentError
from alliancekit.instruments.fhir.elements import FhirError, Fields, number, objects, plain, shown
from alliancekit.instruments.fhir.files import resources
from alliancekit.instruments.fhir.values import Values
from alliancekit.instruments.model import Instrument

DEEPEST = 20
"""Levels of items in items."""

MOST_MISTAKES = 40
STATUSES = {"in-progress", "completed", "amended", "entered-in-error", "stopped"}
RESOURCE_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResponse:
    """One response.

    Attributes:
        position: which response of the file, from 1.
        id: the resource's id; empty when it has none.
        answers: item → stored integer, as `scoring.scales.score` takes them.
        stored: scale → the number that the response says the scale has.
    """

    position: int
    id: str
    answers: Mapping[str, int]
    stored: Mapping[str, Decimal]


@dataclass(slots=True)
class ReadFile:
    """What a file held: the responses, how many were marked as entered in error, linkIds left out."""

    responses: list[ReadResponse] = field(default_factory=list)
    entered_in_error: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


def read_responses(source: Path, instrument: Instrument) -> ReadFile:
    """Read every response of a file as answers to an instrument.

    Args:
        source: a `QuestionnaireResponse`, a Bundle that holds some, or NDJSON with one resource a line.
        instrument: the form that was answered.

    Raises:
        InstrumentError: the file is no such file, or a response does not fit the instrument; a line a
            response, with its position in the file and the linkId.
    """
    found = ReadFile()
    reader = _Reader(instrument)
    mistakes: list[str] = []
    position = 0
    for resource in resources(source):
        position += 1
        try:
            read = reader.read(resource, position, found)
        except FhirError as error:
            mistakes.append(f"{source}: response {position}: {error.place}: {error.expected}.")
            continue
        if read is None:
            found.entered_in_error += 1
        else:
            found.responses.append(read)
    if not position:
        raise InstrumentError(
            f"{source} holds no QuestionnaireResponse.", fix="Give a resource, a Bundle or NDJSON of them."
        )
    if mistakes:
        more = len(mistakes) - MOST_MISTAKES
        lines = mistakes[:MOST_MISTAKES] + ([f"{source}: and {more} more responses."] if more > 0 else [])
        raise InstrumentError("\n".join(lines), fix="Nothing was written.")
    return found


class _Reader:
    """Reads responses to one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self._name = instrument.name
        self._items = _item_names(instrument)
        self._scales = _scale_names(instrument)
        self._values = {item.id: Values(instrument, item) for item in instrument.items}

    def read(self, resource: Fields, position: int, file: ReadFile) -> ReadResponse | None:
        """One response; None when it is marked as entered in error."""
        status = resource.get("status")
        if status not in STATUSES:
            raise FhirError("status", "expected one of " + ", ".join(sorted(STATUSES)))
        if status == "entered-in-error":
            return None
        given = resource.get("id")
        answers: dict[str, int] = {}
        stored: dict[str, Decimal] = {}
        known = False
        for link, item in _items(objects(resource.get("item"), "item"), 0):
            values = objects(item.get("answer"), shown(link))
            name, scale = self._find(self._items, link), self._find(self._scales, link)
            known = known or name is not None
            if name is not None:
                if name in answers or len(values) > 1:
                    raise FhirError(shown(link), "answered more than once")
                if values:
                    answers[name] = self._values[name].of(values[0], shown(link))
            elif scale is not None and values:
                if scale in stored or len(values) > 1:
                    raise FhirError(shown(link), "the stored value is there more than once")
                stored[scale] = _stored(values[0], shown(link))
            elif values:
                file.left_out[shown(link)] = file.left_out.get(shown(link), 0) + 1
        if not known:
            raise FhirError("item", f"no linkId is an item of {self._name!r}; was another measure answered?")
        name = given if isinstance(given, str) and RESOURCE_ID.fullmatch(given) else ""
        return ReadResponse(position=position, id=name, answers=answers, stored=stored)

    @staticmethod
    def _find(names: Mapping[str, str], link: str) -> str | None:
        return names.get(link) or names.get(f"~{plain(link)}")


def _item_names(instrument: Instrument) -> dict[str, str]:
    """LinkId → item; keys with `~` in front are compared as `elements.plain` writes them."""
    names: dict[str, str] = {}
    for item in instrument.items:
        if item.link_id:
            names[item.link_id] = item.id
            continue
        names[item.id] = item.id
        names.setdefault(f"~{item.id}", item.id)
        if numbered := re.fullmatch(r"item_?(\d+)", item.id):
            for alias in (numbered[1], f"q{numbered[1]}", f"item_{numbered[1]}"):
                names.setdefault(f"~{alias}", item.id)
            names.setdefault(f"~{plain(instrument.name)}_{numbered[1]}", item.id)
    return names


def _scale_names(instrument: Instrument) -> dict[str, str]:
    names: dict[str, str] = {}
    for scale in instrument.scales:
        if scale.link_id:
            names[scale.link_id] = scale.name
            continue
        names[scale.name] = scale.name
        names.setdefault(f"~{scale.name}", scale.name)
        if len(instrument.scales) == 1:
            for alias in ("total", "score", "total_score"):
                names.setdefault(f"~{alias}", scale.name)
    return names


def _items(items: list[Fields], depth: int) -> Iterator[tuple[str, Fields]]:
    """Every item, those in groups and below answers as well, with its linkId."""
    if depth > DEEPEST:
        raise FhirError("item", f"items are nested more than {DEEPEST} deep")
    for item in items:
        link = item.get("linkId")
        if not isinstance(link, str) or not link:
            raise FhirError("item.linkId", "expected a text")
        yield link, item
        yield from _items(objects(item.get("item"), shown(link)), depth + 1)
        for answer in objects(item.get("answer"), shown(link)):
            yield from _items(objects(answer.get("item"), shown(link)), depth + 1)


def _stored(answer: Fields, place: str) -> Decimal:
    quantity = answer.get("valueQuantity")
    if isinstance(quantity, dict) and "value" in quantity:
        return number(quantity["value"], place)
    for name in ("valueDecimal", "valueInteger"):
        if name in answer:
            return number(answer[name], place)
    raise FhirError(place, "a stored score is a valueDecimal, valueInteger or valueQuantity")
