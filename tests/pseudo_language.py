"""A language that nobody speaks, complete: English with marks around it, its placeholders kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.model import Instrument
from alliancekit.languages import InstrumentTexts, Language, own_languages, wording
from alliancekit.plugins import PluginHost

TAG = "qps"


def marked(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: f"⟦{text}⟧" for key, text in texts.items()}


def included() -> list[Instrument]:
    """The instruments of AllianceKit's own plugins that carry their wording."""
    host = PluginHost()
    host.load()
    return [one for one in host.instruments if one.text == "included"]


def language(**changes: Any) -> Language:
    """The whole language, with some fields changed."""
    english = next(one for one in own_languages() if one.tag == "en")
    fields: dict[str, Any] = {
        "tag": TAG,
        "direction": "rtl",
        "element": marked(english.element),
        "rating": marked(english.rating),
        "instruments": tuple(
            InstrumentTexts(
                instrument=one.name, form=one.form, version=one.version, texts=marked(wording(one, "en"))
            )
            for one in included()
        ),
    }
    return Language(**fields | changes)


class Speaks(AllianceHooks):
    """Brings one language."""

    def __init__(self, *languages: Language) -> None:
        self.languages = languages

    @hookimpl
    def register_languages(self) -> list[Language]:
        return list(self.languages)
