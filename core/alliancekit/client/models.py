"""What the service answers, and the one record that it is given. Times are seconds since 1970 UTC.

The names are those of the HTTP API. What a newer service adds is left out; words of a vocabulary that may
grow (kinds of signals, how an attempt ended) are plain `str`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from alliancekit.events import Role


class Model(BaseModel):
    """Base of all records: they cannot be changed, and what they do not know they leave out."""

    model_config = ConfigDict(extra="ignore", frozen=True)


# sessions ---------------------------------------------------------------------------------------------------


class Participant(Model):
    """Somebody who will be in a session; `external_id` is your pseudonym, never a name or an address."""

    role: Role
    external_id: str
    language: str = "en"


class InvitedParticipant(Model):
    """A participant with the short-lived `token` for your page and a signed link to answer later."""

    id: str
    role: str
    token: str = Field(repr=False)
    rating_url: str = Field(repr=False)


class CreatedSession(Model):
    """The created (or already existing) session."""

    id: str
    episode: str
    style: str
    measure: str
    participants: tuple[InvitedParticipant, ...]

    def of(self, role: Role) -> InvitedParticipant:
        """The first participant of a role.

        Raises:
            LookupError: nobody has it.
        """
        for one in self.participants:
            if one.role == role:
                return one
        raise LookupError(f"the session has no {role}")


class Segment(Model):
    """One unbroken presence."""

    participant: str
    role: str
    joined_at: float
    left_at: float
    how: str


class TalkShare(Model):
    """How much one side spoke: seconds, share of all speech (0–1), turns."""

    seconds: float
    share: float
    turns: int | None


class TalkBalance(Model):
    """Who spoke how much: a description of the call, never a score."""

    client: TalkShare
    therapist: TalkShare
    overlap: float | None
    silence: float | None
    observed_seconds: float


class AskedPrompt(Model):
    """A prompt of a session, and what became of it."""

    id: str
    participant: str
    moment: str
    status: str


class Session(Model):
    """A session's state."""

    id: str
    external_id: str
    episode: str
    number: int
    style: str
    measure: str
    status: str
    started_at: float | None
    ended_at: float | None
    end_reason: str | None
    end_confidence: float | None
    seconds: float
    segments: tuple[Segment, ...]
    talk_balance: TalkBalance | None
    prompts: tuple[AskedPrompt, ...]


# prompts ----------------------------------------------------------------------------------------------------


class Asked(Model):
    """The ids of the prompts that were made; empty when everybody was being asked already."""

    prompts: tuple[str, ...]


class Delivery(Model):
    """One attempt to bring a prompt to its person."""

    channel: str
    status: str
    at: float


class Prompt(Model):
    """A prompt and how it was brought to its person, oldest first; never what was answered."""

    id: str
    session: str
    participant: str
    role: str
    moment: str
    status: str
    created_at: float
    expires_at: float | None
    deliveries: tuple[Delivery, ...]


class Sent(Model):
    """The channel took the message."""

    status: str = "sent"


# episodes ---------------------------------------------------------------------------------------------------


class Score(Model):
    """A scale's value with its range and as 0–100; None when too little was answered."""

    scale: str
    value: float | None
    minimum: float
    maximum: float
    percent: float | None
    answered: int
    items: int
    prorated: bool = False
    plugin: str = ""


class Response(Model):
    """One participant's answers to one instrument; `scores` is None where the client does not share them."""

    id: str
    role: str
    moment: str
    instrument: str
    instrument_version: str
    visibility: str
    at: float
    scores: tuple[Score, ...] | None


class Signal(Model):
    """What a rule found, with its numbers and source; `sentence` is the plain wording for the therapist."""

    kind: str
    rule: str
    level: str
    sentence: str
    sessions_needed: int
    plugin: str
    instrument: str = ""
    scale: str = ""
    role: str = "client"
    inputs: Mapping[str, float] = {}
    source: str = ""
    magnitude: float | None = None
    length: int | None = None
    pattern: str = ""
    item: str = ""


class Guidance(Model):
    """What the therapist might read, do or say next, in the words of a style."""

    style: str
    text: str
    plugin: str
    kind: str = "next_step"
    about: str = ""


class NotComputed(Model):
    """What a plugin failed to give; it is shown as missing, never as 0."""

    hook: str
    plugin: str
    status: str
    at: float


class NotAsked(Model):
    """An instrument that was to be asked and could not be; `reason` says why and what to do."""

    instrument: str
    form: str
    reason: str
    at: float


class SessionInEpisode(Model):
    """One session of a series; `settled` once everything that follows the stored answers is computed."""

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
    responses: tuple[Response, ...]
    talk_balance: TalkBalance | None
    signals: tuple[Signal, ...]
    guidance: tuple[Guidance, ...]
    not_computed: tuple[NotComputed, ...]
    not_asked: tuple[NotAsked, ...]


class Episode(Model):
    """A course of sessions, oldest first, as far as each client allows it to be seen."""

    id: str
    external_id: str
    style: str
    example: bool
    sessions: tuple[SessionInEpisode, ...]


class Export(BaseModel):
    """An episode as a file."""

    model_config = ConfigDict(frozen=True)

    media_type: str
    name: str
    content: bytes


class Erased(Model):
    """How much an erasure deleted, for your records."""

    sessions: int
    responses: int
    plugin_rows: int


# therapists, platforms, your own settings -------------------------------------------------------------------


class Launch(Model):
    """A link that works once, for a few minutes."""

    url: str = Field(repr=False)


class Adapter(Model):
    """A connection to a video platform, and what came of what it posted; counts are from `since` on."""

    name: str
    title: str
    capabilities: Mapping[str, Any]
    events_url: str | None
    taken: int = 0
    last_at: float | None = None
    since: float | None = None
    refused: Mapping[str, int] = {}
    refused_at: Mapping[str, float] = {}
    unknown_rooms: int = 0
    strangers: int = 0
    reconciliations: int = 0
    looks: int = 0
    failed_looks: int = 0
    trouble: str = ""


class Adapters(Model):
    """All connections, in configured order."""

    adapters: tuple[Adapter, ...]


class Tenant(Model):
    """Your own settings; of `refused_adapters` nothing is taken for you because of them."""

    id: str
    name: str
    require_signed: bool
    refused_adapters: tuple[str, ...]


# webhooks ---------------------------------------------------------------------------------------------------


class Attempt(Model):
    """One attempt to deliver a message; `next_at` is when the next will be made, None when there is none."""

    message: str
    number: int
    outcome: str
    status: int | None
    at: float
    next_at: float | None


class Webhook(Model):
    """An address that is told of events, and the latest attempts, the newest first."""

    id: str
    url: str
    events: tuple[str, ...]
    created_at: float
    disabled_at: float | None
    disabled_reason: str | None
    attempts: tuple[Attempt, ...] = ()


class CreatedWebhook(Webhook):
    """A new webhook with the secret that signs; it is shown only now, and not by `repr`."""

    secret: str = Field(repr=False)


class Webhooks(Model):
    """All of your webhooks, oldest first."""

    webhooks: tuple[Webhook, ...]


class Secret(Model):
    """A new secret; the one before it signs as well until the next change."""

    secret: str = Field(repr=False)


class Replayed(Model):
    """How many messages are sent again."""

    queued: int
