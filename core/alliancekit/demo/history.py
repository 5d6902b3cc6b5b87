"""Example data: a made-up course of therapy, so that the therapist's page has a past to show.

It is written straight into the database because the API does not take sessions from the past, and every
session is marked as example data. The numbers are invented; they describe nobody. What they mean is not: the
loaded plugins review each session as they do after a real call.
"""

from __future__ import annotations

from sqlalchemy import Connection

from alliancekit.demo.vendor import CLIENT, EPISODE, THERAPIST
from alliancekit.instruments.catalogue import Instruments
from alliancekit.testing.episode import WEEK, Episode
from alliancekit.testing.stored import write_episode

COURSE: tuple[tuple[float, float | None, float], ...] = (
    (77, 70, 0.52),
    (80, 72, 0.55),
    (78, 75, 0.57),
    (83, 75, 0.60),
    (58, 72, 0.41),
    (76, None, 0.56),
    (84, 76, 0.61),
)
"""One line a session: percents of client and therapist (None: not answered), the client's talk share."""


def seed(conn: Connection, tenant: str, instruments: Instruments, *, style: str, now: float) -> None:
    """Write the example sessions, one a week, the last one a week ago, and queue their reviews."""
    clients, therapists, talk = zip(*COURSE, strict=True)
    course = Episode(clients, therapist=therapists, talk=talk, style=style, began=now - len(COURSE) * WEEK)
    write_episode(
        conn,
        tenant,
        instruments,
        course,
        name=EPISODE,
        now=now,
        prefix="example",
        client=CLIENT,
        therapist=THERAPIST,
        adapter="webrtc",
        example=True,
    )
