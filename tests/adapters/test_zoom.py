"""Zoom's webhooks: the signature, the check of the address, meetings and Video SDK sessions."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, ValidationError
from tests.adapters.webhooks import (
    NOW,
    OTHER,
    SECRET,
    Hostile,
    calls,
    happenings,
    posted,
    refusal,
    vectors,
)
from tests.services import MakeSite, Meeting
from typing_extensions import override

from alliancekit.adapters import Challenge, Happening, RawRequest, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Recorded
from alliancekit_zoom import Zoom, ZoomSettings

SAMPLES = vectors("zoom")
JOINED = "2025-11-21T23:00:05Z"
AT = 1763766005.0


def make(*secrets: str) -> WebhookAdapter:
    (adapter,) = Zoom(ZoomSettings(secrets=tuple(SecretStr(one) for one in secrets))).register_adapters()
    assert isinstance(adapter, WebhookAdapter)
    return adapter


def signed(body: bytes, *, secret: str = SECRET, at: float = NOW) -> RawRequest:
    """By the formula, written down here a second time."""
    stated = str(int(at))
    mac = hmac.new(secret.encode(), b"v0:" + stated.encode() + b":" + body, hashlib.sha256).hexdigest()
    return posted(body, {"X-Zm-Request-Timestamp": stated, "X-Zm-Signature": f"v0={mac}"})


def meeting(event: str, **more: Any) -> dict[str, Any]:
    about = {
        "id": "84712639219",
        "uuid": "/gsqg0HKxTQ2TxSVAxE9+0w==",
        "host_id": "BXE0adSxQRqGSP5fg1rkcA",
        "topic": "Ada Lovelace, second hour",
        "type": 2,
        "start_time": "2025-11-21T23:00:00Z",
        "timezone": "Europe/Rome",
        "duration": 50,
        **more,
    }
    return {"event": event, "event_ts": 1763766010000, "payload": {"account_id": "abc", "object": about}}


def somebody(**more: Any) -> dict[str, Any]:
    return {
        "user_id": "16778240",
        "user_name": "Ada Lovelace",
        "email": "ada@example.org",
        "participant_user_id": "",
        "id": "",
        "participant_uuid": "67C1A429-1476-BE1C-7324-EDCA76B69406",
        "customer_key": "par_client",
        **more,
    }


def told(content: dict[str, Any]) -> list[Happening]:
    return list(happenings(make(SECRET), signed(json.dumps(content).encode())))


def call() -> list[tuple[float, dict[str, Any]]]:
    """Two people, one of them lost and back, the meeting ended twice."""

    def came(event: str, after: int, **more: Any) -> tuple[float, dict[str, Any]]:
        time = "leave_time" if event.endswith("left") else "join_time"
        when = datetime.fromtimestamp(NOW + after, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return NOW + after + 1, meeting(event, participant=somebody(**{time: when}, **more))

    therapist = {"customer_key": "par_therapist", "participant_uuid": "T-1", "user_name": "Dr Grace Hopper"}
    ended = meeting("meeting.ended", end_time="2025-11-21T23:50:00Z")
    reason = "Ada Lovelace left the meeting. Reason : left the meeting"
    lost = "got disconnected from the meeting. Reason : Client Close."
    return [
        (NOW, meeting("meeting.started")),
        came("meeting.participant_joined", 5),
        came("meeting.participant_joined", 10, **therapist),
        came("meeting.participant_left", 900, leave_reason=lost),
        came("meeting.participant_joined", 930, participant_uuid="C-2"),
        came("meeting.participant_left", 2990, participant_uuid="C-2", leave_reason=reason),
        came("meeting.participant_left", 2995, **therapist, leave_reason="left the meeting"),
        (NOW + 3001, ended),
        (NOW + 3300, {**ended, "event_ts": 1763769300000}),
    ]


class TestContract(Hostile):
    signed_headers: ClassVar[tuple[str, ...]] = ("x-zm-signature", "x-zm-request-timestamp")
    people: ClassVar[Mapping[str, Role]] = {"par_client": "client", "par_therapist": "therapist"}
    names: ClassVar[tuple[str, ...]] = ("Ada", "Lovelace", "ada@example.org", "second hour", "Grace")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make(*secrets)

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at=at)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return calls(self.sign, call())


@pytest.mark.parametrize("one", SAMPLES["vectors"], ids=[one["note"] for one in SAMPLES["vectors"]])
def test_samples(one: dict[str, Any]) -> None:
    request = posted(one["raw_body"].encode(), one["headers"])
    adapter = make(one["secret"])
    if one["valid"]:
        assert isinstance(adapter.verify(request, one["now"]), Verified)
    else:
        assert refusal(adapter, request, one["now"]) == one["reason"]


def test_names_that_are_not_ascii_verify_because_the_bytes_are_hashed() -> None:
    body = '{"event":"meeting.started","payload":{"object":{"uuid":"u\\/=","topic":"Zoë 📅"}}}'.encode()
    assert [one.room for one in happenings(make(SECRET), signed(body))] == ["u/="]


def test_five_minutes() -> None:
    request = signed(json.dumps(meeting("meeting.started")).encode())
    assert refusal(make(SECRET), request, NOW + 300.5) == "stale"
    assert refusal(make(SECRET), request, NOW - 300.5) == "from_the_future"
    assert isinstance(make(SECRET).verify(request, NOW + 300), Verified)


class TestAddressCheck:
    def check(self, token: Any, *, secret: str = SECRET) -> RawRequest:
        content = {
            "event": "endpoint.url_validation",
            "event_ts": 1763766000000,
            "payload": {"plainToken": token},
        }
        return signed(json.dumps(content).encode(), secret=secret)

    @pytest.mark.parametrize("secrets", [(SECRET,), (OTHER, SECRET), (SECRET, OTHER)])
    def test_it_is_answered_with_the_secret_that_signed_it(self, secrets: tuple[str, ...]) -> None:
        answer = make(*secrets).verify(self.check("qgg8vlvZRS6UYooatFL8Aw"), NOW)
        assert isinstance(answer, Challenge)
        expected = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", "sha256").hexdigest()
        assert answer.status == 200
        assert json.loads(answer.body) == {
            "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
            "encryptedToken": expected,
        }

    def test_only_for_zoom_itself(self) -> None:
        assert refusal(make(SECRET), self.check("abc", secret=OTHER)) == "bad_signature"
        assert refusal(make(SECRET), posted(self.check("abc").body, {})) == "unsigned"
        assert refusal(make(SECRET), self.check("abc"), NOW + 400) == "stale"

    def test_it_signs_no_message(self) -> None:
        """An answer to `v0:time:body` would be that body's signature."""
        assert refusal(make(SECRET), self.check('v0:1763766000:{"event":"meeting.ended"}')) == "malformed"

    @pytest.mark.parametrize("token", [None, "", 1.5, ["a"], {"a": "b"}, "x" * 257, "a\nb"])
    def test_a_token_that_is_none(self, token: Any) -> None:
        assert refusal(make(SECRET), self.check(token)) == "malformed"


class TestMeetings:
    room = "/gsqg0HKxTQ2TxSVAxE9+0w=="

    def test_started_and_ended_know_the_instance_and_the_number(self) -> None:
        ended = meeting("meeting.ended", end_time="2025-11-21T23:50:00Z")
        assert told(meeting("meeting.started")) == [
            Happening(kind="started", room=self.room, name="84712639219", at=1763766000.0)
        ]
        over = Happening(kind="over", room=self.room, name="84712639219", at=1763769000.0)
        assert told(ended) == [over]
        # Zoom says it again when somebody rejoined the same meeting: the same end, merged by the host.
        assert told(ended) == [over]

    def test_a_number_used_again_is_another_instance(self) -> None:
        (again,) = told(meeting("meeting.started", uuid="other=="))
        assert (again.room, again.name) == ("other==", "84712639219")

    def test_joining(self) -> None:
        assert told(meeting("meeting.participant_joined", participant=somebody(join_time=JOINED))) == [
            Happening(
                kind="joined",
                room=self.room,
                name="84712639219",
                at=AT,
                person="par_client",
                connection="67C1A429-1476-BE1C-7324-EDCA76B69406",
            )
        ]

    @pytest.mark.parametrize(
        ("given", "person"),
        [
            ({"customer_key": "par_client", "registrant_id": "reg"}, "par_client"),
            ({"registrant_id": "reg", "participant_user_id": "acc"}, "reg"),
            ({"participant_user_id": "acc"}, "acc"),
            ({}, ""),
            ({"customer_key": "Ada Lovelace", "registrant_id": "reg"}, "reg"),
            ({"customer_key": "ada@example.org", "registrant_id": "reg"}, "reg"),
        ],
    )
    def test_the_vendors_key_names_the_person_else_an_id_that_it_may_know(
        self, given: dict[str, str], person: str
    ) -> None:
        participant = {**somebody(customer_key=None, join_time=JOINED), **given}
        (one,) = told(meeting("meeting.participant_joined", participant=participant))
        assert one.person == person

    @pytest.mark.parametrize(
        ("reason", "how"),
        [
            ("", "left"),
            ("Ada Lovelace left the meeting. Reason : left the meeting", "left"),
            ("left the meeting. Reason : Host ended the meeting.", "left"),
            ("got disconnected from the meeting. Reason : Client Close.", "dropped"),
            ("Network connection error.", "dropped"),
            ("Unknown reason.", "dropped"),
            ("Removed by host.", "ejected"),
            ("Removed by host from waiting room.", "declined"),
            ("Leave waiting room.", "declined"),
        ],
    )
    def test_how_somebody_left(self, reason: str, how: str) -> None:
        participant = somebody(leave_time=JOINED, leave_reason=reason)
        (one,) = told(meeting("meeting.participant_left", participant=participant))
        assert (one.kind, one.how, one.at) == ("left", how, AT)

    @pytest.mark.parametrize("reason", ["to join breakout room", "leave breakout room to join main meeting"])
    def test_a_breakout_room_is_still_the_visit(self, reason: str) -> None:
        reason = f"left the meeting. Reason : left the meeting {reason}"
        participant = somebody(leave_time=JOINED, leave_reason=reason)
        assert told(meeting("meeting.participant_left", participant=participant)) == []

    @pytest.mark.parametrize(
        "event", ["meeting.sharing_started", "recording.completed", "meeting.rtms_started", "", None]
    )
    def test_everything_else_says_nothing(self, event: Any) -> None:
        assert told(meeting(event)) == []

    def test_without_its_instance_a_message_is_refused(self) -> None:
        request = signed(json.dumps(meeting("meeting.started", uuid="")).encode())
        message = make(SECRET).verify(request, NOW)
        assert isinstance(message, Verified)
        with pytest.raises(Exception, match="malformed"):
            make(SECRET).parse(message)


def test_a_call_of_the_video_sdk() -> None:
    about = {"id": "1", "session_id": "sid==", "session_name": "ses_7", "session_key": "", "user": {}}
    user = {
        "id": "16778241",
        "name": "Ada",
        "user_key": "par_therapist",
        "join_time": JOINED,
        "leave_time": JOINED,
        "leave_reason": "Network connection error.",
    }

    def say(event: str, **more: Any) -> Happening:
        (one,) = told({"event": event, "event_ts": 1763766010000, "payload": {"object": {**about, **more}}})
        assert (one.room, one.name) == ("sid==", more.get("session_key", "ses_7"))
        return one

    assert say("session.started", start_time=JOINED).kind == "started"
    assert say("session.user_joined", user=user, session_key="ses_8").person == "par_therapist"
    left = say("session.user_left", user=user)
    assert (left.connection, left.how, left.at) == ("16778241", "dropped", AT)
    assert say("session.ended").at == 1763766010.0


def test_capabilities_and_settings() -> None:
    adapter = make(SECRET)
    assert adapter.name == "zoom"
    assert adapter.capabilities.trust == "signed"
    assert adapter.capabilities.replay_safe
    with pytest.raises(ValidationError):
        ZoomSettings.model_validate({"secrets": [""]})
    with pytest.raises(ValidationError):
        ZoomSettings.model_validate({"secret": "misspelled"})
    with pytest.raises(ValidationError):
        ZoomSettings.model_validate({"client_id": "without-its-secret"})
    assert not adapter.capabilities.media
    assert type(adapter).capabilities.media == "websocket"


async def test_ended_twice_and_the_number_used_again(make_site: MakeSite) -> None:
    """`meeting.ended` comes again for the same instance; the next visit has the number and a new uuid."""
    site = await make_site(extra=[("zoom", Zoom(ZoomSettings(secrets=(SecretStr(SECRET),))))])

    async def visit(uuid: str, *, minutes: float) -> None:
        for event, role in (("joined", "client"), ("joined", "therapist")):
            who = somebody(customer_key=f"{role[0]}1", participant_uuid=f"{uuid}-{role}")
            await said(f"meeting.participant_{event}", uuid, participant=who)
        site.clock.forward(minutes=minutes)
        await said("meeting.ended", uuid)

    async def said(event: str, uuid: str, **more: Any) -> None:
        content = {**meeting(event, uuid=uuid, **more), "event_ts": int(site.clock() * 1000)}
        about = content["payload"]["object"]
        content["payload"]["object"] = {key: value for key, value in about.items() if key != "start_time"}
        request = signed(json.dumps(content).encode(), at=site.clock())
        headers = {name: values[0] for name, values in request.headers.items()}
        reply = await site.http.post("/v1/adapters/zoom/events", content=request.body, headers=headers)
        assert reply.status_code == 200

    async def known(one: Meeting) -> tuple[str, int]:
        found = (await site.get(f"/v1/sessions/{one.id}")).json()
        return found["status"], len(found["segments"])

    first = await site.session(adapter="zoom", room="84712639219")
    await visit("a==", minutes=50)
    assert await known(first) == ("ended", 2)
    site.clock.forward(minutes=5)
    await said("meeting.participant_joined", "a==", participant=somebody(customer_key="c1"))
    await said("meeting.ended", "a==")
    assert await known(first) == ("ended", 2)

    site.clock.forward(days=7)
    second = await site.session(adapter="zoom", room="84712639219")
    who = somebody(customer_key="c1", participant_uuid="b-client")
    await said("meeting.participant_joined", "b==", participant=who)
    await said("meeting.ended", "a==")
    assert await known(second) == ("live", 1)
    await visit("b==", minutes=50)
    assert await known(second) == ("ended", 2)
    assert await known(first) == ("ended", 2)
