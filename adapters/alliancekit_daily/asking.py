"""Daily's API: who is in a room, and whether the webhooks still come.

Shapes: docs.daily.co, "rooms/:name/presence" and "Webhooks". Presence may be 15 seconds old.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from alliancekit.adapters import Happening
from alliancekit.fields import identifier, moment, needed, text
from alliancekit.rest import Rest, RestError

LATE: Final = 16.0
"""Seconds by which what Daily lists may be old, and one for rounding."""

OURS: Final = "/v1/adapters/daily/events"
"""How the addresses of our webhooks end."""


async def roster(api: Rest, room: str, now: float) -> Happening | None:
    """Who is in a room; None when Daily lists only a part.

    Raises:
        RestError: no usable answer.
        Rejected: `malformed`.
    """
    answer = await api.get(f"/rooms/{quote(room, safe='')}/presence")
    if answer.status != 200:
        raise RestError(f"Daily answers with status {answer.status}.", status=answer.status)
    found = answer.json()
    listed = found.get("data") if isinstance(found, Mapping) else None
    if not isinstance(listed, list) or found.get("total_count") != len(listed):
        return None
    at = now - LATE
    there = [one for one in listed if _object(one) and (moment(one, "joinTime") or 0.0) <= at]
    people = tuple((identifier(text(one, "userId")), needed(one, "id")) for one in there)
    return Happening(kind="roster", room=room, name=room, at=at, people=people)


async def trouble(api: Rest) -> str:
    """What is wrong with the webhooks that come to us, and what to do; empty when nothing is.

    Raises:
        RestError: no usable answer.
    """
    answer = await api.get("/webhooks")
    found = answer.json()
    if answer.status != 200 or not isinstance(found, list):
        raise RestError(f"Daily answers with status {answer.status}.", status=answer.status)
    ours = [one for one in found if _object(one) and urlsplit(str(one.get("url"))).path.endswith(OURS)]
    if not ours:
        return "Daily has no webhook with an address of ours: make one."
    if all(one.get("state") == "FAILED" for one in ours):
        return "Daily switched the webhook off after failures: update it (POST /webhooks/<uuid>)."
    return ""


def _object(value: Any) -> bool:
    return isinstance(value, Mapping)
