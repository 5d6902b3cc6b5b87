"""Whether a further language is complete: every key of English, no other, the same placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from alliancekit.errors import PluginError
from alliancekit.instruments.model import Instrument
from alliancekit.languages import OWN_TAGS, InstrumentTexts, Language, own_languages
from alliancekit.languages.wording import wording

TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
"""Language, script, region (BCP 47). A browser's number format raises for a tag of another form."""
PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
LONGEST: Final = 2000
"""Characters of one text."""
MOST_TOLD: Final = 12
"""Mistakes in one message; the rest is counted."""

Known = Mapping[tuple[str, str], Instrument]
"""(name, form) → instrument."""


def check(language: Language, known: Known) -> None:
    """Refuse a language that cannot be used as a whole.

    Texts of an instrument that is not among `known` are not looked at: the plugin that brings it is off.

    Raises:
        PluginError: names every mistake with its place, such as `element.send: is missing`.
    """
    found = list(_mistakes(language, known))
    if found:
        rest = f"; and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
        raise PluginError(
            f"its language {language.tag!r} cannot be used: {'; '.join(found[:MOST_TOLD])}{rest}.",
            fix="English has the keys and placeholders: alliancekit/languages/texts/en.",
        )


def remarks(language: Language, known: Known) -> Iterator[str]:
    """What is not wrong, but good to know: texts without an instrument, instruments without texts."""
    given = {(one.instrument, one.form) for one in language.instruments}
    if idle := [f"{name} ({form})" for name, form in sorted(given - known.keys())]:
        yield f"its {language.tag} texts of {', '.join(idle)} are not used: no such instrument runs"
    bare = [
        f"{name} ({form})"
        for (name, form), one in known.items()
        if one.text == "included" and not one.validated and language.tag not in one.title
    ]
    if left := [text for text in bare if text not in {f"{name} ({form})" for name, form in given}]:
        yield f"in {language.tag} these are asked in another language: {', '.join(left)}"


def _mistakes(language: Language, known: Known) -> Iterator[str]:
    if not isinstance(language.tag, str) or not TAG.fullmatch(language.tag):
        yield "the tag is no language tag such as fi, sr-Latn or pt-BR"
        return
    if language.tag in OWN_TAGS:
        yield "AllianceKit itself speaks it"
        return
    if language.direction not in ("ltr", "rtl"):
        yield "the direction is neither ltr nor rtl"
    english = next(one for one in own_languages() if one.tag == "en")
    yield from _compared("element", language.element, english.element)
    yield from _compared("rating", language.rating, english.rating)
    yield from of_pages(language, english)
    seen: set[tuple[str, str]] = set()
    for texts in language.instruments:
        place = f"{texts.instrument}.{texts.form}"
        if (texts.instrument, texts.form) in seen:
            yield f"{place}: is there twice"
        seen.add((texts.instrument, texts.form))
        instrument = known.get((texts.instrument, texts.form))
        if instrument is not None:
            yield from _of_instrument(place, texts, instrument)


def of_pages(language: Language, english: Language) -> Iterator[str]:
    """What is wrong with the pages that a language has; a page that it leaves out is shown in English."""
    for section, texts in language.pages.items():
        if section not in english.pages:
            yield f"pages/{section}: there is no such page"
        elif not isinstance(texts, Mapping):
            yield f"pages/{section}: is no table of key and wording"
        else:
            yield from _compared(f"pages/{section}", texts, _in_forms(english.pages[section], language.tag))


def _in_forms(english: Mapping[str, str], tag: str) -> dict[str, str]:
    """English with the plural forms of another language, each with the places of its own `other`."""
    from alliancekit.languages.pages import PLURAL, locale  # noqa: PLC0415 - only pages need CLDR

    wanted: dict[str, str] = {}
    for key, text in english.items():
        found = PLURAL.fullmatch(key)
        if found is None:
            wanted[key] = text
            continue
        spoken = locale(tag).plural_form
        for category in (*sorted(spoken.tags), "other"):
            wanted[f"{found['key']}.{category}"] = english[f"{found['key']}.other"]
    return wanted


def _of_instrument(place: str, texts: InstrumentTexts, instrument: Instrument) -> Iterator[str]:
    if instrument.text != "included" or instrument.validated:
        yield f"{place}: its wording is its author's; a translation comes with a text pack"
    elif texts.version != instrument.version:
        yield f"{place}: the texts are for version {texts.version}, and {instrument.version} runs"
    else:
        yield from _compared(place, texts.texts, wording(instrument, "en"))


def _places(key: str, text: str) -> set[str]:
    """The places of a text; a plural form such as *one session* may do without its number."""
    plural = "." in key
    return {name for name in PLACEHOLDER.findall(text) if not (plural and name == "n")}


def _compared(place: str, given: Any, english: Mapping[str, str]) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"{place}: is no table of key and wording"
        return
    for key, text in english.items():
        said = given.get(key)
        if said is None:
            yield f"{place}.{key}: is missing"
        elif not isinstance(said, str) or not said.strip() or len(said) > LONGEST:
            yield f"{place}.{key}: is no text of up to {LONGEST} characters"
        elif (want := _places(key, text)) != _places(key, said):
            wanted = ", ".join(f"{{{name}}}" for name in sorted(want)) or "none"
            yield f"{place}.{key}: has other placeholders than English ({wanted})"
    for key in given:
        if key not in english:
            yield f"{place}.{key}: there is no such text"
