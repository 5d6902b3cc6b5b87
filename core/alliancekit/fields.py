"""Read a platform's message field by field. Pure: no I/O, no clock.

What a platform sends is somebody else's JSON: a number where a text should be, a time in milliseconds, a name
where an identifier was meant. Every function gives what `Happening` needs, or refuses the message.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alliancekit.adapters import Rejected

LONGEST = 1000
"""Characters that an identifier of a platform may have."""

LATEST = 253402300799.0
"""The last second of the year 9999."""

MILLISECONDS = 1e11
"""A number of seconds from here on would be after the year 5138: it counts milliseconds."""

_AN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~|/+=-]{0,127}")


def inside(of: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at a path; an empty one where it or one above is missing or null.

    Raises:
        Rejected: `malformed` when something else stands there.
    """
    here = of
    for key in path:
        value = here.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise Rejected("malformed")
        here = value
    return here


def text(of: Mapping[str, Any], *keys: str) -> str:
    """The first of several fields that says something; empty where none does. Integers are written out.

    Raises:
        Rejected: `malformed`: neither text nor integer, longer than `LONGEST`, or with control characters.
    """
    for key in keys:
        value = of.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            if abs(value) >= 2**63:
                raise Rejected("malformed")
            return str(value)
        if not isinstance(value, str) or len(value) > LONGEST:
            raise Rejected("malformed")
        if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in value):
            raise Rejected("malformed")
        return value
    return ""


def needed(of: Mapping[str, Any], *keys: str) -> str:
    """As `text`, but something must be there.

    Raises:
        Rejected: `malformed`.
    """
    found = text(of, *keys)
    if not found:
        raise Rejected("malformed")
    return found


def moment(of: Mapping[str, Any], *keys: str) -> float | None:
    """The first of several times that is there, in seconds since 1970 UTC; None where none is.

    Numbers count seconds, or milliseconds when they are too large for that; texts are ISO 8601 with a zone.

    Raises:
        Rejected: `malformed`: no time, one before 1970, or one without a zone.
    """
    for key in keys:
        value = of.get(key)
        if value is None or value == "":
            continue
        return _seconds(value)
    return None


def _seconds(value: object) -> float:
    if isinstance(value, str) and len(value) <= 40:
        try:
            when = datetime.fromisoformat(value)
            seconds = when.timestamp() if when.tzinfo is not None else math.nan
        except (ValueError, OverflowError):
            raise Rejected("malformed") from None
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LATEST * 1000:
        seconds = float(value)
        seconds = seconds / 1000 if seconds >= MILLISECONDS else seconds
    else:
        raise Rejected("malformed")
    if not 0 <= seconds <= LATEST:
        raise Rejected("malformed")
    return seconds


def identifier(value: str) -> str:
    """A value that may be an identifier; empty for what may be a name, an e-mail address or a piece of JSON.

    An identifier has no blank, no `@` and at most 128 letters, digits and `._:~|/+=-` of ASCII.
    """
    return value if _AN_ID.fullmatch(value) else ""
