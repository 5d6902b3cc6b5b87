"""What questionnaires and responses share: extensions, weights of options, codes, texts, names of items.

Weights are read from `ordinalValue` (R4) and from `itemWeight`, the name that later releases gave the same
extension (https://hl7.org/fhir/R4/extension-ordinalvalue.html,
https://hl7.org/fhir/extensions/StructureDefinition-itemWeight.html). Both may stand on a Coding, on an
`answerOption` and on the concepts of a ValueSet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

BASE = "http://hl7.org/fhir/StructureDefinition/"
WEIGHTS = (f"{BASE}ordinalValue", f"{BASE}itemWeight")
TRANSLATION = f"{BASE}translation"

MAGNITUDE = 12
"""Powers of ten that a weight, an answer or a score may have."""

Fields = Mapping[str, Any]


class FhirError(ValueError):
    """Something in a resource cannot be taken: `place` is a linkId or an element, `expected` says why."""

    def __init__(self, place: str, expected: str) -> None:
        super().__init__(f"{place}: {expected}")
        self.place = place
        self.expected = expected


def shown(name: object) -> str:
    """A linkId or a code as messages repeat it: printable and short."""
    text = str(name)
    return text if text.isprintable() and 0 < len(text) <= 80 else f"{text[:80]!r}"


def objects(value: object, place: str) -> list[Fields]:
    """A list of objects; empty when there is none.

    Raises:
        FhirError: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise FhirError(place, "expected a list of objects")
    return value


def extensions(element: Fields, url: str) -> Iterator[Fields]:
    """The extensions of an element with this URL."""
    for one in objects(element.get("extension"), "extension"):
        if one.get("url") == url:
            yield one


def extension_value(element: Fields, url: str) -> Any:
    """The value of the first extension with this URL, whatever its type; None when there is none."""
    for one in extensions(element, url):
        return next((value for name, value in one.items() if name.startswith("value")), None)
    return None


def weight_of(*elements: Fields) -> Decimal | None:
    """The weight that the first of these elements carries; None when none does.

    Raises:
        FhirError: a weight is no number.
    """
    for element in elements:
        for url in WEIGHTS:
            value = extension_value(element, url)
            if value is not None:
                return number(value, "ordinalValue")
    return None


def number(value: object, place: str) -> Decimal:
    """A JSON number, exactly.

    Raises:
        FhirError: it is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise FhirError(place, "expected a number")
    try:
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise FhirError(place, "expected a number") from None
    if not exact.is_finite() or (exact and abs(exact.adjusted()) > MAGNITUDE):
        raise FhirError(place, "the number is too large or too small")
    return exact


def whole(value: Decimal, place: str, *, decimals: int = 0) -> int:
    """A number as the integer that is stored: 8.5 with one decimal is 85.

    Raises:
        FhirError: it has more decimals.
    """
    scaled = value.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise FhirError(place, f"expected at most {decimals} decimals" if decimals else "expected an integer")
    return int(scaled)


def code_of(coding: Fields) -> str:
    """How a Coding names its concept: `system|code`, or `code` alone without a system."""
    system, code = coding.get("system") or "", coding.get("code") or ""
    return f"{system}|{code}" if system else str(code)


def texts(element: Fields, name: str, language: str) -> dict[str, str]:
    """A string of an element in the resource's language and in its translations; empty without a string."""
    value = element.get(name)
    if not isinstance(value, str) or not value.strip():
        return {}
    found = {language: value.strip()}
    beside = element.get(f"_{name}")
    for one in extensions(beside, TRANSLATION) if isinstance(beside, dict) else ():
        tag, content = extension_value(one, "lang"), extension_value(one, "content")
        if isinstance(tag, str) and isinstance(content, str) and content.strip():
            found.setdefault(tag, content.strip())
    return found


def plain(name: str) -> str:
    """A name in the letters of item ids: lower case, everything but letters and digits as `_`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
