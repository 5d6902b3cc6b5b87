"""The therapist's settings as their page shows them, and what its form sends back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any, Final, get_args
from zoneinfo import available_timezones

from pydantic import ValidationError

from alliancekit.choices import LIMITS, ClientSees, Switch, TherapistSettings
from alliancekit.languages.pages import Words, locale
from alliancekit.server.choosing import Measure, Offer, Practice
from alliancekit.server.therapist.views import Live

SECTION: Final = "settings"
"""Which texts of a language these are."""

PATH: Final = "/therapist/settings"

RATINGS_PATH: Final = f"{PATH}/ratings"
"""Where the switch for the questions after calls is sent."""

CHECKBOXES: Final = ("ask_therapist", "link")
NUMBERS: Final = tuple(LIMITS)
CHOSEN: Final = ("style", "measure", "pulses", "client_sees", "language", "timezone")
FIELDS: Final = (*CHOSEN, *NUMBERS, *CHECKBOXES)
"""What the form holds; the ratings have a form of their own."""

SAVED: Final = ("settings", "ratings-on", "ratings-off")
"""What a page can say that was saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing to choose; `value` is empty where nothing is chosen, `means` says what will happen."""

    value: str
    title: str
    means: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingsLine:
    """The switch for the questions after calls; `own`: the therapist chose it, not the practice."""

    state: Switch
    own: bool = False
    saved: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """The whole page.

    Attributes:
        ratings: the switch, which is no part of the form.
        values: what stands in each field of the form, as text; a box that is ticked has `on`.
        options: by field, what can be chosen.
        zones: the timezones by part of the world.
        absent: titles of measures that cannot be asked here.
        link: whether the practice sends links at all.
        errors: by field, what is wrong, in the reader's language.
        live: where to hear of changes.
    """

    ratings: RatingsLine
    values: Mapping[str, str]
    options: Mapping[str, Sequence[Option]]
    zones: Sequence[tuple[str, Sequence[Option]]] = ()
    absent: Sequence[str] = ()
    link: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
    live: Live | None = None

    @property
    def limits(self) -> Mapping[str, tuple[int, int]]:
        """The least and the largest of each number."""
        return LIMITS


def ratings_line(settings: TherapistSettings, practice: Practice, *, saved: str = "") -> RatingsLine:
    """The switch as it stands; `saved` is what the address says was just saved."""
    return RatingsLine(
        state=settings.ratings or practice.ratings,
        own=settings.ratings is not None,
        saved=saved if saved in SAVED else "",
    )


def view(
    offer: Offer,
    settings: TherapistSettings,
    practice: Practice,
    words: Words,
    *,
    saved: str = "",
    sent: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    live: Live | None = None,
) -> SettingsView:
    """The page.

    Args:
        offer: what there is to choose from.
        settings: what the therapist chose.
        practice: what holds where they did not.
        words: of this section, in the reader's language.
        saved: what was just saved.
        sent: what stands in the fields instead, after it was refused.
        errors: by field, what is wrong with it.
        live: where to hear of changes.
    """
    return SettingsView(
        ratings=ratings_line(settings, practice, saved=saved),
        values=shown(settings) if sent is None else {name: sent.get(name, "") for name in FIELDS},
        options={
            "style": _styles(offer, practice, words),
            "measure": _measures(offer.measures, practice, words),
            "pulses": [
                Option(value=value, title=words.say(key), means=words.say(f"{key}_means"))
                for value, key in (("", "pulses.practice"), ("off", "pulses.off"), ("on", "pulses.on"))
            ],
            "client_sees": [
                Option(value=value, title=words.say(key), means=words.say(f"{key}_means"))
                for value, key in ((one, f"client_sees.{one}") for one in get_args(ClientSees))
            ],
            "language": [
                Option(value="", title=words.say("language.own")),
                *(Option(value=tag, title=_own_name(tag)) for tag in offer.languages),
            ],
        },
        zones=_zones(),
        absent=[one.title for one in offer.measures if one.cannot_be_asked],
        link=offer.links,
        errors=errors or {},
        live=live,
    )


def _styles(offer: Offer, practice: Practice, words: Words) -> list[Option]:
    def told(name: str, part: str, otherwise: str) -> str:
        key = f"style.{name}.{part}"
        return words.say(key) if words.has(key) else otherwise

    found = [
        Option(
            value=one.name,
            title=told(one.name, "title", one.title),
            means=told(one.name, "means", one.description),
        )
        for one in offer.styles
    ]
    usual = next((one for one in found if one.value == practice.style), None)
    title = practice.style if usual is None else usual.title
    return [Option(value="", title=words.say("practice", what=title)), *found]


def _measures(measures: Sequence[Measure], practice: Practice, words: Words) -> list[Option]:
    titles = {one.name: one.title for one in measures}
    usual = words.say("practice", what=titles.get(practice.measure, practice.measure))
    askable = [Option(value=one.name, title=one.title) for one in measures if not one.cannot_be_asked]
    return [Option(value="", title=usual), *askable]


def _own_name(tag: str) -> str:
    """What speakers of a language call it, with a capital letter where their script has any."""
    name = locale(tag).get_language_name(locale(tag).language) or tag
    return name[:1].upper() + name[1:]


@cache
def _zones() -> tuple[tuple[str, tuple[Option, ...]], ...]:
    """The timezones of places, by part of the world; names of the tz database, as people know them."""
    places = sorted(one for one in available_timezones() if "/" in one)
    return tuple(
        (area, tuple(Option(value=one, title=one.partition("/")[2].replace("_", " ")) for one in those))
        for area, those in groupby(places, key=lambda one: one.split("/")[0])
        if area not in OLD_NAMES
    )


OLD_NAMES: Final = frozenset({"Brazil", "Canada", "Chile", "Etc", "Mexico", "US"})
"""What in the tz database is no part of the world: old names of places, and fixed offsets."""


# the form ---------------------------------------------------------------------------------------------


def shown(settings: TherapistSettings) -> dict[str, str]:
    """The fields of the form as the settings fill them."""
    chosen = settings.model_dump()
    return {name: "" if chosen[name] is None else str(chosen[name]) for name in FIELDS}


def read(
    offer: Offer, settings: TherapistSettings, sent: Mapping[str, str], words: Words
) -> tuple[dict[str, Any], dict[str, str]]:
    """What a form changes, and by field what is wrong with it; nothing is changed when something is wrong.

    Args:
        offer: what there is to choose from.
        settings: as they are now.
        sent: the form's fields.
        words: for what is wrong.
    """
    values: dict[str, Any] = {name: sent.get(name, "") or None for name in CHOSEN}
    values["client_sees"] = sent.get("client_sees", settings.client_sees)
    values |= {name: sent.get(name, "").strip() for name in NUMBERS}
    values |= {name: "on" if sent.get(name) == "on" else "off" for name in CHECKBOXES}
    if not offer.links:
        values["link"] = settings.link
    errors: dict[str, str] = {}
    before = settings.model_dump()
    try:
        wanted = TherapistSettings.model_validate(values).model_dump()
    except ValidationError as error:
        for one in error.errors():
            errors[str(one["loc"][0])] = wrong(str(one["loc"][0]), words)
        return {}, errors
    changes = {name: wanted[name] for name in FIELDS if wanted[name] != before[name]}
    for name in offer.refused(changes):
        errors[name] = wrong(name, words)
    return ({} if errors else changes), errors


def wrong(name: str, words: Words) -> str:
    """What is wrong with a field, in a sentence."""
    if name not in LIMITS:
        return words.say("error.choice")
    least, most = LIMITS[name]
    return words.say("error.number", least=words.number(least), most=words.number(most))
