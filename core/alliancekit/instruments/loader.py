"""Read instruments from JSON and TOML files.

The file holds one instrument in one form, with the fields of `alliancekit.instruments.model.Instrument`; a
key `$schema`, by which editors find the published schema, is ignored. Site folders and text packs come from
strangers, so a file is refused before it can do harm: by size, encoding, nesting and syntax.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from alliancekit.errors import InstrumentError
from alliancekit.instruments.checks import InconsistentError
from alliancekit.instruments.model import Instrument

LARGEST_FILE: Final = 1_000_000
"""Bytes; the largest instrument of the field has some 50 kB in five languages."""

BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

MOST_MISTAKES: Final = 40
"""Lines of one message; the rest is counted."""

SUFFIXES: Final = (".json", ".toml")
"""What `load_folder` reads."""

EXPECTED: Final = {
    "missing": "this field is required",
    "extra_forbidden": "there is no such field; check its spelling",
}
"""pydantic's error types that need plainer words."""

Model = TypeVar("Model", bound=BaseModel)


def load_instrument(source: str | Path | Traversable) -> Instrument:
    """Read one instrument from a JSON or, by its ending `.toml`, a TOML file.

    Args:
        source: a path, or a file inside an installed package (`importlib.resources.files(...) / "x.json"`).

    Returns: the checked instrument.

    Raises:
        InstrumentError: the file cannot be read, is no JSON or TOML, or does not describe an instrument.
            The message names the file, the place in it (`items[2].options`) and what was expected, a line a
            mistake.
    """
    return checked(Instrument, read_object(source), str(source))


def load_folder(folder: str | Path | Traversable) -> Sequence[Instrument]:
    """Read every `*.json` and `*.toml` file of a folder, by file name.

    Raises:
        InstrumentError: as `load_instrument`, for the first unusable file; or the folder cannot be read or
            holds no such file.
    """
    place = Path(folder) if isinstance(folder, str) else folder
    try:
        files = sorted(
            (e for e in place.iterdir() if e.name.endswith(SUFFIXES)), key=lambda entry: entry.name
        )
    except OSError as error:
        raise _unreadable(str(place), error) from error
    if not files:
        raise InstrumentError(
            f"{place} holds no .json or .toml file.", fix="Put one instrument a file there."
        )
    return [load_instrument(file) for file in files]


def read_object(source: str | Path | Traversable, *, largest: int = LARGEST_FILE) -> dict[str, Any]:
    """Read a JSON or, by its ending `.toml`, a TOML file that holds one object.

    Args:
        source: as for `load_instrument`.
        largest: bytes above which the file is refused unread.

    Returns: the object, unchecked.

    Raises:
        InstrumentError: the file is missing, too large, not UTF-8, starts with a byte-order mark, is nested
            too deeply, has a key twice, or is no JSON or TOML.
    """
    file = Path(source) if isinstance(source, str) else source
    where = str(file)
    try:
        with file.open("rb") as stream:
            raw = stream.read(largest + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(where, error) from error
    if len(raw) > largest:
        raise InstrumentError(
            f"{where} is larger than {largest:,} bytes and was not read.", fix="Put one instrument a file."
        )
    if raw.startswith(BYTE_ORDER_MARKS):
        raise InstrumentError(f"{where} starts with a byte-order mark.", fix="Save it as UTF-8 without one.")
    try:
        data = _parsed(raw.decode("utf-8"), toml=file.name.endswith(".toml"))
    except UnicodeDecodeError as error:
        raise InstrumentError(f"{where} is not UTF-8 text.", fix="Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise InstrumentError(
            f"{where}, line {error.lineno}, column {error.colno}: this is not JSON ({error.msg})."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InstrumentError(f"{where}: this is not TOML ({error}).") from error
    except RecursionError:
        raise InstrumentError(
            f"{where} is nested too deeply to be read.", fix="An instrument needs four levels."
        ) from None
    except _TwinError as error:
        raise InstrumentError(f"{where}: the key {error.key[:60]!r} stands twice in one object.") from error
    except ValueError as error:  # an integer of thousands of digits
        raise InstrumentError(f"{where} holds a number that is too long to be read.") from error
    if not isinstance(data, dict):
        raise InstrumentError(f"{where}: expected one object with named fields.")
    return data


def checked(model: type[Model], data: Mapping[str, Any], where: str) -> Model:
    """Make a pydantic model from what `read_object` gave; `$schema` is ignored.

    Args:
        model: the model; a consistency check of its own may raise `checks.InconsistentError`.
        data: the file's object.
        where: the file's name, for messages.

    Raises:
        InstrumentError: the data do not fit the model; a line a mistake, with file, place and expectation.
    """
    try:
        # Strict JSON mode accepts lists for tuples and refuses "3" or true where an integer belongs.
        # A TOML date becomes text.
        text = json.dumps({key: value for key, value in data.items() if key != "$schema"}, default=str)
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        found = [f"{where}: {place}: {expected}" for place, expected in _mistakes(error)]
        more = len(found) - MOST_MISTAKES
        found = found[:MOST_MISTAKES] + ([f"{where}: and {more} more mistakes."] if more > 0 else [])
        raise InstrumentError("\n".join(found)) from error
    except RecursionError:
        raise InstrumentError(f"{where} is nested too deeply to be read.") from None


def _parsed(text: str, *, toml: bool) -> Any:
    return tomllib.loads(text) if toml else json.loads(text, object_pairs_hook=_no_twins)


def _unreadable(where: str, error: Exception) -> InstrumentError:
    return InstrumentError(
        f"{where} cannot be read ({type(error).__name__}).", fix="Check the path and its permissions."
    )


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


def _mistakes(error: ValidationError) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    errors = error.errors(include_url=False)
    for each in errors:
        if each["type"] == "too_short" and any(_below(other["loc"], each["loc"]) for other in errors):
            continue  # its wrong entries were not counted
        cause = each.get("ctx", {}).get("error")
        if isinstance(cause, InconsistentError):
            found += cause.mistakes
        else:
            found.append((_place(each["loc"]), EXPECTED.get(each["type"], each["msg"])))
    return [(place, f"{expected.rstrip('.')}.") for place, expected in found]


def _below(place: tuple[int | str, ...], top: tuple[int | str, ...]) -> bool:
    return len(place) > len(top) and place[: len(top)] == top


def _place(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        # A key is the stranger's: shown short, and without what a terminal would obey.
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if part.isprintable() and len(part) <= 60 else f".{part[:60]!r}…"
    return path.removeprefix(".") or "the whole file"
