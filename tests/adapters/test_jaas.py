"""JaaS webhooks: 8x8's published example, the contract, breakout rooms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.anything import VALUES, reads, refuses, requests
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Alliance, Recorded, WebhookContract
from alliancekit_jaas import JaaS, JaaSSettings, JaaSWebhooks

PUBLISHED = json.loads((Path(__file__).parent / "vectors" / "jaas.json").read_text())
NOW = 1_790_000_000
SECRET, OTHER = "whsec_" + "5" * 32, "whsec_" + "6" * 32
URL = "https://feedback.example/v1/adapters/jaas/events"
APP = "vpaas-magic-cookie-5"


def make_adapter(secrets: Sequence[str] = (SECRET,)) -> JaaSWebhooks:
    return JaaSWebhooks(JaaSSettings.model_validate({"secrets": list(secrets)}))


def request(body: bytes, signature: str) -> RawRequest:
    return RawRequest(method="POST", url=URL, headers={"x-jaas-signature": (signature,)}, body=body)


def v1(body: bytes, sent: str, secret: str = SECRET) -> str:
    """By the formula that 8x8 publishes."""
    return base64.b64encode(hmac.digest(secret.encode(), f"{sent}.".encode() + body, hashlib.sha256)).decode()


def signed(body: bytes, at: float) -> RawRequest:
    return request(body, f"t={int(at)},v1={v1(body, str(int(at)))}")


def event(kind: str, at: float, *, replace: dict[str, Any] | None = None, **data: Any) -> bytes:
    said = {
        "idempotencyKey": f"{kind}-{at}-{data.get('id', '')}",
        "customerId": "5",
        "appId": APP,
        "eventType": kind,
        "sessionId": "c3348153-1027-4382-afad-5ae91b433c26",
        "timestamp": int(at * 1000),
        "fqn": f"{APP}/visit-1",
        "data": replace or {"conference": f"visit-1@conference.{APP}.8x8.vc", **data},
    }
    return json.dumps(said).encode()


def person(identity: str, node: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "participantJid": f"{node}@8x8.vc",
        "name": "Test User",
        "email": "test.user@company.com",
        "avatar": "",
        "moderator": "true",
        **fields,
    }


def told(kind: str, **data: Any) -> Sequence[Happening]:
    content = json.loads(event(kind, NOW + 0.25, **data))
    return make_adapter().parse(Verified(content=content, message="1", at=NOW))


NAMED = {"name": "Test User", "email": "test.user@company.com"}
BREAKOUT = {"isBreakout": True, "breakoutRoomId": "e0f49fd5"}
CALL: list[tuple[int, bytes]] = [
    (NOW, event("ROOM_CREATED", NOW, isBreakout=False)),
    (NOW + 5, event("PARTICIPANT_JOINED", NOW + 4.5, **person("c1", "fc1e"))),
    (NOW + 6, event("PARTICIPANT_JOINED_LOBBY", NOW + 6, **person("x1", "0000"))),
    (NOW + 8, event("PARTICIPANT_JOINED", NOW + 8.1, **person("t1", "a1b2"))),
    (NOW + 600, event("ROOM_CREATED", NOW + 600, **BREAKOUT)),
    (NOW + 600, event("PARTICIPANT_LEFT", NOW + 600, **person("c1", "fc1e", disconnectReason="switch_room"))),
    (NOW + 601, event("PARTICIPANT_JOINED", NOW + 600.2, **person("c1", "fc1e"), **BREAKOUT)),
    (
        NOW + 700,
        event(
            "PARTICIPANT_LEFT", NOW + 700, **person("c1", "fc1e", disconnectReason="switch_room"), **BREAKOUT
        ),
    ),
    (NOW + 701, event("PARTICIPANT_JOINED", NOW + 700.3, **person("c1", "fc1e"))),
    (NOW + 702, event("ROOM_DESTROYED", NOW + 702, **BREAKOUT)),
    (NOW + 1800, event("PARTICIPANT_LEFT", NOW + 1800, **person("c1", "fc1e", disconnectReason="left"))),
    (NOW + 1803, event("PARTICIPANT_LEFT", NOW + 1803, **person("t1", "a1b2", disconnectReason="left"))),
    (NOW + 1804, event("ROOM_DESTROYED", NOW + 1803.5)),
    (
        NOW + 1805,
        event(
            "SPEAKER_STATS",
            NOW + 1804,
            replace={
                "fc1e@8x8.vc/66wbG6MC": {"time": 402_000, **NAMED, "id": "c1"},
                "a1b2@8x8.vc/N6GjCJU9": {"time": 731_000, **NAMED, "id": "t1"},
            },
        ),
    ),
]


class TestJaaS(WebhookContract):
    secret, other_secret = SECRET, OTHER
    signed_headers = ("x-jaas-signature",)
    people: ClassVar[Mapping[str, Role]] = {"c1": "client", "t1": "therapist"}
    names = ("Test User", "test.user")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make_adapter(secrets)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=signed(body, at), at=at) for at, body in CALL]

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at)


# the published example ---------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda one: one.get("note", "valid"))
def test_the_published_example(vector: dict[str, Any]) -> None:
    adapter = make_adapter([vector["secret"]])
    sample = request(vector["raw_body"].encode(), vector["headers"]["X-Jaas-Signature"])
    if not vector["valid"]:
        with pytest.raises(Rejected, match="bad_signature"):
            adapter.verify(sample, 1632490061)
        return
    found = adapter.verify(sample, 1632490061)
    assert (found.message, found.at) == ("9e9e7420-562d-4659-8e22-44b9b22aaa49", 1632490060)
    assert adapter.parse(found) == (
        Happening(
            kind="joined",
            room="9a441d60-ceaf-4eba-b0a8-a7d940a76e1b",
            name="sampleappromanticshiftsstripas",
            at=1632490058.278,
            person="auth0|5f903d7a77f3b4006eb8e67d",
            connection="fc1ea14a-9bca-4218-a563-8c627e803d56",
        ),
    )
    for at, reason in [(1632490060 + 301, "stale"), (1632490060 - 301, "from_the_future")]:
        with pytest.raises(Rejected, match=reason):
            adapter.verify(sample, at)


def test_the_published_breakout_room_says_nothing_about_the_call() -> None:
    [sample] = PUBLISHED["sample_payloads"]
    assert make_adapter().parse(Verified(content=sample, message="1", at=NOW)) == ()


# the header --------------------------------------------------------------------------------------------


def test_one_signature_of_several_is_enough_and_other_schemes_are_none() -> None:
    body, sent = CALL[0][1], str(NOW)
    good, bad = v1(body, sent), v1(body, sent, OTHER)
    assert good.endswith("="), "the case that splitting on the first = is for"
    for header in (f"t={sent},v1={bad},v1={good}", f"v1={good}, t={sent}, v0={bad}"):
        assert make_adapter().verify(request(body, header), NOW).at == NOW
    with pytest.raises(Rejected, match="unsigned"):
        make_adapter().verify(request(body, f"t={sent},v0={good}"), NOW)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "unsigned"),
        ("v1=AAAA", "unsigned"),
        (f"t={NOW}", "unsigned"),
        (f"t={NOW},v1=", "unsigned"),
        (f"t={NOW},v1=not base64", "bad_signature"),
        (f"t={NOW},t={NOW + 1},v1=AAAA", "malformed"),
        ("t=yesterday,v1=AAAA", "malformed"),
        ("t=-1,v1=AAAA", "malformed"),
        (f"t={NOW}" + ",v1=AAAA" * 10, "malformed"),
    ],
)
def test_headers_of_no_sense(header: str, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        make_adapter().verify(request(CALL[0][1], header), NOW)
    assert refused.value.reason == reason


# what it means -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "how"),
    [("left", "left"), ("kicked", "ejected"), ("unrecoverable_error", "dropped"), ("of next year", "left")],
)
def test_how_somebody_went(reason: str, how: str) -> None:
    [left] = told("PARTICIPANT_LEFT", **person("c1", "fc1e", disconnectReason=reason))
    assert (left.kind, left.how, left.at) == ("left", how, NOW + 0.25)


def test_a_breakout_room_is_the_same_meeting_by_another_connection() -> None:
    [main] = told("PARTICIPANT_JOINED", **person("c1", "fc1e"))
    [apart] = told("PARTICIPANT_JOINED", **person("c1", "fc1e"), **BREAKOUT)
    assert (main.room, main.person) == (apart.room, apart.person)
    assert main.connection != apart.connection


def test_an_address_as_id_stays_here() -> None:
    [joined] = told("PARTICIPANT_JOINED", **person("ana@clinic.example", "fc1e"))
    assert (joined.person, joined.connection) == ("", "fc1e")


def test_how_long_each_spoke_is_a_total_under_the_connection_of_their_presence() -> None:
    """The example of developer.8x8.com/jaas/docs/webhooks-payload, with shorter ids."""
    [joined] = told("PARTICIPANT_JOINED", **person("g|1", "d8d82941"))
    first = {"time": 10089, "id": "g|1", "name": "Test user 1", "email": "test.user1@mail.com"}
    second = {"time": 11277, "id": "ana@clinic.example", "name": "Test user 2"}
    speakers = {"d8d82941@8x8.vc/66wbG6MC": first, "84d90bac@8x8.vc/N6GjCJU9": second}
    content = json.loads(event("SPEAKER_STATS", NOW, replace=speakers))
    found = make_adapter().parse(Verified(content=content, message="1", at=NOW))
    assert [(one.kind, one.seconds, one.person, one.connection) for one in found] == [
        ("spoke_total", 10.089, "g|1", joined.connection),
        ("spoke_total", 11.277, "", "84d90bac"),
    ]
    assert {(one.room, one.name, one.at) for one in found} == {(joined.room, joined.name, NOW)}


@pytest.mark.parametrize("data", [{}, {"a@b/c": {"time": -1}}, {"a@b/c": {}}, {"a@b/c": {"time": "long"}}])
def test_statistics_without_times(data: dict[str, Any]) -> None:
    content = {**json.loads(event("SPEAKER_STATS", NOW)), "data": data}
    message = Verified(content=content, message="1", at=NOW)
    if not data:
        assert make_adapter().parse(message) == ()
        return
    with pytest.raises(Rejected, match="malformed"):
        make_adapter().parse(message)


@pytest.mark.parametrize("kind", ["PARTICIPANT_LEFT_LOBBY", "FEEDBACK", "OF_NEXT_YEAR"])
def test_other_events_are_left_out(kind: str) -> None:
    assert told(kind, **person("c1", "fc1e")) == ()


def test_the_plugin_brings_the_adapter() -> None:
    [adapter] = Alliance(it=JaaS).adapters
    assert isinstance(adapter, JaaSWebhooks)


# nonsense ----------------------------------------------------------------------------------------------


@given(requests("x-jaas-signature"))
def test_any_request_is_refused(one: RawRequest) -> None:
    assert refuses(make_adapter(), one, NOW)


@given(
    st.fixed_dictionaries(
        {
            "eventType": st.sampled_from(["ROOM_DESTROYED", "PARTICIPANT_LEFT", "SPEAKER_STATS"]) | VALUES,
            "data": VALUES,
        },
        optional={"sessionId": VALUES, "timestamp": VALUES, "fqn": VALUES},
    )
)
def test_any_content_is_read_or_refused(content: dict[str, Any]) -> None:
    reads(make_adapter(), Verified(content=content, message="1", at=NOW), NOW)


def test_too_large() -> None:
    with pytest.raises(Rejected, match="too_large"):
        make_adapter().verify(signed(b" " * 10_000_000, NOW), NOW)


@pytest.mark.parametrize("key", ["", None, 7])
def test_an_event_needs_its_idempotency_key(key: object) -> None:
    with pytest.raises(Rejected, match="malformed"):
        make_adapter().verify(signed(json.dumps({"idempotencyKey": key}).encode(), NOW), NOW)
