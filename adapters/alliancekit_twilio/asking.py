"""Twilio's API: who is in a room, and whether it was completed.

Shapes: twilio.com/docs/video/api, "Participants" and "Rooms".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from alliancekit.adapters import Happening, OpenRoom
from alliancekit.fields import inside, moment, needed, text
from alliancekit.rest import Answer, Rest, RestError

MOST = 100
"""Participants on one page; a room has at most 50."""


async def look(api: Rest, room: OpenRoom, now: float) -> Happening | None:
    """Who is in a room, or that it was completed; None when Twilio does not know it, or lists only a part.

    Raises:
        RestError: no usable answer.
        Rejected: `malformed`.
    """
    path = f"/v1/Rooms/{quote(room.instance, safe='')}"
    listed = _object(await api.get(f"{path}/Participants?Status=connected&PageSize={MOST}"))
    if listed is None or text(inside(listed, "meta"), "next_page_url"):
        return None
    # Times of callbacks may be rounded: who left meanwhile must not seem to come back.
    at = math.floor(now) - 1.0
    found = listed.get("participants")
    if not isinstance(found, list):
        raise RestError("Twilio lists no participants.")
    there = [one for one in found if isinstance(one, Mapping)]
    if not there:
        told = _object(await api.get(path)) or {}
        if text(told, "status") == "completed":
            ended = moment(told, "end_time") or now
            return Happening(kind="over", room=room.instance, name=room.name, at=min(ended, now))
    people = tuple(
        (person_of(text(one, "identity")), needed(one, "sid"))
        for one in there
        if (moment(one, "start_time") or 0.0) <= at
    )
    return Happening(kind="roster", room=room.instance, name=room.name, at=at, people=people)


def person_of(identity: str) -> str:
    """The identity of an access token; one that is an e-mail address stays here."""
    return "" if "@" in identity else identity


def _object(answer: Answer) -> Mapping[str, Any] | None:
    if answer.status == 404:
        return None
    found = answer.json()
    if answer.status != 200 or not isinstance(found, Mapping):
        raise RestError(f"Twilio answers with status {answer.status}.", status=answer.status)
    return found
