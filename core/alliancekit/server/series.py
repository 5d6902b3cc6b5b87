"""Bodies of the HTTP API that tell of sessions: a session's state, and an episode's series.

What a record of ours has beyond these fields is given as well, undocumented.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from alliancekit.events import Guidance, Moment, Role, Score, Signal, TalkBalance, Visibility
from alliancekit.store.prompts import PromptStatus
from alliancekit.store.series import NotAsked, NotComputed


class AskedOut(BaseModel):
    """A prompt of a session, and what became of it."""

    id: str
    participant: str
    moment: Moment
    status: PromptStatus


class ResponseOut(BaseModel):
    """One participant's answers to one instrument; `scores` is null where the client does not show them."""

    id: str
    role: Role
    moment: Moment
    instrument: str
    instrument_version: str
    visibility: Visibility
    at: float
    scores: list[Score] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalOut(Signal):
    """What a rule found, and the plugin whose rule it is."""

    plugin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidanceOut(Guidance):
    """What the therapist might read, do or say next, and the plugin that says so."""

    plugin: str


class EpisodeSessionOut(BaseModel):
    """One session of a series; `settled` once everything that follows the stored answers is computed."""

    model_config = ConfigDict(extra="allow")

    id: str
    external_id: str
    number: int
    style: str
    status: str
    example: bool
    started_at: float | None
    ended_at: float | None
    seconds: float
    settled: bool
    responses: list[ResponseOut]
    talk_balance: TalkBalance | None
    signals: list[SignalOut]
    guidance: list[GuidanceOut]
    not_computed: list[NotComputed]
    not_asked: list[NotAsked]


class EpisodeOut(BaseModel):
    """The series, oldest session first, as far as each client allowed it to be seen."""

    model_config = ConfigDict(extra="allow")

    id: str
    external_id: str
    style: str
    example: bool
    sessions: list[EpisodeSessionOut]
