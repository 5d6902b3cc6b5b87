"""What page and service say to each other: the offer over HTTP, then small messages on the data channel.

service → page: `prompt`, `withdraw`, `ping`, `observe`, `replaced` (another connection of this participant
took over; do not reconnect). page → service: `pong`, `ack`, `leave`, `consent`.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

LABEL = "alliancekit"
"""The label of the data channel, which the page creates."""

MAX_MESSAGE = 1024
"""Bytes of one message: larger ones are lost on some tunnelled and relayed paths."""

MAX_SDP = 24_000
"""Characters of an offer's description; a browser's is 2,000 to 8,000."""


class Call(BaseModel):
    """What the page knows of its participant: whether they agreed to have their speaking time observed."""

    consent: bool = False


class Offer(BaseModel):
    """The body of `POST offer`."""

    type: Literal["offer"]
    sdp: str = Field(max_length=MAX_SDP)
    call: Call = Call()


class Pong(BaseModel):
    """The page is there."""

    type: Literal["pong"]
    n: int


class Ack(BaseModel):
    """The page has the prompt."""

    type: Literal["ack"]
    prompt: str = Field(max_length=128)


class Leave(BaseModel):
    """The participant left on purpose."""

    type: Literal["leave"]


class Consent(BaseModel):
    """The participant agreed, or no longer agrees, to have their speaking time observed."""

    type: Literal["consent"]
    talk_balance: bool


FromPage = Pong | Ack | Leave | Consent
"""A message of the page."""

_from_page: TypeAdapter[FromPage] = TypeAdapter(Annotated[FromPage, Field(discriminator="type")])


def read(text: str | bytes) -> FromPage:
    """Read a message of the page.

    Raises:
        ValueError: it is too large, no JSON, or no message of the page.
    """
    if len(text) > MAX_MESSAGE:
        raise ValueError(f"the message is larger than {MAX_MESSAGE} bytes")
    return _from_page.validate_json(text)


def write(**message: object) -> str:
    """Write a message to the page.

    Raises:
        ValueError: it is larger than `MAX_MESSAGE`.
    """
    text = json.dumps(message, separators=(",", ":"))
    if len(text) > MAX_MESSAGE:
        raise ValueError(f"the message is larger than {MAX_MESSAGE} bytes")
    return text
