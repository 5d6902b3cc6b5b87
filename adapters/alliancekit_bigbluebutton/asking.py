"""BigBlueButton's API: who is in a meeting.

Checksums and answers: docs.bigbluebutton.org, "API Reference" ("API Security Model", "getMeetingInfo").
"""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import urlencode
from xml.etree import ElementTree

from alliancekit.adapters import Happening, OpenRoom
from alliancekit.rest import Rest, RestError

INTERNAL: Final = re.compile(r"[a-z]_[a-z0-9]{4,32}")
"""BigBlueButton's own ids of users; webhooks have the same (`internal-user-id`)."""


def query(call: str, secret: str, algorithm: str = "sha256", **parameters: str) -> str:
    """The path of a call, with its checksum: the call's name, the query and the secret, hashed."""
    asked = urlencode(parameters)
    checksum = hashlib.new(algorithm, f"{call}{asked}{secret}".encode()).hexdigest()
    return f"/{call}?{asked}{'&' if asked else ''}checksum={checksum}"


async def look(api: Rest, room: OpenRoom, secret: str, algorithm: str, now: float) -> Happening | None:
    """Who is in a meeting; `over` when it ended, or another one has its id by now; None when it cannot tell.

    Attendees are told by BigBlueButton's own ids: who was never seen in a webhook stays unknown.

    Raises:
        RestError: no usable answer.
    """
    answer = await api.get(query("getMeetingInfo", secret, algorithm, meetingID=room.name))
    if answer.status != 200:
        raise RestError(f"BigBlueButton answers with status {answer.status}.", status=answer.status)
    tree = _tree(answer.body)
    # Webhooks come up to a second later than their times say.
    at = now - 1.0
    if tree.findtext("returncode") != "SUCCESS":
        if tree.findtext("messageKey") == "notFound":
            return Happening(kind="roster", room=room.instance, name=room.name, at=at)
        raise RestError(
            "BigBlueButton refuses the call (checksumError means: another secret).",
            fix="The secret that opens its API stands first in secrets.",
        )
    ended = tree.findtext("endTime", "0")
    if tree.findtext("internalMeetingID") != room.instance or ended not in {"0", ""}:
        return Happening(kind="over", room=room.instance, name=room.name, at=now)
    there = [one.findtext("userID", "") for one in tree.iterfind("attendees/attendee")]
    if not all(INTERNAL.fullmatch(one) for one in there):
        return None
    people = tuple(("", one) for one in there)
    return Happening(kind="roster", room=room.instance, name=room.name, at=at, people=people)


def _tree(body: bytes) -> ElementTree.Element:
    """The answer's XML; one that defines a document type could name files or grow without end."""
    try:
        text = body.decode("utf-8")
        if "<!" in text.replace("<![CDATA[", ""):
            raise RestError("BigBlueButton's answer has a document type; that is not read.")
        # Of a text, the parser believes no other encoding; without a document type there are no entities.
        return ElementTree.fromstring(text)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError):
        raise RestError("BigBlueButton's answer is no XML.") from None
