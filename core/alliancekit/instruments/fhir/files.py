"""The responses of a file: one resource, a Bundle, or one resource a line (NDJSON)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from alliancekit.errors import InstrumentError
from alliancekit.instruments.fhir.elements import FhirError, Fields, objects

LARGEST_FILE = 200_000_000
"""Bytes of a file of responses."""

LONGEST_LINE = 5_000_000
"""Bytes of one line of NDJSON."""


def resources(source: Path) -> Iterator[Fields]:
    """The responses of a file, in order; other resources of a Bundle or of NDJSON are passed over.

    Raises:
        InstrumentError: the file cannot be read, is too large, or no JSON; names the file and the line.
    """
    for document in _documents(source):
        if not isinstance(document, dict):
            raise InstrumentError(f"{source}: expected FHIR resources, each one object.")
        if document.get("resourceType") == "Bundle":
            try:
                entries = objects(document.get("entry"), "entry")
            except FhirError as error:
                raise InstrumentError(f"{source}: {error.place}: {error.expected}.") from None
            for entry in entries:
                inner: Any = entry.get("resource")
                if _is_response(inner):
                    yield inner
        elif _is_response(document):
            yield document


def _is_response(one: Any) -> bool:
    return isinstance(one, dict) and one.get("resourceType") == "QuestionnaireResponse"


def _documents(source: Path) -> Iterator[Any]:
    try:
        if not source.is_file():
            raise InstrumentError(f"{source} is no file.", fix="Check the path.")
        if source.stat().st_size > LARGEST_FILE:
            raise InstrumentError(f"{source} is larger than {LARGEST_FILE:,} bytes.", fix="Split it.")
        with source.open("rb") as stream:
            first = stream.readline(LONGEST_LINE)
            rest = stream.readline(LONGEST_LINE)
            lines = bool(rest.strip()) and _is_document(first)
            stream.seek(0)
            if not lines:
                yield _parsed(stream.read(), str(source))
                return
            for count, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 1), b""), start=1):
                if len(line) > LONGEST_LINE:
                    raise InstrumentError(f"{source}, line {count} is longer than {LONGEST_LINE:,} bytes.")
                if line.strip():
                    yield _parsed(line, f"{source}, line {count}")
    except OSError as error:
        raise InstrumentError(
            f"{source} cannot be read ({type(error).__name__}).", fix="Check the path and its permissions."
        ) from None


def _is_document(line: bytes) -> bool:
    """Whether a line is a whole JSON value: then the file has one a line."""
    try:
        _parsed(line, "")
    except InstrumentError:
        return False
    return True


def _parsed(raw: bytes, where: str) -> Any:
    try:
        return json.loads(raw.decode("utf-8"), parse_float=Decimal, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise InstrumentError(f"{where} is not UTF-8 text.", fix="Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InstrumentError(f"{where}: this is not JSON ({error.msg}, column {error.colno}).") from None
    except RecursionError:
        raise InstrumentError(f"{where} is nested too deeply to be read.") from None
    except (ValueError, ArithmeticError):  # not a number, or an integer of thousands of digits
        raise InstrumentError(f"{where} holds a number that cannot be read.") from None


def _no_number(_: str) -> Any:
    raise ValueError
