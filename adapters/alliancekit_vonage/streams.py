"""What people publish to a session, as its callbacks say. Pure: no network, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alliancekit.fields import identifier, inside, needed, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What somebody publishes: one camera and microphone, or one screen.

    Attributes:
        id: Vonage's.
        room: the session it is published to.
        person: our id of who publishes it, as it came back; empty where Vonage does not say.
        connection: the connection that publishes it.
        screen: whether it is a screen.
    """

    id: str
    room: str
    person: str
    connection: str
    screen: bool


def stream_of(content: Mapping[str, Any]) -> Stream:
    """The stream of `streamCreated` or `streamDestroyed`.

    Raises:
        Rejected: `malformed`.
    """
    stream = inside(content, "stream")
    connection = inside(stream, "connection")
    return Stream(
        id=needed(stream, "id"),
        room=needed(content, "sessionId"),
        person=person_of(connection.get("data")),
        connection=needed(connection, "id"),
        screen=text(stream, "videoType") == "screen",
    )


def person_of(data: object) -> str:
    """The connection data when it is an identifier; vendors put names and JSON there too, which stay here."""
    return identifier(data) if isinstance(data, str) else ""
