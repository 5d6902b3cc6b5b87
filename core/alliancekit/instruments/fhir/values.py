"""One answer of a FHIR response as the integer that is stored."""

from __future__ import annotations

from decimal import Decimal

from alliancekit.instruments.fhir.elements import FhirError, Fields, code_of, number, weight_of, whole
from alliancekit.instruments.model import Instrument, Item


class Values:
    """The answers that an item of an instrument takes.

    A `valueCoding` is read by the weight that it carries itself, else by system and code of the option; an
    option without a known code is read by its number, so that a bare code `4` is the option 4. `valueInteger`
    and `valueDecimal` are in published units (8.5 is stored as 85 where the item has one decimal), and
    `valueBoolean` is 0 or 1.
    """

    def __init__(self, instrument: Instrument, item: Item) -> None:
        self._decimals = item.decimals if item.kind == "slider" else 0
        self._slider = range(item.minimum, item.maximum + 1, item.step) if item.kind == "slider" else None
        options = () if item.kind == "slider" else instrument.options_of(item)
        self._values = {option.value for option in options}
        self._codes = {option.code: option.value for option in options if option.code}

    def of(self, answer: Fields, place: str) -> int:
        """The stored integer of an answer.

        Args:
            answer: an element of `QuestionnaireResponse.item.answer`.
            place: the linkId, for messages.

        Raises:
            FhirError: the answer has another type, or a value that the item does not take. The message does
                not repeat the answer.
        """
        try:
            return self._value(answer)
        except FhirError as error:
            raise FhirError(place, error.expected) from None

    def _value(self, answer: Fields) -> int:
        names = [name for name in answer if name.startswith("value")]
        if len(names) != 1:
            raise FhirError("answer", "expected one value an answer")
        given = answer[names[0]]
        match names[0]:
            case "valueCoding" if isinstance(given, dict):
                value = self._coded(given, answer)
            case "valueInteger" | "valueDecimal":
                value = whole(number(given, "answer"), "answer", decimals=self._decimals)
            case "valueBoolean" if isinstance(given, bool):
                value = int(given)
            case _:
                raise FhirError("answer", f"{names[0]} is no answer that can be scored")
        if value not in (self._slider if self._slider is not None else self._values):
            raise FhirError("answer", "the answer is not one that this item takes")
        return value

    def _coded(self, coding: Fields, answer: Fields) -> int:
        by_code = self._by_code(coding)
        weight = weight_of(coding, answer)
        if weight is None:
            if by_code is None:
                raise FhirError(
                    "answer", "the code is no option of this item, and it carries no ordinalValue"
                )
            return by_code
        value = whole(weight, "answer", decimals=self._decimals)
        if by_code is not None and by_code != value:
            raise FhirError("answer", "the code and the ordinalValue it carries are two different options")
        return value

    def _by_code(self, coding: Fields) -> int | None:
        code = code_of(coding)
        if code in self._codes:
            return self._codes[code]
        bare = str(coding.get("code", ""))
        if not coding.get("system"):
            same = [value for known, value in self._codes.items() if known.rpartition("|")[2] == bare]
            if len(same) == 1:
                return same[0]
        if self._codes:
            return None
        try:
            number_ = Decimal(bare)
        except ArithmeticError:
            return None
        return int(number_) if number_.is_finite() and number_ in self._values else None
