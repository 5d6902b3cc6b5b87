"""Who is who in a VideoRoom, from what Janus says of a participant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

OURS: Final = "alliancekit-"
"""What the ids of our own observers begin with, where ids are texts."""

OUR_NAME: Final = "AllianceKit"
"""What our observers are called in a room."""

LONGEST: Final = 200
"""Characters of an id of ours or the vendor's."""

Identity = Literal["id", "display"]


@dataclass(frozen=True, slots=True)
class Someone:
    """A participant of a room: our id of the person, empty where Janus told none, and Janus's own id."""

    person: str
    connection: str


def someone(entry: Mapping[str, Any], identity: Identity) -> Someone | None:
    """Who an entry of a list or an event is about; None for nobody: no id, a dummy, an observer of ours.

    A display is taken for an id only where the site says so, and never with a space or an `@` in it: that
    is a name or an address, which stays here.
    """
    connection = id_of(entry.get("id"))
    display = entry.get("display")
    if not connection or entry.get("dummy") is True:
        return None
    if connection.startswith(OURS) or display == OUR_NAME:
        return None
    if identity == "id":
        return Someone(person_of(connection), connection)
    text = display if isinstance(display, str) else ""
    named = any(sign.isspace() or sign == "@" for sign in text) or len(text) > LONGEST
    return Someone("" if named else person_of(text), connection)


def person_of(text: str) -> str:
    """The person's id without what tells one page load from another."""
    return text.partition("~")[0]


def id_of(value: object) -> str:
    """Janus's id of a room or a participant as a text; empty when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if len(text) <= LONGEST else ""
