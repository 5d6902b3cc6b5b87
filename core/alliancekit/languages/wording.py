"""What people read of an instrument, as one flat table: key → wording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alliancekit.instruments.model import Instrument, Item, Option, Texts


def wording(instrument: Instrument, language: str) -> dict[str, str]:
    """An instrument's texts in a language it carries.

    Returns: `title`, `instructions`, `options.<value>` and by item `items.<id>.text`, `.low`, `.high` and
    `.options.<value>`; what the instrument leaves empty in this language has no key.
    """
    return {key: texts[language] for key, texts in _texts(instrument) if texts.get(language)}


def worded(instrument: Instrument, language: str, texts: Mapping[str, str]) -> Instrument:
    """The instrument with its texts in one more language; wording it has already in that language stays."""

    def more(key: str, there: Texts) -> Texts:
        return {language: texts[key], **there} if key in texts else there

    def options(prefix: str, there: tuple[Option, ...]) -> tuple[Option, ...]:
        return tuple(
            one.model_copy(update={"label": more(f"{prefix}.{one.value}", one.label)}) for one in there
        )

    def item(there: Item) -> Item:
        place = f"items.{there.id}"
        ends = {end: more(f"{place}.{end}", getattr(there, end)) for end in ("text", "low", "high")}
        return there.model_copy(update=ends | {"options": options(f"{place}.options", there.options)})

    return instrument.model_copy(
        update={
            "title": more("title", instrument.title),
            "instructions": more("instructions", instrument.instructions),
            "options": options("options", instrument.options),
            "items": tuple(item(one) for one in instrument.items),
        }
    )


def _texts(instrument: Instrument) -> Iterator[tuple[str, Texts]]:
    yield "title", instrument.title
    yield "instructions", instrument.instructions
    for option in instrument.options:
        yield f"options.{option.value}", option.label
    for item in instrument.items:
        place = f"items.{item.id}"
        for end in ("text", "low", "high"):
            yield f"{place}.{end}", getattr(item, end)
        for option in item.options:
            yield f"{place}.options.{option.value}", option.label
