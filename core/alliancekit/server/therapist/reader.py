"""Who reads the therapist's pages: in which language, with the dates of which zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alliancekit.languages import Language
from alliancekit.languages.pages import Words
from alliancekit.server.therapist.sentences import SECTION
from alliancekit.server.tokens import TherapistClaims
from alliancekit.service import Service
from alliancekit.store import readers
from alliancekit.web.rating import accepted


async def words_of(service: Service, claims: TherapistClaims | None, accept_language: str = "") -> Words:
    """The words of the therapist's pages for whoever reads them; without claims the browser alone decides."""
    wanted, zone = accepted(accept_language), ""
    if claims is not None:
        reader = await service.database.read(
            lambda conn: readers.therapist(conn, claims.tenant, claims.therapist)
        )
        wanted, zone = ((reader.language,) if reader.language else wanted), reader.timezone
    return Words(service.languages.find(*wanted), SECTION, timezone=_known(zone))


async def language_of(
    service: Service, claims: TherapistClaims | None, accept_language: str = ""
) -> Language:
    """What the reader chose, else what their last session was held in, else their browser's, else English.

    Args:
        service: whose languages there are.
        claims: who reads; None for somebody who is not signed in.
        accept_language: the header of the request.
    """
    return (await words_of(service, claims, accept_language)).language


def _known(zone: str) -> str:
    try:
        return ZoneInfo(zone).key if zone else "UTC"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
