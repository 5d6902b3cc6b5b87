"""Made-up earlier visits, so that the therapist's page has a course to show. Leave it out of your product."""

from __future__ import annotations

import time

from clinic import EPISODE, PEOPLE

from alliancekit.client import AsyncAllianceKit
from alliancekit.mounted import Mounted
from alliancekit.testing import Episode
from alliancekit.testing.stored import write_episode

WEEK = 7 * 86400.0
CLIENT = (74, 78, 76, 80, 62, 79, 82)
THERAPIST = (70, 72, 75, 75, 72, None, 76)
TALK = (0.52, 0.55, 0.57, 0.60, 0.41, 0.56, 0.61)
"""Percents, and the client's share of the speech, one a week."""


async def write(alliance: Mounted, kit: AsyncAllianceKit) -> int:
    """Store them, marked as example data; how many."""
    now, tenant = time.time(), (await kit.tenant.get()).id
    course = Episode(
        CLIENT, therapist=THERAPIST, talk=TALK, style="supportive", began=now - len(CLIENT) * WEEK
    )
    await alliance.service.database.write(
        lambda conn: write_episode(
            conn,
            tenant,
            alliance.service.instruments,
            course,
            name=EPISODE,
            now=now,
            prefix="visit",
            client=PEOPLE["sam"].pseudonym,
            therapist=PEOPLE["dr-lind"].pseudonym,
            adapter="webrtc",
            example=True,
        )
    )
    return len(CLIENT)
