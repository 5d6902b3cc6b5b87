"""What the page says of the main measure, in the reader's language: its parts, its cut-off, its answers."""

from __future__ import annotations

from collections.abc import Mapping

from alliancekit.instruments.model import Instrument, Item, Texts
from alliancekit.languages.pages import Words, english
from alliancekit.server.therapist import views
from alliancekit.server.therapist.sentences import SECTION, known, plain
from alliancekit.styles import say

Answer = tuple[str, float]
"""The chosen option's wording and its place from 0 to 100."""


def text(texts: Texts, words: Words) -> str:
    """A text of an instrument in the reader's language, else in English."""
    return say(texts, words.language.tag)


def own(key: str, said: str, words: Words) -> str:
    """What an instrument says of itself; in the reader's words where it is one of AllianceKit's own."""
    ours = english(SECTION).get(f"own.{key}") == said
    return words.say(f"own.{key}") if ours else said


def total(form: Instrument | None) -> str:
    """The scale of the main trend."""
    names = [] if form is None else [scale.name for scale in form.scales]
    return "total" if "total" in names or not names else names[0]


def scales(form: Instrument | None, words: Words) -> tuple[views.ScaleView, ...]:
    """The parts beside the total."""
    return tuple(
        views.ScaleView(name=scale.name, title=text(scale.title, words) or scale.name.capitalize())
        for scale in (() if form is None else form.scales)
        if scale.name != total(form)
    )


def cut_off(form: Instrument | None, words: Words) -> views.CutOffView | None:
    """The threshold on the total, where there is one."""
    found = None if form is None else next((c for c in form.cut_offs if c.scale == total(form)), None)
    if form is None or found is None:
        return None
    scale = next(s for s in form.scales if s.name == found.scale)
    items = [item for item in form.items if item.id in scale.items]
    summed = (sum(form.range_of(item)[end] for item in items) for end in (0, 1))
    low, high = (end / (len(items) if scale.method == "mean" else 1) for end in summed)
    return views.CutOffView(
        percent=100 * (found.value - low) / (high - low),
        meaning=own(f"{form.name}.meaning", found.meaning, words),
        source=own(f"{form.name}.source", found.source, words),
    )


def facets(form: Instrument | None, words: Words) -> dict[str, str]:
    """Facet → its title: our words for a known one; else the instrument's name; else the item's wording."""
    return {item.facet or item.id: _title(item, words) for item in (() if form is None else form.items)}


def _title(item: Item, words: Words) -> str:
    if item.facet:
        return known(words, "facet", item.facet)
    return text(item.text, words) or plain(item.id).capitalize()


def labels(form: Instrument, answers: Mapping[str, int], words: Words) -> dict[str, Answer]:
    """Facet → what was answered."""
    found = {}
    for item in form.items:
        if item.id not in answers:
            continue
        value = answers[item.id]
        low, high = form.range_of(item)
        option = next((one for one in form.options_of(item) if one.value == value), None)
        wording = text(option.label, words) if option is not None else words.number(value)
        found[item.facet or item.id] = (wording, 100 * (value - low) / (high - low))
    return found


def answered(
    form: Instrument, answers: Mapping[str, int], words: Words
) -> tuple[tuple[str, str | None], ...]:
    """Every item with the wording of what was answered, None for one that was left out."""
    said = labels(form, answers, words)
    titles = facets(form, words)
    return tuple((title, said[name][0] if name in said else None) for name, title in titles.items())


def facet(name: str, title: str, marks: Mapping[str, Mapping[str, Answer]]) -> views.FacetView:
    """One item with what both sides answered, by role."""
    client = marks.get("client", {}).get(name)
    therapist = marks.get("therapist", {}).get(name)
    return views.FacetView(
        title=title,
        client=client[0] if client else None,
        client_percent=client[1] if client else None,
        therapist=therapist[0] if therapist else None,
        therapist_percent=therapist[1] if therapist else None,
    )
