"""What the adapter asks BigBlueButton, over a socket; shapes: docs.bigbluebutton.org, "API Reference"."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError
from tests.adapters.fake_rest import FakeRest
from tests.adapters.test_bigbluebutton import MEETING
from tests.adapters.webhooks import NOW, SECRET

from alliancekit.adapters import OpenRoom
from alliancekit.rest import RestError
from alliancekit.testing import FakeClock
from alliancekit.testing.fake_adapter import RecordingHost
from alliancekit_bigbluebutton import BigBlueButtonSettings, BigBlueButtonWebhooks, asking

WHERE = OpenRoom(instance=MEETING, name="ses 7&x=1")
PATH = "/bigbluebutton/api/getMeetingInfo"


def info(*users: str, internal: str = MEETING, ended: int = 0) -> bytes:
    people = "".join(
        f"<attendee><userID>{user}</userID><fullName>Ada Lovelace</fullName><role>VIEWER</role>"
        "<isPresenter>false</isPresenter><isListeningOnly>false</isListeningOnly>"
        "<customdata><note><![CDATA[a & b]]></note></customdata></attendee>"
        for user in users
    )
    return (
        "<response>\n\t<returncode>SUCCESS</returncode><meetingName>Ada's room</meetingName>"
        f"<meetingID>ses 7</meetingID><internalMeetingID>{internal}</internalMeetingID>"
        f"<running>true</running><startTime>1763764200142</startTime><endTime>{ended}</endTime>"
        f"<participantCount>{len(users)}</participantCount><attendees>{people}</attendees>"
        "<metadata></metadata><isBreakout>false</isBreakout></response>"
    ).encode()


def failed(key: str) -> bytes:
    return f"<response><returncode>FAILED</returncode><messageKey>{key}</messageKey></response>".encode()


@pytest.fixture
async def platform() -> AsyncIterator[FakeRest]:
    async with FakeRest().running() as server:
        yield server


@pytest.fixture
async def adapter(platform: FakeRest) -> AsyncIterator[BigBlueButtonWebhooks]:
    settings = BigBlueButtonSettings.model_validate(
        {"secrets": [SECRET], "api": f"{platform.url}/bigbluebutton/api"}
    )
    one = BigBlueButtonWebhooks(settings, clock=FakeClock(NOW))
    await one.start(RecordingHost())
    yield one
    await one.stop()


def test_the_published_checksum() -> None:
    """From "API Security Model": name=Test+Meeting…, SHA-1."""
    asked = {"name": "Test Meeting", "meetingID": "abc123", "attendeePW": "111222", "moderatorPW": "333444"}
    assert asking.query("create", "639259d4-9dd8-4b25-bf01-95f9567eaf4b", "sha1", **asked) == (
        "/create?name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444"
        "&checksum=1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17"
    )


async def test_who_is_in_the_meeting(platform: FakeRest, adapter: BigBlueButtonWebhooks) -> None:
    platform.answers[PATH] = info("w_ftcrsyuh44oj", "v_abcdefgh1234")
    seen = await adapter.snapshot(WHERE)
    assert seen is not None
    assert (seen.kind, seen.room, seen.name, seen.at) == ("roster", MEETING, "ses 7&x=1", NOW - 1)
    assert seen.people == (("", "w_ftcrsyuh44oj"), ("", "v_abcdefgh1234"))
    assert "Ada" not in repr(seen)
    [(path, _)] = platform.asked
    query = "meetingID=ses+7%26x%3D1"
    checksum = hashlib.sha256(f"getMeetingInfo{query}{SECRET}".encode()).hexdigest()
    assert path == f"{PATH}?{query}&checksum={checksum}"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (info(), "roster"),
        (failed("notFound"), "roster"),
        (info("w_ftcrsyuh44oj", ended=1_763_766_000_000), "over"),
        (info("w_ftcrsyuh44oj", internal="another-1763769999999"), "over"),
    ],
)
async def test_nobody_is_there_or_it_is_over(
    platform: FakeRest, adapter: BigBlueButtonWebhooks, answer: bytes, kind: str
) -> None:
    """A server that does not know a meeting may have been restarted: two such looks tell that all went."""
    platform.answers[PATH] = answer
    seen = await adapter.snapshot(WHERE)
    assert seen is not None
    assert (seen.kind, seen.room, seen.people) == (kind, MEETING, ())


async def test_ids_that_are_not_bigbluebuttons_own_say_nothing(
    platform: FakeRest, adapter: BigBlueButtonWebhooks
) -> None:
    """They would make everybody known seem to be gone."""
    platform.answers[PATH] = info("w_ftcrsyuh44oj", "par_client")
    assert await adapter.snapshot(WHERE) is None


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><response>&b;</response>'
FILE = (
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><response><returncode>&a;</returncode></response>'
)


@pytest.mark.parametrize(
    "answer",
    [
        LAUGHS,
        FILE,
        FILE.decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-16"?>' + FILE,
        b"",
        b"<response>",
        b"\xff<response/>",
        b"{}",
        failed("checksumError"),
        302,
        500,
    ],
)
async def test_an_answer_that_is_not_to_be_read_is_an_engineers_trouble(
    platform: FakeRest, adapter: BigBlueButtonWebhooks, answer: Any
) -> None:
    platform.answers[PATH] = answer
    with pytest.raises(RestError):
        await adapter.snapshot(WHERE)
    assert adapter.trouble
    platform.answers[PATH] = info("w_ftcrsyuh44oj")
    await adapter.snapshot(WHERE)
    assert adapter.trouble == ""


async def test_without_the_api_or_the_meetings_id_nothing_is_asked(
    platform: FakeRest, adapter: BigBlueButtonWebhooks
) -> None:
    assert await adapter.snapshot(OpenRoom(instance=MEETING)) is None
    plain = BigBlueButtonWebhooks(BigBlueButtonSettings())
    await plain.start(RecordingHost())
    assert await plain.snapshot(WHERE) is None
    assert not plain.capabilities.snapshot
    assert platform.asked == []


@pytest.mark.parametrize(
    "fields",
    [{"api": "https://bbb.example/bigbluebutton/api"}, {"api": "bbb.example", "secrets": [SECRET]}],
)
def test_settings_that_cannot_work_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BigBlueButtonSettings.model_validate(fields)
