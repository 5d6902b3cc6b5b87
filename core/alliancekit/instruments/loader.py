"""Read instruments from JSON files.

The file holds one instrument in one form, with the fields of `alliancekit.instruments.model.Instrument`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from alliancekit.errors import InstrumentError
from alliancekit.instruments.model import Instrument

Model = TypeVar("Model", bound=BaseModel)

EXPECTED = {
    "missing": "this field is required",
    "extra_forbidden": "there is no such field; check its spelling",
}
"""pydantic's error types that need plainer words."""


def load_instrument(source: str | Path | Traversable) -> Instrument:
    """Read one instrument from a JSON file.

    Args:
        source: a path, or a file inside an installed package (`importlib.resources.files(...) / "x.json"`).

    Returns: the checked instrument.

    Raises:
        InstrumentError: the file cannot be read, is no JSON, or does not describe an instrument. The message
            names the file, the place in it (`items[2].options`) and what was expected, a line a mistake.
    """
    return checked(Instrument, read_object(source), str(source))


def read_object(source: str | Path | Traversable) -> dict[str, Any]:
    """Read the one object that a file holds, with what is in it unchecked.

    Raises:
        InstrumentError: the file cannot be read, or does not hold one object without twin keys.
    """
    file = Path(source) if isinstance(source, str) else source
    where = str(file)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InstrumentError(f"{where} is not UTF-8 text.", fix="Save it as UTF-8.") from error
    except OSError as error:
        raise InstrumentError(
            f"{where} cannot be read ({type(error).__name__}).", fix="Check the path and its permissions."
        ) from error
    try:
        data = json.loads(text, object_pairs_hook=_no_twins)
    except json.JSONDecodeError as error:
        raise InstrumentError(
            f"{where}, line {error.lineno}, column {error.colno}: this is not JSON ({error.msg})."
        ) from error
    except _TwinError as error:
        raise InstrumentError(f"{where}: the key {error.key!r} stands twice in one object.") from error
    if not isinstance(data, dict):
        raise InstrumentError(f"{where}: expected one object with named fields.")
    return data


def checked(model: type[Model], fields: dict[str, Any], where: str) -> Model:
    """Make a model of the fields of a file.

    Raises:
        InstrumentError: they do not fit; a line a mistake, each with the file and the place in it.
    """
    try:
        # Strict JSON mode accepts lists for tuples and refuses "3" or true where an integer belongs.
        return model.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        mistakes = [f"{where}: {_place(e['loc'])}: {_expected(e)}" for e in error.errors(include_url=False)]
        raise InstrumentError("\n".join(mistakes)) from error


def load_folder(folder: str | Path | Traversable) -> Sequence[Instrument]:
    """Read every `*.json` file of a folder, by file name.

    Raises:
        InstrumentError: as `load_instrument`, for the first unusable file; or the folder holds no JSON file.
    """
    place = Path(folder) if isinstance(folder, str) else folder
    files = sorted(
        (entry for entry in place.iterdir() if entry.name.endswith(".json")), key=lambda entry: entry.name
    )
    if not files:
        raise InstrumentError(f"{place} holds no .json file.", fix="Put one instrument a file there.")
    return [load_instrument(file) for file in files]


class _TwinError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwinError(key)
        found[key] = value
    return found


def _place(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".") or "the whole file"


def _expected(error: Any) -> str:
    message = str(EXPECTED.get(error["type"], error["msg"])).removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."
