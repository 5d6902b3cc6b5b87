"""Languages: what people read in the element and on the rating page, and in instruments, in one language.

AllianceKit speaks `OWN_TAGS`; a plugin brings one more with `register_languages`. A language is a folder:
`element.json` and `rating.json` hold key → wording, `pages/` the texts of further pages (see
`alliancekit.languages.pages`), every other `.json` file the texts of one form of one instrument. Copy the
folder `texts/en` of this package to start; `wording` gives an instrument's English.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Literal

from alliancekit.errors import InstrumentError
from alliancekit.instruments.loader import read_object
from alliancekit.languages.wording import wording

__all__ = [
    "OWN_TAGS",
    "Direction",
    "InstrumentTexts",
    "Language",
    "Languages",
    "load_language",
    "own_languages",
    "wording",
]

Direction = Literal["ltr", "rtl"]

OWN_TAGS: Final[Mapping[str, Direction]] = {"en": "ltr", "es": "ltr", "it": "ltr", "zh": "ltr", "ar": "rtl"}
"""Language tag → direction of what AllianceKit itself speaks; English is the fallback."""

RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "ps", "ur", "yi"})
"""Primary tags written from right to left; for people whose language is not registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentTexts:
    """One form of an instrument in a language; only instruments whose text is their own, not a pack's.

    `texts` has the keys of `wording(instrument, "en")`; `version` is the instrument's.
    """

    instrument: str
    form: str = "client"
    version: str = "1"
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Everything people read, in one language; `tag` is a language tag such as `fi` or `pt-BR`.

    `element` and `rating` have the keys of English, each with the same `{placeholders}`. What is not among
    `instruments` is asked in English, unless the instrument carries the language itself. `pages` is section →
    key → text; what a plugin's language leaves out there is English.
    """

    tag: str
    element: Mapping[str, str]
    rating: Mapping[str, str]
    direction: Direction = "ltr"
    pages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    instruments: tuple[InstrumentTexts, ...] = ()


class Languages:
    """The languages of a service: AllianceKit's own and further ones."""

    def __init__(self, further: Iterable[Language] = ()) -> None:
        self._by_tag = {one.tag.lower(): one for one in (*own_languages(), *further)}

    def find(self, *wanted: str) -> Language:
        """The first known language of these tags; `es-MX` finds `es`. Otherwise English."""
        found = (known for tag in wanted if (known := self._known(tag)) is not None)
        return next(found, self._by_tag["en"])

    def direction(self, tag: str) -> Direction:
        """How a language is written, also one that is not known here."""
        if (known := self._known(tag)) is not None:
            return known.direction
        return "rtl" if _primary(tag) in RIGHT_TO_LEFT else "ltr"

    def __iter__(self) -> Iterator[Language]:
        return iter(self._by_tag.values())

    def _known(self, tag: str) -> Language | None:
        return self._by_tag.get(tag.lower()) or self._by_tag.get(_primary(tag))


def load_language(folder: str | Path | Traversable, tag: str, *, direction: Direction = "ltr") -> Language:
    """Read a language from its folder; what it lacks is told when it is registered.

    An instrument's file is `{"instrument": …, "form": …, "version": …, "texts": {key: wording}}`.

    Raises:
        InstrumentError: a file cannot be read, or has other fields.
    """
    place = Path(folder) if isinstance(folder, str) else folder
    try:
        read = _objects(place)
        pages = _objects(place / "pages") if (place / "pages").is_dir() else {}
    except OSError as error:
        raise InstrumentError(f"{place} cannot be read ({type(error).__name__}).") from None
    return Language(
        tag=tag,
        direction=direction,
        element=read.pop("element.json", {}),
        rating=read.pop("rating.json", {}),
        pages={name.removesuffix(".json"): texts for name, texts in pages.items()},
        instruments=tuple(_instrument(fields, f"{place / name}") for name, fields in read.items()),
    )


@cache
def own_languages() -> tuple[Language, ...]:
    """The languages of AllianceKit itself.

    Raises:
        InstrumentError: a file is missing from the installation.
    """
    texts = files("alliancekit.languages") / "texts"
    return tuple(load_language(texts / tag, tag, direction=way) for tag, way in OWN_TAGS.items())


def _objects(place: Path | Traversable) -> dict[str, dict[str, Any]]:
    names = sorted(entry.name for entry in place.iterdir() if entry.name.endswith(".json"))
    return {name: read_object(place / name) for name in names}


def _instrument(fields: dict[str, Any], where: str) -> InstrumentTexts:
    try:
        return InstrumentTexts(**fields)
    except TypeError:
        raise InstrumentError(
            f"{where} has other fields than instrument, form, version and texts.",
            fix="element.json and rating.json are the only files without them.",
        ) from None


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
