"""Text packs: the wording of instruments whose text is not ours to ship, supplied by a site that may use it.

A pack is a small JSON or TOML file for one form of one instrument. It holds what people read and nothing of
the key: which items there are, their values and how they are scored stays with the instrument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from alliancekit.errors import InstrumentError
from alliancekit.instruments.checks import InconsistentError
from alliancekit.instruments.loader import checked, read_object
from alliancekit.instruments.model import Instrument, Item, ItemId, Name, Option, Part, Texts

Tag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
"""A language tag (BCP 47) such as `en`, `zh` or `pt-BR`."""


def _printable(value: str) -> str:
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in value) or not value.strip():
        raise ValueError("the wording is empty or holds control characters")
    return value


CLOSED: JsonDict = {"additionalProperties": False}
"""Keys of another form are refused; pydantic's schema alone would let them pass."""

Wording = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_printable)]
PackTexts = Annotated[dict[Tag, Wording], Field(max_length=40, json_schema_extra=CLOSED)]
"""Language tag → wording; all languages of the pack, no other."""

OptionValue = Annotated[str, StringConstraints(pattern=r"^(0|-?[1-9][0-9]{0,8})$")]
Labels = Annotated[dict[OptionValue, PackTexts], Field(max_length=200, json_schema_extra=CLOSED)]
"""An option's value, written as a number, → its label."""


class Vouch(Part):
    """Who vouches that the wording is right and that the site may use it: a name or a role, and when."""

    by: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """A name or a role."""
    date: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """The day, such as `2026-11-22`."""


class ItemTexts(Part):
    """What people read of one item."""

    text: PackTexts
    """The item itself."""
    low: PackTexts = Field(default_factory=dict)
    """A slider's low end."""
    high: PackTexts = Field(default_factory=dict)
    """A slider's high end."""
    options: Labels = Field(default_factory=dict)
    """The labels of options that only this item has, by value."""


class TextPack(Part):
    """The wording of one form of one instrument."""

    instrument: Name
    """The instrument's name."""
    form: Literal["client", "therapist"] = "client"
    """Who answers it; another form has a pack of its own."""
    instrument_version: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)*$")]
    """The version of the instrument that the wording belongs to."""
    version: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)*$")] = "1"
    """The pack's own version."""
    languages: Annotated[tuple[Tag, ...], Field(min_length=1, max_length=40)]
    """The languages of the pack; each text has all of them."""
    licence: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    """Under what licence, or with whose permission, the site uses the wording, and where that stands."""
    vouched: Vouch
    """Who vouches for wording and licence."""
    title: PackTexts
    """How the instrument is called on the page."""
    instructions: PackTexts = Field(default_factory=dict)
    """What stands above the items; empty for nothing."""
    options: Labels = Field(default_factory=dict)
    """The labels of the options that the items share, by value. At least the lowest and the highest have one;
    an option without a label is shown as its number."""
    items: Annotated[dict[ItemId, ItemTexts], Field(min_length=1, max_length=200)]
    """The texts by item id; every item of the instrument has them."""

    @model_validator(mode="after")
    def _in_every_language(self) -> Self:
        found = []
        if len(set(self.languages)) != len(self.languages):
            found.append(("languages", "a language is named twice"))
        for place, texts, needed in _all_texts(self):
            if not texts and not needed:
                continue
            if missing := [tag for tag in self.languages if tag not in texts]:
                found.append((place, f"the wording in {', '.join(missing)} is missing"))
            if unknown := [tag for tag in texts if tag not in self.languages]:
                found.append(
                    (place, f"there is wording in {', '.join(unknown)}, which languages does not name")
                )
        if found:
            raise InconsistentError(found)
        return self


def load_pack(source: str | Path | Traversable) -> TextPack:
    """Read one text pack from a JSON or TOML file.

    Raises:
        InstrumentError: the file cannot be read or is no text pack; names the file, the place in it and what
            was expected, a line a mistake.
    """
    return checked(TextPack, read_object(source), str(source))


def apply(pack: TextPack, instrument: Instrument, *, where: str = "the text pack") -> Instrument:
    """Give an instrument its wording.

    Args:
        pack: the wording.
        instrument: the form of the instrument that the pack is for.
        where: the pack's file, for the messages.

    Returns: the same instrument with the pack's texts; key, scales and sources are untouched.

    Raises:
        InstrumentError: the pack is for another instrument, form or version, misses an item, has one that the
            instrument does not have, or labels a value that is no option; a line a mistake.
    """
    _same(pack, instrument, where)
    mistakes = [f"{where}: {mistake}" for mistake in _mistakes(pack, instrument)]
    if mistakes:
        raise InstrumentError("\n".join(mistakes))
    items = tuple(_worded(item, pack.items[item.id]) for item in instrument.items)
    return instrument.model_copy(
        update={
            "title": dict(pack.title),
            "instructions": dict(pack.instructions),
            "options": _labelled(instrument.options, pack.options),
            "items": items,
        }
    )


def _same(pack: TextPack, instrument: Instrument, where: str) -> None:
    for field, asked, there in (
        ("instrument", pack.instrument, instrument.name),
        ("form", pack.form, instrument.form),
        ("instrument_version", pack.instrument_version, instrument.version),
    ):
        if asked != there:
            raise InstrumentError(
                f"{where}: {field}: the pack is for {asked!r}, and {instrument.name!r} here is {there!r}.",
                fix="Use the pack made for this instrument, form and version.",
            )


def _mistakes(pack: TextPack, instrument: Instrument) -> Iterator[str]:
    known = {item.id: item for item in instrument.items}
    for name in known:
        if name not in pack.items:
            yield f"items.{name}: the wording of this item is missing."
    for name in pack.items:
        if name not in known:
            yield f"items.{name}: the instrument has no such item; it has {', '.join(known)}."
    shared = any(item.kind == "choice" and not item.options for item in instrument.items)
    yield from _option_mistakes("options", pack.options, instrument.options if shared else (), pack.languages)
    for name, texts in pack.items.items():
        item = known.get(name)
        if item is None:
            continue
        yield from _option_mistakes(f"items.{name}.options", texts.options, item.options, pack.languages)
        for end, wording, own in (("low", texts.low, item.low), ("high", texts.high, item.high)):
            if item.kind == "slider" and not wording and not all(tag in own for tag in pack.languages):
                yield f"items.{name}.{end}: the wording of this end of the slider is missing."
            if item.kind == "choice" and wording:
                yield f"items.{name}.{end}: only a slider has ends; this item is a choice."


def _option_mistakes(
    place: str, labels: Mapping[str, Texts], options: tuple[Option, ...], languages: tuple[str, ...]
) -> Iterator[str]:
    by_value = {option.value: option for option in sorted(options, key=lambda option: option.value)}
    values = list(by_value)
    for value in labels:
        if int(value) not in by_value:
            allowed = ", ".join(map(str, values)) if values else "none"
            yield f"{place}.{value}: there is no option with this value here; there is {allowed}."
    needed = dict.fromkeys((*values[:1], *values[-1:]))
    if not labels:  # then the instrument's own labels stay: faces, or labels that are ours
        own = [value for value in values if by_value[value].label]
        bare = {value for value in needed if not by_value[value].label and not by_value[value].symbol}
        needed = dict.fromkeys(
            value
            for value in values
            if value in bare or (value in own and not set(languages) <= by_value[value].label.keys())
        )
    for end in needed:
        if str(end) not in labels:
            yield f"{place}.{end}: the label of this option is missing; at least both ends need one."


def _worded(item: Item, texts: ItemTexts) -> Item:
    return item.model_copy(
        update={
            "text": dict(texts.text),
            "low": dict(texts.low or item.low),
            "high": dict(texts.high or item.high),
            "options": _labelled(item.options, texts.options),
        }
    )


def _labelled(options: tuple[Option, ...], labels: Mapping[str, Texts]) -> tuple[Option, ...]:
    """The options with the pack's labels; when the pack labels any, those it leaves out show their number."""
    if not labels:
        return options
    return tuple(
        option.model_copy(update={"label": dict(labels.get(str(option.value), {}))}) for option in options
    )


def _all_texts(pack: TextPack) -> Iterator[tuple[str, Texts, bool]]:
    """Every text of a pack as (place, wording, whether it must be there)."""
    yield "title", pack.title, True
    yield "instructions", pack.instructions, False
    for value, label in pack.options.items():
        yield f"options.{value}", label, True
    for name, item in pack.items.items():
        yield f"items.{name}.text", item.text, True
        yield f"items.{name}.low", item.low, False
        yield f"items.{name}.high", item.high, False
        for value, label in item.options.items():
            yield f"items.{name}.options.{value}", label, True
