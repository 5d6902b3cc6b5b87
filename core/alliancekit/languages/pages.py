"""The words of a page in its reader's language: texts with places, plurals, numbers and dates.

A page's texts are one section: `pages/<section>.json` in a language's folder, flat, key → text with
`{places}`. Where a number decides about the form, the key ends in a plural category of Unicode CLDR:

    {"sessions.one": "{n} session", "sessions.other": "{n} sessions"}

Each language has the categories that it needs: `one` and `other` in Italian, all six in Arabic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from alliancekit.languages import Language, own_languages

CATEGORIES: Final = ("zero", "one", "two", "few", "many", "other")
"""The plural categories of Unicode CLDR."""

PLURAL: Final = re.compile(rf"(?P<key>.+)\.(?:{'|'.join(CATEGORIES)})")

ISOLATED: Final = "\u2068{}\u2069"
"""Keeps what is put into a text in its own direction (Unicode UAX 9, FSI and PDI)."""

UNSPACED: Final = frozenset({"ja", "zh"})
"""Languages that write one sentence after the other without a space."""

REGIONS: Final = {"en": "en-GB"}
"""Whose dates a language without a region has: the day before the month wherever we speak it."""


class Words:
    """One section in one language.

    A text that a plugin's language lacks is English; AllianceKit's own languages have all of them.

    Args:
        language: the reader's.
        section: which page's texts.
        timezone: the IANA zone of dates and times.
        fallback: what is said where the language lacks a text; AllianceKit's own English of the section.
    """

    def __init__(
        self,
        language: Language,
        section: str,
        *,
        timezone: str = "UTC",
        fallback: Mapping[str, str] | None = None,
    ) -> None:
        self.language = language
        self.section = section
        self.timezone = timezone
        self._locale = locale(language.tag)
        self._texts = language.pages.get(section, {})
        self._fallback = english(section) if fallback is None else fallback

    @property
    def direction(self) -> str:
        """How the language is written: `ltr` or `rtl`."""
        return self.language.direction

    def section_of(self, section: str) -> Words:
        """Another section in the same language and zone."""
        return Words(self.language, section, timezone=self.timezone)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._texts or key in self._fallback

    def say(self, key: str, *, n: float | None = None, **places: object) -> str:
        """A text, with its places filled; `n` chooses the plural form and fills `{n}`.

        Raises:
            KeyError: there is no such text, or a place was not given: a mistake in our own code.
        """
        if n is not None:
            places["n"] = self.number(n)
        text = self._form(self._texts, key, n, self._locale)
        if text is None:
            text = self._form(self._fallback, key, n, locale("en"))
        if text is None:
            raise KeyError(f"{self.section}.{key}")
        if self.direction == "rtl":
            places = {name: ISOLATED.format(value) for name, value in places.items()}
        return text.format_map(places)

    def number(self, value: float, *, decimals: int = 0) -> str:
        """A number with up to so many decimals."""
        pattern = "#,##0." + "#" * decimals if decimals else "#,##0"
        return _decimal(value, pattern, self._locale)

    def percent(self, share: float) -> str:
        """A share (0-1) in whole percent."""
        return _percent(share, self._locale)

    def list(self, parts: Sequence[str]) -> str:
        """A list within a sentence: *1, 2 and 3*."""
        return format_list(parts, locale=self._locale)

    def sentences(self, *said: str) -> str:
        """Sentences one after the other; empty ones are left out."""
        gap = "" if self._locale.language in UNSPACED else " "
        return gap.join(one for one in said if one)

    def date(self, at: float) -> str:
        """The day of a time in seconds since 1970 UTC."""
        return _day(self._time(at).date(), "yMMMd", self._locale)

    def day(self, at: float) -> str:
        """Day and month of a time in seconds since 1970 UTC, as short as can be."""
        return _day(self._time(at).date(), "Md", self._locale)

    def moment(self, at: float) -> str:
        """Day and time of day of a time in seconds since 1970 UTC."""
        return f"{self.date(at)}, {self.clock(at)}"

    def clock(self, at: float) -> str:
        """The time of day of a time in seconds since 1970 UTC."""
        return format_skeleton("Hm", self._time(at), locale=self._locale)

    def exactly(self, at: float) -> str:
        """Day, time to the second and zone of a time in seconds since 1970 UTC."""
        time = self._time(at)
        day = format_date(time, "long", locale=self._locale)
        clock = format_skeleton("Hms", time, locale=self._locale)
        return f"{day}, {clock} ({self.timezone})"

    def ago(self, count: int, unit: Literal["minute", "hour", "day"]) -> str:
        """How long ago something was: *4 minutes ago*."""
        passed = timedelta(**{f"{unit}s": -count})
        return format_timedelta(
            passed, granularity=unit, threshold=float("inf"), add_direction=True, locale=self._locale
        )

    def _time(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, ZoneInfo(self.timezone))

    @staticmethod
    def _form(texts: Mapping[str, str], key: str, n: float | None, spoken: Locale) -> str | None:
        if n is None:
            return texts.get(key)
        return texts.get(f"{key}.{spoken.plural_form(n)}") or texts.get(f"{key}.other")


# A page says the same numbers and days again and again, and CLDR's patterns are slow to follow.


@lru_cache(maxsize=4096)
def _decimal(value: float, pattern: str, spoken: Locale) -> str:
    return format_decimal(value, format=pattern, locale=spoken, decimal_quantization=True)


@lru_cache(maxsize=4096)
def _percent(share: float, spoken: Locale) -> str:
    return format_percent(share, locale=spoken)


@lru_cache(maxsize=4096)
def _day(of: date, skeleton: str, spoken: Locale) -> str:
    return format_skeleton(skeleton, of, locale=spoken)


@cache
def locale(tag: str) -> Locale:
    """What CLDR knows of a language; of one that it does not know, English."""
    try:
        return Locale.parse(REGIONS.get(tag, tag), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(REGIONS["en"], sep="-")


@cache
def english(section: str) -> Mapping[str, str]:
    """The English texts of a section; none where there is no such section."""
    return next(one for one in own_languages() if one.tag == "en").pages.get(section, {})
