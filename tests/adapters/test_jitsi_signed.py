"""What `mod_alliancekit` posts: signed, so that the adapter is trusted; the contract on a recorded call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from standardwebhooks import Webhook
from tests.adapters.webhooks import Hostile, happenings, posted, refusal
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Rejected, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Recorded
from alliancekit_jitsi import JitsiMeet, JitsiSettings, signed

NOW = 1_790_000_000
SECRET, OTHER = "whsec_" + "c" * 40, "whsec_" + "d" * 40
URL = "https://feedback.example/v1/adapters/jitsi/events"
MEETING, SIDE = "5d2b0f0a-9d32-4a52-8f0a-1f8a4c1d2e3f", "11111111-9d32-4a52-8f0a-1f8a4c1d2e3f"
MAIN_ROOM = {"id": MEETING, "name": "visit-1", "breakout": False}
SIDE_ROOM = {"id": SIDE, "name": "visit-1", "breakout": True}


def make_adapter(secrets: Sequence[str] = (SECRET,)) -> JitsiMeet:
    return JitsiMeet(JitsiSettings.model_validate({"signing_secrets": list(secrets)}))


def event(kind: str, at: float, room: dict[str, Any] = MAIN_ROOM, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "at": at, "room": room, **fields}


def who(person: str, nick: str, joined: float, left: float | None = None, **fields: Any) -> dict[str, Any]:
    said = {"id": nick, "person": person, "joined_at": joined, "left_at": left, **fields}
    return {key: value for key, value in said.items() if value is not None}


CLIENT = who("c1", "10a52c3f", NOW + 4.25, NOW + 1800.5, how="left", spoke_ms=731_000)
THERAPIST = who("t1", "84d90bac", NOW + 8.5, NOW + 1803.0, how="dropped", spoke_ms=402_000)
CALL: list[tuple[float, dict[str, Any]]] = [
    (NOW, event("room.created", NOW)),
    (NOW + 4, event("occupant.joined", NOW + 4.25, occupant=who("c1", "10a52c3f", NOW + 4.25))),
    (NOW + 8, event("occupant.joined", NOW + 8.5, occupant=who("t1", "84d90bac", NOW + 8.5))),
    (NOW + 9, event("occupant.joined", NOW + 9, occupant=who("ana@clinic.example", "77aa77aa", NOW + 9))),
    (NOW + 600, event("room.created", NOW + 600, SIDE_ROOM)),
    (NOW + 600, event("occupant.joined", NOW + 600, SIDE_ROOM, occupant=who("c1", "10a52c3f", NOW + 600))),
    (
        NOW + 700,
        event("occupant.left", NOW + 700, SIDE_ROOM, occupant=who("c1", "10a52c3f", NOW + 600, NOW + 700)),
    ),
    (
        NOW + 700,
        event(
            "room.destroyed",
            NOW + 700,
            SIDE_ROOM,
            occupants=[who("c1", "10a52c3f", NOW + 600, NOW + 700), who("t1", "84d90bac", NOW + 600)],
        ),
    ),
    (NOW + 1800, event("occupant.left", NOW + 1800.5, occupant=CLIENT)),
    (NOW + 1803, event("occupant.left", NOW + 1803, occupant=THERAPIST)),
    (NOW + 1803, event("room.destroyed", NOW + 1803.25, occupants=[CLIENT, THERAPIST])),
]


def sent(body: bytes, at: float, secret: str = SECRET) -> RawRequest:
    identifier = f"evt_{abs(hash(body))}"
    return posted(body, signed.headers_of(signed.key_of(secret), identifier, at, body), URL)


def said_by(content: Mapping[str, Any]) -> Sequence[Happening]:
    return happenings(make_adapter(), sent(json.dumps(content).encode(), NOW), NOW)


class TestSigned(Hostile):
    secret, other_secret = SECRET, OTHER
    signed_headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    people: ClassVar[Mapping[str, Role]] = {"c1": "client", "t1": "therapist"}
    names = ("ana@clinic.example",)

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make_adapter(secrets)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=sent(json.dumps(said).encode(), at), at=at) for at, said in CALL]

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return sent(body, at)


# signatures --------------------------------------------------------------------------------------------


def test_it_is_what_standard_webhooks_sign() -> None:
    """Cross-checked with their own package."""
    body = json.dumps(CALL[0][1])
    at = datetime.fromtimestamp(NOW, UTC)
    theirs = Webhook(SECRET).sign("evt_1", at, body)
    assert (
        signed.headers_of(signed.key_of(SECRET), "evt_1", NOW, body.encode())["webhook-signature"] == theirs
    )
    request = posted(
        body.encode(),
        {"webhook-id": "evt_1", "webhook-timestamp": str(NOW), "webhook-signature": theirs},
        URL,
    )
    assert make_adapter().verify(request, NOW).message == "evt_1"


def test_both_forms_are_taken_and_the_weaker_one_says_how_far_to_trust() -> None:
    table = {"signing_secrets": [SECRET], "secrets": ["token"]}
    both = JitsiMeet(JitsiSettings.model_validate(table))
    body = json.dumps(CALL[0][1]).encode()
    assert both.verify(sent(body, NOW), NOW).at == NOW
    assert both.verify(posted(b"{}", {"authorization": "Bearer token"}, URL), NOW).at == NOW
    assert (both.capabilities.trust, both.capabilities.replay_safe) == ("static_token", False)
    only = make_adapter()
    assert (only.capabilities.trust, only.capabilities.replay_safe) == ("signed", True)
    assert refusal(only, posted(b"{}", {"authorization": "Bearer token"}, URL), NOW) == "no_secret"
    assert refusal(JitsiMeet(JitsiSettings()), sent(body, NOW), NOW) == "no_secret"
    assert JitsiMeet(JitsiSettings()).capabilities.trust == "static_token"


# what it means -----------------------------------------------------------------------------------------


def test_a_destroyed_room_repeats_everybody_and_ends_the_call() -> None:
    said = said_by(CALL[-1][1])
    assert [(one.kind, one.person, one.at) for one in said] == [
        ("left", "c1", NOW + 1800.5),
        ("spoke_total", "c1", NOW + 1800.5),
        ("left", "t1", NOW + 1803.0),
        ("spoke_total", "t1", NOW + 1803.0),
        ("over", "", NOW + 1803.25),
    ]
    assert [one.seconds for one in said if one.kind == "spoke_total"] == [731.0, 402.0]
    assert [one.how for one in said if one.kind == "left"] == ["left", "dropped"]
    assert {(one.room, one.name) for one in said} == {(MEETING, "visit-1")}


def test_a_breakout_room_is_another_room_of_the_same_session_and_ends_nothing() -> None:
    assert said_by(event("room.created", NOW, SIDE_ROOM)) == ()
    said = said_by(CALL[7][1])
    assert {one.kind for one in said} == {"left"}
    assert {(one.room, one.name) for one in said} == {(SIDE, "visit-1")}


@pytest.mark.parametrize(
    "everybody",
    [
        {},
        [],
        [THERAPIST],
        [who("t1", "a", NOW, NOW + 60), who("t1", "b", NOW + 30, NOW + 90)],
        [who("t1", "a", NOW, NOW + 60), who("c1", "b", NOW + 60, NOW + 90)],
    ],
)
def test_who_met_nobody_ends_no_call(everybody: Any) -> None:
    said = said_by(event("room.destroyed", NOW + 100, occupants=everybody))
    assert "over" not in {one.kind for one in said}


def test_an_address_as_id_stays_here() -> None:
    [joined] = said_by(CALL[3][1])
    assert (joined.person, joined.connection) == ("", "77aa77aa")


@pytest.mark.parametrize(
    "content",
    [
        {},
        event("occupant.joined", NOW),
        event("occupant.left", NOW, occupant={"id": "a"}),
        event("occupant.left", NOW, occupant=who("c1", "a", NOW, how="flew")),
        event("room.created", NOW, {"id": ""}),
        event("room.created", NOW, {"id": "a" * 201}),
        event("room.destroyed", NOW, occupants=[CLIENT] * 301),
    ],
)
def test_content_of_no_sense_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="malformed"):
        said_by(content)


def test_other_kinds_are_left_out() -> None:
    assert said_by(event("of.next.year", NOW)) == ()
