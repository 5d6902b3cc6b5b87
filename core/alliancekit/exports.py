"""An episode as exporters get it, and what an exporter is.

Times are seconds since 1970-01-01 UTC. A response that its client keeps from the therapist has neither
answers nor scores, unless somebody with access to the server asked for everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alliancekit.events import Guidance, Response, Role, Segment, Signal, SpeechSpan, TalkBalance


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPerson:
    """Somebody in a session; `external_id` is the vendor's pseudonymous id."""

    id: str
    role: Role
    external_id: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPrompt:
    """One request for feedback and what became of it; `deliveries` are (channel, status, at)."""

    id: str
    participant: str
    moment: str
    instruments: tuple[str, ...]
    status: str
    created_at: float
    closed_at: float | None
    deliveries: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTalk:
    """The therapist's word that they talked about what a session showed: `repaired` or `not_yet`."""

    id: str
    outcome: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTask:
    """What was agreed in a session; `status` is `open`, `done`, `partly` or `not_done`."""

    id: str
    text: str
    status: str
    at: float
    decided_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedSession:
    """One session with everything about it; `signals` and `guidance` are (plugin, value).

    A therapist's private note is no part of it. `answers` of the responses are empty without the need
    `answers`, `speech` without the need `speech`.
    """

    id: str
    external_id: str
    number: int
    style: str
    measure: str
    status: str
    started_at: float | None
    ended_at: float | None
    seconds: float
    people: tuple[ExportedPerson, ...] = ()
    segments: tuple[Segment, ...] = ()
    speech: tuple[SpeechSpan, ...] = ()
    talk_balance: TalkBalance | None = None
    prompts: tuple[ExportedPrompt, ...] = ()
    responses: tuple[Response, ...] = ()
    signals: tuple[tuple[str, Signal], ...] = ()
    guidance: tuple[tuple[str, Guidance], ...] = ()
    not_computed: tuple[tuple[str, str, str], ...] = ()
    talks: tuple[ExportedTalk, ...] = ()
    tasks: tuple[ExportedTask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRow:
    """What a plugin keeps for the episode (`alliancekit.data`); `value` is anything that JSON can say."""

    plugin: str
    key: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedEpisode:
    """An episode with its sessions, oldest first, and what plugins keep for it."""

    id: str
    external_id: str
    therapist: str
    style: str
    example: bool
    created_at: float
    exported_at: float
    everything: bool = False
    sessions: tuple[ExportedSession, ...] = ()
    plugin_rows: tuple[PluginRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """One format that an episode can be exported in.

    `write` runs in a thread and gets the fields that its plugin declares in `needs`. `name` is how people ask
    for the format and the file's suffix.
    """

    name: str
    media_type: str
    write: Callable[[ExportedEpisode], bytes]
