"""What a plugin says, in every language it speaks: the file `texts.json` beside its code.

    {"fell": {"en": "The rating fell by {points} points.", "es": "La valoración bajó {points} puntos."}}

Key → language tag → text with `{places}`; plural forms as on pages (`alliancekit.languages.pages`). English
is said where a language or one of its texts is missing, so every key has it. A plugin reads the file once:

    TEXTS = plugin_texts(files("my_plugin"))

and answers in the language that its event, or the page, asks for:

    TEXTS.words(event.language).say("fell", points=12)
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alliancekit.errors import InstrumentError
from alliancekit.instruments.loader import read_object
from alliancekit.languages import RIGHT_TO_LEFT, Language

if TYPE_CHECKING:
    from alliancekit.languages.pages import Words

FILE: Final = "texts.json"


class PluginTexts:
    """The texts of one plugin: key → language tag → text."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._by_tag: dict[str, dict[str, str]] = {"en": {}}
        for key, said in texts.items():
            for tag, text in said.items():
                self._by_tag.setdefault(tag, {})[key] = text

    @property
    def tags(self) -> tuple[str, ...]:
        """The languages that the plugin speaks, English first."""
        return tuple(self._by_tag)

    def of(self, tag: str) -> Mapping[str, str]:
        """Key → text of one language; empty for one that the plugin does not speak."""
        return self._by_tag.get(tag, {})

    def words(self, tag: str) -> Words:
        """The words of a language; `es-MX` finds `es`, and what is not spoken is said in English."""
        from alliancekit.languages.pages import Words  # noqa: PLC0415 - only what is said needs CLDR

        primary = tag.partition("-")[0]
        found = next((one for one in (tag, primary) if one in self._by_tag), "en")
        language = Language(
            tag=found,
            element={},
            rating={},
            direction="rtl" if found.partition("-")[0] in RIGHT_TO_LEFT else "ltr",
            pages={FILE: self._by_tag[found]},
        )
        return Words(language, FILE, fallback=self._by_tag["en"])

    def everywhere(self, key: str, **places: Any) -> dict[str, str]:
        """A text in every language that the plugin speaks, by tag: for `titles` and the like."""
        return {tag: self.words(tag).say(key, **places) for tag in self.tags}


def plugin_texts(folder: Path | Traversable) -> PluginTexts:
    """Read `texts.json` of a plugin's folder.

    Raises:
        InstrumentError: it cannot be read, or is no table of key, tag and text with English for each.
    """
    file = folder / FILE
    texts = read_object(file)
    for key, said in texts.items():
        if not isinstance(said, dict) or not all(isinstance(text, str) for text in said.values()):
            raise InstrumentError(f"{file}: {key} is no table of language tag and text.")
        if "en" not in said and not key.endswith((".zero", ".one", ".two", ".few", ".many")):
            raise InstrumentError(
                f"{file}: {key} has no English.", fix="English is said where nothing else is."
            )
    return PluginTexts(texts)
