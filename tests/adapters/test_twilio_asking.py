"""What the adapter asks Twilio, over a socket; shapes: twilio.com/docs/video/api, Participants and Rooms."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError
from tests.adapters.fake_rest import FakeRest
from tests.adapters.test_twilio import ROOM, TOKEN, make_adapter

from alliancekit.adapters import OpenRoom, Rejected
from alliancekit.rest import RestError
from alliancekit.testing import FakeClock
from alliancekit.testing.fake_adapter import RecordingHost
from alliancekit_twilio import TwilioCallbacks, TwilioSettings

ACCOUNT = "AC00000000000000000000000000000001"
WHERE = OpenRoom(instance=ROOM, name="visit-1")
NOW = 1_763_766_000.5  # 2025-11-21T23:00:00.5Z
LIST, DETAILS = f"/v1/Rooms/{ROOM}/Participants", f"/v1/Rooms/{ROOM}"


def somebody(number: int, identity: str, start: str = "2025-11-21T22:30:00Z") -> dict[str, Any]:
    return {
        "sid": f"PA{number:032}",
        "room_sid": ROOM,
        "account_sid": ACCOUNT,
        "status": "connected",
        "identity": identity,
        "start_time": start,
        "end_time": None,
        "duration": None,
    }


def listed(*people: Any, next_page: str | None = None) -> dict[str, Any]:
    return {"participants": list(people), "meta": {"page": 0, "next_page_url": next_page}}


@pytest.fixture
async def platform() -> AsyncIterator[FakeRest]:
    basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    async with FakeRest(needs=f"Basic {basic}").running() as server:
        yield server


@pytest.fixture
async def adapter(platform: FakeRest) -> AsyncIterator[TwilioCallbacks]:
    settings = TwilioSettings.model_validate(
        {"secrets": [TOKEN], "account_sid": ACCOUNT, "api": platform.url}
    )
    one = TwilioCallbacks(settings, clock=FakeClock(NOW))
    await one.start(RecordingHost())
    yield one
    await one.stop()


async def test_who_is_connected(platform: FakeRest, adapter: TwilioCallbacks) -> None:
    platform.answers[LIST] = listed(
        somebody(1, "c1"), somebody(2, "ana@clinic.example"), somebody(3, "late", "2025-11-21T23:00:00Z")
    )
    seen = await adapter.snapshot(WHERE)
    assert seen is not None
    assert (seen.kind, seen.room, seen.name, seen.at) == ("roster", ROOM, "visit-1", 1_763_765_999.0)
    assert seen.people == (("c1", f"PA{1:032}"), ("", f"PA{2:032}"))
    assert [path for path, _ in platform.asked] == [f"{LIST}?Status=connected&PageSize=100"]


@pytest.mark.parametrize(
    ("room", "kind", "at"),
    [
        ({"status": "in-progress", "end_time": None}, "roster", 1_763_765_999.0),
        ({"status": "completed", "end_time": "2025-11-21T22:55:00Z"}, "over", 1_763_765_700.0),
        ({"status": "completed", "end_time": None}, "over", NOW),
        ({"status": "completed", "end_time": "2025-11-21T23:05:00Z"}, "over", NOW),
        (404, "roster", 1_763_765_999.0),
    ],
)
async def test_an_empty_room_may_be_completed(
    platform: FakeRest, adapter: TwilioCallbacks, room: Any, kind: str, at: float
) -> None:
    platform.answers |= {LIST: listed(), DETAILS: room}
    seen = await adapter.snapshot(WHERE)
    assert seen is not None
    assert (seen.kind, seen.people, seen.at) == (kind, (), at)


@pytest.mark.parametrize(
    "answer", [404, listed(somebody(1, "c1"), next_page="https://video.twilio.com/v1/x")]
)
async def test_what_twilio_does_not_know_or_lists_in_part_says_nothing(
    platform: FakeRest, adapter: TwilioCallbacks, answer: Any
) -> None:
    platform.answers[LIST] = answer
    assert await adapter.snapshot(WHERE) is None


@pytest.mark.parametrize("answer", [{}, [], {"participants": None}, b"<html>", 302, 503])
async def test_an_answer_of_no_sense_is_an_engineers_trouble(
    platform: FakeRest, adapter: TwilioCallbacks, answer: Any
) -> None:
    platform.answers[LIST] = answer
    with pytest.raises(RestError):
        await adapter.snapshot(WHERE)
    assert adapter.trouble
    platform.answers[LIST] = listed(somebody(1, "c1"))
    await adapter.snapshot(WHERE)
    assert adapter.trouble == ""


async def test_a_participant_without_a_sid_is_malformed(platform: FakeRest, adapter: TwilioCallbacks) -> None:
    platform.answers[LIST] = listed({**somebody(1, "c1"), "sid": None})
    with pytest.raises(Rejected, match="malformed"):
        await adapter.snapshot(WHERE)


async def test_another_auth_token_is_refused(platform: FakeRest) -> None:
    settings = {"secrets": ["9" * 32], "account_sid": ACCOUNT, "api": platform.url}
    adapter = TwilioCallbacks(TwilioSettings.model_validate(settings))
    await adapter.start(RecordingHost())
    with pytest.raises(RestError, match="refuses our key"):
        await adapter.snapshot(WHERE)
    await adapter.stop()


async def test_without_the_account_nothing_is_asked() -> None:
    adapter = make_adapter()
    await adapter.start(RecordingHost())
    assert await adapter.snapshot(WHERE) is None
    assert not adapter.capabilities.snapshot
    with pytest.raises(ValidationError, match="auth token"):
        TwilioSettings(account_sid=ACCOUNT)
