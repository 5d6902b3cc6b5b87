"""What a therapist chose and can choose, as the service answers it."""

from __future__ import annotations

from alliancekit.client.models import Model


class Style(Model):
    """A style that a therapist can choose."""

    name: str
    title: str
    description: str


class Measure(Model):
    """A measure; `cannot_be_asked` says why it cannot be chosen, and is empty where it can."""

    name: str
    title: str
    cannot_be_asked: str


class Choices(Model):
    """What a therapist can choose from; `link`: whether the service sends links to who did not answer."""

    styles: tuple[Style, ...]
    measures: tuple[Measure, ...]
    languages: tuple[str, ...]
    link: bool


class Practice(Model):
    """What holds for a therapist who did not choose."""

    ratings: str
    style: str
    measure: str


class TherapistSettings(Model):
    """What a therapist chose, None where it is as in `practice`; minutes are those of a call."""

    ratings: str | None = None
    style: str | None = None
    measure: str | None = None
    ask_therapist: str = "on"
    pulses: str | None = None
    pulse_after: int = 20
    pulses_most: int = 2
    pulse_between: int = 10
    link: str = "on"
    client_sees: str = "nothing"
    language: str | None = None
    timezone: str | None = None
    practice: Practice
    choices: Choices
