"""The session state machine: facts about presence in, segments and the end out. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A connection of a participant was there at `at`.

    Sent on join, on return and as often as the platform lists who is in the room. `joined_at` is when this
    connection joined, where the platform knows.
    """

    connection: str
    participant: str
    at: float
    joined_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A connection of a participant ended at `at`: left on purpose, or dropped."""

    connection: str
    participant: str
    at: float
    joined_at: float | None = None
    how: Literal["left", "dropped"] = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """Somebody or the platform said the call is over at `at`; `roster` lists every presence it knows of."""

    at: float
    roster: tuple[Gone, ...] = ()


Fact = Present | Gone | Over
"""What an adapter reports. Facts may arrive twice, late, in any order, or not at all."""
