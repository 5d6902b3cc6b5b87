"""The body that a host posts; `message.schema.json` is made from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from alliancekit.adapters import Happening

Id = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f@]*$")]
"""The vendor's own pseudonymous identifier; never a name or an e-mail address."""

Time = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
"""Seconds since 1970 UTC."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Someone(_Part):
    """Somebody in a roster."""

    person: Id = Field(min_length=1, description="the external_id of the participant")
    connection: Id = Field("", description="your id of this one presence; empty if you have none")


class PushedHappening(_Part):
    """One thing that happened in a call."""

    kind: Literal["started", "joined", "left", "roster", "over", "spoke", "cancelled"]
    room: Id = Field(min_length=1, description="your id of this one meeting; a new one for every meeting")
    name: Id = Field("", description="the `room` of POST /v1/sessions; with every happening, if you can")
    at: Time = Field(description="when it happened, seconds since 1970 UTC")
    person: Id = Field("", description="joined, left, spoke: the external_id of the participant")
    connection: Id = Field("", description="joined, left: your id of this one presence")
    how: Literal["left", "dropped", "ejected", "declined"] = Field("left", description="left: how")
    joined_at: Time | None = Field(None, description="joined, left: when this presence began")
    people: tuple[Someone, ...] = Field((), max_length=100, strict=False, description="roster: who is there")
    seconds: float = Field(
        0.0, ge=0, le=86400, allow_inf_nan=False, description="spoke: how long, up to `at`"
    )

    def happening(self) -> Happening:
        """The same, as the host takes it."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "people"}
        return Happening(**values, people=tuple((one.person, one.connection) for one in self.people))


class PushMessage(_Part):
    """One message: what happened, in any order; sent again until the answer is 2xx, with the same id."""

    happenings: tuple[PushedHappening, ...] = Field(min_length=1, max_length=100, strict=False)
