"""The small parts of the therapist's views: answers, scales, thresholds, links, what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from alliancekit.events import Moment, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersView:
    """What one person answered to one instrument: each item with the chosen wording, None for left out."""

    role: Role
    moment: Moment
    title: str
    items: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloserView:
    """One session looked at closer: every answer that the therapist may see; what is hidden is not in it."""

    answers: tuple[AnswersView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleView:
    """A scale of the main measure: its name in the readings and its title on the page."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffView:
    """A threshold on the total, in percent; `meaning` and `source` as the instrument states them."""

    percent: float
    meaning: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComputed:
    """Something a plugin failed to compute: what, which plugin, and how it failed (`timeout`, `error`)."""

    what: str
    plugin: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAsked:
    """A measure that was to be asked and could not be; `reason` says why and what the operator does."""

    title: str
    role: Role
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page and where it is."""

    title: str
    url: str
