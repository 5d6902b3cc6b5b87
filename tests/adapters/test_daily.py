"""Daily's webhooks: the signature, the probe, meetings and participants."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, ValidationError
from tests.adapters.fake_rest import FakeRest
from tests.adapters.webhooks import NOW, OTHER, SECRET, Hostile, calls, happenings, posted, refusal, vectors
from tests.services import until
from typing_extensions import override

from alliancekit.adapters import Challenge, Happening, OpenRoom, RawRequest, WebhookAdapter
from alliancekit.events import Role
from alliancekit.rest import RestError
from alliancekit.testing import FakeClock, Recorded
from alliancekit.testing.fake_adapter import RecordingHost
from alliancekit_daily import Daily, DailySettings, DailyWebhooks

SAMPLES = vectors("daily")


def encoded(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


def make(*secrets: str) -> WebhookAdapter:
    """`secrets` as Daily shows them: base64."""
    (adapter,) = Daily(DailySettings(secrets=tuple(SecretStr(one) for one in secrets))).register_adapters()
    assert isinstance(adapter, WebhookAdapter)
    return adapter


def signed(body: bytes, at: float = NOW) -> RawRequest:
    mac = hmac.new(SECRET.encode(), f"{int(at)}.".encode() + body, hashlib.sha256).digest()
    headers = {"X-Webhook-Timestamp": str(int(at)), "X-Webhook-Signature": base64.b64encode(mac).decode()}
    return posted(body, headers)


def said(kind: str, at: float = NOW, **payload: Any) -> dict[str, Any]:
    return {
        "version": "1.0.0",
        "type": kind,
        "id": f"{kind}-{payload.get('session_id', 'm')}-{at:.0f}-0000",
        "payload": {"room": "ses-7", **payload},
        "event_ts": at,
    }


def somebody(session: str = "c-1", user: str = "par_client", **more: Any) -> dict[str, Any]:
    return {"session_id": session, "user_id": user, "user_name": "Ada Lovelace", "owner": False, **more}


def told(content: dict[str, Any]) -> list[Happening]:
    return list(happenings(make(encoded(SECRET)), signed(json.dumps(content).encode())))


def call() -> list[tuple[float, dict[str, Any]]]:
    def left(after: int, since: int, *who: str) -> dict[str, Any]:
        there = somebody(*who, joined_at=NOW + since, duration=after - since)
        return said("participant.left", NOW + after + 0.4, **there)

    def joined(after: int, *who: str) -> dict[str, Any]:
        return said("participant.joined", NOW + after + 0.4, **somebody(*who, joined_at=NOW + after))

    therapist = ("t-1", "par_therapist")
    events: list[tuple[int, dict[str, Any]]] = [
        (1, said("meeting.started", NOW, start_ts=NOW, meeting_id="m-1")),
        (1, joined(0)),
        (6, joined(5, *therapist)),
        (901, left(900, 0)),
        (921, joined(920, "c-2")),
        (2991, left(2990, 920, "c-2", "par_client")),
        (2996, left(2995, 5, *therapist)),
        (3012, said("meeting.ended", NOW + 3011, start_ts=NOW, end_ts=NOW + 2995, meeting_id="m-1")),
    ]
    return [(NOW + after, content) for after, content in events]


class TestContract(Hostile):
    secret = encoded(SECRET)
    other_secret = encoded(OTHER)
    signed_headers: ClassVar[tuple[str, ...]] = ("x-webhook-timestamp", "x-webhook-signature")
    people: ClassVar[Mapping[str, Role]] = {"par_client": "client", "par_therapist": "therapist"}
    names: ClassVar[tuple[str, ...]] = ("Ada Lovelace",)

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make(*secrets)

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return calls(self.sign, call())


@pytest.mark.parametrize("one", SAMPLES["vectors"], ids=[one["note"] for one in SAMPLES["vectors"]])
def test_samples(one: dict[str, Any]) -> None:
    request, adapter = posted(one["raw_body"].encode(), one["headers"]), make(one["secret"])
    if not one["valid"]:
        assert refusal(adapter, request, one["now"]) == one["reason"]
        return
    (joined,) = happenings(adapter, request, one["now"])
    assert joined == Happening(
        kind="joined",
        room="ses-7",
        name="ses-7",
        at=1763766005.12,
        person="par_client",
        connection="0c0d2dda-f21e-4851-9c2a-1fa0c5a7d6c1",
        joined_at=1763766005.12,
    )


class TestProbe:
    def test_unsigned_and_signed(self) -> None:
        for request in (posted(b'{"test":"test"}', {}), signed(b'{"test": "test"}')):
            for adapter in (make(encoded(SECRET)), make(encoded(SECRET), encoded(OTHER))):
                answer = adapter.verify(request, NOW)
                assert isinstance(answer, Challenge)
                assert answer.status == 200

    def test_before_there_is_a_secret(self) -> None:
        """Daily may make the secret itself, and shows it after the probe only."""
        assert isinstance(make().verify(posted(b'{"test":"test"}', {}), NOW), Challenge)

    @pytest.mark.parametrize(
        "body",
        [
            b'{"test":"test","type":"meeting.ended"}',
            b'{"test":"other"}',
            b"{}",
            b'{"type":"meeting.ended"}',
        ],
    )
    def test_nothing_else_goes_unsigned(self, body: bytes) -> None:
        assert refusal(make(encoded(SECRET)), posted(body, {})) == "unsigned"

    def test_a_probe_with_a_wrong_signature_is_none(self) -> None:
        headers = {"X-Webhook-Timestamp": str(int(NOW)), "X-Webhook-Signature": encoded("x" * 32)}
        assert refusal(make(encoded(SECRET)), posted(b'{"test":"test"}', headers)) == "bad_signature"


class TestHappenings:
    def test_a_leaving_knows_since_when_and_for_how_long(self) -> None:
        content = said("participant.left", NOW + 99, **somebody(joined_at=NOW - 600, duration=590.5))
        (one,) = told(content)
        assert (one.kind, one.at, one.joined_at, one.how) == ("left", NOW - 9.5, NOW - 600, "left")
        (short,) = told(said("participant.left", NOW + 99, **somebody()))
        assert (short.at, short.joined_at) == (NOW + 99, None)

    def test_meetings(self) -> None:
        (started,) = told(said("meeting.started", NOW + 1, start_ts=NOW))
        (over,) = told(said("meeting.ended", NOW + 20, end_ts=NOW + 2))
        assert [(one.kind, one.at) for one in (started, over)] == [("started", NOW), ("over", NOW + 2)]

    @pytest.mark.parametrize("user", ["Ada Lovelace", "ada@example.org", None])
    def test_a_user_id_that_is_none_stays_here(self, user: Any) -> None:
        (one,) = told(said("participant.joined", NOW, **{**somebody(), "user_id": user}))
        assert one.person == ""

    @pytest.mark.parametrize("kind", ["waiting-participant.joined", "recording.started", ""])
    def test_everything_else_says_nothing(self, kind: str) -> None:
        assert told(said(kind)) == []


@pytest.mark.parametrize("secret", ["not base64!", base64.b64encode(b"short").decode(), ""])
def test_a_secret_is_base64_as_daily_shows_it(secret: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DailySettings.model_validate({"secrets": [secret]})
    assert not secret or secret not in str(caught.value)


# asking Daily ------------------------------------------------------------------------------------------
# Shapes: docs.daily.co/reference/rest-api/rooms/get-room-presence and .../webhooks.

ROOM = OpenRoom(instance="ses-7", name="ses-7")
JOINED = "2025-11-21T22:50:00.000Z"
OURS = "https://feedback.example.org/v1/adapters/daily/events"


def present(**more: Any) -> dict[str, Any]:
    one = {
        "room": "ses-7",
        "id": "d61cd7b2-a273-42b4-89bd-be763fd562c1",
        "userId": "par_client",
        "userName": "Ada Lovelace",
        "mtgSessionId": "16e9701a-93e0-4933-83c9-223e7c40d552",
        "joinTime": JOINED,
        "duration": 600,
    }
    return {**one, **more}


@pytest.fixture
async def platform() -> AsyncIterator[FakeRest]:
    async with FakeRest(needs="Bearer key-of-the-domain").running() as server:
        server.answers["/v1/webhooks"] = [{"uuid": "w1", "url": OURS, "state": "ACTIVE", "failedCount": 0}]
        yield server


async def connected(platform: FakeRest, key: str = "key-of-the-domain") -> DailyWebhooks:
    settings = DailySettings(api_key=SecretStr(key), api=f"{platform.url}/v1")
    adapter = DailyWebhooks(settings, clock=FakeClock(NOW))
    await adapter.start(RecordingHost())
    return adapter


async def test_who_is_in_the_room(platform: FakeRest) -> None:
    """Presence may be 15 s old: it must not bring back who left meanwhile, nor move who came."""
    just_now = "2025-11-21T22:59:50.000Z"
    people = [present(), present(id="p2", userId=None), present(id="p3", joinTime=just_now)]
    platform.answers["/v1/rooms/ses-7/presence"] = {"total_count": 3, "data": people}
    adapter = await connected(platform)
    seen = await adapter.snapshot(ROOM)
    assert seen is not None
    assert (seen.kind, seen.room, seen.at) == ("roster", "ses-7", NOW - 16)
    assert seen.people == (("par_client", "d61cd7b2-a273-42b4-89bd-be763fd562c1"), ("", "p2"))
    assert "Ada" not in repr(seen)
    await adapter.stop()


@pytest.mark.parametrize("answer", [{"total_count": 2, "data": [present()]}, {}, [], {"data": {}}])
async def test_half_a_list_says_nothing(platform: FakeRest, answer: Any) -> None:
    platform.answers["/v1/rooms/ses-7/presence"] = answer
    adapter = await connected(platform)
    assert await adapter.snapshot(ROOM) is None
    await adapter.stop()


@pytest.mark.parametrize("status", [404, 429, 500])
async def test_a_look_that_fails_is_no_empty_room(platform: FakeRest, status: int) -> None:
    platform.answers["/v1/rooms/ses-7/presence"] = status
    adapter = await connected(platform)
    with pytest.raises(RestError):
        await adapter.snapshot(ROOM)
    await adapter.stop()


async def test_without_a_key_nothing_is_asked() -> None:
    adapter = DailyWebhooks(DailySettings())
    await adapter.start(RecordingHost())
    assert await adapter.snapshot(ROOM) is None
    assert not adapter.capabilities.snapshot
    await adapter.stop()


@pytest.mark.parametrize(
    ("hooks", "told"),
    [
        ([{"url": OURS, "state": "FAILED"}], "switched the webhook off"),
        ([{"url": OURS, "state": "FAILED"}, {"url": OURS, "state": "ACTIVE"}], ""),
        ([{"url": "https://elsewhere.example/hook", "state": "ACTIVE"}, None], "no webhook"),
        ([], "no webhook"),
        (500, "fails"),
        ({}, "status 200"),
    ],
)
async def test_a_webhook_that_daily_switched_off_is_an_engineers_trouble(
    platform: FakeRest, hooks: Any, told: str
) -> None:
    """Without webhooks no room would ever be looked into: this is asked for by itself."""
    platform.answers["/v1/webhooks"] = hooks
    adapter = await connected(platform)
    await until(lambda: bool(platform.asked))
    await until(lambda: bool(adapter.trouble) == bool(told))
    assert told in adapter.trouble
    await adapter.stop()


async def test_a_wrong_key_is_told(platform: FakeRest) -> None:
    adapter = await connected(platform, key="another")
    await until(lambda: "refuses our key" in adapter.trouble)
    await adapter.stop()
