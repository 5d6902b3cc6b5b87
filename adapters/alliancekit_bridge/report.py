"""What a page posts about its own participant, and the facts in it. Pure: no I/O, no clock."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alliancekit.events import Participant, SpeechSpan
from alliancekit.sessions import Fact, Gone, Over, Present

LONGEST_MS = 12 * 3600 * 1000
"""How long ago something may have happened, and how long speech may last: no call and no outage is longer."""

MAX_EVENTS = 50

PREFIX = "bridge-"
"""How the ids of all presences that pages report begin."""

Milliseconds = Annotated[int, Field(ge=0, le=LONGEST_MS)]


class Said(BaseModel):
    """One thing that happened to the page's own participant.

    Attributes:
        kind: `here`: the participant is still in the call; `ended`: the call is over for everybody.
        ago: milliseconds before the page sent this; the page's clock is never asked what time it is.
        how: for `left`: on purpose, lost, sent out by somebody, or never admitted.
        ms: for `spoke`: how long, up to `ago`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Literal["joined", "here", "left", "ended", "spoke"]
    ago: Milliseconds
    how: Literal["left", "dropped", "ejected", "declined"] | None = None
    ms: Milliseconds | None = None

    @model_validator(mode="after")
    def _fits(self) -> Said:
        if (self.kind == "left") != (self.how is not None):
            raise ValueError("`how` belongs to `left`")
        if (self.kind == "spoke") != bool(self.ms):
            raise ValueError("`ms` belongs to `spoke`, and is more than 0")
        return self


class Report(BaseModel):
    """The body of `POST report`.

    Attributes:
        connection: the page's own id of this presence, new after every leave.
        consent: whether the participant agreed that speaking times are observed.
        events: what happened, in order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    connection: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    consent: bool = False
    events: Annotated[list[Said], Field(min_length=1, max_length=MAX_EVENTS)]


def connection_key(participant: str, connection: str) -> str:
    """What a presence is stored under: with the participant in it, so that nobody can name another's."""
    digest = hashlib.sha256(f"{participant}\0{connection}".encode()).hexdigest()
    return f"{PREFIX}{digest[:32]}"


def facts_of(
    report: Report, person: Participant, key: str, now: float, *, heard: float | None = None
) -> list[Fact]:
    """What a report says about presence, by the service's clock.

    `heard` is the latest time that earlier reports told of this presence. A leaving is never before it: else
    a beat that was longer on its way than the leaving after it would count as coming back.

    A participant speaks for themself only. That the call is over is believed of a therapist, once pages of a
    client and of a therapist were in it together; from anybody else it means that they left.
    """
    facts: list[Fact] = []
    for one in report.events:
        at = now - one.ago / 1000
        if one.kind in {"joined", "here"}:
            since = at if one.kind == "joined" else None
            facts.append(Present(connection=key, participant=person.id, at=at, joined_at=since))
        elif one.kind in {"left", "ended"}:
            at = at if heard is None else max(at, heard)
            facts.append(
                Gone(
                    connection=key,
                    participant=person.id,
                    at=at,
                    how="dropped" if one.how == "dropped" else "left",
                    sent_out=one.how in {"ejected", "declined"},
                )
            )
            if one.kind == "ended" and person.role == "therapist":
                facts.append(Over(at=at, room=PREFIX))
    return facts


def spans_of(report: Report, person: Participant, now: float) -> list[SpeechSpan]:
    """When the participant spoke, by the service's clock."""
    return [
        SpeechSpan(role=person.role, start=now - (one.ago + one.ms) / 1000, end=now - one.ago / 1000)
        for one in report.events
        if one.ms is not None
    ]
