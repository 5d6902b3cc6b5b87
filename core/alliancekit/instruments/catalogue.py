"""The registered instruments by name and form, and their wording in one language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NotRequired, TypedDict

from alliancekit.errors import InstrumentError, UnknownInstrumentError
from alliancekit.events import ItemInfo, ScaleInfo
from alliancekit.instruments.keys import Key, keys
from alliancekit.instruments.model import Instrument, Item, Option, Scale, Texts


class ShownOption(TypedDict):
    """One response option as a page shows it."""

    value: int
    label: str
    symbol: NotRequired[str]


class ShownItem(TypedDict):
    """One item as a page shows it: a choice with options, or a slider with its range and both ends.

    A slider's numbers are integers, as they are sent and stored; with `decimals` 1 a page says 8.5 for 85.
    """

    id: str
    kind: Literal["choice", "slider"]
    text: str
    options: NotRequired[list[ShownOption]]
    minimum: NotRequired[int]
    maximum: NotRequired[int]
    step: NotRequired[int]
    decimals: NotRequired[int]
    low: NotRequired[str]
    high: NotRequired[str]


class ShownInstrument(TypedDict):
    """One instrument in one language: the entries of `instruments` in `GET /v1/prompts/current`."""

    name: str
    version: str
    form: str
    title: str
    instructions: str
    validated: bool
    items: list[ShownItem]


class Instruments:
    """What can be asked, by name and form. Forms of one name belong to one measure."""

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self._by_key: dict[tuple[str, str], Instrument] = {}
        self._notes: dict[tuple[str, str], str] = {}
        for instrument in instruments:
            self.add(instrument)

    def add(self, instrument: Instrument) -> None:
        """Register one form of an instrument.

        Raises:
            InstrumentError: the name is taken in this form, or a scale cannot be computed exactly.
        """
        keys(instrument)
        key = (instrument.name, instrument.form)
        if key in self._by_key:
            raise InstrumentError(
                f"The instrument {instrument.name!r} is already registered in its {instrument.form} form.",
                fix="Give one of the two another name, or switch off the plugin that brings it.",
            )
        self._by_key[key] = instrument

    def replace(self, instrument: Instrument) -> None:
        """Put another wording in the place of a registered form; its key must be the same.

        Raises:
            UnknownInstrumentError: this form is not registered.
        """
        self.get(instrument.name, instrument.form)
        self._by_key[instrument.name, instrument.form] = instrument

    def get(self, name: str, role: str = "client") -> Instrument:
        """The form of an instrument that a role answers.

        Raises:
            UnknownInstrumentError: there is no such instrument, or none for this role.
        """
        found = self._by_key.get((name, role))
        if found is not None:
            return found
        forms = [form.form for form in self.forms(name)]
        if forms:
            raise UnknownInstrumentError(
                f"The instrument {name!r} has no {role} form.", fix=f"It has: {', '.join(forms)}."
            )
        known = ", ".join(self.names()) or "none"
        raise UnknownInstrumentError(
            f"There is no instrument {name!r}.",
            fix=f"Registered: {known}. Switch on the plugin that brings it.",
        )

    def names(self) -> tuple[str, ...]:
        """Every name once, in the order of registration."""
        return tuple(dict.fromkeys(name for name, _ in self._by_key))

    def forms(self, name: str) -> tuple[Instrument, ...]:
        """Every form of an instrument; empty when there is none of this name."""
        return tuple(i for (known, _), i in self._by_key.items() if known == name)

    def note(self, name: str, form: str, text: str) -> None:
        """Say why a form of an instrument is not what it could be: its file here cannot be used."""
        self._notes[name, form] = text

    def why_not_asked(self, name: str, role: str) -> str:
        """Why a role cannot be asked an instrument, and what to do; empty when it can.

        Raises:
            UnknownInstrumentError: there is no such instrument, or none for this role.
        """
        reason = why_not_asked(self.get(name, role))
        note = self._notes.get((name, role), "")
        return f"{reason} {note}".strip() if reason else ""

    def why_nobody_is_asked(self, name: str) -> str:
        """Why nobody can be asked an instrument, in any form; empty when somebody can, or it is unknown."""
        reasons = [self.why_not_asked(name, form.form) for form in self.forms(name)]
        return reasons[0] if reasons and all(reasons) else ""

    def scales(self) -> tuple[ScaleInfo, ...]:
        """Direction and cut-off of every scale, for `events.SeriesUpdated.scales`."""
        return tuple(info for instrument in self for info in scales_of(instrument))

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: object) -> bool:
        return key in self._by_key


def scales_of(instrument: Instrument) -> tuple[ScaleInfo, ...]:
    """What an instrument says about its scales; a scale with several cut-offs shows the first."""
    has_total = any(scale.name == "total" for scale in instrument.scales)
    found = []
    for scale, key in zip(instrument.scales, keys(instrument), strict=True):
        cut_off = next((c for c in instrument.cut_offs if c.scale == scale.name), None)
        norm = next((n for n in instrument.norms if n.scale == scale.name), None)
        exact = next((r for r in instrument.reliabilities if r.scale == scale.name and not r.at_least), None)
        precise = norm is not None and exact is not None
        found.append(
            ScaleInfo(
                instrument=instrument.name,
                form=instrument.form,
                scale=scale.name,
                main=scale.name == "total" or not has_total,
                higher_is_better=scale.higher_is == "better",
                directed=scale.higher_is != "neither",
                cut_off=cut_off.value if cut_off else None,
                when=cut_off.when if cut_off else "<",
                provisional=cut_off.provisional if cut_off else False,
                source=cut_off.source if cut_off else "",
                sd=norm.sd if norm and precise else None,
                reliability=exact.value if exact and precise else None,
                precision_source=f"{norm.source}; {exact.source}" if norm and exact else "",
                items=_items_of(instrument, scale, key),
            )
        )
    return tuple(found)


def why_not_asked(instrument: Instrument) -> str:
    """Why people cannot be asked this form of an instrument, and what to do; empty when they can.

    The wording of most published instruments belongs to somebody else. Without the site's text pack such an
    instrument scores answers that were collected elsewhere, but cannot be asked.
    """
    if instrument.text == "included" or (
        all(item.text for item in instrument.items) and languages_of(instrument)
    ):
        return ""
    return (
        f"The instrument {instrument.name!r} ({instrument.form} form) cannot be asked: its text belongs to "
        "somebody else, and there is no text pack for it here. "
        "Import the one of your site: alliancekit measures import FILE."
    )


def _items_of(instrument: Instrument, scale: Scale, key: Key) -> tuple[ItemInfo, ...]:
    weights = {term.item: term.coefficient for term in key.terms}
    found = []
    for number, item in enumerate(instrument.items, start=1):
        if weight := weights.get(item.id, 0):
            low, high = instrument.range_of(item)
            low_is_worse = (weight > 0) == (scale.higher_is == "better")
            found.append(
                ItemInfo(id=item.id, number=number, minimum=low, maximum=high, low_is_worse=low_is_worse)
            )
    return tuple(found)


def languages_of(instrument: Instrument) -> tuple[str, ...]:
    """The languages in which every text of the instrument exists, sorted."""
    texts = [text for text in _texts(instrument) if text]
    if not texts:
        return ()
    return tuple(sorted(set.intersection(*(set(text) for text in texts))))


def localise(instrument: Instrument, language: str) -> ShownInstrument:
    """The instrument in one language, as `GET /v1/prompts/current` hands it to a page.

    `es-MX` finds `es`. A text that is missing is shown in English; a validated instrument is shown as a whole
    in a language it carries completely, because a mixture is no validated translation.

    Raises:
        InstrumentError: an item has no wording, because its text pack is missing.
    """
    if instrument.validated or instrument.text == "pack":
        complete = languages_of(instrument)
        language = next((tag for tag in (*_tags(language), *complete) if tag in complete), "en")

    def say(text: Texts) -> str:
        return next((text[tag] for tag in _tags(language) if tag in text), "")

    def option_shown(option: Option) -> ShownOption:
        shown = ShownOption(value=option.value, label=say(option.label) or str(option.value))
        if option.symbol:
            shown["symbol"] = option.symbol
        return shown

    def show(item: Item) -> ShownItem:
        if not say(item.text):
            raise InstrumentError(
                f"The instrument {instrument.name!r} ({instrument.form} form) has no wording for the item "
                f"{item.id!r}.",
                fix="Import its text pack: alliancekit measures import.",
            )
        shown = ShownItem(id=item.id, kind=item.kind, text=say(item.text))
        if item.kind == "choice":
            shown["options"] = [option_shown(option) for option in instrument.options_of(item)]
        else:
            shown["minimum"], shown["maximum"], shown["step"] = item.minimum, item.maximum, item.step
            if item.decimals:
                shown["decimals"] = item.decimals
            shown["low"], shown["high"] = say(item.low), say(item.high)
        return shown

    return ShownInstrument(
        name=instrument.name,
        version=instrument.version,
        form=instrument.form,
        title=say(instrument.title),
        instructions=say(instrument.instructions),
        validated=instrument.validated,
        items=[show(item) for item in instrument.items],
    )


def _tags(language: str) -> tuple[str, ...]:
    return language, language.split("-", maxsplit=1)[0].lower(), "en"


def _texts(instrument: Instrument) -> Iterator[Texts]:
    yield instrument.title
    yield instrument.instructions
    for item in instrument.items:
        yield item.text
        if item.kind == "slider":
            yield item.low
            yield item.high
        else:
            yield from (option.label for option in instrument.options_of(item))
