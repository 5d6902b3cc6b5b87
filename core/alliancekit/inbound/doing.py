"""What came of what a platform said, in counts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Doing:
    """What an adapter did since this process started.

    Attributes:
        taken: messages that were applied.
        last_at: when the last genuine message came, seconds since 1970 UTC; None before the first.
        refused: messages by the reason for which they were refused.
        unknown_rooms: how often a genuine message was about a room that no session waits for.
        strangers: mentions of people who are not in the session, such as bots.
        reconciliations: how often the platform's own list of a room changed what was known.
    """

    taken: int = 0
    last_at: float | None = None
    refused: dict[str, int] = field(default_factory=dict)
    unknown_rooms: int = 0
    strangers: int = 0
    reconciliations: int = 0
