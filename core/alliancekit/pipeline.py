"""What happens after the commit: each kind of outbox row, its hooks, and what they leave behind.

Every handler may run twice for one row (a crash between its work and its tick mark), so each one replaces what
it left before. One session's rows run in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from alliancekit import events, outbox
from alliancekit.dispatch import Outcome
from alliancekit.feedback import Asking
from alliancekit.hooks import Hooks
from alliancekit.store import series
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database

Payload = Mapping[str, Any]


class Pipeline:
    """The handlers of the outbox, by kind.

    Args:
        updated: called with (tenant, session) whenever the therapist's page has something new to show.
    """

    def __init__(
        self,
        database: Database,
        hooks: Hooks,
        asking: Asking,
        *,
        updated: Callable[[str, str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._hooks = hooks
        self._asking = asking
        self._updated = updated
        self._clock = clock

    def handlers(self) -> dict[str, outbox.Handler]:
        """Handler by kind of outbox row."""
        return {
            "session_started": self.session_started,
            "participant_joined": self.participant_joined,
            "participant_left": self.participant_left,
            "session_ended": self.session_ended,
            "ask": self.ask,
            "feedback_requested": self.feedback_requested,
            "feedback_captured": self.feedback_captured,
        }
